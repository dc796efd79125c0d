\set auction random(1, :auctions)
\set amount random(1, 1000000)
BEGIN;
SELECT id, price_minor, leader_maximum_minor, closes_at, bid_count FROM auction WHERE id = :auction FOR UPDATE;
SELECT state FROM deposit WHERE auction_id = :auction AND bidder_id = 2;
INSERT INTO bench_bid (auction_id, bidder_id, maximum_minor, placed_at) VALUES (:auction, 2, :amount, clock_timestamp());
UPDATE auction SET version = version + 1, last_bid_at = clock_timestamp() WHERE id = :auction;
INSERT INTO bench_act (at, tag, subject, facts) VALUES (clock_timestamp(), 'bid placed', 'bid', '{}');
INSERT INTO bench_change (topic, at, facts) VALUES ('auction', clock_timestamp(), '{}');
COMMIT;
