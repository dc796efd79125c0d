"""Double entry: every movement of money is an entry whose postings sum to zero.

Debit is positive. What moves what (each cause once):

==========================  ==========================  ==============================
cause                       debit                       credit
==========================  ==========================  ==============================
``deposit:7:held``          client bank                 client deposit of the bidder
``deposit:7:released``      client deposit              client funds of the bidder
``deposit:7:applied``       client deposit              client funds of the buyer
``deposit:7:forfeited``     client deposit              forfeited deposit
``settlement:3:received:X`` client bank, card clearing  client funds of the payer
``settlement:3:earned:2``   client funds of the payer   seller payable, fee income, tax
``settlement:3:paid_out:X`` seller payable              client bank
``settlement:3:refunded:X`` client funds of the payer   client bank
``deposit:7:refunded:X``    client funds of the bidder  client bank
``settlement:3:fee:X``      own bank                    client bank
``award:5:default``         forfeited deposit           seller payable, client funds
==========================  ==========================  ==============================
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, Conflict, Refused
from listings.parties import Organisation


class AccountKind(enum.StrEnum):
    """Client money stands apart from the platform's own."""

    # What lies in the bank, apart for clients and for ourselves (assets).
    CLIENT_BANK = "client_bank"
    OWN_BANK = "own_bank"
    CARD_CLEARING = "card_clearing"
    # What we owe to or hold for a client (liabilities), one account per organisation.
    CLIENT_DEPOSIT = "client_deposit"
    CLIENT_FUNDS = "client_funds"
    SELLER_PAYABLE = "seller_payable"
    BUYER_RECEIVABLE = "buyer_receivable"
    # Our own earnings and the tax on them.
    FEE_INCOME = "fee_income"
    TAX_PAYABLE = "tax_payable"
    FORFEITED_DEPOSIT = "forfeited_deposit"


class Account(db.Base):
    """One account; per organisation where the kind is a client's."""

    __tablename__ = "account"
    __table_args__ = (
        sa.UniqueConstraint(
            "kind",
            "organisation_id",
            "currency",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = db.key()
    kind: Mapped[AccountKind] = db.choice(AccountKind)
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    currency: Mapped[str] = mapped_column(default="CNY")


class Entry(db.Base):
    """One movement. ``cause`` names it once (``deposit:7:held``), so that it happens once."""

    __tablename__ = "entry"

    id: Mapped[int] = db.key()
    at: Mapped[datetime]
    cause: Mapped[str] = mapped_column(unique=True)
    postings: Mapped[list[Posting]] = orm.relationship(default_factory=list, lazy="selectin")


class Posting(db.Base):
    """One side of an entry. Debit is positive, credit negative; tax says how much of it is tax."""

    __tablename__ = "posting"
    __table_args__ = (sa.CheckConstraint("amount_minor <> 0", name="amount"),)

    id: Mapped[int] = db.key()
    entry_id: Mapped[int] = db.refers("entry.id", init=False)
    account_id: Mapped[int] = db.refers("account.id")
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4), default=Decimal(0))


# Held for somebody: such an account is never overdrawn, and belongs to an organisation.
CLIENT_KINDS = (
    AccountKind.CLIENT_DEPOSIT,
    AccountKind.CLIENT_FUNDS,
    AccountKind.SELLER_PAYABLE,
)
OWED_TO_CLIENTS = (*CLIENT_KINDS, AccountKind.FORFEITED_DEPOSIT)
CLIENT_MONEY = (AccountKind.CLIENT_BANK, AccountKind.CARD_CLEARING)
EARNINGS = (AccountKind.FEE_INCOME, AccountKind.TAX_PAYABLE)


class EntryUnbalanced(Refused):
    """The sides of an entry differ, or it has none."""

    message = N_("The two sides of an entry must be equal; they differ by %(difference)s.")


class AlreadyPosted(Conflict):
    """The movement of this cause has happened."""

    message = N_("This movement of money was already posted (%(cause)s).")


class Overdrawn(Conflict):
    """More would leave a client's account than lies on it."""

    message = N_("Only %(balance)s is held on this account; %(amount)s cannot leave it.")


class Line(NamedTuple):
    """One side of an entry to be: minor units, debit positive, and how much of it is tax."""

    account: Account
    amount: int
    tax: int = 0
    tax_rate: Decimal = Decimal(0)


def account(
    session: orm.Session,
    kind: AccountKind,
    organisation_id: int | None = None,
    currency: str = "CNY",
) -> Account:
    """The account of this kind, made where there is none yet."""
    named = (
        Account.kind == kind,
        Account.organisation_id.is_not_distinct_from(organisation_id),
        Account.currency == currency,
    )
    found = session.scalar(sa.select(Account).where(*named))
    if found is not None:
        return found
    session.execute(
        insert(Account)
        .values(kind=kind, organisation_id=organisation_id, currency=currency)
        .on_conflict_do_nothing(),
    )
    return session.scalars(sa.select(Account).where(*named)).one()


def has(session: orm.Session, cause: str) -> bool:
    """Whether the movement of this cause was posted."""
    return bool(session.scalar(sa.select(sa.exists().where(Entry.cause == cause))))


