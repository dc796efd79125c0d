"""Sales: terms, publication, closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings import journal, lots
from listings.errors import NotFound, Several
from listings.lots import LotPack, LotState
from listings.money import Money
from listings.parties import Kind, NotApproved, Role
from market import auctions, availability, bids, deposits
from market import terms as wrong
from market.auctions import AuctionState, PriceBasis, Terms
from market.awards import Award
from market.notices import Notice
from market.rules import english, proxy
from market.rules.increments import FirstBandNotZero

TERMS = Terms(
    price_basis=PriceBasis.PER_KWH,
    start_minor=15_000,
    opens_at=NOW,
    closes_at=NOW + timedelta(days=1),
    increments=[[0, 100]],
)


@pytest.fixture
def fleet(make):
    return make.organisation(Kind.FLEET_OWNER)


@pytest.fixture
def trader(make, fleet):
    return make.member(fleet, Role.TRADER)


@pytest.fixture
def lot(make, fleet):
    return make.lot(fleet, [make.pack(fleet), make.pack(fleet)], state=LotState.DRAFT)


def buyer(make, **more):
    firm = make.recycler(**more)
    return make.member(firm, Role.TRADER)


def bid(session, acting, auction, yuan, at=NOW):
    session.commit()
    placed = bids.place(
        session,
        acting,
        auction.id,
        Money.parse(str(yuan)),
        clock=lambda: at,
        form_key=f"{acting.user_id}-{yuan}-{at}",
    )
    return placed.bid


def close(session, auction, at=None, **more):
    end = at or auction.closes_at
    session.commit()
    return auctions.close(session, auction.id, clock=lambda: end, **more)


# Terms


def test_good_terms_are_not_refused():
    TERMS.check(NOW)


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"start_minor": -1}, proxy.NegativePrice, "start"),
        ({"increments": [[5, 100]]}, FirstBandNotZero, "increments"),
        ({"floor_minor": 20_000, "reserve_minor": 20_000}, wrong.OneMinimumOnly, "reserve"),
        ({"floor_minor": 14_999}, wrong.MinimumBelowStart, "floor"),
        ({"reserve_minor": 14_999}, wrong.MinimumBelowStart, "reserve"),
        ({"closes_at": NOW - timedelta(seconds=1)}, wrong.ClosesInThePast, "closes_at"),
        ({"opens_at": NOW + timedelta(days=2)}, english.ClosesBeforeOpening, "closes_at"),
        ({"closes_at": NOW + timedelta(seconds=59)}, wrong.SaleTooShort, "closes_at"),
        ({"hard_end": NOW + timedelta(hours=1)}, english.HardEndBeforeClosing, "hard_end"),
        ({"window_s": -1}, english.NegativeDuration, "window_s"),
        ({"extension_s": -1}, english.NegativeDuration, "extension_s"),
        ({"deposit_minor": -1}, wrong.DepositNegative, "deposit"),
        ({"tax_rate": Decimal("1.01")}, wrong.TaxRateWrong, "tax_rate"),
        ({"payment_days": 0}, wrong.PaymentDaysWrong, "payment_days"),
        ({"quantity": Decimal(0)}, wrong.QuantityNotPositive, "quantity"),
        ({"quantity": Decimal("1.00001")}, wrong.QuantityNotPositive, "quantity"),
        ({"pickup_until": NOW.date()}, wrong.PickupBeforeClosing, "pickup_until"),
        (
            {"price_basis": PriceBasis.LUMP_SUM, "is_quantity_provisional": True},
            wrong.LumpSumProvisional,
            "is_quantity_provisional",
        ),
    ],
)
def test_terms_that_cannot_be_sold_are_refused_with_their_field(change, refusal, field):
    with pytest.raises(refusal) as refused:
        replace(TERMS, **change).check(NOW)
    assert refused.value.field == field


def test_everything_wrong_with_the_terms_is_said_at_once():
    with pytest.raises(Several) as refused:
        replace(TERMS, start_minor=-5, payment_days=0, deposit_minor=-1).check(NOW)
    assert {error.field for error in refused.value.errors} == {"start", "payment_days", "deposit"}


def test_a_negative_start_is_taken_where_the_seller_switched_it_on():
    replace(TERMS, start_minor=-5, is_negative_allowed=True).check(NOW)


@pytest.mark.parametrize(("yuan", "is_unusual"), [(4, True), (5, False), (20, False), (21, True)])
def test_an_unusual_deposit_is_advised_against_but_not_refused(yuan, is_unusual):
    terms = replace(TERMS, start_minor=10_000, deposit_minor=yuan * 100)
    terms.check(NOW)
    assert bool(terms.advice(Decimal(1))) is is_unusual


# Publication


def test_a_published_lot_stands_in_the_catalogue_and_holds_its_packs(session, lot, trader):
    auction = auctions.publish(session, trader, lot.id, TERMS, at=NOW)

    assert lot.state is LotState.CATALOGUED
    assert auction.quantity == Decimal("128.0000")
    assert auction.original_closes_at == auction.closes_at
    held = session.scalars(sa.select(LotPack.is_open).where(LotPack.lot_id == lot.id)).all()
    assert held == [True, True]
    assert journal.about(session, f"auction:{auction.id}")[0].tag == "auction:published"


@pytest.mark.parametrize(
    ("basis", "quantity"),
    [("lump_sum", "1"), ("per_kwh", "128"), ("per_tonne", "0.96"), ("per_pack", "2")],
)
def test_the_quantity_is_what_the_packs_sum_up_to(lot, basis, quantity):
    assert auctions.estimate(lot, PriceBasis(basis)) == Decimal(quantity)


def test_another_quantity_is_taken_only_as_provisional(session, lot, trader):
    terms = replace(TERMS, quantity=Decimal(100))
    with pytest.raises(auctions.QuantityWrong):
        auctions.publish(session, trader, lot.id, terms, at=NOW)
    terms = replace(terms, is_quantity_provisional=True)
    assert auctions.publish(session, trader, lot.id, terms, at=NOW).quantity == 100


def test_an_opening_that_has_gone_by_means_at_once(session, lot, trader):
    terms = replace(TERMS, opens_at=NOW - timedelta(days=3))
    assert auctions.publish(session, trader, lot.id, terms, at=NOW).opens_at == NOW


def test_a_lot_is_published_once(session, lot, trader):
    auctions.publish(session, trader, lot.id, TERMS, at=NOW)
    session.commit()
    with pytest.raises(auctions.LotNotOnOffer):
        auctions.publish(session, trader, lot.id, TERMS, at=NOW)


def test_a_pack_is_in_one_open_sale_at_most(session, make, fleet, trader):
    pack = make.pack(fleet)
    one, two = (make.lot(fleet, [pack], state=LotState.DRAFT) for _ in range(2))
    auctions.publish(session, trader, one.id, TERMS, at=NOW)
    session.commit()
    with pytest.raises(lots.PackAlreadyOnSale):
        auctions.publish(session, trader, two.id, TERMS, at=NOW)


def test_the_database_itself_refuses_a_pack_in_two_open_sales(session, make, fleet):
    pack = make.pack(fleet)
    make.lot(fleet, [pack])
    with pytest.raises(sa.exc.IntegrityError, match="uq_lot_pack_open"):
        make.lot(fleet, [pack])


def test_a_lot_of_another_seller_cannot_be_published(session, make, lot):
    stranger = make.member(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(NotFound):
        auctions.publish(session, stranger, lot.id, TERMS, at=NOW)


def test_a_seller_that_is_not_approved_publishes_nothing(session, make, fleet, lot, trader):
    fleet.approved_at = None
    with pytest.raises(NotApproved):
        auctions.publish(session, trader, lot.id, TERMS, at=NOW)


def test_a_sale_without_bids_is_withdrawn_and_its_packs_are_free(session, make, lot, trader):
    auction = auctions.publish(session, trader, lot.id, TERMS, at=NOW)
    session.commit()
    auctions.withdraw(session, trader, auction.id, at=NOW)
    assert (auction.state, lot.state) == (AuctionState.WITHDRAWN, LotState.WITHDRAWN)
    assert not session.scalar(sa.select(sa.func.bool_or(LotPack.is_open)))


def test_a_sale_with_a_bid_is_not_withdrawn(session, make, lot, trader):
    auction = auctions.publish(session, trader, lot.id, TERMS, at=NOW)
    bid(session, buyer(make), auction, 150)
    session.commit()
    with pytest.raises(auctions.BidsStand):
        auctions.withdraw(session, trader, auction.id, at=NOW)


# Closing


def test_nothing_happens_before_the_end(session, make, fleet):
    auction = make.auction(make.lot(fleet))
    assert close(session, auction, auction.closes_at - timedelta(microseconds=1)) is None
    assert auction.state is AuctionState.SCHEDULED


def test_a_sale_with_a_leader_is_awarded_at_the_displayed_price(session, make, fleet):
    auction = make.auction(make.lot(fleet))
    first, second = buyer(make), buyer(make)
    bid(session, first, auction, 50)
    winning = bid(session, second, auction, 80)

    award = close(session, auction)

    assert (award.buyer_id, award.bid_id) == (second.organisation_id, winning.id)
    assert award.hammer_minor == 5100
    assert auction.state is AuctionState.AWARDED
    assert auction.lot.state is LotState.AWARDED


def test_closing_twice_gives_the_same_award_once(session, make, fleet):
    auction = make.auction(make.lot(fleet))
    bid(session, buyer(make), auction, 50)
    first = close(session, auction)
    again = close(session, auction, auction.closes_at + timedelta(days=1))
    assert again is first
    assert session.scalar(sa.select(sa.func.count()).select_from(Award)) == 1


def test_a_sale_without_bids_passes_and_its_packs_are_free(session, make, fleet):
    seller = make.member(fleet, Role.TRADER)
    auction = make.auction(make.lot(fleet))
    assert close(session, auction) is None
    assert (auction.state, auction.lot.state) == (AuctionState.PASSED, LotState.PASSED)
    assert not session.scalar(sa.select(sa.func.bool_or(LotPack.is_open)))
    assert session.scalars(sa.select(Notice.user_id)).all() == [seller.user_id]


def test_a_passed_lot_can_be_put_on_sale_again(session, make, fleet, trader):
    auction = make.auction(make.lot(fleet))
    close(session, auction)
    session.commit()
    again = auctions.publish(
        session,
        trader,
        auction.lot_id,
        replace(TERMS, closes_at=NOW + timedelta(days=9)),
        at=auction.closes_at,
    )
    assert auctions.latest(session, auction.lot_id) is again


@pytest.mark.parametrize("minimum", ["reserve_minor", "floor_minor"])
@pytest.mark.parametrize(("maximum", "is_sold"), [("59.99", False), ("60", True)])
def test_a_sale_below_its_minimum_passes(session, make, minimum, maximum, is_sold):
    auction = make.auction(make.lot(make.organisation()), **{minimum: 6000})
    bid(session, buyer(make), auction, maximum)
    assert auctions.is_minimum_met(auction) is is_sold
    assert (close(session, auction) is not None) is is_sold


def test_a_late_worker_closes_as_of_the_end(session, make, fleet):
    auction = make.auction(make.lot(fleet))
    bid(session, buyer(make), auction, 50)
    assert close(session, auction, auction.closes_at + timedelta(hours=7)) is not None
    assert auction.closed_at == auction.closes_at


def test_due_sales_are_those_whose_end_has_come(session, make, fleet):
    later = make.auction(make.lot(fleet), closes_at=NOW + timedelta(hours=2))
    sooner = make.auction(make.lot(fleet))
    assert auctions.due(session, NOW) == []
    assert auctions.due(session, sooner.closes_at) == [sooner.id]
    assert auctions.due(session, later.closes_at) == [sooner.id, later.id]


def test_losers_deposits_are_released_and_the_winners_stays_for_the_price(session, make, fleet):
    auction = make.auction(make.lot(fleet), deposit_minor=200)
    firms = [buyer(make), buyer(make)]
    held = [deposits.request(session, firm, auction.id, at=NOW) for firm in firms]
    for deposit in held:
        session.commit()
        deposits.hold(session, deposit.id, at=NOW)
    bid(session, firms[0], auction, 50)
    bid(session, firms[1], auction, 80)

    close(session, auction)

    assert [deposit.state.value for deposit in held] == ["released", "held"]


# Availability


def beats(session, since, until):
    at = since
    while at <= until:
        availability.beat(session, at=at)
        at += timedelta(seconds=15)


def test_a_sale_that_took_bids_to_its_end_is_closed(session, make, fleet):
    auction = make.auction(make.lot(fleet))
    beats(session, auction.closes_at - timedelta(minutes=6), auction.closes_at)
    close(session, auction, is_watched=True)
    assert auction.state is AuctionState.PASSED


def test_a_sale_that_could_not_take_bids_near_its_end_is_rescheduled(session, make, fleet):
    seller = make.member(fleet)
    auction = make.auction(make.lot(fleet), hard_end=NOW + timedelta(hours=1))
    leader = bid(session, buyer(make), auction, 50)
    end = auction.closes_at
    beats(session, end - timedelta(minutes=6), end - timedelta(seconds=75))
    late = end + timedelta(minutes=3)

    assert close(session, auction, late, is_watched=True) is None

    assert auction.state is AuctionState.SCHEDULED
    assert auction.closes_at == late + timedelta(minutes=5)
    assert auction.hard_end == auction.closes_at
    assert auction.leading_bid_id == leader.id
    assert journal.about(session, f"auction:{auction.id}")[-1].tag == "auction:rescheduled"
    told = session.scalars(sa.select(Notice.user_id)).all()
    assert sorted(told) == sorted([seller.user_id, leader.user_id])


def test_a_silence_before_the_window_reschedules_nothing(session, make, fleet):
    auction = make.auction(make.lot(fleet))
    beats(session, auction.closes_at - timedelta(seconds=295), auction.closes_at)
    close(session, auction, is_watched=True)
    assert auction.state is AuctionState.PASSED
