from __future__ import annotations

import threading
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make import NOW, Make
from sqlalchemy.exc import DBAPIError

from listings import db
from market import ledger
from market.ledger import AccountKind, AlreadyPosted, EntryUnbalanced, Line, Overdrawn, Posting


def test_an_account_is_made_once(session, make):
    firm = make.organisation()
    first = ledger.account(session, AccountKind.CLIENT_FUNDS, firm.id)
    again = ledger.account(session, AccountKind.CLIENT_FUNDS, firm.id)
    other = ledger.account(session, AccountKind.CLIENT_FUNDS, make.organisation().id)
    assert first.id == again.id != other.id


def test_an_entry_moves_both_accounts_and_keeps_the_tax(session, make):
    firm = make.organisation()
    bank = ledger.account(session, AccountKind.CLIENT_BANK)
    funds = ledger.account(session, AccountKind.CLIENT_FUNDS, firm.id)
    entry = ledger.post(
        session, "x", [Line(bank, 1130), Line(funds, -1130, -130, Decimal("0.13"))], at=NOW
    )
    assert ledger.balance(session, AccountKind.CLIENT_BANK) == 1130
    assert ledger.balance(session, AccountKind.CLIENT_FUNDS, firm.id) == -1130
    assert [(line.tax_minor, line.tax_rate) for line in entry.postings] == [
        (0, Decimal(0)),
        (-130, Decimal("0.13")),
    ]


@pytest.mark.parametrize("amounts", [(100, -99), (100,), (), (0, 0)])
def test_an_unbalanced_or_empty_entry_is_refused(session, make, amounts):
    kinds = (AccountKind.CLIENT_BANK, AccountKind.OWN_BANK)
    lines = [
        (ledger.account(session, kind), amount)
        for kind, amount in zip(kinds, amounts, strict=False)
    ]
    with pytest.raises(EntryUnbalanced):
        ledger.post(session, "x", lines, at=NOW)


def test_a_cause_is_posted_once(session, make):
    lines = [
        (ledger.account(session, AccountKind.CLIENT_BANK), 5),
        (ledger.account(session, AccountKind.CLIENT_FUNDS, make.organisation().id), -5),
    ]
    assert not ledger.has(session, "deposit:1:held")
    ledger.post(session, "deposit:1:held", lines, at=NOW)
    assert ledger.has(session, "deposit:1:held")
    with pytest.raises(AlreadyPosted):
        ledger.post(session, "deposit:1:held", lines, at=NOW)


def test_a_client_account_is_never_overdrawn(session, make):
    firm = make.organisation()
    bank = ledger.account(session, AccountKind.CLIENT_BANK)
    funds = ledger.account(session, AccountKind.CLIENT_FUNDS, firm.id)
    ledger.post(session, "in", [(bank, 100), (funds, -100)], at=NOW)
    with pytest.raises(Overdrawn):
        ledger.post(session, "out", [(bank, -101), (funds, 101)], at=NOW)


def test_the_database_refuses_an_unbalanced_entry_too(database):
    def forge() -> None:
        with db.transaction() as session:
            bank = ledger.account(session, AccountKind.CLIENT_BANK)
            entry = ledger.Entry(at=NOW, cause="forged")
            entry.postings = [Posting(account_id=bank.id, amount_minor=7)]
            session.add(entry)

    with pytest.raises(DBAPIError, match="does not sum to zero"):
        forge()


def test_the_books_cannot_be_rewritten(session):
    ledger.post(
        session,
        "x",
        [
            (ledger.account(session, AccountKind.OWN_BANK), 5),
            (ledger.account(session, AccountKind.FEE_INCOME), -5),
        ],
        at=NOW,
    )
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(sa.update(Posting).values(amount_minor=1))


