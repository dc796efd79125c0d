"""Card and online payments through Stripe: intent written first, called after, settled once."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class PaymentState(enum.StrEnum):
    """intended -> open (checkout exists) -> succeeded | failed | refunded."""

    INTENDED = "intended"
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


class Payment(db.Base):
    """One intended payment; ``idempotency_key`` belongs to this row and goes with every call."""

    __tablename__ = "payment"
    __table_args__ = (sa.CheckConstraint("amount_minor > 0", name="amount"),)

    id: Mapped[int] = db.key()
    settlement_id: Mapped[int | None] = db.refers("settlement.id", default=None)
    deposit_id: Mapped[int | None] = db.refers("deposit.id", default=None)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[PaymentState] = db.choice(PaymentState, default=PaymentState.INTENDED)
    checkout_session: Mapped[str | None] = mapped_column(unique=True, default=None)
    payment_intent: Mapped[str | None] = mapped_column(unique=True, default=None)
    started_by: Mapped[int] = db.refers("person.id")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class StripeEvent(db.Base):
    """A webhook event that was handled; a second delivery finds its row."""

    __tablename__ = "stripe_event"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    received_at: Mapped[datetime]
