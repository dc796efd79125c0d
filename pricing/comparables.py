"""Realised sales, as pushed by the market; immutable, excluded by later rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Comparable(db.Base):
    """One realised sale: hammer price, price basis, tax, and the lot as it was when sold."""

    __tablename__ = "comparable"

    id: Mapped[int] = db.key()
    # A lot sold again after a default has two sales.
    lot_id: Mapped[int] = db.refers("lot.id")
    sale_number: Mapped[str] = mapped_column(unique=True)
    sold_at: Mapped[datetime]
    format: Mapped[str]
    price_basis: Mapped[str]
    hammer_minor: Mapped[int]
    total_minor: Mapped[int]
    currency: Mapped[str]
    is_tax_included: Mapped[bool]
    snapshot: Mapped[db.Facts]


class Exclusion(db.Base):
    """A sale does not count from ``at`` on: related parties, dispute, default."""

    __tablename__ = "exclusion"

    id: Mapped[int] = db.key()
    comparable_id: Mapped[int] = db.refers("comparable.id")
    reason: Mapped[str]
    at: Mapped[datetime]
