"""What a guide said of a lot before its price was fixed, kept beside the price: never rewritten."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.lots import Route
from pricing.comparables import Comparable, is_excluded
from pricing.guides import Edition, Guide
from pricing.scores import Line, Said

WINDOW = timedelta(days=365)
"""How far back sales count for bands, weights and the scoreboard: markets of years ago are others.
"""


class ForecastState(enum.StrEnum):
    """Said in time; silent for a conflict of interest; or silent for another reason."""

    SAID = "said"
    CONFLICTED = "conflicted"
    SILENT = "silent"


class Forecast(db.Base):
    """One guide on one sale, by the edition in force before the price was fixed.

    Amounts are of the whole lot by the route it was sold for, tax included, in minor units;
    ``before_*`` is what the edition before would have said on the same levels (None for a first
    one). ``stale_days`` are the trading days by which the interval was widened. A guide that said
    nothing has its ``refusal`` instead (msgid and values). ``inputs`` is canonical JSON, as a
    value's.
    """

    __tablename__ = "forecast"
    __table_args__ = (
        sa.UniqueConstraint("comparable_id", "guide_id"),
        sa.CheckConstraint(
            "num_nonnulls(value_minor, low_minor, high_minor, gross_minor) "
            "= CASE state WHEN 'said' THEN 4 ELSE 0 END",
            name="said",
        ),
        sa.CheckConstraint(
            "num_nonnulls(before_value_minor, before_low_minor, before_high_minor) IN (0, 3)",
            name="before",
        ),
        sa.CheckConstraint("gross_minor > 0", name="gross"),
    )

    id: Mapped[int] = db.key()
    comparable_id: Mapped[int] = db.refers("comparable.id", index=False)
    guide_id: Mapped[int] = db.refers("guide.id")
    edition_id: Mapped[int] = db.refers("edition.id")
    state: Mapped[ForecastState] = db.choice(ForecastState, check="state")
    value_minor: Mapped[int | None] = mapped_column(default=None)
    low_minor: Mapped[int | None] = mapped_column(default=None)
    high_minor: Mapped[int | None] = mapped_column(default=None)
    gross_minor: Mapped[int | None] = mapped_column(default=None)
    before_edition_id: Mapped[int | None] = db.refers("edition.id", default=None)
    before_value_minor: Mapped[int | None] = mapped_column(default=None)
    before_low_minor: Mapped[int | None] = mapped_column(default=None)
    before_high_minor: Mapped[int | None] = mapped_column(default=None)
    stale_days: Mapped[int] = mapped_column(sa.Integer, default=0)
    refusal: Mapped[db.Facts] = mapped_column(default_factory=dict)
    inputs: Mapped[bytes] = mapped_column(default=b"")
    kept_at: Mapped[datetime]

    comparable: Mapped[Comparable] = orm.relationship(init=False)
    guide: Mapped[Guide] = orm.relationship(init=False)
    edition: Mapped[Edition] = orm.relationship(init=False, foreign_keys="Forecast.edition_id")

    @property
    def said(self) -> Said | None:
        """The value with its interval; None where the guide was silent."""
        return _said(self.value_minor, self.low_minor, self.high_minor)

    @property
    def before(self) -> Said | None:
        """The same by the edition before."""
        return _said(self.before_value_minor, self.before_low_minor, self.before_high_minor)

    @property
    def line(self) -> Line | None:
        """The sale as the score counts it, in minor units; None where the guide was silent."""
        if self.said is None or self.gross_minor is None:
            return None
        price = float(self.comparable.total_minor)
        return Line(price, self.said, float(self.gross_minor), self.before)


def known(
    session: orm.Session, *, at: datetime, guide_ids: Sequence[int] | None = None
) -> list[Forecast]:
    """Every forecast of a sale that counts at an instant and is at most a year old by then, the
    newest sale first, of these guides or of all.
    """
    wanted = [*_counting(at)]
    if guide_ids is not None:
        wanted.append(Forecast.guide_id.in_(guide_ids))
    rows = (
        sa.select(Forecast)
        .join(Comparable, Comparable.id == Forecast.comparable_id)
        .where(*wanted)
        .options(orm.contains_eager(Forecast.comparable), orm.defer(Forecast.inputs))
        .order_by(Comparable.sold_at.desc(), Comparable.id.desc(), Forecast.guide_id)
    )
    return list(session.scalars(rows))


class Miss(NamedTuple):
    """One sale that a guide said something of: price, value and gross metal value in minor units,
    the trading days of its widening, and what kind of sale it was.
    """

    price: int
    value: int
    gross: int
    stale_days: int
    route: Route
    chemistry: str


def misses(session: orm.Session, guide_id: int, *, at: datetime) -> list[Miss]:
    """What bands are made of: a guide's sales of the year up to an instant that counted then."""
    rows = (
        sa.select(
            Comparable.total_minor,
            Forecast.value_minor,
            Forecast.gross_minor,
            Forecast.stale_days,
            Comparable.route,
            Comparable.chemistry,
        )
        .join(Comparable, Comparable.id == Forecast.comparable_id)
        .where(Forecast.guide_id == guide_id, Forecast.state == ForecastState.SAID, *_counting(at))
        .order_by(Forecast.id)
    )
    return [Miss._make(row) for row in session.execute(rows)]


def _counting(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return Comparable.sold_at <= at, Comparable.sold_at > at - WINDOW, ~is_excluded(at)


def _said(value: int | None, low: int | None, high: int | None) -> Said | None:
    if value is None or low is None or high is None:
        return None
    return Said(float(value), float(low), float(high))
