"""Sales of lots: their terms, their state, their end."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.lots import Lot


class Format(enum.StrEnum):
    """How the price is found."""

    ENGLISH = "english"


class PriceBasis(enum.StrEnum):
    """What one unit of the price buys."""

    LUMP_SUM = "lump_sum"
    PER_KWH = "per_kwh"
    PER_TONNE = "per_tonne"
    PER_PACK = "per_pack"


class PaymentTerm(enum.StrEnum):
    """When the seller is paid out."""

    BEFORE_PICKUP = "before_pickup"
    ON_ACCEPTANCE = "on_acceptance"


class Delivery(enum.StrEnum):
    """Who brings the goods."""

    DELIVERED = "delivered"
    COLLECTED = "collected"


class AuctionState(enum.StrEnum):
    """scheduled -> open (by the clock) -> awarded | passed; withdrawn before a bid stands."""

    SCHEDULED = "scheduled"
    AWARDED = "awarded"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


class Auction(db.Base):
    """One sale of one lot: terms, and the state that bidding moves under this row's lock.

    Prices are minor units of ``currency`` per unit of ``price_basis``. ``floor_minor`` is public,
    ``reserve_minor`` hidden; ``closes_at`` is the one effective end that everybody reads.
    """

    __tablename__ = "auction"
    __table_args__ = (
        sa.CheckConstraint("closes_at > opens_at", name="period"),
        sa.CheckConstraint("hard_end IS NULL OR closes_at <= hard_end", name="hard_end"),
        sa.CheckConstraint("floor_minor IS NULL OR reserve_minor IS NULL", name="one_minimum"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("(leader_id IS NULL) = (price_minor IS NULL)", name="led"),
        sa.CheckConstraint("price_minor <= leader_maximum_minor", name="price"),
        sa.Index(
            "uq_auction_standing",
            "lot_id",
            unique=True,
            postgresql_where=sa.text("state IN ('scheduled', 'awarded')"),
        ),
        sa.Index("ix_auction_state_closes_at", "state", "closes_at"),
    )

    id: Mapped[int] = db.key()
    lot_id: Mapped[int] = db.refers("lot.id")
    seller_id: Mapped[int] = db.refers("organisation.id")
    format: Mapped[Format] = db.choice(Format, default=Format.ENGLISH)
    price_basis: Mapped[PriceBasis] = db.choice(PriceBasis)
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    is_quantity_provisional: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str] = mapped_column(default="CNY")
    is_tax_included: Mapped[bool] = mapped_column(default=True)
    tax_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4), default=Decimal("0.13"))
    payment_term: Mapped[PaymentTerm] = db.choice(PaymentTerm)
    payment_days: Mapped[int] = mapped_column(sa.Integer, default=5)
    delivery: Mapped[Delivery] = db.choice(Delivery, default=Delivery.COLLECTED)
    pickup_until: Mapped[date | None] = mapped_column(default=None)
    start_minor: Mapped[int]
    floor_minor: Mapped[int | None] = mapped_column(default=None)
    reserve_minor: Mapped[int | None] = mapped_column(default=None)
    is_negative_allowed: Mapped[bool] = mapped_column(default=False)
    # [[from, step], ...] in minor units, ascending, inclusive from the lower bound.
    increments: Mapped[list[list[int]]] = mapped_column(sa.JSON)
    deposit_minor: Mapped[int] = mapped_column(default=0)
    viewing: Mapped[str] = mapped_column(default="")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    original_closes_at: Mapped[datetime]
    hard_end: Mapped[datetime | None] = mapped_column(default=None)
    window_s: Mapped[int] = mapped_column(sa.Integer, default=300)
    extension_s: Mapped[int] = mapped_column(sa.Integer, default=300)
    state: Mapped[AuctionState] = db.choice(AuctionState, default=AuctionState.SCHEDULED)
    leader_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    leader_maximum_minor: Mapped[int | None] = mapped_column(default=None)
    leading_bid_id: Mapped[int | None] = mapped_column(default=None)
    price_minor: Mapped[int | None] = mapped_column(default=None)
    bid_count: Mapped[int] = mapped_column(sa.Integer, default=0)
    last_bid_at: Mapped[datetime | None] = mapped_column(default=None)
    # Counts every change that a watcher should see.
    version: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(default=None)

    lot: Mapped[Lot] = orm.relationship(init=False)
