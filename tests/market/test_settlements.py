from __future__ import annotations

from decimal import Decimal

import pytest
from deals import LATER, sell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make import Make

from listings.money import Money
from market import amounts, batches, ledger, settlements
from market.auctions import PaymentTerm, PriceBasis
from market.deposits import DepositState
from market.ledger import AccountKind
from market.settlements import SettlementState

ON_ACCEPTANCE = {"payment_term": PaymentTerm.ON_ACCEPTANCE}


def pay(deal, minor=None, cause="bank:1"):
    amount = Money(deal.settlement.outstanding_minor if minor is None else minor)
    return settlements.receive(deal.session, deal.settlement.id, amount, cause=cause, at=LATER)


def accept(deal, packs=None, quantity="1", **more):
    handover = deal.hand_over(packs, **more)
    return settlements.accept_batch(
        deal.session, deal.award.id, handover.id, Decimal(quantity), at=LATER
    )


def test_five_hundred_held_on_a_price_of_a_thousand_leave_five_hundred_due(session, make):
    deal = sell(make, 1000_00, deposit=500_00)
    assert deal.settlement.outstanding_minor == 500_00
    assert deal.deposit.state is DepositState.HELD
    assert not settlements.is_paid(session, deal.award.id)
    pay(deal)
    assert deal.deposit.state is DepositState.APPLIED
    assert deal.settlement.outstanding_minor == 0
    assert settlements.is_paid(session, deal.award.id)


def test_a_deposit_equal_to_the_price_leaves_nothing_due_and_completes(session, make):
    deal = sell(make, 1000_00, deposit=1000_00)
    assert deal.settlement.state is SettlementState.PAID
    assert deal.settlement.outstanding_minor == 0
    accept(deal)
    settlements.pay_out(session, deal.settlement.id, Money(990_00), cause="bank:9", at=LATER)
    assert deal.settlement.state is SettlementState.COMPLETED
    assert ledger.problems(session) == []


def test_what_a_deposit_exceeds_the_price_by_is_a_refund_due(session, make):
    deal = sell(make, 300_00, deposit=500_00)
    assert settlements.is_paid(session, deal.award.id)
    assert deal.settlement.refund_due_minor == 200_00
    settlements.refund(session, deal.settlement.id, Money(200_00), cause="bank:1", at=LATER)
    assert deal.settlement.refund_due_minor == 0
    with pytest.raises(amounts.MoreThanDue):
        settlements.refund(session, deal.settlement.id, Money(1), cause="bank:2", at=LATER)


def test_the_amount_due_is_unit_price_times_quantity_rounded_once(session, make):
    deal = sell(
        make,
        150_33,
        price_basis=PriceBasis.PER_KWH,
        quantity=Decimal("178150.2567"),
    )
    assert deal.settlement.due_minor == 26_781_328_09
    assert deal.settlement.tax_minor == 26_781_328_09 - 23_700_290_35


def test_tax_on_top_of_the_price_is_added_to_the_amount_due(session, make):
    deal = sell(make, 1000_00, is_tax_included=False, tax_rate=Decimal("0.13"))
    assert (deal.settlement.due_minor, deal.settlement.tax_minor) == (1130_00, 130_00)


def test_paid_before_pickup_the_seller_is_due_the_price_less_the_fee_at_payment(session, make):
    deal = sell(make, 1000_00)
    assert deal.settlement.payout_due_minor == 0
    pay(deal)
    assert deal.settlement.payout_due_minor == 990_00
    assert deal.settlement.fee_minor == 10_00
    assert ledger.balance(session, AccountKind.SELLER_PAYABLE, deal.seller.id) == -990_00
    assert ledger.balance(session, AccountKind.FEE_INCOME) == -9_43
    assert ledger.balance(session, AccountKind.TAX_PAYABLE) == -57


def test_paid_on_acceptance_the_seller_is_due_nothing_until_goods_are_accepted(session, make):
    deal = sell(make, 1000_00, energies=("64", "64"), **ON_ACCEPTANCE)
    pay(deal)
    assert deal.settlement.payout_due_minor == 0
    first, second = (pack.id for pack in deal.auction.lot.packs)
    accept(deal, [first])
    assert deal.settlement.earned_minor == 500_00
    assert deal.settlement.settled_at is None
    accept(deal, [second])
    assert deal.settlement.payout_due_minor == 990_00
    assert deal.settlement.settled_at == LATER


def test_a_handover_is_settled_once(session, make):
    deal = sell(make, 1000_00)
    pay(deal)
    handover = deal.hand_over()
    settlements.accept_batch(session, deal.award.id, handover.id, Decimal(1), at=LATER)
    with pytest.raises(batches.BatchSettled):
        settlements.accept_batch(session, deal.award.id, handover.id, Decimal(1), at=LATER)


