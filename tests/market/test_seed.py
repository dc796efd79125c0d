from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import Make
from sqlalchemy import orm

from listings import db, users
from listings.journal import Act
from listings.lots import Lot, LotState
from listings.packs import Mounting, Pack
from listings.parties import Kind, Organisation
from listings.vehicles import Vehicle
from market import auctions, bids, rivals, seed, verify
from market.auctions import Auction, AuctionState, Format, PriceBasis
from market.bids import Bid
from market.handovers import Handover, HandoverState
from market.seeding import cast
from market.settlements import Settlement, SettlementState
from pricing.guides import GuideValue


def ensure(url: str, **more) -> bool:
    """`seed.ensure`, with the connections of the test in their place again after it."""
    before = db._sessions
    try:
        return seed.ensure(url, **more)
    finally:
        db._sessions = before


def every(kind):
    with db.transaction() as session:
        return list(session.scalars(sa.select(kind)))


def test_there_is_at_least_one_organisation_of_every_kind(seeded) -> None:
    kinds = {kind for organisation in every(Organisation) for kind in organisation.kinds}
    assert kinds == set(Kind)


def test_about_sixty_packs_stand_on_a_dozen_vehicles(seeded) -> None:
    packs = every(Pack)
    assert 55 <= len(packs) <= 70
    assert len(every(Vehicle)) == 12
    assert {pack.mounting for pack in packs} == set(Mounting)
    assert sum(pack.code is None for pack in packs) >= 5


def test_holder_and_owner_differ_where_the_owner_is_a_fleet(seeded) -> None:
    with db.transaction() as session:
        fleets = {one.id for one in session.scalars(sa.select(Organisation)) if Kind.FLEET_OWNER in one.kinds}  # fmt: skip
        holders = set(session.scalars(sa.select(Pack.holder_id)))
    assert not fleets & holders


def test_twelve_lots_stand_in_different_states_formats_and_price_bases(seeded) -> None:
    states = [lot.state for lot in every(Lot)]
    assert len(states) == 13  # twelve, and the fresh sale
    assert set(states) == {LotState.DRAFT, LotState.CATALOGUED, LotState.AWARDED, LotState.PASSED}
    sales = every(Auction)
    assert {sale.price_basis for sale in sales} == set(PriceBasis)
    is_open = [auctions.is_open(sale, seeded.at) for sale in sales]
    assert is_open.count(True) == 5
    assert any(sale.opens_at > seeded.at for sale in sales)
    assert any(auctions.is_open(s, seeded.at) and s.bid_count and not auctions.is_minimum_met(s) for s in sales)  # fmt: skip
    assert {one.state for one in every(Settlement)} == {
        SettlementState.DUE,
        SettlementState.PAID,
        SettlementState.COMPLETED,
    }
    assert {one.state for one in every(Handover)} == {
        HandoverState.RELEASED,
        HandoverState.ACCEPTED,
    }


def test_one_lot_can_be_claimed_at_a_fixed_price_and_one_was_by_four_eyes(seeded) -> None:
    fixed = [sale for sale in every(Auction) if sale.format is Format.FIXED_PRICE]
    claimed, claimable = sorted(fixed, key=lambda sale: sale.state)
    assert claimed.state is AuctionState.AWARDED
    assert auctions.is_open(claimable, seeded.at)
    assert claimable.deposit_minor == 0
    (bid,) = [bid for bid in every(Bid) if bid.auction_id in {claimed.id, claimable.id}]
    assert bid.auction_id == claimed.id
    assert bid.approved_by not in {None, bid.user_id}


def test_every_lot_has_a_guide_value(seeded) -> None:
    assert {one.lot_id for one in every(GuideValue)} == {one.id for one in every(Lot)}


def test_everybody_shown_can_sign_in(seeded) -> None:
    with db.transaction() as session:
        for _role, email, password in seed.sign_ins():
            user = users.find(session, email)
            assert user is not None
            assert users.is_password(user, password)


def test_each_stage_is_told(seeded) -> None:
    assert len([line for line in seeded.said if line]) == 4


def test_nothing_happened_after_the_instant_of_seeding(seeded) -> None:
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.max(Act.at))) <= seeded.at


def test_seeding_again_builds_nothing_and_leaves_a_fresh_sale_that_is_open_alone(seeded) -> None:
    before = len(every(Act))
    assert ensure(seeded.url, at=seeded.at + timedelta(minutes=1)) is False
    assert len(every(Act)) == before


def test_a_market_of_real_people_is_never_seeded(database) -> None:
    with db.transaction() as session:
        Make(session).organisation(Kind.FLEET_OWNER)
    assert ensure(database) is False
    assert len(every(Organisation)) == 1
    assert every(Auction) == []


