"""Price points: what a guide states a price for, and the low, high and average of its editions.

A point is defined once (substance, unit, currency, tax, specification, delivery) and never changed,
because its series would break: it is ended and another one opened. An edition holds its prices by
the codes of the points; one that is left out was not assessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, Conflict, NotFound, Refused
from listings.money import MINOR_DIGITS
from listings.parties import Acting
from pricing import corrections, guides
from pricing.bases import Basis, Price, Substance, Tax, Unit, payable
from pricing.guides import Edition, EditionState
from pricing.indices import HELD_FROM, TAX_RATE

MOST = Decimal(10) ** 11
UNITS = (Unit.TONNE, Unit.KG, Unit.POINT, Unit.KWH)
SUBSTANCES = tuple(word for word in Substance if word.value != "money")
_PLACES = Decimal("0.000001")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")
_PUBLISHED = (EditionState.EFFECTIVE, EditionState.SUPERSEDED)


class PricePoint(db.Base):
    """One thing that a guide states a price for; never changed, only ended."""

    __tablename__ = "price_point"
    __table_args__ = (sa.UniqueConstraint("guide_id", "code"),)

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id", index=False)
    code: Mapped[str]
    name: Mapped[str]
    specification: Mapped[str]
    substance: Mapped[str]
    unit: Mapped[str]
    currency: Mapped[str] = mapped_column(default="CNY")
    is_tax_included: Mapped[bool]
    delivery: Mapped[str]
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def basis(self) -> Basis:
        """What its prices are prices of."""
        tax = Tax(self.is_tax_included, TAX_RATE)
        return Basis(Substance(self.substance), Unit(self.unit), self.currency, tax)


class BadCode(Refused):
    """A code that is not one."""

    message = N_("“%(code)s” is not a code: capital letters, figures, dots and dashes, at most 40.")


class PointBasisWrong(Refused):
    """The words of a point's basis do not fit together."""

    message = N_("%(substance)s is not priced per %(unit)s in %(currency)s.")


class PointEnded(Conflict):
    """A price point that was ended already."""

    message = N_("The price point “%(code)s” was ended already.")


class PointUnknown(Refused):
    """A price for a point that the guide does not have, or no longer."""

    message = N_("This guide has no price point “%(code)s” now.")


class BadPointPrice(Refused):
    """The prices of one point do not make sense together."""

    message = N_(
        "“%(code)s” needs a low and a high price with low ≤ average ≤ high, "
        "not %(low)s, %(average)s and %(high)s."
    )


