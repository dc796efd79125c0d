"""Bids on the database: who may, what moves, what stays, who hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make import NOW

from listings import journal
from listings.errors import Forbidden, NotFound
from listings.licences import LicenceMissing
from listings.lots import Route
from listings.money import CurrencyMismatch, Money
from listings.parties import Kind, NotApproved, Role
from market import auctions, bids, deposits, eligibility, proposals
from market.auctions import SaleOver
from market.bids import Bid
from market.notices import Change, Notice
from market.rules import english


@pytest.fixture
def auction(make):
    return make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)))


@pytest.fixture
def john(make):
    return make.member(make.recycler(), Role.TRADER)


@pytest.fixture
def jane(make):
    return make.member(make.recycler(), Role.TRADER)


def place(session, acting, auction, yuan, *, at=NOW, key=None):
    session.commit()
    return bids.place(
        session,
        acting,
        auction.id,
        Money.parse(str(yuan)),
        clock=lambda: at,
        form_key=key or f"{acting.user_id}:{yuan}:{at.isoformat()}",
    )


def state(auction):
    return (
        auction.leader_id,
        auction.leader_maximum_minor,
        auction.price_minor,
        auction.closes_at,
        auction.bid_count,
        auction.version,
    )


def test_the_first_bid_leads_at_the_start_price(session, auction, john):
    placed = place(session, john, auction, 70)
    assert placed.is_leading
    assert (auction.price_minor, auction.leader_maximum_minor) == (1000, 7000)
    assert (placed.bid.number, placed.next_minimum) == (1, 1100)


def test_a_rival_below_the_maximum_lifts_the_price_and_does_not_lead(session, auction, john, jane):
    place(session, john, auction, 70)
    placed = place(session, jane, auction, 60)
    assert not placed.is_leading
    assert (auction.leader_id, auction.price_minor) == (john.organisation_id, 6100)


def test_a_higher_maximum_leads_one_increment_above_the_former(session, auction, john, jane):
    place(session, john, auction, 70)
    placed = place(session, jane, auction, 90)
    assert placed.is_leading
    assert auction.price_minor == 7100
    assert auction.leading_bid_id == placed.bid.id


def test_of_two_equal_maxima_the_earlier_one_leads(session, auction, john, jane):
    place(session, john, auction, 70)
    assert not place(session, jane, auction, 70).is_leading
    assert (auction.leader_id, auction.price_minor) == (john.organisation_id, 7000)


def test_a_bid_below_the_start_is_refused_with_the_minimum(session, auction, john):
    with pytest.raises(bids.BidTooLow, match=r"10\.00 CNY") as refused:
        place(session, john, auction, "9.99")
    assert refused.value.field == "maximum"


def test_a_refused_bid_moves_nothing_and_extends_nothing(session, auction, john, jane):
    place(session, john, auction, 70)
    before, changes = state(auction), session.scalar(sa.select(sa.func.count(Change.id)))
    late = auction.closes_at - timedelta(seconds=10)

    with pytest.raises(bids.BidTooLow, match=r"11\.00 CNY"):
        place(session, jane, auction, "10.99", at=late)

    assert state(auction) == before
    assert session.scalar(sa.select(sa.func.count(Change.id))) == changes
    assert session.scalar(sa.select(sa.func.count(Bid.id))) == 1


def test_the_leader_raises_its_own_maximum_unseen(session, auction, john, jane):
    first = place(session, john, auction, 70)
    version, late = auction.version, auction.closes_at - timedelta(seconds=10)
    end = auction.closes_at

    placed = place(session, john, auction, 80, at=late)

    assert (auction.price_minor, auction.closes_at, auction.version) == (1000, end, version)
    assert auction.leading_bid_id == placed.bid.id
    assert [bid.id for bid in bids.history(session, auction.id)] == [first.bid.id]
    assert not session.scalar(sa.select(sa.func.count(Notice.id)))


def test_the_leader_cannot_lower_its_maximum(session, auction, john):
    place(session, john, auction, 70)
    with pytest.raises(bids.NotAboveOwnMaximum, match=r"70\.00 CNY"):
        place(session, john, auction, 65)


def test_the_former_leader_is_told_and_nobody_elses_maximum_is(session, auction, john, jane):
    place(session, john, auction, 70)
    place(session, jane, auction, 90)
    [notice] = session.scalars(sa.select(Notice)).all()
    assert notice.user_id == john.user_id
    assert notice.values["price"] == "71.00 CNY"
    assert "90" not in str(notice.values)


def test_no_watcher_and_no_journal_learns_a_maximum(session, auction, john):
    place(session, john, auction, "77.77")
    [change] = session.scalars(sa.select(Change)).all()
    assert change.topic == f"auction:{auction.id}"
    [act] = journal.about(session, f"bid:{auction.leading_bid_id}")
    assert "7777" not in str(change.facts) + str(act.facts)
    assert act.facts["price_minor"] == 1000


def test_a_late_bid_extends_the_one_end(session, auction, john):
    late = auction.closes_at - timedelta(minutes=1)
    placed = place(session, john, auction, 70, at=late)
    assert placed.is_extended
    assert auction.closes_at == placed.bid.ends_at == late + timedelta(minutes=5)
    assert auction.original_closes_at == NOW + timedelta(hours=1)


def test_a_bid_one_window_before_the_end_extends_nothing(session, auction, john):
    assert not place(
        session, john, auction, 70, at=auction.closes_at - timedelta(minutes=5)
    ).is_extended


def test_bids_before_the_opening_and_from_the_end_on_are_refused(session, auction, john):
    with pytest.raises(bids.SaleNotOpen):
        place(session, john, auction, 70, at=auction.opens_at - timedelta(seconds=1))
    with pytest.raises(SaleOver):
        place(session, john, auction, 70, at=auction.closes_at)


def test_a_bid_after_the_closing_is_refused_whatever_its_clock_says(session, auction, john):
    auctions.close(session, auction.id, clock=lambda: auction.closes_at)
    with pytest.raises(SaleOver):
        place(session, john, auction, 70)


def test_a_clock_set_back_does_not_put_a_bid_before_the_last(session, auction, john, jane):
    first = place(session, john, auction, 70, at=NOW + timedelta(minutes=10))
    second = place(session, jane, auction, 80, at=NOW)
    assert second.bid.placed_at == first.bid.placed_at


def test_the_clock_is_read_once_after_the_lock(session, auction, john):
    readings = []

    def clock():
        readings.append(session.info["locks"][1])
        return NOW

    session.commit()
    bids.place(session, john, auction.id, Money(7000), clock=clock, form_key="k")
    assert readings == [["auction"]]


def test_a_double_click_is_one_bid(session, auction, john):
    first = place(session, john, auction, 70, key="form-1")
    again = place(session, john, auction, 70, key="form-1")
    assert (again.bid.id, again.is_new, auction.bid_count) == (first.bid.id, False, 1)


def test_a_form_sent_again_with_another_maximum_is_refused(session, auction, john, jane):
    place(session, john, auction, 70, key="form-1")
    with pytest.raises(bids.FormAlreadySent):
        place(session, john, auction, 75, key="form-1")
    with pytest.raises(bids.FormAlreadySent):
        place(session, jane, auction, 70, key="form-1")


def test_another_currency_is_refused(session, auction, john):
    with pytest.raises(CurrencyMismatch):
        bids.place(session, john, auction.id, Money(7000, "EUR"), clock=lambda: NOW, form_key="k")


def test_a_sale_that_is_not_there_takes_no_bid(session, john):
    with pytest.raises(NotFound):
        bids.place(session, john, 424242, Money(7000), clock=lambda: NOW, form_key="k")


# Who may bid


def test_the_seller_does_not_bid_on_its_own_lot(session, make):
    firm = make.recycler()
    auction = make.auction(make.lot(firm))
    with pytest.raises(eligibility.OwnGoods):
        place(session, make.member(firm), auction, 70)


def test_the_owner_of_a_pack_does_not_bid_on_the_lot(session, make):
    owner = make.recycler()
    auction = make.auction(make.lot(make.organisation(), [make.pack(owner)]))
    with pytest.raises(eligibility.OwnGoods):
        place(session, make.member(owner), auction, 70)


@pytest.mark.parametrize("relation", ["mother", "daughter", "sister"])
def test_a_firm_of_the_sellers_group_does_not_bid(session, make, relation):
    mother = make.recycler()
    seller = make.organisation(parent_id=None if relation == "daughter" else mother.id)
    bidder = {
        "mother": lambda: mother,
        "daughter": lambda: make.recycler(parent_id=seller.id),
        "sister": lambda: make.recycler(parent_id=mother.id),
    }[relation]()
    with pytest.raises(eligibility.AffiliatedBidder):
        place(session, make.member(bidder), make.auction(make.lot(seller)), 70)


def test_two_firms_without_a_parent_are_not_affiliated(session, auction, john):
    assert place(session, john, auction, 70).is_leading


def test_a_firm_that_is_not_approved_does_not_bid(session, make, auction):
    firm = make.recycler(approved_at=None)
    with pytest.raises(NotApproved):
        place(session, make.member(firm), auction, 70)


def test_a_firm_without_licences_does_not_bid(session, make, auction):
    firm = make.organisation(Kind.SECOND_LIFE)
    with pytest.raises(LicenceMissing):
        place(session, make.member(firm), auction, 70)


def test_a_licence_of_the_other_route_does_not_serve(session, make):
    lot = make.lot(make.organisation(), route=Route.REGENERATION)
    with pytest.raises(LicenceMissing):
        place(session, make.member(make.recycler()), make.auction(lot), 70)


def test_a_licence_that_ends_before_the_closing_date_does_not_serve(session, make):
    auction = make.auction(make.lot(make.organisation()), closes_at=NOW.replace(year=2031, hour=1))
    with pytest.raises(LicenceMissing):
        place(session, make.member(make.recycler()), auction, 70)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK, Role.SIGNER])
def test_roles_that_do_not_trade_place_no_bid(session, make, auction, role):
    with pytest.raises(Forbidden):
        place(session, make.member(make.recycler(), role), auction, 70)


def test_a_deposit_that_is_due_has_to_be_held(session, make, john):
    auction = make.auction(make.lot(make.organisation()), deposit_minor=20_000)
    with pytest.raises(deposits.DepositMissing, match=r"200\.00 CNY"):
        place(session, john, auction, 70)
    deposit = deposits.request(session, john, auction.id, at=NOW)
    with pytest.raises(deposits.DepositMissing):
        place(session, john, auction, 70)
    deposits.hold(session, deposit.id, at=NOW)
    assert place(session, john, auction, 70).is_leading


def test_a_deposit_for_one_sale_does_not_back_another(session, make, john):
    one, two = (make.auction(make.lot(make.organisation()), deposit_minor=20_000) for _ in range(2))
    deposits.hold(session, deposits.request(session, john, one.id, at=NOW).id, at=NOW)
    with pytest.raises(deposits.DepositMissing):
        place(session, john, two, 70)


def test_everything_still_lacking_is_said(session, make):
    auction = make.auction(make.lot(make.organisation()), deposit_minor=20_000)
    stranger = make.member(make.organisation(Kind.SECOND_LIFE), Role.VIEWER)
    found = [type(error) for error in bids.lacks(session, auction, stranger)]
    assert found == [LicenceMissing, deposits.DepositMissing, Forbidden]


# Four eyes


@pytest.fixture
def firm(make):
    return make.recycler(has_four_eyes=True)


def test_a_firm_with_four_eyes_places_no_bid_by_one_person(session, make, firm, auction):
    with pytest.raises(bids.SecondPersonNeeded):
        place(session, make.member(firm), auction, 70)


def test_a_prepared_maximum_bids_when_another_person_approves(session, make, firm, auction):
    clerk, approver = make.member(firm, Role.CLERK), make.member(firm, Role.APPROVER)
    proposal = proposals.prepare(session, clerk, auction.id, Money(7000), at=NOW)
    assert auction.bid_count == 0
    assert [row[0].id for row in proposals.waiting(session, firm.id, at=NOW)] == [proposal.id]
    assert session.scalars(sa.select(Notice.user_id)).all() == [approver.user_id]

    placed = proposals.approve(session, approver, proposal.id, clock=lambda: NOW)

    assert (placed.bid.user_id, placed.bid.approved_by) == (clerk.user_id, approver.user_id)
    assert proposals.waiting(session, firm.id, at=NOW) == []
    with pytest.raises(proposals.AlreadyDecided):
        proposals.approve(session, approver, proposal.id, clock=lambda: NOW)


def test_the_person_who_prepared_does_not_approve(session, make, firm, auction):
    admin = make.member(firm)
    proposal = proposals.prepare(session, admin, auction.id, Money(7000), at=NOW)
    with pytest.raises(proposals.SamePerson):
        proposals.approve(session, admin, proposal.id, clock=lambda: NOW)


def test_a_proposal_of_another_firm_is_not_there(session, make, firm, auction, john):
    proposal = proposals.prepare(session, make.member(firm), auction.id, Money(7000), at=NOW)
    outsider = make.member(make.recycler(), Role.APPROVER)
    with pytest.raises(NotFound):
        proposals.approve(session, outsider, proposal.id, clock=lambda: NOW)


def test_a_proposal_can_be_rejected(session, make, firm, auction):
    clerk, approver = make.member(firm, Role.CLERK), make.member(firm, Role.APPROVER)
    proposal = proposals.prepare(session, clerk, auction.id, Money(7000), at=NOW)
    proposals.reject(session, approver, proposal.id, at=NOW)
    with pytest.raises(proposals.AlreadyDecided):
        proposals.approve(session, approver, proposal.id, clock=lambda: NOW)


def test_a_maximum_that_cannot_be_bid_is_not_prepared(session, make, firm, auction):
    with pytest.raises(bids.BidTooLow):
        proposals.prepare(session, make.member(firm), auction.id, Money(999), at=NOW)


# The pure rule and the database agree


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(900, 3000), st.integers(0, 900)), max_size=9)
)
def test_the_rows_say_what_the_pure_rule_says(session, make, sent):
    firms = [make.member(make.recycler(), Role.TRADER) for _ in range(3)]
    end = NOW + timedelta(minutes=10)
    lot = make.lot(make.organisation())
    auction = make.auction(lot, reserve_minor=2000, closes_at=end, original_closes_at=end)
    terms, at = auctions.rule(auction), NOW
    expected = english.begin(terms)
    for number, (who, maximum, later) in enumerate(sent):
        at += timedelta(seconds=later)
        bid = english.Bid(firms[who].organisation_id, maximum)
        outcome = english.apply(terms, expected, bid, at)
        session.commit()
        try:
            bids.place(
                session,
                firms[who],
                auction.id,
                Money(maximum),
                clock=lambda at=at: at,
                form_key=str(number),
            )
        except (bids.BidTooLow, bids.NotAboveOwnMaximum, SaleOver):
            assert not outcome.accepted
            continue
        assert outcome.accepted
        expected = outcome.state
    found = auctions.standing(auction)
    assert (found.lead, found.ends_at) == (expected.lead, expected.ends_at)


def test_a_firm_whose_grandmother_sells_does_not_bid(session, make):
    grandmother = make.organisation(Kind.FLEET_OWNER)
    mother = make.recycler(parent_id=grandmother.id)
    auction = make.auction(make.lot(grandmother))
    with pytest.raises(eligibility.AffiliatedBidder):
        place(session, make.member(make.recycler(parent_id=mother.id)), auction, 70)


def test_a_maximum_that_no_account_could_hold_is_refused(session, auction, john, jane):
    place(session, john, auction, 70)
    with pytest.raises(bids.MaximumTooHigh):
        place(session, jane, auction, "999999999999999")
    assert auction.leader_id == john.organisation_id
