"""Dated index values: metals, salts, new cells. Entered by an operator, each with its source.

A correction is a new row that supersedes the old one. A value that is some ten times off the
level of its series is held until an operator releases or discards it: until then nothing is
computed from it.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.money import MINOR_DIGITS
from listings.parties import Acting, Kind, demand
from pricing import seeded
from pricing.bases import CURRENCY_UNITS, Basis, Price, Substance, Tax, Unit
from pricing.levels import IndexLevels, Quote

TAX_RATE = Decimal("0.13")  # value-added tax on metals and batteries in China
HELD_FROM = 0.5  # |log10| of the ratio to the standing level: some three times off either way
_LONGEST_SERIES = 40
_LEAST, _MOST = Decimal("0.000001"), Decimal(10) ** 12


class IndexValue(db.Base):
    """What one material cost on one day, with its basis, unit, tax basis and source.

    A correction is a new row that supersedes; ``is_held`` waits for a person to look at it.
    """

    __tablename__ = "index_value"
    __table_args__ = (
        sa.CheckConstraint("value > 0", name="positive"),
        sa.Index(
            "uq_index_value_standing",
            "series",
            "on_date",
            unique=True,
            postgresql_where=sa.text("superseded_by_id IS NULL AND NOT is_held"),
        ),
    )

    id: Mapped[int] = db.key()
    series: Mapped[str] = mapped_column(index=True)
    on_date: Mapped[date]
    value: Mapped[Decimal] = mapped_column(sa.Numeric(20, 6))
    basis: Mapped[str]
    unit: Mapped[str]
    currency: Mapped[str] = mapped_column(default="CNY")
    is_tax_included: Mapped[bool]
    source: Mapped[str]
    is_held: Mapped[bool] = mapped_column(default=False)
    entered_by: Mapped[int | None] = db.refers("person.id", default=None)
    entered_at: Mapped[datetime]
    superseded_by_id: Mapped[int | None] = db.refers("index_value.id", default=None)

    @property
    def price(self) -> Price:
        """The value with everything that it is a value of."""
        tax = Tax(self.is_tax_included, TAX_RATE)
        return Price(self.value, Basis(Substance(self.basis), Unit(self.unit), self.currency, tax))


class IndexFieldWrong(Refused):
    """One field of an index value is missing or cannot be so."""

    message = N_("“%(value)s” cannot be the %(name)s of an index value: %(wanted)s.")


class IndexInFuture(Refused):
    """An index value is dated after today."""

    message = N_("An index value cannot be dated %(on)s, which is after today.")


class NotHeld(Conflict):
    """Somebody released, discarded or corrected the held value first."""

    message = N_("This value of “%(series)s” is no longer held. Look at the series again.")


def enter(
    session: orm.Session,
    acting: Acting | None,
    *,
    series: str,
    on_date: date,
    value: Decimal,
    basis: str,
    unit: str,
    currency: str = "CNY",
    is_tax_included: bool,
    source: str,
    at: datetime,
) -> IndexValue:
    """Keep one index value; it supersedes what stood for the same series and date.

    ``basis`` is a `Substance`, ``unit`` a `Unit`. Some three times or more off the standing level
    it is held. ``acting`` is an operator, None for the seed. Refuses a basis that cannot be
    brought to that of the series, a date after ``at``, and a value without a source.
    """
    if acting is not None:
        demand(acting, "operator:decide", Kind.OPERATOR)
    row = IndexValue(
        series=series.strip(),
        on_date=on_date,
        value=value,
        basis=basis,
        unit=unit,
        currency=currency,
        is_tax_included=is_tax_included,
        source=source.strip(),
        is_held=True,
        entered_by=acting.user_id if acting else None,
        entered_at=at,
    )
    _demand_sound(row, days.of(at))
    _one_writer(session, row.series)
    level = standing(session, row.series, on_date)
    held = level is not None and is_misprint(row.price, level.price)
    session.add(row)
    session.flush()
    if not held:
        _stand(session, row)
    _note(session, "index:held" if held else "index:entered", row, acting, at)
    return row


def release(session: orm.Session, acting: Acting, value_id: int, *, at: datetime) -> IndexValue:
    """An operator looked at a held value and found it right: from now on it stands."""
    row = _held(session, acting, value_id)
    _stand(session, row)
    _note(session, "index:released", row, acting, at)
    return row


def discard(session: orm.Session, acting: Acting, value_id: int, *, at: datetime) -> IndexValue:
    """An operator found a held value wrong: it gives way to the level it was measured against."""
    row = _held(session, acting, value_id)
    level = standing(session, row.series, row.on_date)
    row.superseded_by_id = level.id if level else None
    _note(session, "index:discarded", row, acting, at)
    return row


def is_misprint(price: Price, level: Price) -> bool:
    """Whether a price is so far off a level that a figure may have slipped by a digit.

    Both are brought to one basis first; refuses where that cannot be (`BasisMismatch`).
    """
    ratio = price.on(level.basis).amount / level.amount
    return abs(math.log10(ratio)) > HELD_FROM


def standing(session: orm.Session, series: str, on: date) -> IndexValue | None:
    """The newest value of a series on or before a date, else its oldest after it."""
    of_series = sa.select(IndexValue).where(IndexValue.series == series, *_standing())
    before = of_series.where(IndexValue.on_date <= on).order_by(IndexValue.on_date.desc())
    after = of_series.where(IndexValue.on_date > on).order_by(IndexValue.on_date)
    return session.scalar(before.limit(1)) or session.scalar(after.limit(1))


def levels(session: orm.Session, on: date, *, known_at: datetime | None = None) -> IndexLevels:
    """The latest standing value of every series on or before ``on``; held values do not count.

    ``known_at``: as they stood at that instant, without what was entered or corrected later.
    """
    standing_then = _standing() if known_at is None else _stood(known_at)
    rows = session.scalars(
        sa.select(IndexValue)
        .where(IndexValue.on_date <= on, *standing_then)
        .ext(distinct_on(IndexValue.series))
        .order_by(IndexValue.series, IndexValue.on_date.desc()),
    )
    return IndexLevels(on, {row.series: quote(row) for row in rows})


def quote(row: IndexValue) -> Quote:
    """A row as the valuation reads it."""
    return Quote(row.series, row.price, row.on_date, row.source)


def history(session: orm.Session, series: str | None = None) -> list[IndexValue]:
    """All standing values, or those of one series, by series and then newest first."""
    rows = sa.select(IndexValue).where(*_standing())
    if series is not None:
        rows = rows.where(IndexValue.series == series)
    return list(session.scalars(rows.order_by(IndexValue.series, IndexValue.on_date.desc())))


def superseded(session: orm.Session, series: str) -> list[IndexValue]:
    """The values of a series that were corrected or discarded, newest first."""
    of_series = IndexValue.series == series
    rows = sa.select(IndexValue).where(of_series, IndexValue.superseded_by_id.is_not(None))
    return list(session.scalars(rows.order_by(IndexValue.id.desc())))


def held(session: orm.Session) -> list[IndexValue]:
    """The values that wait for an operator, oldest first."""
    waiting = sa.select(IndexValue).where(IndexValue.is_held, IndexValue.superseded_by_id.is_(None))
    return list(session.scalars(waiting.order_by(IndexValue.id)))


def seed(session: orm.Session, *, at: datetime) -> list[IndexValue]:
    """Enter the packaged values on their own dates; those that stand already are left alone."""
    entered = []
    for found in [*seeded.quotes(), *seeded.exchange_rates()]:
        there = standing(session, found.series, found.on)
        if there is not None and there.on_date == found.on:
            continue
        basis = found.price.basis
        row = enter(
            session,
            None,
            series=found.series,
            on_date=found.on,
            value=found.price.amount,
            basis=basis.substance.value,
            unit=basis.unit.value,
            currency=basis.currency,
            is_tax_included=basis.tax.included,
            source=found.source,
            at=at,
        )
        entered.append(row)
    return entered


def _standing() -> tuple[sa.ColumnElement[bool], ...]:
    return IndexValue.superseded_by_id.is_(None), ~IndexValue.is_held


def _stood(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    later = orm.aliased(IndexValue)
    is_later = sa.exists().where(later.id == IndexValue.superseded_by_id, later.entered_at > at)
    stands = IndexValue.superseded_by_id.is_(None) | is_later
    return IndexValue.entered_at <= at, stands, ~IndexValue.is_held


def _one_writer(session: orm.Session, series: str) -> None:
    """Two corrections of one series at once follow one another."""
    key = sa.func.hashtextextended(f"index:{series}", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _stand(session: orm.Session, row: IndexValue) -> None:
    """Let a row take the place of every other one of its series and date, held or not."""
    session.execute(
        sa.update(IndexValue)
        .where(
            IndexValue.series == row.series,
            IndexValue.on_date == row.on_date,
            IndexValue.superseded_by_id.is_(None),
            IndexValue.id != row.id,
        )
        .values(superseded_by_id=row.id),
    )
    row.is_held = False
    session.flush()


def _held(session: orm.Session, acting: Acting, value_id: int) -> IndexValue:
    demand(acting, "operator:decide", Kind.OPERATOR)
    row = session.get(IndexValue, value_id)
    if row is None:
        raise NotFound
    _one_writer(session, row.series)
    session.refresh(row)
    if not row.is_held or row.superseded_by_id is not None:
        raise NotHeld(series=row.series)
    return row


def _demand_sound(row: IndexValue, today: date) -> None:
    if not row.series or len(row.series) > _LONGEST_SERIES:
        wanted = N_("a name of at most forty characters")
        raise IndexFieldWrong("series", name="series", value=row.series, wanted=wanted)
    if not row.source:
        raise IndexFieldWrong("source", name="source", value="", wanted=N_("who published it"))
    if not row.value.is_finite() or not _LEAST <= row.value < _MOST:
        wanted = N_("a number above 0")
        raise IndexFieldWrong("value", name="value", value=row.value, wanted=wanted)
    _demand_basis(row)
    if row.on_date > today:
        raise IndexInFuture("on_date", on=row.on_date.isoformat())


def _demand_basis(row: IndexValue) -> None:
    """Known words that fit together: cells are priced per kWh, masses never per point, money by
    the unit of another currency and without tax.
    """
    known: dict[str, list[str]] = {
        "basis": list(Substance),
        "unit": list(Unit),
        "currency": list(MINOR_DIGITS),
    }
    for name, words in known.items():
        if getattr(row, name) not in words:
            value, wanted = getattr(row, name), ", ".join(words)
            raise IndexFieldWrong(name, name=name, value=value, wanted=wanted)
    is_cell = row.basis == Substance.NEW_CELL
    if is_cell != (row.unit == Unit.KWH):
        wanted = N_("new cells are priced per kWh, everything else by mass or point")
        raise IndexFieldWrong("unit", name="unit", value=row.unit, wanted=wanted)
    is_money = row.basis == Substance.MONEY
    if is_money != (row.unit in CURRENCY_UNITS) or row.unit == row.currency:
        wanted = N_("money is priced by the unit of another currency, and nothing else is")
        raise IndexFieldWrong("unit", name="unit", value=row.unit, wanted=wanted)
    if is_money and row.is_tax_included:
        wanted = N_("there is no tax in a rate of exchange")
        raise IndexFieldWrong("is_tax_included", name="tax", value=N_("included"), wanted=wanted)
    if row.unit == Unit.POINT:
        row.price.per_kg_of(Substance(row.basis))  # refuses a point of a mass


def _note(
    session: orm.Session, tag: str, row: IndexValue, acting: Acting | None, at: datetime
) -> None:
    journal.record(
        session,
        tag,
        row,
        at=at,
        user_id=acting.user_id if acting else None,
        organisation_id=acting.organisation_id if acting else None,
        series=row.series,
        on_date=row.on_date.isoformat(),
        value=str(row.value),
    )