@dataclass(frozen=True, slots=True)
class PointPrice:
    """What one edition states for a point, in the point's own unit."""

    low: Decimal
    high: Decimal
    average: Decimal

    def to_json(self) -> dict[str, str]:
        """Decimal strings; ``from_json`` reads them back."""
        return {"low": str(self.low), "high": str(self.high), "average": str(self.average)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PointPrice:
        """Read what ``to_json`` wrote."""
        return cls(*(Decimal(data[name]) for name in ("low", "high", "average")))


@dataclass(frozen=True, slots=True)
class Line:
    """A point as one edition shows it; ``price`` None where it was not assessed, ``before`` the
    average of the last edition that assessed it.
    """

    point: PricePoint
    price: PointPrice | None
    before: Decimal | None

    @property
    def change(self) -> Decimal | None:
        """The average less the one before, None where either is missing."""
        if self.price is None or self.before is None:
            return None
        return self.price.average - self.before

    @property
    def share(self) -> float | None:
        """The change as a part of the average before."""
        return (
            float(self.change / abs(self.before))
            if self.change is not None and self.before
            else None
        )

    @property
    def is_far_off(self) -> bool:
        """Whether it is three times off the average before, so that a figure may have slipped."""
        if self.price is None or not self.before or self.price.average * self.before <= 0:
            return False
        return abs((self.price.average / self.before).log10()) > Decimal(str(HELD_FROM))


def open_point(
    session: orm.Session,
    acting: Acting,
    guide_id: int,
    *,
    code: str,
    name: str,
    specification: str,
    substance: str,
    unit: str,
    currency: str = "CNY",
    is_tax_included: bool,
    delivery: str,
    at: datetime,
) -> PricePoint:
    """Define a price point of the acting valuer's guide.

    Refuses a code used before in it, a missing name, specification or delivery basis, and a
    substance that is not priced by that unit.
    """
    guide = guides.own(session, acting, guide_id, "guide:write")
    code = code.strip().upper()
    if not _CODE.fullmatch(code):
        raise BadCode("code", code=code)
    if any(point.code == code for point in of_guide(session, guide.id, ended=True)):
        raise guides.NameTaken("code", what=N_("price point"), value=code)
    point = PricePoint(
        guide_id=guide.id,
        code=code,
        name=guides.worded(name, "name", N_("name")),
        specification=guides.worded(specification, "specification", N_("specification")),
        substance=substance,
        unit=unit,
        currency=currency,
        is_tax_included=is_tax_included,
        delivery=guides.worded(delivery, "delivery", N_("delivery basis")),
        opened_at=at,
    )
    _demand_basis(point)
    session.add(point)
    guides.note(session, "point:opened", point, acting, at)
    return point


def end(session: orm.Session, acting: Acting, point_id: int, *, at: datetime) -> PricePoint:
    """Stop assessing a point; its history stays."""
    point = session.get(PricePoint, point_id)
    if point is None:
        raise NotFound
    guides.own(session, acting, point.guide_id, "guide:write")
    session.refresh(point)
    if point.ended_at is not None:
        raise PointEnded(code=point.code)
    point.ended_at = at
    guides.note(session, "point:ended", point, acting, at)
    return point


def of_guide(session: orm.Session, guide_id: int, *, ended: bool = False) -> list[PricePoint]:
    """The points of a guide in the order in which they were opened, ended ones where asked."""
    rows = sa.select(PricePoint).where(PricePoint.guide_id == guide_id)
    if not ended:
        rows = rows.where(PricePoint.ended_at.is_(None))
    return list(session.scalars(rows.order_by(PricePoint.id)))


def sound(
    points: Iterable[PricePoint], prices: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """The prices of an edition in their plain form, checked; an average that is left out is the
    middle of low and high. Refuses unknown points and prices that are not in order.
    """
    known = {point.code for point in points}
    return {code: _sound(code, given, known) for code, given in sorted(prices.items())}


def prices_of(edition: Edition) -> dict[str, PointPrice]:
    """What an edition states, by code."""
    return {code: PointPrice.from_json(given) for code, given in edition.prices.items()}


def before(session: orm.Session, edition: Edition | None, guide_id: int) -> dict[str, PointPrice]:
    """For each point the prices of the last published edition that assessed it, before an edition
    (or of all, where there is none yet). What was corrected does not count.
    """
    found: dict[str, PointPrice] = {}
    wrong = corrections.replaced(session, guide_id)
    wrong |= set(corrections.corrected(session, edition.id)) if edition is not None else set()
    for other in published(session, guide_id):
        if edition is not None and other.id == edition.id:
            break
        if other.id not in wrong:
            found |= prices_of(other)
    return found


def lines(session: orm.Session, edition: Edition) -> list[Line]:
    """Every point that an edition assesses or could, with its change."""
    earlier, stated = before(session, edition, edition.guide_id), prices_of(edition)
    return [
        Line(
            point,
            stated.get(point.code),
            earlier[point.code].average if point.code in earlier else None,
        )
        for point in of_guide(session, edition.guide_id, ended=True)
        if point.code in stated or point.ended_at is None
    ]


def history(session: orm.Session, point: PricePoint) -> list[tuple[Edition, PointPrice]]:
    """What the published editions stated for a point, oldest first, without what was corrected."""
    wrong = corrections.replaced(session, point.guide_id)
    return [
        (edition, PointPrice.from_json(edition.prices[point.code]))
        for edition in published(session, point.guide_id)
        if point.code in edition.prices and edition.id not in wrong
    ]


def published(session: orm.Session, guide_id: int) -> list[Edition]:
    """The editions of a guide that are or were in force, in the order in which they took effect."""
    rows = sa.select(Edition).where(Edition.guide_id == guide_id, Edition.state.in_(_PUBLISHED))
    return list(session.scalars(rows.order_by(Edition.effective_from, Edition.id)))


def implied_share(point: PricePoint, price: PointPrice, index: Price) -> Decimal | None:
    """The payable share of an index that a point's average implies; None where the point is no
    price of that metal.
    """
    try:
        return payable(Price(price.average, point.basis), index)
    except Refused:
        return None


def to_json(point: PricePoint) -> dict[str, Any]:
    """A point's definition in plain JSON."""
    return {
        "code": point.code,
        "name": point.name,
        "specification": point.specification,
        "delivery": point.delivery,
        "basis": point.basis.to_json(),
    }


def _sound(code: str, given: Mapping[str, Any], known: set[str]) -> dict[str, str]:
    if code not in known:
        raise PointUnknown(f"point.{code}", code=code)
    low, high, average = (_amount(given.get(name)) for name in ("low", "high", "average"))
    if low is not None and high is not None and average is None:
        average = ((low + high) / 2).quantize(_PLACES).normalize()
    if low is None or high is None or average is None or not low <= average <= high:
        shown = {name: given.get(name) or "–" for name in ("low", "average", "high")}
        raise BadPointPrice(f"point.{code}.low", code=code, **shown)
    return {
        name: f"{value:f}" for name, value in (("low", low), ("high", high), ("average", average))
    }


def _amount(given: object) -> Decimal | None:
    """An exact amount of at most six places, None where it is none."""
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) <= MOST else None


def _demand_basis(point: PricePoint) -> None:
    """Cells and packs go by kWh or mass, lithium and its like by mass or point."""
    words: dict[str, list[str]] = {
        "substance": list(SUBSTANCES),
        "unit": list(UNITS),
        "currency": list(MINOR_DIGITS),
    }
    shown = {name: getattr(point, name) for name in words}
    for name, known in words.items():
        if shown[name] not in known:
            raise PointBasisWrong(name, **shown)
    by_energy = point.substance in {Substance.NEW_CELL, Substance.RETIRED_PACK}
    if point.unit == Unit.KWH and not by_energy:
        raise PointBasisWrong("unit", **shown)
    if point.unit == Unit.POINT:
        try:
            Price(Decimal(1), point.basis).per_kg_of(Substance(point.substance))
        except Refused:
            raise PointBasisWrong("unit", **shown) from None
