from __future__ import annotations

import threading
from datetime import date

import pytest
from deals import LATER, fresh, sell
from make import NOW, Make
from sqlalchemy.exc import IntegrityError

from listings import db
from listings.errors import Conflict, Forbidden
from listings.money import Money
from listings.parties import Kind, Role
from market import amounts, bank, deposits, ledger, settlements
from market.bank import BankTransfer, Direction, Purpose, TransferState
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind

INWARD = {Purpose.DEPOSIT, Purpose.PRICE}


def record(deal, purpose, amount, *, line, **more):
    subject = deal.deposit if purpose in bank.OF_DEPOSITS else deal.settlement
    owner = {
        Purpose.PAYOUT: deal.seller,
        Purpose.FEE: deal.operator,
    }.get(purpose, deal.buyer)
    values = {
        "direction": Direction.IN if purpose in INWARD else Direction.OUT,
        "purpose": purpose,
        "subject_id": subject.id,
        "account_number": owner.bank_account,
        "amount": Money(amount),
        "statement_line": line,
        "booked_on": date(2026, 6, 1),
        "at": LATER,
    } | more
    return bank.record(deal.session, deal.recorder, **values)


def confirm(deal, transfer):
    fresh(deal.session)
    return bank.decide(deal.session, deal.confirmer, transfer.id, confirm=True, at=LATER)


def test_a_confirmed_transfer_pays_the_price(session, make):
    deal = sell(make, 1000_00)
    transfer = record(deal, Purpose.PRICE, 1000_00, line="1")
    assert deal.settlement.paid_minor == 0
    assert bank.awaiting(session) == [transfer]
    confirm(deal, transfer)
    assert settlements.is_paid(session, deal.award.id)
    assert bank.awaiting(session) == []


def test_who_recorded_a_transfer_does_not_decide_on_it(session, make):
    deal = sell(make, 1000_00)
    deal.recorder = make.member(deal.operator, Role.ADMIN)
    transfer = record(deal, Purpose.PRICE, 1000_00, line="1")
    with pytest.raises(bank.SamePerson):
        bank.decide(session, deal.recorder, transfer.id, confirm=True, at=LATER)


def test_the_database_refuses_two_of_the_same_eyes(session, make):
    deal = sell(make, 1000_00)
    transfer = record(deal, Purpose.PRICE, 1000_00, line="1")
    session.flush()
    transfer.decided_by = transfer.recorded_by
    with pytest.raises(IntegrityError, match="four_eyes"):
        session.flush()


def test_a_transfer_is_decided_once(session, make):
    deal = sell(make, 1000_00)
    transfer = record(deal, Purpose.PRICE, 1000_00, line="1")
    confirm(deal, transfer)
    with pytest.raises(bank.AlreadyDecided):
        confirm(deal, transfer)


def test_a_rejection_says_why_and_moves_nothing(session, make):
    deal = sell(make, 1000_00)
    transfer = record(deal, Purpose.PRICE, 1000_00, line="1")
    with pytest.raises(bank.ReasonMissing):
        bank.decide(session, deal.confirmer, transfer.id, confirm=False, reason=" ", at=LATER)
    bank.decide(session, deal.confirmer, transfer.id, confirm=False, reason="typo", at=LATER)
    assert transfer.state is TransferState.REJECTED
    assert deal.settlement.paid_minor == 0


def test_only_the_operator_records_and_confirms(session, make):
    deal = sell(make, 1000_00)
    transfer = record(deal, Purpose.PRICE, 1000_00, line="1")
    outsider = make.member(make.organisation(Kind.FLEET_OWNER))
    viewer = make.member(deal.operator, Role.VIEWER)
    for acting in (outsider, viewer, deal.recorder):
        with pytest.raises(Forbidden):
            bank.decide(session, acting, transfer.id, confirm=True, at=LATER)
    deal.recorder = outsider
    with pytest.raises(Forbidden):
        record(deal, Purpose.PRICE, 1, line="2")


def test_money_of_a_foreign_account_is_refused(session, make):
    deal = sell(make, 1000_00)
    with pytest.raises(bank.NotOwnAccount) as refusal:
        record(deal, Purpose.PRICE, 1000_00, line="1", account_number=deal.seller.bank_account)
    assert deal.buyer.name in str(refusal.value)


def test_an_account_may_be_typed_with_spaces(session, make):
    deal = sell(make, 1000_00)
    number = deal.buyer.bank_account
    spaced = f" {number[:4]} {number[4:8]} {number[8:]}"
    assert record(deal, Purpose.PRICE, 1, line="1", account_number=spaced).account_number == number


@pytest.mark.parametrize("amount", [0, -5])
def test_an_amount_of_nothing_is_refused(session, make, amount):
    with pytest.raises(bank.NotPositive):
        record(sell(make, 1000_00), Purpose.PRICE, amount, line="1")


def test_a_statement_line_is_recorded_once(session, make):
    deal = sell(make, 1000_00)
    record(deal, Purpose.PRICE, 500_00, line="2026-06-01/17")
    with pytest.raises(bank.StatementLineUsed):
        record(deal, Purpose.PRICE, 500_00, line=" 2026-06-01/17")


