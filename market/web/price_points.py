"""Price points of a guide: what it states prices for, and the history of each."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db, sheets
from listings.errors import N_, NotFound
from listings.money import MINOR_DIGITS
from listings.parties import Kind
from listings.words import gettext
from market.web import guard, price_pictures
from market.web.app import go
from market.web.formats import word
from market.web.forms import Form, again
from market.web.guard import guarded, public
from market.web.guides import is_mine
from market.web.price_pictures import Day
from market.web.values import download
from pricing import indices, points
from pricing.guides import Edition, Guide
from pricing.points import PointPrice, PricePoint

blueprint = Blueprint("price_points", __name__)

MOST_TEXT = 500
HISTORY = (
    "code", "name", "edition", "day", "low", "high", "average", "currency", "unit",
    "tax_included", "specification", "delivery",
)  # fmt: skip


@blueprint.app_template_filter("figure")
def figure(value: Decimal | None) -> str:
    """An exact amount with as many places as it has; a dash for nothing."""
    return "–" if value is None else f"{value.normalize():,f}".replace("-", "−")


@blueprint.get("/guides/<int:guide_id>/points")
@public
def index(guide_id: int) -> Any:
    """Every point with its definition and newest price; for its valuer also the form for one."""
    with db.transaction() as session:
        guide = guard.visible(session.get(Guide, guide_id))
        every = points.of_guide(session, guide_id, ended=True)
        return render_template(
            "price_points/index.html",
            guide=guide,
            points=every,
            newest={point.code: points.history(session, point)[-1:] for point in every},
            is_mine=is_mine(guide),
            substances=[(one.value, word(one.value, "Substance")) for one in points.SUBSTANCES],
            units=[(one.value, one.value) for one in points.UNITS],
            currencies=[(one, one) for one in MINOR_DIGITS],
        )


@blueprint.post("/guides/<int:guide_id>/points")
@again(index)
@guarded("guide:write", Kind.VALUER)
def open_point(guide_id: int) -> Any:
    """Define a point."""
    form = Form(request.form)
    values = {
        name: form.text(name, required=True, most=MOST_TEXT)
        for name in ("code", "name", "specification", "substance", "unit", "currency", "delivery")
    }
    form.check()
    with db.transaction() as session:
        points.open_point(
            session,
            guard.acting(),
            guide_id,
            is_tax_included=form.flag("is_tax_included"),
            at=guard.now(),
            **values,
        )
    flash(gettext(N_("The price point stands in the form of the next edition.")))
    return go("price_points.index", guide_id=guide_id)


@blueprint.get("/guides/<int:guide_id>/points/<code>")
@public
def show(guide_id: int, code: str) -> Any:
    """One point: its definition, and every price that was published for it."""
    with db.transaction() as session:
        point = _named(session, guide_id, code)
        guide = session.get_one(Guide, guide_id)
        found = points.history(session, point)
        return render_template(
            "price_points/show.html",
            guide=guide,
            point=point,
            history=list(reversed(_changes(found))),
            picture=price_pictures.band(
                [Day(_instant(edition), price) for edition, price in found],
                title=gettext(N_("%(name)s: low, high and average"), name=point.name),
                unit=f"{point.currency}/{point.unit}",
            ),
            share=_implied(session, point, found[-1][1] if found else None),
            is_mine=is_mine(guide),
        )


@blueprint.post("/guides/<int:guide_id>/points/<code>/end")
@guarded("guide:write", Kind.VALUER)
def end(guide_id: int, code: str) -> Any:
    """Stop assessing a point."""
    with db.transaction() as session:
        point = _named(session, guide_id, code)
        points.end(session, guard.acting(), point.id, at=guard.now())
    flash(gettext(N_("Ended. Its history stays.")))
    return go("price_points.index", guide_id=guide_id)


@blueprint.get("/guides/<int:guide_id>/prices.csv")
@public
def history(guide_id: int) -> Any:
    """Every published price of every point of a guide."""
    with db.transaction() as session:
        guard.visible(session.get(Guide, guide_id))
        rows = [
            [
                point.code, point.name, edition.number, day_of(edition).isoformat(), price.low,
                price.high, price.average, point.currency, point.unit,
                "yes" if point.is_tax_included else "no", point.specification, point.delivery,
            ]
            for point in points.of_guide(session, guide_id, ended=True)
            for edition, price in points.history(session, point)
        ]  # fmt: skip
    return download(sheets.write_csv(HISTORY, rows), "text/csv", f"guide-{guide_id}-prices.csv")


def day_of(edition: Edition) -> date:
    """The day of an edition's prices: the stated one, else that on which it took effect."""
    return edition.priced_on or days.of(edition.effective_from or edition.created_at)


def _named(session: orm.Session, guide_id: int, code: str) -> PricePoint:
    for point in points.of_guide(session, guide_id, ended=True):
        if point.code == code:
            return point
    raise NotFound


def _instant(edition: Edition) -> datetime:
    """Noon of the stated day, else when it took effect."""
    if edition.priced_on is not None:
        return datetime.combine(edition.priced_on, time(12), tzinfo=days.ZONE)
    return (edition.effective_from or edition.created_at).astimezone(days.ZONE)


def _changes(
    found: list[tuple[Edition, PointPrice]],
) -> list[tuple[Edition, PointPrice, Decimal | None]]:
    """Each with the change of its average against the one before."""
    before = [None, *(price.average for _, price in found)]
    return [
        (edition, price, None if last is None else price.average - last)
        for (edition, price), last in zip(found, before, strict=False)
    ]


def _implied(session: orm.Session, point: PricePoint, price: PointPrice | None) -> Any:
    """The index that is quoted for the point's metal, and the share of it that the price implies.

    Only for metals by mass or point: the other substances carry several.
    """
    if price is None:
        return None
    levels = indices.levels(session, days.of(guard.now()))
    for quote in levels.quotes.values():
        share = points.implied_share(point, price, quote.price)
        if share is not None and quote.price.basis.substance != point.basis.substance:
            return quote, share
    return None
