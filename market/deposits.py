"""Deposits on a sale: required, held, then released, applied or forfeited, each once."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class DepositState(enum.StrEnum):
    """required -> held -> released | applied | forfeited."""

    REQUIRED = "required"
    HELD = "held"
    RELEASED = "released"
    APPLIED = "applied"
    FORFEITED = "forfeited"


class Deposit(db.Base):
    """What one bidder puts down for one sale. ``reference`` is what the transfer must name."""

    __tablename__ = "deposit"
    __table_args__ = (
        sa.UniqueConstraint("auction_id", "bidder_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount"),
        sa.CheckConstraint("(state = 'required') = (held_at IS NULL)", name="held"),
        sa.CheckConstraint("(state IN ('required', 'held')) = (ended_at IS NULL)", name="ended"),
    )

    id: Mapped[int] = db.key()
    auction_id: Mapped[int] = db.refers("auction.id")
    bidder_id: Mapped[int] = db.refers("organisation.id")
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    reference: Mapped[str] = mapped_column(unique=True)
    state: Mapped[DepositState] = db.choice(DepositState, default=DepositState.REQUIRED)
    requested_by: Mapped[int] = db.refers("person.id")
    approved_by: Mapped[int | None] = db.refers("person.id", default=None)
    requested_at: Mapped[datetime]
    held_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
