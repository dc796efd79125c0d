"""Settlements: who owes whom for an award until everything is paid, accepted and paid out."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from market.awards import Award


class SettlementState(enum.StrEnum):
    """due -> paid -> completed; defaulted where the buyer did not pay."""

    DUE = "due"
    PAID = "paid"
    COMPLETED = "completed"
    DEFAULTED = "defaulted"


class Settlement(db.Base):
    """The money of one award. ``due_minor`` follows the quantity: provisional, then as accepted."""

    __tablename__ = "settlement"
    __table_args__ = (
        sa.CheckConstraint("paid_minor >= 0", name="paid"),
        sa.CheckConstraint("earned_minor + refunded_minor <= paid_minor", name="covered"),
        sa.CheckConstraint("paid_out_minor + fee_minor <= earned_minor", name="earned"),
    )

    id: Mapped[int] = db.key()
    award_id: Mapped[int] = db.refers("award.id", unique=True)
    seller_id: Mapped[int] = db.refers("organisation.id")
    buyer_id: Mapped[int] = db.refers("organisation.id")
    currency: Mapped[str] = mapped_column(default="CNY")
    reference: Mapped[str] = mapped_column(unique=True)
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    due_minor: Mapped[int]
    tax_minor: Mapped[int]
    # A held deposit that will be put toward the price once the rest is paid.
    deposit_minor: Mapped[int] = mapped_column(default=0)
    fee_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4), default=Decimal("0.0100"))
    fee_minor: Mapped[int] = mapped_column(default=0)
    paid_minor: Mapped[int] = mapped_column(default=0)
    # What the payee has earned of the money paid, before the fee.
    earned_minor: Mapped[int] = mapped_column(default=0)
    paid_out_minor: Mapped[int] = mapped_column(default=0)
    refunded_minor: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    state: Mapped[SettlementState] = db.choice(SettlementState, default=SettlementState.DUE)
    opened_at: Mapped[datetime]
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
    # When the last batch was settled and the amount became final.
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
    completed_at: Mapped[datetime | None] = mapped_column(default=None)

    award: Mapped[Award] = orm.relationship(init=False)


class SettlementBatch(db.Base):
    """What one accepted handover settles: the accepted quantity times the unit price."""

    __tablename__ = "settlement_batch"

    id: Mapped[int] = db.key()
    settlement_id: Mapped[int] = db.refers("settlement.id")
    handover_id: Mapped[uuid.UUID] = mapped_column(
        sa.Uuid,
        sa.ForeignKey("handover.id"),
        unique=True,
    )
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    amount_minor: Mapped[int]
    settled_at: Mapped[datetime]
