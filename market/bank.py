"""Bank transfers: recorded from the statement by one person, confirmed by another."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Direction(enum.StrEnum):
    """Into the client account or out of it."""

    IN = "in"
    OUT = "out"


class Purpose(enum.StrEnum):
    """What the money is for."""

    DEPOSIT = "deposit"
    PRICE = "price"
    DEPOSIT_REFUND = "deposit_refund"
    PRICE_REFUND = "price_refund"
    PAYOUT = "payout"
    FEE = "fee"


class TransferState(enum.StrEnum):
    """recorded -> confirmed | rejected."""

    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class BankTransfer(db.Base):
    """One line of the bank's statement, matched to what it is for (``subject_id``)."""

    __tablename__ = "bank_transfer"
    __table_args__ = (
        sa.UniqueConstraint("statement_line"),
        sa.CheckConstraint("amount_minor > 0", name="amount"),
        sa.CheckConstraint("decided_by <> recorded_by", name="four_eyes"),
    )

    id: Mapped[int] = db.key()
    direction: Mapped[Direction] = db.choice(Direction)
    purpose: Mapped[Purpose] = db.choice(Purpose)
    subject_id: Mapped[int]
    organisation_id: Mapped[int] = db.refers("organisation.id")
    account_number: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    statement_line: Mapped[str]
    booked_on: Mapped[date]
    state: Mapped[TransferState] = db.choice(TransferState, default=TransferState.RECORDED)
    recorded_by: Mapped[int] = db.refers("person.id")
    recorded_at: Mapped[datetime]
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")