def test_a_seeding_that_breaks_off_leaves_nothing(database, monkeypatch) -> None:
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")

    def break_off(*_arguments, **_more) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(seed.goods, "register", break_off)
    with pytest.raises(KeyboardInterrupt):
        ensure(database, say=lambda _line: None)
    assert every(Organisation) == []


def test_a_passed_lot_is_offered_again_by_the_next_start(seeded) -> None:
    later = seeded.at + timedelta(hours=1)
    (sale,) = fresh()
    with db.transaction() as session:
        assert auctions.close(session, sale.id, clock=lambda: later) is None
    count = len(every(Pack))
    again = seed.open_fresh_sale(later)
    assert again not in {None, sale.id}
    assert len(every(Pack)) == count
    assert fresh()[0].lot_id == sale.lot_id


def test_a_sold_lot_is_followed_by_new_packs_up_to_a_bound(seeded, monkeypatch) -> None:
    (sale,) = fresh()
    later = seeded.at + timedelta(hours=1)
    with db.transaction() as session:
        buyer = seed.trader(session, "buyer")
        bids.place(session, buyer, sale.id, seed_money(sale, 2), clock=opened(sale), form_key="k")
    with db.transaction() as session:
        assert auctions.close(session, sale.id, clock=lambda: later) is not None
    count = len(every(Pack))
    second = seed.open_fresh_sale(later)
    assert len(every(Pack)) == count + seed.PACKS_EACH
    with db.transaction() as session:
        bids.place(
            session, buyer, second, seed_money(sale, 2),
            clock=lambda: later + timedelta(minutes=1), form_key="k",
        )  # fmt: skip
    with db.transaction() as session:
        auctions.close(session, second, clock=lambda: later + timedelta(hours=1))
    monkeypatch.setattr(seed, "MOST_FRESH", 2)
    assert seed.open_fresh_sale(later + timedelta(hours=2)) is None


def fresh() -> list[Auction]:
    with db.transaction() as session:
        return seed.fresh_sales(session)


def seed_money(sale: Auction, times: int):
    from listings.money import Money

    return Money(sale.start_minor * times, sale.currency)


def opened(sale: Auction):
    return lambda: sale.opens_at + timedelta(seconds=1)


def play_until_nobody_bids(start, seconds: int = 400) -> None:
    for second in range(0, seconds, 2):
        rivals.play(lambda second=second: start + timedelta(seconds=second))


def test_rivals_bid_up_to_their_limits_and_stop(seeded) -> None:
    play_until_nobody_bids(seeded.at)
    (sale,) = fresh()
    assert sale.bid_count >= 3
    limits = sorted(rivals.limit_minor(sale, rival) for rival in rivals.RIVALS)
    assert sale.price_minor <= limits[-1]
    with db.transaction() as session:
        placed = list(session.scalars(sa.select(Bid).where(Bid.auction_id == sale.id)))
        assert max(bid.maximum_minor for bid in placed) <= limits[-1]
        assert verify.verify(session)["valid"]


def test_a_visitor_who_names_more_than_the_rivals_would_pay_wins(seeded) -> None:
    (sale,) = fresh()
    with db.transaction() as session:
        buyer = seed.trader(session, "buyer")
        bids.place(session, buyer, sale.id, seed_money(sale, 3), clock=opened(sale), form_key="k")
    play_until_nobody_bids(seeded.at)
    (sale,) = fresh()
    assert sale.leader_id == buyer.organisation_id
    assert sale.bid_count > 1


def test_rivals_keep_to_the_fresh_sale(seeded) -> None:
    with db.transaction() as session:
        others = sa.select(sa.func.count(Bid.id)).where(Bid.auction_id.not_in([s.id for s in fresh()]))  # fmt: skip
        before = session.scalar(others)
    play_until_nobody_bids(seeded.at, 120)
    with db.transaction() as session:
        assert session.scalar(others) == before


def test_rivals_wait_a_while_after_each_bid(seeded) -> None:
    (sale,) = fresh()
    assert not rivals.is_turn(sale, sale.opens_at)
    assert rivals.is_turn(sale, sale.opens_at + rivals.LONGEST)
    assert not rivals.is_turn(sale, sale.closes_at)


def test_no_rival_plays_in_a_market_that_is_not_seeded(database) -> None:
    stop = threading.Event()
    rivals.worker(stop)  # returns although nobody told it to stop
    assert every(Act) == []


def test_credit_codes_of_the_cast_are_all_different() -> None:
    codes = {firm.credit_code(number) for number, firm in enumerate(cast.CAST, start=1)}
    assert len(codes) == len(cast.CAST)


def test_the_seeded_sale_is_closed_like_any_other(seeded) -> None:
    play_until_nobody_bids(seeded.at)
    (sale,) = fresh()
    with db.transaction() as session:
        assert isinstance(session, orm.Session)
        auctions.close(session, sale.id, clock=lambda: sale.closes_at)
        assert session.get_one(Auction, sale.id).state is AuctionState.AWARDED
