"""Index values: what the guides rest on, and the operator's desk for entering them."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, render_template, request
from markupsafe import Markup

from listings import days, db
from listings.errors import N_, NotFound
from listings.money import MINOR_DIGITS
from listings.parties import Kind
from listings.words import gettext
from market.web import guard, pictures
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, public
from pricing import indices
from pricing.bases import Substance, Unit
from pricing.indices import IndexValue

blueprint = Blueprint("indices", __name__)

FEWEST_POINTS = 2  # one value makes no line


@blueprint.get("/indices")
@public
def index() -> Any:
    """The newest value of every series, and what waits for an operator."""
    with db.transaction() as session:
        rows = indices.history(session)
        return render_template(
            "indices/index.html",
            series=[(name, list(found)) for name, found in groupby(rows, lambda row: row.series)],
            held=indices.held(session) if _is_operator() else [],
            is_operator=_is_operator(),
            sparkline=_sparkline,
            level=lambda row: indices.standing(session, row.series, row.on_date),
        )


@blueprint.get("/indices/series/<path:name>")
@public
def series(name: str) -> Any:
    """Every value of one series, standing and superseded, with a picture."""
    with db.transaction() as session:
        rows = indices.history(session, name)
        past = indices.superseded(session, name)
        if not rows and not past:
            raise NotFound
        return render_template(
            "indices/series.html",
            name=name,
            rows=rows,
            past=past,
            picture=_picture(name, rows),
            is_operator=_is_operator(),
        )


@blueprint.get("/indices/new")
@guarded("operator:decide", Kind.OPERATOR)
def new() -> Any:
    """The form, with the basis of the series where one was chosen."""
    with db.transaction() as session:
        name = request.args.get("series", "")
        like = indices.standing(session, name, days.of(guard.now())) if name else None
        names = sorted({row.series for row in indices.history(session)})
    return render_template(
        "indices/new.html",
        like=like,
        name=name,
        names=names,
        today=days.of(guard.now()),
        substances=[(word.value, word.value) for word in Substance],
        units=[(word.value, word.value) for word in Unit],
        currencies=[(word, word) for word in MINOR_DIGITS],
    )


@blueprint.post("/indices/new")
@again(new)
@guarded("operator:decide", Kind.OPERATOR)
def enter() -> Any:
    """Keep a value; one that looks like a misprint is held and the person is told so."""
    form = Form(request.form)
    values: dict[str, Any] = {
        "series": form.text("series", required=True),
        "on_date": form.date("on_date", required=True),
        "value": form.decimal("value", required=True, most=Decimal(10) ** 11),
        "basis": form.text("basis", required=True),
        "unit": form.text("unit", required=True),
        "currency": form.text("currency", required=True),
        "is_tax_included": form.flag("is_tax_included"),
        "source": form.text("source", required=True),
    }
    form.check()
    with db.transaction() as session:
        row = indices.enter(session, guard.acting(), at=guard.now(), **values)
    if row.is_held:
        sentence = N_(
            "%(value)s is far from the level of %(series)s and was held. "
            "Nothing is computed from it until somebody releases it."
        )
        flash(gettext(sentence, value=row.value, series=row.series), "attention")
    else:
        flash(gettext(N_("Entered. Values are computed with it from now on.")))
    return go("indices.index")


@blueprint.post("/indices/<int:value_id>/release")
@guarded("operator:decide", Kind.OPERATOR)
def release(value_id: int) -> Any:
    """The held value is right."""
    with db.transaction() as session:
        indices.release(session, guard.acting(), value_id, at=guard.now())
    flash(gettext(N_("Released. Values are computed with it from now on.")))
    return go("indices.index")


@blueprint.post("/indices/<int:value_id>/discard")
@guarded("operator:decide", Kind.OPERATOR)
def discard(value_id: int) -> Any:
    """The held value is a misprint."""
    with db.transaction() as session:
        indices.discard(session, guard.acting(), value_id, at=guard.now())
    flash(gettext(N_("Discarded. It stays visible in the history of its series.")))
    return go("indices.index")


def _is_operator() -> bool:
    acting = guard.acting_or_none()
    return acting is not None and acting.is_any(Kind.OPERATOR)


def _points(rows: list[IndexValue]) -> list[tuple[datetime, float]]:
    """Oldest first, on the basis of the newest."""
    if len(rows) < FEWEST_POINTS:
        return []
    basis = rows[0].price.basis
    return [
        (
            datetime.combine(row.on_date, time(), tzinfo=days.ZONE),
            float(row.price.on(basis).amount),
        )
        for row in reversed(rows)
    ]


def _sparkline(rows: list[IndexValue]) -> Markup | str:
    points = _points(rows)
    if not points:
        return "–"
    title = gettext(N_("%(series)s, %(n)s values"), series=rows[0].series, n=len(points))
    return pictures.sparkline([value for _, value in points], title=title)


def _picture(name: str, rows: list[IndexValue]) -> Markup | None:
    points = _points(rows)
    if not points:
        return None
    first, last = points[0][0], points[-1][0]
    unit = f"{rows[0].currency}/{rows[0].unit}"
    return pictures.price_over_time(
        points,
        [],
        first,
        last,
        title=gettext(N_("%(series)s over time"), series=name),
        labels=(first.date().isoformat(), last.date().isoformat(), unit, ""),
    )
