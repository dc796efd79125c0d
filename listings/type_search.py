"""Finding a type among thousands."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from listings.pack_types import Chemistry, PackType


def every(session: orm.Session, wanted: str = "") -> list[PackType]:
    """Types whose maker or model holds each word, by maker and model."""
    query = sa.select(PackType).where(*_fits(wanted)).order_by(PackType.maker, PackType.model)
    return list(session.scalars(query))


def page(
    session: orm.Session, wanted: str, *, chemistry: Chemistry | None, start: int, most: int
) -> tuple[list[PackType], int]:
    """Up to ``most`` of the types that fit, from ``start`` on, and how many fit in all."""
    query = sa.select(PackType).where(*_fits(wanted))
    if chemistry is not None:
        query = query.where(PackType.chemistry == chemistry)
    count = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    rows = query.order_by(PackType.maker, PackType.model).limit(most).offset(start)
    return list(session.scalars(rows)), count


def _fits(wanted: str) -> list[sa.ColumnElement[bool]]:
    return [
        sa.or_(
            PackType.maker.icontains(word, autoescape=True),
            PackType.model.icontains(word, autoescape=True),
        )
        for word in wanted.split()
    ]