def test_a_direction_that_does_not_fit_the_purpose_is_refused(session, make):
    with pytest.raises(bank.DirectionWrong):
        record(sell(make, 1000_00), Purpose.PRICE, 1, line="1", direction=Direction.OUT)


def test_a_line_of_tomorrow_is_refused(session, make):
    with pytest.raises(bank.BookedInFuture):
        record(sell(make, 1000_00), Purpose.PRICE, 1, line="1", booked_on=date(2026, 6, 3))


def waiting_deposit(make, amount=500_00):
    """A deposit that is asked for on an open sale, with a deal's people around it."""
    deal = sell(make, 1000_00)
    lot = make.lot(deal.seller)
    auction = make.auction(lot, deposit_minor=amount)
    deal.deposit = make._add(
        Deposit(
            auction_id=auction.id,
            bidder_id=deal.buyer.id,
            amount_minor=amount,
            reference=f"BZ{auction.id}",
            requested_by=make.user().id,
            requested_at=NOW,
        )
    )
    return deal


def test_a_confirmed_deposit_is_held(session, make):
    deal = waiting_deposit(make)
    transfer = record(deal, Purpose.DEPOSIT, 500_00, line="1", at=NOW)
    bank.decide(session, deal.confirmer, transfer.id, confirm=True, at=NOW)
    assert deal.deposit.state is DepositState.HELD
    assert ledger.balance(session, AccountKind.CLIENT_DEPOSIT, deal.buyer.id) == -500_00


def test_a_deposit_is_transferred_whole_and_once(session, make):
    deal = waiting_deposit(make)
    with pytest.raises(bank.DepositDiffers):
        record(deal, Purpose.DEPOSIT, 499_00, line="1", at=NOW)
    first = record(deal, Purpose.DEPOSIT, 500_00, line="2", at=NOW)
    second = record(deal, Purpose.DEPOSIT, 500_00, line="3", at=NOW)
    bank.decide(session, deal.confirmer, first.id, confirm=True, at=NOW)
    with pytest.raises(bank.DepositNotAwaited):
        bank.decide(session, deal.confirmer, second.id, confirm=True, at=NOW)


def test_two_equal_partial_refunds_are_two_transfers(session, make):
    deal = waiting_deposit(make)
    deposits.hold(session, deal.deposit.id, at=NOW)
    with pytest.raises(bank.DepositNotReleased):
        record(deal, Purpose.DEPOSIT_REFUND, 250_00, line="0")
    deposits.release(session, deal.deposit.id, at=NOW)
    for line in ("1", "2"):
        confirm(deal, record(deal, Purpose.DEPOSIT_REFUND, 250_00, line=line))
    assert ledger.balance(session, AccountKind.CLIENT_FUNDS, deal.buyer.id) == 0
    with pytest.raises(amounts.MoreThanDue):
        record(deal, Purpose.DEPOSIT_REFUND, 1, line="3")


def test_a_refund_recorded_twice_is_confirmed_once(session, make):
    deal = waiting_deposit(make)
    deposits.hold(session, deal.deposit.id, at=NOW)
    deposits.release(session, deal.deposit.id, at=NOW)
    first, second = (record(deal, Purpose.DEPOSIT_REFUND, 500_00, line=line) for line in ("1", "2"))
    confirm(deal, first)
    with pytest.raises(amounts.MoreThanDue), session.begin_nested():
        confirm(deal, second)


def test_payout_refund_and_fee_leave_the_client_account(session, make):
    deal = sell(make, 1000_00)
    confirm(deal, record(deal, Purpose.PRICE, 1100_00, line="1"))
    with pytest.raises(amounts.MoreThanDue):
        record(deal, Purpose.PAYOUT, 990_01, line="2")
    for purpose, amount in (
        (Purpose.PAYOUT, 990_00),
        (Purpose.PRICE_REFUND, 100_00),
        (Purpose.FEE, 10_00),
    ):
        confirm(deal, record(deal, purpose, amount, line=purpose.value))
    assert ledger.balance(session, AccountKind.CLIENT_BANK) == 0
    assert ledger.balance(session, AccountKind.OWN_BANK) == 10_00
    assert ledger.problems(session) == []
    with pytest.raises(amounts.MoreThanDue):
        record(deal, Purpose.FEE, 1, line="9")


def test_two_people_confirming_at_once_move_the_money_once(database):
    with db.transaction() as session:
        make = Make(session)
        deal = sell(make, 1000_00)
        ident = record(deal, Purpose.PRICE, 1000_00, line="1").id
        other = make.member(deal.operator, Role.APPROVER)
        award_id = deal.award.id
    barrier, outcomes = threading.Barrier(2, timeout=10), []

    def decide(acting) -> None:
        try:
            with db.transaction() as session:
                barrier.wait()
                bank.decide(session, acting, ident, confirm=True, at=LATER)
            outcomes.append("confirmed")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=decide, args=(who,)) for who in (deal.confirmer, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["confirmed", "refused"]
    with db.transaction() as session:
        assert settlements.of(session, award_id).paid_minor == 1000_00
        assert session.get_one(BankTransfer, ident).state is TransferState.CONFIRMED
