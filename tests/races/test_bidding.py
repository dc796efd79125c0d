"""Races on one sale: equal bids, a bid and the closing, two closings, two releases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings import db
from listings.errors import Conflict
from listings.money import Money
from market import auctions, bids, deposits, ledger
from market.auctions import Auction, AuctionState, SaleOver
from market.awards import Award
from market.bids import Bid
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind
from market.rules.deposits import DepositAlreadyDone

END = NOW + timedelta(hours=1)


def bidding(acting, auction_id, yuan, *, key, at=NOW, clock=None):
    def act(session):
        return bids.place(
            session,
            acting,
            auction_id,
            Money.parse(str(yuan)),
            clock=clock or (lambda: at),
            form_key=key,
        )

    return act


def leading_bids(auction_id):
    """How many bids took the lead when they were made."""
    with db.transaction() as session:
        led = sa.select(sa.func.count(Bid.id)).where(
            Bid.auction_id == auction_id, Bid.leader_id == Bid.bidder_id
        )
        return session.scalar(led)


@pytest.mark.parametrize("round_", range(5))
def test_of_two_equal_bids_at_the_same_moment_one_leads(race, sale, round_):
    auction_id, (john, jane), _ = sale
    ended = race(
        bidding(john, auction_id, 70, key="a"),
        bidding(jane, auction_id, 70, key="b"),
    )
    assert sorted(placed.is_leading for placed in ended) == [False, True]
    assert leading_bids(auction_id) == 1
    with db.transaction() as session:
        auction = session.get_one(Auction, auction_id)
        assert auction.price_minor == 7000
        assert auction.bid_count == 2


def test_without_the_lock_both_equal_bids_would_win(race, sale, monkeypatch):
    """The negative control: the race is real, and the lock is what decides it."""
    auction_id, (john, jane), _ = sale
    monkeypatch.setattr(db, "lock", lambda session, row_type, ident: session.get(row_type, ident))
    both_have_read = threading.Barrier(2)

    def clock():
        # Read where the lock would have been: both have seen a sale that nobody leads.
        both_have_read.wait(10)
        return NOW

    # Without the lock only the number within the sale would collide: take it out of the way too.
    numbers = iter((1, 2))
    made = bids._bid

    def numbered(*given):
        bid = made(*given)
        bid.number = next(numbers)
        return bid

    monkeypatch.setattr(bids, "_bid", numbered)
    ended = race(
        bidding(john, auction_id, 70, key="a", clock=clock),
        bidding(jane, auction_id, 70, key="b", clock=clock),
    )
    assert [placed.is_leading for placed in ended] == [True, True]
    assert leading_bids(auction_id) == 2


def test_a_double_click_at_the_same_moment_is_one_bid(race, sale):
    auction_id, (john, _), _ = sale
    ended = race(
        bidding(john, auction_id, 70, key="same"),
        bidding(john, auction_id, 70, key="same"),
    )
    assert len({placed.bid.id for placed in ended}) == 1
    assert sorted(placed.is_new for placed in ended) == [False, True]


@pytest.mark.parametrize("round_", range(5))
def test_a_bid_and_the_closing_do_not_cross(race, sale, round_):
    auction_id, (john, jane), _ = sale
    with db.transaction() as session:
        bidding(john, auction_id, 70, key="first")(session)
    bid, award = race(
        bidding(jane, auction_id, 90, key="last", at=END - timedelta(seconds=1)),
        lambda session: auctions.close(session, auction_id, clock=lambda: END),
    )
    with db.transaction() as session:
        auction = session.get_one(Auction, auction_id)
        if isinstance(bid, SaleOver):
            assert award.buyer_id == john.organisation_id
            assert auction.bid_count == 1
        else:
            # The bid came first and moved the end: there was nothing to close yet.
            assert award is None
            assert auction.state is AuctionState.SCHEDULED
            assert auction.closes_at > END
            assert auction.leader_id == jane.organisation_id


def test_who_waits_behind_the_closing_finds_the_sale_closed(sale):
    auction_id, (john, jane), _ = sale
    with db.transaction() as session:
        bidding(john, auction_id, 70, key="first")(session)
    ended: list[object] = []

    def late():
        try:
            with db.transaction() as session:
                bidding(jane, auction_id, 90, key="late", at=END - timedelta(seconds=1))(session)
        except SaleOver as error:
            ended.append(error)

    waiting = threading.Thread(target=late)
    with db.transaction() as session:
        auctions.close(session, auction_id, clock=lambda: END)
        waiting.start()
        while not blocked(session):
            waiting.join(0.01)
            assert waiting.is_alive(), "it did not wait for the closing"
    waiting.join(10)
    assert [type(error) for error in ended] == [SaleOver]


def blocked(session):
    """Whether another connection waits for a lock that this one holds.

    Not from pg_stat_activity: a transaction sees that as it was when it first looked.
    """
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks"
        " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    return session.scalar(waiting)


def test_two_closings_at_the_same_moment_award_once(race, sale):
    auction_id, (john, jane), held = sale
    with db.transaction() as session:
        bidding(john, auction_id, 70, key="a")(session)
    with db.transaction() as session:
        bidding(jane, auction_id, 90, key="b")(session)

    awards = race(*[lambda session: auctions.close(session, auction_id, clock=lambda: END)] * 2)

    assert len({award.id for award in awards}) == 1
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count(Award.id))) == 1
        states = [session.get_one(Deposit, ident).state for ident in held]
        assert states == [DepositState.RELEASED, DepositState.HELD]
        assert ledger.balance(session, AccountKind.CLIENT_FUNDS, john.organisation_id) == -2_000


def test_a_deposit_released_twice_at_the_same_moment_goes_back_once(race, sale):
    _, (john, _), held = sale
    ended = race(*[lambda session: deposits.release(session, held[0], at=NOW)] * 2)
    assert sorted(type(end).__name__ for end in ended) == ["Deposit", "DepositAlreadyDone"]
    assert any(isinstance(end, DepositAlreadyDone) for end in ended)
    with db.transaction() as session:
        assert ledger.balance(session, AccountKind.CLIENT_FUNDS, john.organisation_id) == -2_000


def test_without_the_lock_the_ledger_still_refuses_the_second_release(race, sale, monkeypatch):
    """The negative control: both see a held deposit, and the cause of the entry is unique."""
    _, (john, _), held = sale
    both_have_read = threading.Barrier(2)

    def unlocked(session, row_type, ident):
        row = session.get(row_type, ident)
        both_have_read.wait(10)
        return row

    monkeypatch.setattr(db, "lock", unlocked)
    ended = race(*[lambda session: deposits.release(session, held[0], at=NOW)] * 2)
    assert sum(isinstance(end, Conflict) for end in ended) == 1
    with db.transaction() as session:
        assert ledger.balance(session, AccountKind.CLIENT_FUNDS, john.organisation_id) == -2_000


def test_money_that_arrives_while_the_sale_closes_is_never_left_held(race, sale):
    auction_id, _, _ = sale
    from make import Make

    with db.transaction() as session:
        late = Make(session).member(Make(session).recycler())
    with db.transaction() as session:
        ident = deposits.request(session, late, auction_id, at=NOW).id
    race(
        lambda session: deposits.hold(session, ident, at=END - timedelta(seconds=1)),
        lambda session: auctions.close(session, auction_id, clock=lambda: END),
    )
    with db.transaction() as session:
        assert session.get_one(Deposit, ident).state is DepositState.RELEASED