def post(
    session: orm.Session,
    cause: str,
    lines: Sequence[Line | tuple[Account, int]],
    *,
    at: datetime,
) -> Entry:
    """Write one entry; lines of amount 0 are left out.

    Refuses sides that differ in any currency (`EntryUnbalanced`), a cause that was posted
    (`AlreadyPosted`) and a client's account below zero (`Overdrawn`). The client accounts that
    shrink are locked, so this comes after every lock on sales, lots, packs and handovers.
    """
    written = [line for line in (Line(*given) for given in lines) if line.amount]
    _demand_balance(written)
    _demand_cover(session, written)
    if has(session, cause):
        raise AlreadyPosted(cause=cause)
    entry = Entry(at=at, cause=cause)
    entry.postings = [
        Posting(
            account_id=line.account.id,
            amount_minor=line.amount,
            currency=line.account.currency,
            tax_minor=line.tax,
            tax_rate=line.tax_rate,
        )
        for line in written
    ]
    session.add(entry)
    session.flush()
    return entry


def _demand_balance(lines: Sequence[Line]) -> None:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.account.currency] = sums.get(line.account.currency, 0) + line.amount
    difference = next((amount for amount in sums.values() if amount), None)
    if difference is not None or not lines:
        raise EntryUnbalanced(difference=difference or 0)


def _demand_cover(session: orm.Session, lines: Sequence[Line]) -> None:
    taken: dict[int, int] = {}
    for line in lines:
        if line.account.kind in CLIENT_KINDS:
            taken[line.account.id] = taken.get(line.account.id, 0) + line.amount
    shrinking = [ident for ident, amount in taken.items() if amount > 0]
    if not shrinking:
        return
    for locked in db.lock_all(session, Account, shrinking):
        held = -_sum(session, Posting.account_id == locked.id)
        if taken[locked.id] > held:
            raise Overdrawn(balance=held, amount=taken[locked.id])


def _sum(session: orm.Session, *conditions: sa.ColumnElement[bool]) -> int:
    total = sa.select(sa.func.coalesce(sa.func.sum(Posting.amount_minor), 0)).where(*conditions)
    return int(session.scalar(total) or 0)


def balance(
    session: orm.Session,
    kind: AccountKind,
    organisation_id: int | None = None,
    currency: str = "CNY",
) -> int:
    """Minor units on an account, debit positive: what is owed to a client is negative."""
    return _sum(
        session,
        Posting.account_id.in_(
            sa.select(Account.id).where(
                Account.kind == kind,
                Account.organisation_id.is_not_distinct_from(organisation_id),
                Account.currency == currency,
            ),
        ),
    )


class Standing(NamedTuple):
    """An account with whose it is and what lies on it (minor units, debit positive)."""

    account: Account
    organisation: Organisation | None
    balance: int


def balances(session: orm.Session) -> list[Standing]:
    """Every account with its balance, in the order of the chart."""
    total = sa.func.coalesce(sa.func.sum(Posting.amount_minor), 0)
    rows = session.execute(
        sa.select(Account, Organisation, total)
        .outerjoin(Organisation, Organisation.id == Account.organisation_id)
        .outerjoin(Posting, Posting.account_id == Account.id)
        .group_by(Account.id, Organisation.id),
    )
    order = list(AccountKind)
    standing = [Standing(row[0], row[1], int(row[2])) for row in rows]
    return sorted(standing, key=lambda row: (order.index(row.account.kind), row.account.id))


def total(session: orm.Session, *kinds: AccountKind, currency: str = "CNY") -> int:
    """The sum over all accounts of these kinds, debit positive."""
    of_kinds = sa.select(Account.id).where(Account.kind.in_(kinds), Account.currency == currency)
    return _sum(session, Posting.account_id.in_(of_kinds))


def problems(session: orm.Session) -> list[str]:
    """What is wrong with the books, from the rows alone; empty where they are in order.

    Every entry sums to zero per currency; no client's account is overdrawn; client money equals
    what is owed to clients plus the earned fees that have not yet left the client account.
    """
    unbalanced = session.execute(
        sa.select(Posting.entry_id, Posting.currency)
        .group_by(Posting.entry_id, Posting.currency)
        .having(sa.func.sum(Posting.amount_minor) != 0),
    )
    found = [f"entry {row.entry_id} does not sum to zero in {row.currency}" for row in unbalanced]
    empty = session.scalars(
        sa.select(Entry.id).where(~sa.exists().where(Posting.entry_id == Entry.id))
    )
    found += [f"entry {ident} has no postings" for ident in empty]
    found += [
        f"account {row.account.id} ({row.account.kind}) is overdrawn by {row.balance}"
        for row in balances(session)
        if row.account.kind in CLIENT_KINDS and row.balance > 0
    ]
    for currency in session.scalars(sa.select(Account.currency).distinct()):
        held = total(session, *CLIENT_MONEY, currency=currency)
        owed = -total(session, *OWED_TO_CLIENTS, currency=currency)
        unswept = -total(session, *EARNINGS, AccountKind.OWN_BANK, currency=currency)
        if held != owed + unswept:
            found.append(f"client money is {held} {currency}, owed are {owed}, earned {unswept}")
    return found