def test_batches_of_a_lump_sum_share_by_nameplate_energy_and_sum_to_the_price(session, make):
    deal = sell(make, 1000_01, energies=("100", "50", "33.3"), **ON_ACCEPTANCE)
    pay(deal)
    parts = [accept(deal, [pack.id]).amount_minor for pack in deal.auction.lot.packs]
    assert sum(parts) == 1000_01 == deal.settlement.due_minor
    assert parts[0] > parts[1] > parts[2] > 0


def test_a_rejected_pack_is_not_paid_for_and_its_share_goes_back(session, make):
    deal = sell(make, 1000_00, energies=("64", "64"), **ON_ACCEPTANCE)
    pay(deal)
    first, second = (pack.id for pack in deal.auction.lot.packs)
    accept(deal, [first, second], rejected=(second,))
    assert deal.settlement.due_minor == 500_00
    assert deal.settlement.refund_due_minor == 500_00


PROVISIONAL = {
    "price_basis": PriceBasis.PER_KWH,
    "quantity": Decimal(128),
    "is_quantity_provisional": True,
    "energies": ("64", "64"),
}


def test_a_provisional_quantity_settles_what_was_accepted_and_refunds_the_rest(session, make):
    deal = sell(make, 10_00, **PROVISIONAL)
    pay(deal)
    assert deal.settlement.paid_minor == 1280_00
    assert deal.settlement.payout_due_minor == 0
    first, second = (pack.id for pack in deal.auction.lot.packs)
    assert accept(deal, [first], "60").amount_minor == 600_00
    assert deal.settlement.due_minor == 1280_00
    assert accept(deal, [second], "61.5").amount_minor == 615_00
    assert deal.settlement.due_minor == 1215_00
    assert deal.settlement.refund_due_minor == 65_00


def test_a_larger_quantity_is_due_before_the_next_release(session, make):
    deal = sell(make, 10_00, **PROVISIONAL)
    pay(deal)
    first, second = (pack.id for pack in deal.auction.lot.packs)
    accept(deal, [first], "70")
    assert deal.settlement.due_minor == 1340_00
    assert not settlements.is_paid(session, deal.award.id)
    pay(deal, cause="bank:2")
    assert settlements.is_paid(session, deal.award.id)
    accept(deal, [second], "64")
    assert deal.settlement.due_minor == deal.settlement.earned_minor == 1340_00


def test_more_than_the_price_is_taken_and_owed_back(session, make):
    deal = sell(make, 1000_00)
    pay(deal, 1200_00)
    assert deal.settlement.refund_due_minor == 200_00
    assert ledger.balance(session, AccountKind.CLIENT_FUNDS, deal.buyer.id) == -200_00


def test_one_cause_is_received_once(session, make):
    deal = sell(make, 1000_00)
    pay(deal, 400_00)
    with pytest.raises(ledger.AlreadyPosted):
        pay(deal, 400_00)


def test_where_the_price_is_negative_the_seller_pays_and_the_deposit_is_released(session, make):
    deal = sell(make, -1000_00, deposit=500_00, is_negative_allowed=True, start_minor=-2000_00)
    assert deal.deposit.state is DepositState.RELEASED
    assert deal.settlement.payer_id == deal.seller.id
    pay(deal)
    accept(deal)
    assert deal.settlement.payout_due_minor == 990_00
    assert ledger.balance(session, AccountKind.SELLER_PAYABLE, deal.buyer.id) == -990_00


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hammer=st.integers(1, 10**10),
    energies=st.lists(st.integers(1, 10**6), min_size=1, max_size=4),
    term=st.sampled_from(PaymentTerm),
    data=st.data(),
)
def test_any_course_of_payment_and_acceptance_ends_with_nobody_owed(
    session, hammer, energies, term, data
):
    with session.begin_nested() as nested:
        make = Make(session)
        deal = sell(
            make,
            hammer,
            energies=tuple(str(Decimal(energy) / 100) for energy in energies),
            deposit=data.draw(st.sampled_from((0, 1000))),
            payment_term=term,
        )
        settlement = deal.settlement
        first = data.draw(st.integers(1, max(1, settlement.outstanding_minor)))
        pay(deal, first)
        if settlement.outstanding_minor:
            pay(deal, cause="bank:2")
        parts = [accept(deal, [pack.id]).amount_minor for pack in deal.auction.lot.packs]
        assert sum(parts) == hammer
        assert settlement.fee_minor == Money(hammer).times(Decimal("0.01")).minor
        due = Money(settlement.payout_due_minor)
        if due.minor:
            settlements.pay_out(session, settlement.id, due, cause="bank:3", at=LATER)
        surplus = Money(settlement.refund_due_minor)
        if surplus.minor:
            settlements.refund(session, settlement.id, surplus, cause="bank:4", at=LATER)
        assert settlement.state is SettlementState.COMPLETED
        for kind in ledger.CLIENT_KINDS:
            assert ledger.total(session, kind) == 0
        assert ledger.problems(session) == []
        nested.rollback()
