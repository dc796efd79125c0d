"""Double entry: every movement of money is an entry whose postings sum to zero."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


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