def test_two_racing_postings_of_one_cause_move_money_once(database):
    with db.transaction() as session:
        ident = Make(session).organisation().id
        ledger.account(session, AccountKind.CLIENT_BANK)
        ledger.account(session, AccountKind.CLIENT_FUNDS, ident)
    barrier, outcomes = threading.Barrier(2, timeout=10), []

    def post() -> None:
        try:
            with db.transaction() as session:
                lines = [
                    (ledger.account(session, AccountKind.CLIENT_BANK), 100),
                    (ledger.account(session, AccountKind.CLIENT_FUNDS, ident), -100),
                ]
                barrier.wait()
                ledger.post(session, "deposit:1:held", lines, at=NOW)
            outcomes.append("posted")
        except ledger.Conflict as refusal:
            outcomes.append(type(refusal).__name__)

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 2
    assert outcomes.count("posted") == 1
    with db.transaction() as session:
        assert ledger.balance(session, AccountKind.CLIENT_BANK) == 100
        assert ledger.problems(session) == []


def test_two_racing_withdrawals_cannot_both_take_the_same_money(database):
    with db.transaction() as session:
        firm = Make(session).organisation().id
        bank = ledger.account(session, AccountKind.CLIENT_BANK)
        funds = ledger.account(session, AccountKind.CLIENT_FUNDS, firm)
        ledger.post(session, "in", [(bank, 100), (funds, -100)], at=NOW)
    barrier, outcomes = threading.Barrier(2, timeout=10), []

    def take(cause: str) -> None:
        try:
            with db.transaction() as session:
                bank = ledger.account(session, AccountKind.CLIENT_BANK)
                funds = ledger.account(session, AccountKind.CLIENT_FUNDS, firm)
                barrier.wait()
                ledger.post(session, cause, [(funds, 80), (bank, -80)], at=NOW)
            outcomes.append("taken")
        except Overdrawn:
            outcomes.append("overdrawn")

    threads = [threading.Thread(target=take, args=(f"out:{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["overdrawn", "taken"]


MOVES = {
    "deposit": (AccountKind.CLIENT_BANK, AccountKind.CLIENT_DEPOSIT),
    "price": (AccountKind.CLIENT_BANK, AccountKind.CLIENT_FUNDS),
    "card": (AccountKind.CARD_CLEARING, AccountKind.CLIENT_FUNDS),
    "apply": (AccountKind.CLIENT_DEPOSIT, AccountKind.CLIENT_FUNDS),
    "forfeit": (AccountKind.CLIENT_DEPOSIT, AccountKind.FORFEITED_DEPOSIT),
    "earn": (AccountKind.CLIENT_FUNDS, AccountKind.SELLER_PAYABLE),
    "fee": (AccountKind.SELLER_PAYABLE, AccountKind.FEE_INCOME),
    "tax": (AccountKind.SELLER_PAYABLE, AccountKind.TAX_PAYABLE),
    "refund": (AccountKind.CLIENT_FUNDS, AccountKind.CLIENT_BANK),
    "payout": (AccountKind.SELLER_PAYABLE, AccountKind.CLIENT_BANK),
    "sweep": (AccountKind.OWN_BANK, AccountKind.CLIENT_BANK),
}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(MOVES)), st.integers(0, 1), st.integers(1, 10**9), st.booleans()
        ),
        max_size=15,
    )
)
def test_any_sequence_of_movements_keeps_the_books_in_order(session, moves):
    """Clients never fall below zero; client money is what is owed to clients plus unswept fees."""
    with session.begin_nested() as nested:
        make = Make(session)
        firms = [make.organisation().id, make.organisation().id]
        posted = refused = 0
        for number, (name, who, wanted, fits) in enumerate(moves):
            kinds = MOVES[name]
            owners = [firms[who] if kind in ledger.CLIENT_KINDS else None for kind in kinds]
            amount = wanted
            if fits and kinds[0] in ledger.CLIENT_KINDS:
                amount = -ledger.balance(session, kinds[0], owners[0]) or wanted
            debit, credit = (
                ledger.account(session, *pair) for pair in zip(kinds, owners, strict=True)
            )
            try:
                ledger.post(session, f"m:{number}", [(debit, amount), (credit, -amount)], at=NOW)
                posted += 1
            except Overdrawn:
                refused += 1
        assert posted + refused == len(moves)
        assert ledger.total(session, *AccountKind) == 0
        assert ledger.problems(session) == []
        nested.rollback()
