"""Claims at a fixed price: the first buys, at once, and nobody bids."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings import journal
from listings.errors import Forbidden, NotFound
from listings.licences import Licence, LicenceMissing
from listings.lots import Lot, LotState
from listings.money import Money
from listings.parties import Kind, Role
from market import auctions, bids, claims, deposits, eligibility, proposals, recomputation
from market.auctions import AuctionState, Format, SaleOver
from market.awards import Award
from market.bids import Bid, ProposalState
from market.claims import AlreadyClaimed, AlreadyPrepared, NotAtFixedPrice
from market.deposits import DepositState
from market.notices import Change, Notice
from market.terms import FixedPriceOnly, PaymentTerm, PriceBasis, Terms


@pytest.fixture
def sale(make):
    """An open sale of one pack for 1,000 yuan."""
    lot = make.lot(make.organisation(Kind.FLEET_OWNER))
    return make.auction(lot, format=Format.FIXED_PRICE, start_minor=100_000)


@pytest.fixture
def john(make):
    return make.member(make.recycler(), Role.TRADER)


@pytest.fixture
def jane(make):
    return make.member(make.recycler(), Role.TRADER)


def claim(session, acting, sale, *, at=NOW, key="form"):
    session.commit()
    return claims.claim(session, acting, sale.id, clock=lambda: at, form_key=key)


def problems(session):
    session.flush()
    return [*recomputation.sales(session), *recomputation.awards(session)]


def terms(**more):
    values = {
        "format": Format.FIXED_PRICE,
        "price_basis": PriceBasis.LUMP_SUM,
        "start_minor": 100_000,
        "opens_at": NOW,
        "closes_at": NOW + timedelta(days=1),
        "payment_term": PaymentTerm.BEFORE_PICKUP,
    }
    return Terms(**(values | more))


def test_a_claim_is_one_bid_at_the_price_and_the_award_at_once(session, sale, john):
    award = claim(session, john, sale)
    [bid] = session.scalars(sa.select(Bid))
    assert (bid.bidder_id, bid.maximum_minor, bid.price_minor) == (
        john.organisation_id, 100_000, 100_000,
    )  # fmt: skip
    assert (award.bid_id, award.buyer_id, award.hammer_minor) == (
        bid.id, john.organisation_id, 100_000,
    )  # fmt: skip
    assert (sale.state, sale.closed_at) == (AuctionState.AWARDED, NOW)
    assert session.get(Lot, sale.lot_id).state is LotState.AWARDED
    assert problems(session) == []


def test_a_claim_in_the_last_minutes_moves_no_end(session, sale, john):
    end = sale.closes_at
    claim(session, john, sale, at=end - timedelta(seconds=1))
    assert sale.closes_at == end
    assert problems(session) == []


def test_the_second_claim_is_a_conflict(session, sale, john, jane):
    claim(session, john, sale)
    with pytest.raises(AlreadyClaimed):
        claim(session, jane, sale, key="other")
    with pytest.raises(AlreadyClaimed):
        claim(session, john, sale, key="another form")
    assert session.scalar(sa.select(sa.func.count(Bid.id))) == 1


def test_the_same_form_twice_is_the_same_award(session, sale, john, jane):
    first = claim(session, john, sale, key="same")
    assert claim(session, john, sale, key="same").id == first.id
    with pytest.raises(AlreadyClaimed):
        claim(session, jane, sale, key="same")


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        (NOW - timedelta(hours=2), bids.SaleNotOpen),
        (NOW + timedelta(hours=1), SaleOver),
    ],
)
def test_a_claim_before_the_opening_or_after_the_end_is_refused(session, sale, john, at, refusal):
    sale.published_at = NOW - timedelta(hours=3)
    with pytest.raises(refusal):
        claims.check(session, john, sale, at=at)
    with pytest.raises(refusal):
        claim(session, john, sale, at=at)
    assert sale.bid_count == 0


def test_whoever_may_not_bid_may_not_claim(session, make, sale):
    seller = make.member(sale.lot.seller, Role.TRADER)
    unlicensed = make.member(make.organisation(Kind.SECOND_LIFE), Role.TRADER)
    for acting, refusal in ((seller, eligibility.OwnGoods), (unlicensed, LicenceMissing)):
        assert refusal in {type(error) for error in claims.lacks(session, sale, acting)}
        with pytest.raises(refusal):
            claims.check(session, acting, sale, at=NOW)
        with pytest.raises(refusal):
            claim(session, acting, sale)
    assert sale.state is AuctionState.SCHEDULED


def test_a_sale_that_is_not_there_is_not_found(session, john):
    with pytest.raises(NotFound):
        claims.claim(session, john, 999_999, clock=lambda: NOW, form_key="form")


def test_without_the_deposit_there_is_no_claim_and_losers_get_theirs_back(
    session, make, john, jane
):
    lot = make.lot(make.organisation(Kind.FLEET_OWNER))
    sale = make.auction(lot, format=Format.FIXED_PRICE, start_minor=100_000, deposit_minor=5_000)
    with pytest.raises(deposits.DepositMissing):
        claim(session, john, sale)
    held = {}
    for acting in (john, jane):
        held[acting] = deposits.request(session, acting, sale.id, at=NOW).id
        session.commit()
        deposits.hold(session, held[acting], at=NOW)
        session.commit()
    claim(session, john, sale)
    states = {who: session.get(deposits.Deposit, ident).state for who, ident in held.items()}
    assert states == {john: DepositState.HELD, jane: DepositState.RELEASED}


def test_both_parties_and_the_watchers_hear_of_a_claim(session, make, sale, john):
    seller = make.member(sale.lot.seller, Role.TRADER)
    claim(session, john, sale)
    told = set(session.scalars(sa.select(Notice.user_id)))
    assert {john.user_id, seller.user_id} <= told
    topics = set(session.scalars(sa.select(Change.topic)))
    assert auctions.topic(sale) in topics
    tags = set(session.scalars(sa.select(journal.Act.tag)))
    assert {"bid:placed", "auction:closed", "award:made"} <= tags


def test_a_fixed_price_takes_no_bids_and_bids_have_no_fixed_price(session, make, sale, john):
    session.commit()
    with pytest.raises(bids.PriceIsFixed):
        bids.place(session, john, sale.id, Money(200_000), clock=lambda: NOW, form_key="k")
    with pytest.raises(bids.PriceIsFixed):
        proposals.prepare(session, john, sale.id, Money(200_000), at=NOW)
    english = make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)))
    with pytest.raises(NotAtFixedPrice):
        claim(session, john, english)
    with pytest.raises(NotAtFixedPrice):
        claims.check(session, john, english, at=NOW)


def test_an_unclaimed_sale_passes_at_its_end(session, sale):
    session.commit()
    assert auctions.close(session, sale.id, clock=lambda: sale.closes_at) is None
    assert sale.state is AuctionState.PASSED
    assert session.scalar(sa.select(sa.func.count(Award.id))) == 0
    assert problems(session) == []


def test_closing_a_claimed_sale_gives_the_award_that_stands(session, sale, john):
    award = claim(session, john, sale)
    session.commit()
    found = auctions.close(session, sale.id, clock=lambda: sale.closes_at)
    assert found.id == award.id
    assert sale.closed_at == NOW


def test_a_claim_that_did_not_end_its_sale_is_found(session, sale, john):
    claim(session, john, sale)
    session.execute(sa.update(auctions.Auction).values(closed_at=NOW + timedelta(minutes=1)))
    session.expire_all()
    assert problems(session) == [f"Sale {sale.id} at a fixed price is not one claim at that price."]


@pytest.mark.parametrize("name", ["floor", "reserve"])
def test_a_fixed_price_refuses_another_minimum(name):
    with pytest.raises(FixedPriceOnly) as refused:
        terms(**{f"{name}_minor": 200_000}).check(NOW)
    assert refused.value.field == name
    terms().check(NOW)


def test_a_lot_is_published_at_a_fixed_price(session, make):
    seller = make.organisation(Kind.FLEET_OWNER)
    lot = make.lot(seller, state=LotState.DRAFT)
    trader = make.member(seller, Role.TRADER)
    session.commit()
    sale = auctions.publish(session, trader, lot.id, terms(), at=NOW)
    session.flush()
    assert (sale.format, sale.start_minor, auctions.next_minimum(sale)) == (
        Format.FIXED_PRICE, 100_000, 100_000,
    )  # fmt: skip


def test_the_database_refuses_a_second_claim_of_one_sale(session, sale):
    sale.bid_count = 2
    with pytest.raises(sa.exc.IntegrityError, match="ck_auction_fixed_price"):
        session.flush()


# Four eyes


@pytest.fixture
def firm(make):
    return make.recycler(has_four_eyes=True)


@pytest.fixture
def clerk(make, firm):
    return make.member(firm, Role.CLERK)


@pytest.fixture
def approver(make, firm):
    return make.member(firm, Role.APPROVER)


def prepare(session, acting, sale, *, at=NOW):
    session.commit()
    found = claims.prepare(session, acting, sale.id, at=at)
    session.commit()
    return found


def approve(session, acting, proposal, *, at=NOW):
    session.commit()
    return claims.approve(session, acting, proposal.id, clock=lambda: at)


def told(session):
    """Whom notices went to."""
    return set(session.scalars(sa.select(Notice.user_id)))


def test_one_person_of_a_firm_with_four_eyes_claims_nothing(session, make, firm, sale):
    admin = make.member(firm)
    with pytest.raises(claims.ApprovalNeeded):
        claim(session, admin, sale)
    assert claims.lacks(session, sale, admin) == []
    assert sale.state is AuctionState.SCHEDULED


def test_a_prepared_claim_buys_when_another_person_approves(session, sale, clerk, approver):
    proposal = prepare(session, clerk, sale)
    assert (sale.bid_count, proposal.maximum_minor) == (0, 100_000)
    assert told(session) == {approver.user_id}

    award = approve(session, approver, proposal)

    [bid] = session.scalars(sa.select(Bid))
    assert (bid.user_id, bid.approved_by) == (clerk.user_id, approver.user_id)
    assert (award.bid_id, award.buyer_id, award.hammer_minor) == (
        bid.id, clerk.organisation_id, 100_000,
    )  # fmt: skip
    assert (sale.state, sale.closed_at) == (AuctionState.AWARDED, NOW)
    assert (proposal.state, proposal.decided_by) == (ProposalState.APPROVED, approver.user_id)
    assert problems(session) == []


def test_an_approval_sent_twice_is_the_same_award(session, sale, clerk, approver):
    proposal = prepare(session, clerk, sale)
    first = approve(session, approver, proposal)
    assert approve(session, approver, proposal).id == first.id
    assert session.scalar(sa.select(sa.func.count(Award.id))) == 1


def test_who_prepared_a_claim_does_not_approve_it(session, make, firm, sale):
    admin = make.member(firm)
    proposal = prepare(session, admin, sale)
    with pytest.raises(proposals.SamePerson):
        approve(session, admin, proposal)
    session.rollback()
    assert (sale.bid_count, proposal.state) == (0, ProposalState.PREPARED)


def test_a_clerk_neither_approves_nor_claims_for_a_firm_without_four_eyes(
    session, make, firm, sale, clerk
):
    proposal = prepare(session, make.member(firm), sale)
    with pytest.raises(Forbidden):
        approve(session, clerk, proposal)
    other = make.member(make.recycler(), Role.CLERK)
    assert [type(error) for error in claims.lacks(session, sale, other)] == [Forbidden]
    with pytest.raises(Forbidden):
        claims.check(session, other, sale, at=NOW)


def test_the_prepared_claim_of_another_organisation_is_not_found(session, make, sale, clerk):
    proposal = prepare(session, clerk, sale)
    outsider = make.member(make.recycler(has_four_eyes=True), Role.APPROVER)
    with pytest.raises(NotFound):
        approve(session, outsider, proposal)


def test_a_claim_is_prepared_once_until_it_is_given_up(session, make, firm, sale, clerk):
    proposal = prepare(session, clerk, sale)
    with pytest.raises(AlreadyPrepared):
        claims.prepare(session, make.member(firm), sale.id, at=NOW)
    proposals.reject(session, clerk, proposal.id, at=NOW)
    assert prepare(session, clerk, sale).id != proposal.id


def test_a_rejected_claim_cannot_be_approved(session, sale, clerk, approver):
    proposal = prepare(session, clerk, sale)
    proposals.reject(session, approver, proposal.id, at=NOW)
    with pytest.raises(proposals.AlreadyDecided):
        approve(session, approver, proposal)
    session.rollback()
    assert sale.state is AuctionState.SCHEDULED


def test_a_lot_claimed_meanwhile_ends_the_waiting(session, sale, clerk, approver, john):
    proposal = prepare(session, clerk, sale)
    claim(session, john, sale)
    session.commit()
    with pytest.raises(AlreadyClaimed):
        approve(session, approver, proposal)
    session.rollback()
    assert proposals.waiting(session, clerk.organisation_id, at=NOW) == []
    late = sa.select(Notice.user_id).where(Notice.message == claims.TOO_LATE)
    assert set(session.scalars(late)) == {clerk.user_id, approver.user_id}


def test_a_prepared_claim_waits_no_longer_than_the_sale(session, sale, clerk, approver):
    proposal = prepare(session, clerk, sale)
    end = sale.closes_at
    before = end - timedelta(seconds=1)
    assert proposals.waiting(session, clerk.organisation_id, at=before) == [(proposal, sale)]
    assert proposals.waiting(session, clerk.organisation_id, at=end) == []
    with pytest.raises(SaleOver):
        approve(session, approver, proposal, at=end)


def test_a_firm_that_lost_its_licence_meanwhile_is_refused_at_the_approval(
    session, sale, clerk, approver
):
    proposal = prepare(session, clerk, sale)
    session.execute(sa.delete(Licence))
    with pytest.raises(LicenceMissing):
        approve(session, approver, proposal)
    session.rollback()
    assert (sale.bid_count, proposal.state) == (0, ProposalState.PREPARED)


def test_nothing_is_prepared_that_could_not_be_claimed(session, make, sale, john):
    unlicensed = make.organisation(Kind.SECOND_LIFE, has_four_eyes=True)
    with pytest.raises(LicenceMissing):
        prepare(session, make.member(unlicensed, Role.CLERK), sale)
    claim(session, john, sale)
    late = make.member(make.recycler(has_four_eyes=True), Role.CLERK)
    with pytest.raises(AlreadyClaimed):
        prepare(session, late, sale)
    with pytest.raises(NotFound):
        claims.prepare(session, late, 999_999, at=NOW)


def test_claims_and_maxima_are_approved_each_by_its_own_rule(session, make, sale, clerk, approver):
    prepared = prepare(session, clerk, sale)
    with pytest.raises(bids.PriceIsFixed):
        proposals.approve(session, approver, prepared.id, clock=lambda: NOW)
    english = make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)))
    maximum = proposals.prepare(session, clerk, english.id, Money(200_000), at=NOW)
    with pytest.raises(NotAtFixedPrice):
        approve(session, approver, maximum)
