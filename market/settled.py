"""Settlement rows: what is due, paid, earned, paid out and owed back under one award."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from market.awarded import Award


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

    @property
    def payer_id(self) -> int:
        """Who pays: the buyer, or the seller where the price is negative."""
        return self.seller_id if self.due_minor < 0 else self.buyer_id

    @property
    def payee_id(self) -> int:
        """Who is paid."""
        return self.buyer_id if self.due_minor < 0 else self.seller_id

    @property
    def kept_minor(self) -> int:
        """What was paid and not sent back."""
        return self.paid_minor - self.refunded_minor

    @property
    def outstanding_minor(self) -> int:
        """What the payer still has to transfer; a held deposit counts toward the price."""
        if self.state is SettlementState.DEFAULTED:
            return 0
        return max(0, abs(self.due_minor) - self.kept_minor - self.deposit_minor)

    @property
    def refund_due_minor(self) -> int:
        """What lies here beyond the price and goes back to the payer."""
        owed = 0 if self.state is SettlementState.DEFAULTED else abs(self.due_minor)
        return max(0, self.kept_minor - max(owed, self.earned_minor))

    @property
    def payout_due_minor(self) -> int:
        """What goes to the payee now, after the fee."""
        return self.earned_minor - self.fee_minor - self.paid_out_minor
