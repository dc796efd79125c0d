"""Bids and offers, as pushed by the market: what was bid or asked in public, never a maximum."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.lots import Lot


class EvidenceKind(enum.StrEnum):
    """A price that a buyer reached, or one that a seller asks."""

    BID = "bid"
    OFFER = "offer"


class Evidence(db.Base):
    """One public bid or offer for a lot; ``subject`` names the row it comes from, once.

    ``unit_minor`` is per unit of the basis on the tax side that ``is_tax_included`` says,
    ``total_minor`` what the whole lot comes to with tax. Who bid or asked is kept to cap one
    party's weight and is not shown.
    """

    __tablename__ = "evidence"

    id: Mapped[int] = db.key()
    kind: Mapped[EvidenceKind] = db.choice(EvidenceKind, check="kind")
    subject: Mapped[str] = mapped_column(unique=True)
    lot_id: Mapped[int] = db.refers("lot.id")
    organisation_id: Mapped[int] = db.refers("organisation.id")
    price_basis: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    unit_minor: Mapped[int]
    total_minor: Mapped[int]
    currency: Mapped[str]
    is_tax_included: Mapped[bool]
    tax_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4))
    at: Mapped[datetime] = mapped_column(index=True)

    lot: Mapped[Lot] = orm.relationship(init=False)


def record(session: orm.Session, evidence: Evidence) -> Evidence:
    """Keep one bid or offer; the same subject a second time is refused by the database."""
    session.add(evidence)
    return evidence


def since(
    session: orm.Session, start: datetime, end: datetime, kind: EvidenceKind | None = None
) -> list[Evidence]:
    """Bids and offers from ``start`` up to and with ``end``, the oldest first."""
    rows = sa.select(Evidence).where(Evidence.at >= start, Evidence.at <= end)
    if kind is not None:
        rows = rows.where(Evidence.kind == kind)
    return list(session.scalars(rows.order_by(Evidence.at, Evidence.id)))
