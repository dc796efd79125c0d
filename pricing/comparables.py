"""Realised sales, as pushed by the market; immutable, excluded by later rows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
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


def record(
    session: orm.Session,
    *,
    lot_id: int,
    sale_number: str,
    sold_at: datetime,
    format: str,  # noqa: A002 - the word of the trade
    price_basis: str,
    hammer_minor: int,
    total_minor: int,
    currency: str,
    is_tax_included: bool,
    snapshot: db.Facts,
) -> Comparable:
    """Keep one realised sale. ``hammer_minor`` is per unit of the basis, ``total_minor`` in all.

    ``snapshot`` is the lot as sold, in plain JSON (decimals as text). A sale number is kept once.
    """
    sale = Comparable(
        lot_id=lot_id,
        sale_number=sale_number,
        sold_at=sold_at,
        format=format,
        price_basis=price_basis,
        hammer_minor=hammer_minor,
        total_minor=total_minor,
        currency=currency,
        is_tax_included=is_tax_included,
        snapshot=snapshot,
    )
    session.add(sale)
    session.flush()
    return sale


def exclude(
    session: orm.Session,
    sale_number: str,
    reason: str,
    *,
    at: datetime,
) -> Exclusion | None:
    """From ``at`` on this sale does not count; None where no such sale was kept."""
    of_sale = Comparable.sale_number == sale_number
    sale = session.scalar(sa.select(Comparable).where(of_sale))
    if sale is None:
        return None
    exclusion = Exclusion(comparable_id=sale.id, reason=reason, at=at)
    session.add(exclusion)
    session.flush()
    return exclusion


def counting(session: orm.Session, at: datetime) -> list[Comparable]:
    """The sales that count at an instant, newest first."""
    excluded = sa.exists().where(
        Exclusion.comparable_id == Comparable.id,
        Exclusion.at <= at,
    )
    return list(
        session.scalars(
            sa.select(Comparable)
            .where(Comparable.sold_at <= at, ~excluded)
            .order_by(Comparable.sold_at.desc(), Comparable.id.desc()),
        ),
    )
