"""The sales that somebody looks for: filtered, in pages, and as a table to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.money import Money
from pricing import comparables
from pricing.comparables import Comparable, SaleSource

PAGE = 50

HEADER = [
    "sale", "source", "sold_on", "price_fixed_at", "route", "chemistry", "packs", "kwh", "kg",
    "grade", "evidence_level", "province", "format", "price_basis", "quantity", "unit_price",
    "currency", "tax_included", "tax_rate", "total_with_tax", "total_before_tax",
    "before_tax_per_kwh", "counts", "excluded_for", "notice",
]  # fmt: skip
"""Columns of the csv."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; an empty one lets everything through. ``counts`` True or False: only those that
    count, or only those that do not. Days are Beijing days, both included.
    """

    chemistry: str = ""
    route: str = ""
    province: str = ""
    grade: str = ""
    source: SaleSource | None = None
    format: str = ""
    sold_from: date | None = None
    sold_to: date | None = None
    counts: bool | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """One sale and why it does not count (kinds of exclusion that stand; empty: it counts)."""

    sale: Comparable
    excluded_for: list[str]


def search(
    session: orm.Session, wanted: Wanted, at: datetime, *, limit: int | None = PAGE
) -> tuple[list[Found], int]:
    """One page of the sales known at an instant, newest first, and how many there are in all."""
    rows = sa.select(Comparable).where(Comparable.sold_at <= at, *_conditions(wanted, at))
    total = session.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
    rows = rows.order_by(Comparable.sold_at.desc(), Comparable.id.desc())
    if limit is not None:
        rows = rows.limit(limit).offset((wanted.page - 1) * limit)
    sales = list(session.scalars(rows))
    kinds = standing_exclusions(session, [sale.id for sale in sales], at)
    return [Found(sale, kinds[sale.id]) for sale in sales], total


def standing_exclusions(
    session: orm.Session, comparable_ids: Sequence[int], at: datetime
) -> dict[int, list[str]]:
    """For each sale the kinds of exclusion of which the newest word at an instant is no lifting."""
    found: dict[int, list[str]] = {}
    for ident, rows in comparables.exclusions(session, comparable_ids).items():
        last = {row.kind.value: row.is_lifted for row in rows if row.at <= at}
        found[ident] = sorted(kind for kind, is_lifted in last.items() if not is_lifted)
    return found


def offered(session: orm.Session) -> dict[str, list[str]]:
    """The words that occur, for the filters: chemistries, provinces, grades and formats."""
    columns = (Comparable.chemistry, Comparable.province, Comparable.grade, Comparable.format)
    return {
        column.key: [
            word for word in session.scalars(sa.select(column).distinct().order_by(column)) if word
        ]
        for column in columns
    }


def cells(found: Found) -> list[str]:
    """A sale as a row of the table; amounts and sizes as decimal text, empty where unknown."""
    sale = found.sale
    return [
        sale.sale_number,
        sale.source.value,
        days.of(sale.sold_at).isoformat(),
        sale.priced_at.isoformat(),
        sale.route.value,
        sale.chemistry,
        str(sale.pack_count),
        _text(sale.energy_kwh),
        _text(sale.mass_kg),
        sale.grade,
        sale.evidence_level,
        sale.province,
        sale.format,
        sale.price_basis,
        str(sale.quantity),
        str(Money(sale.hammer_minor, sale.currency).decimal),
        sale.currency,
        "yes" if sale.is_tax_included else "no",
        str(sale.tax_rate),
        str(sale.total.decimal),
        str(sale.net.decimal),
        _text(sale.net_per_kwh),
        "no" if found.excluded_for else "yes",
        " ".join(found.excluded_for),
        sale.notice,
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _conditions(wanted: Wanted, at: datetime) -> list[sa.ColumnElement[bool]]:
    same = {
        Comparable.chemistry: wanted.chemistry,
        Comparable.route: wanted.route,
        Comparable.province: wanted.province,
        Comparable.grade: wanted.grade,
        Comparable.source: wanted.source,
        Comparable.format: wanted.format,
    }
    found: list[sa.ColumnElement[bool]] = [
        column == value for column, value in same.items() if value
    ]
    if wanted.sold_from:
        found.append(Comparable.sold_at >= _start(wanted.sold_from))
    if wanted.sold_to:
        found.append(Comparable.sold_at < _start(wanted.sold_to + timedelta(days=1)))
    if wanted.counts is not None:
        excluded = comparables.is_excluded(at)
        found.append(~excluded if wanted.counts else excluded)
    return found


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), days.ZONE)
