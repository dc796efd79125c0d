from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from deals import LATER, OVERDUE, fresh, place, sell
from make import NOW
from sqlalchemy.exc import IntegrityError

from listings.errors import Forbidden, NotFound
from listings.lots import LotState
from listings.money import Money
from listings.parties import Kind, Role
from market import awards, contracts, ledger, settlements
from market.auctions import AuctionState
from market.deposits import DepositState
from market.ledger import AccountKind
from market.notices import Notice
from market.settlements import SettlementState
from pricing import comparables
from pricing.comparables import Comparable


def test_an_award_has_a_number_a_settlement_a_contract_and_a_comparable(session, make):
    deal = sell(make, 1000_00, energies=("64", "30"))
    assert re.fullmatch(r"A-2026-\d{6}", deal.award.number)
    assert deal.settlement.due_minor == 1000_00
    assert contracts.of(session, deal.award.id).number == "C" + deal.award.number[1:]
    sale = session.scalars(sa.select(Comparable)).one()
    assert (sale.lot_id, sale.hammer_minor, sale.total_minor) == (
        deal.auction.lot_id,
        1000_00,
        1000_00,
    )
    assert sale.snapshot["packs"] == 2
    assert sale.snapshot["energy_kwh"] == "94.0000"
    assert sale.snapshot["chemistries"] == ["LFP"]


def test_both_parties_are_told_of_the_award(session, make):
    deal = sell(make, 1000_00)
    told = session.scalars(sa.select(Notice.organisation_id)).all()
    assert {deal.seller.id, deal.buyer.id} <= set(told)


def test_a_lot_has_at_most_one_standing_award(session, make):
    deal = sell(make, 1000_00)
    again = place(make, deal.auction, deal.buyer, make.user().id, 2000_00)
    with pytest.raises(IntegrityError, match="uq_award_standing"), session.begin_nested():
        awards.make(session, deal.auction, again, at=LATER)


def test_only_the_parties_the_operator_and_regulators_see_an_award(session, make):
    deal = sell(make, 1000_00)
    regulator = make.member(make.organisation(Kind.REGULATOR))
    seller = make.member(deal.seller, Role.VIEWER)
    stranger = make.member(make.recycler())
    for acting in (regulator, seller, deal.recorder):
        assert awards.seen_by(session, acting, deal.award.id) is deal.award
        assert awards.listed_for(session, acting) == [deal.award]
    assert awards.listed_for(session, stranger) == []
    with pytest.raises(NotFound):
        awards.seen_by(session, stranger, deal.award.id)


def test_an_award_is_annulled_only_by_the_operator_and_only_when_overdue(session, make):
    deal = sell(make, 1000_00)
    with pytest.raises(awards.PaymentNotOverdue):
        awards.default(session, deal.confirmer, deal.award.id, reason="x", at=LATER)
    with pytest.raises(Forbidden):
        awards.default(session, make.member(deal.seller), deal.award.id, reason="x", at=OVERDUE)
    settlements.receive(session, deal.settlement.id, Money(1000_00), cause="b", at=LATER)
    fresh(session)
    with pytest.raises(awards.PaymentNotOverdue):
        awards.default(session, deal.confirmer, deal.award.id, reason="x", at=OVERDUE)


def test_an_award_whose_goods_left_is_not_annulled(session, make):
    deal = sell(make, 1000_00)
    deal.hand_over()
    with pytest.raises(awards.GoodsHaveLeft):
        awards.default(session, deal.confirmer, deal.award.id, reason="x", at=OVERDUE)


def test_a_defaulter_loses_lot_deposit_and_the_right_to_bid_again(session, make):
    deal = sell(make, 150_000_00, deposit=10_000_00)
    settlements.receive(session, deal.settlement.id, Money(5_000_00), cause="b", at=LATER)
    awards.default(session, deal.confirmer, deal.award.id, reason="unpaid", at=OVERDUE)
    assert deal.award.annulled_at == OVERDUE
    assert deal.settlement.state is SettlementState.DEFAULTED
    assert deal.deposit.state is DepositState.FORFEITED
    assert (deal.auction.state, deal.auction.lot.state) == (AuctionState.PASSED, LotState.PASSED)
    assert deal.settlement.refund_due_minor == 5_000_00
    assert awards.has_defaulted(session, deal.buyer.id, deal.auction.lot_id)
    assert not awards.has_defaulted(session, make.recycler().id, deal.auction.lot_id)
    assert comparables.counting(session, LATER)
    assert comparables.counting(session, OVERDUE) == []
    handover = deal.hand_over()
    with pytest.raises(settlements.NotSettling):
        settlements.accept_batch(session, deal.award.id, handover.id, 1, at=OVERDUE)


def test_a_forfeited_deposit_is_settled_against_the_resale_once(session, make):
    """Start 100 000, deposit 10 000, sold 150 000, re-sold 130 000, costs 2 000: trade.md."""
    deal = sell(make, 150_000_00, deposit=10_000_00)
    with pytest.raises(awards.NotDefaulted):
        awards.settle_default(
            session,
            deal.confirmer,
            deal.award.id,
            resale_id=deal.award.id,
            costs=Money(0),
            at=OVERDUE,
        )
    awards.default(session, deal.confirmer, deal.award.id, reason="unpaid", at=OVERDUE)
    resale = sell(make, 130_000_00, seller=deal.seller, lot=deal.auction.lot)
    other = sell(make, 130_000_00)

    def settle(resale_id):
        return awards.settle_default(
            session,
            deal.confirmer,
            deal.award.id,
            resale_id=resale_id,
            costs=Money(2_000_00),
            at=OVERDUE,
        )

    with pytest.raises(awards.NotTheResale):
        settle(other.award.id)
    result = settle(resale.award.id)
    assert (result.kept, result.still_owed, result.returned) == (10_000_00, 12_000_00, 0)
    assert ledger.balance(session, AccountKind.SELLER_PAYABLE, deal.seller.id) == -10_000_00
    assert deal.settlement.payout_due_minor == 10_000_00
    assert ledger.problems(session) == []
    with pytest.raises(ledger.AlreadyPosted):
        settle(resale.award.id)


def test_what_a_better_resale_leaves_of_the_deposit_goes_back(session, make):
    deal = sell(make, 150_000_00, deposit=10_000_00)
    awards.default(session, deal.confirmer, deal.award.id, reason="unpaid", at=OVERDUE)
    resale = sell(make, 160_000_00, seller=deal.seller, lot=deal.auction.lot)
    awards.settle_default(
        session,
        deal.confirmer,
        deal.award.id,
        resale_id=resale.award.id,
        costs=Money(2_000_00),
        at=OVERDUE,
    )
    assert deal.settlement.refund_due_minor == 8_000_00
    assert deal.settlement.payout_due_minor == 2_000_00
    settlements.refund(session, deal.settlement.id, Money(8_000_00), cause="b", at=OVERDUE)
    assert ledger.problems(session) == []


def test_numbers_carry_the_year_of_the_parties_calendar():
    assert awards.number(7, NOW.replace(month=12, day=31, hour=15)) == "A-2026-000007"
    assert awards.number(7, NOW.replace(month=12, day=31, hour=16)) == "A-2027-000007"
