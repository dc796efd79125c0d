"""Index values: what the guides rest on, and the operator's desk for entering them."""

from __future__ import annotations

from datetime import date
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
from market.web import guard, index_pictures, pictures
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, public
from pricing import indices, moves
from pricing.bases import Substance, Unit
from pricing.indices import IndexValue
from pricing.moves import Moves

blueprint = Blueprint("indices", __name__)

FEWEST_POINTS = 2  # one value makes no line
Series = tuple[str, list[IndexValue]]
GROUPS = {
    "": N_("Metals and salts"),
    Substance.NEW_CELL.value: N_("New cells by chemistry"),
    Substance.MONEY.value: N_("Currencies"),
}
NAMES = {
    "Li2CO3": N_("Lithium carbonate"),
    "LiOH.H2O": N_("Lithium hydroxide"),
    "Ni": N_("Nickel"),
    "Co": N_("Cobalt"),
    "NiSO4.6H2O": N_("Nickel sulphate"),
    "CoSO4.7H2O": N_("Cobalt sulphate"),
    "Cu": N_("Copper"),
    "Al": N_("Aluminium"),
    "cell LFP": N_("New LFP cell"),
    "cell ternary": N_("New ternary cell"),
    "cell LMO": N_("New LMO cell"),
    "cell LCO": N_("New LCO cell"),
    "cell LTO": N_("New LTO cell"),
}
SUBSTANCES = {
    "Li": N_("Lithium"),
    "Ni": N_("Nickel"),
    "Co": N_("Cobalt"),
    "Mn": N_("Manganese"),
    "Cu": N_("Copper"),
    "Al": N_("Aluminium"),
    "graphite": N_("Graphite"),
    "Li2CO3": N_("Lithium carbonate"),
    "LiOH.H2O": N_("Lithium hydroxide"),
    "NiSO4.6H2O": N_("Nickel sulphate"),
    "CoSO4.7H2O": N_("Cobalt sulphate"),
    "cell mass": N_("Cell mass"),
    "black mass, dry": N_("Black mass, dry"),
    "black mass, as received": N_("Black mass, as received"),
    "new cell": N_("New cell"),
    "retired pack": N_("Retired pack"),
    "money": N_("Money of another currency"),
}


@blueprint.get("/indices")
@public
def index() -> Any:
    """The newest value of every series by what it prices, and what waits for an operator."""
    with db.transaction() as session:
        rows = indices.history(session)
        series = [(name, list(found)) for name, found in groupby(rows, lambda row: row.series)]
        return render_template(
            "indices/index.html",
            groups=_groups(series),
            held=indices.held(session) if _is_operator() else [],
            is_operator=_is_operator(),
            sparkline=_sparkline,
            level=lambda row: indices.standing(session, row.series, row.on_date),
        )


@blueprint.get("/indices/series/<path:name>")
@public
def series(name: str) -> Any:
    """Every value of one series, standing and superseded, and its band of usual moves."""
    with db.transaction() as session:
        rows = indices.history(session, name)
        past = indices.superseded(session, name)
        if not rows and not past:
            raise NotFound
        points = _points(rows)
        found = moves.usual(Substance(rows[0].basis), points) if rows else None
        return render_template(
            "indices/series.html",
            name=name,
            rows=rows,
            past=past,
            moves=found,
            picture=_picture(name, rows, points, found) if rows else None,
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
        substances=[(word.value, substance(word.value)) for word in Substance],
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


def _groups(series: list[Series]) -> list[tuple[str, list[Series]]]:
    """Materials, new cells and currencies, each by name; empty groups are left out."""
    found: dict[str, list[Series]] = {title: [] for title in GROUPS.values()}
    for name, rows in series:
        found[GROUPS.get(rows[0].basis, GROUPS[""])].append((name, rows))
    return [(gettext(title), listed) for title, listed in found.items() if listed]


def _points(rows: list[IndexValue]) -> list[tuple[date, float]]:
    """Oldest first, on the basis of the newest."""
    if not rows:
        return []
    basis = rows[0].price.basis
    return [(row.on_date, float(row.price.on(basis).amount)) for row in reversed(rows)]


def _sparkline(rows: list[IndexValue]) -> Markup | str:
    points = _points(rows)
    if len(points) < FEWEST_POINTS:
        return "–"
    title = gettext(N_("%(series)s, %(n)s values"), series=rows[0].series, n=len(points))
    return pictures.sparkline([value for _, value in points], title=title)


def _picture(
    name: str, rows: list[IndexValue], points: list[tuple[date, float]], found: Moves | None
) -> Markup | None:
    """The line of a series with its band; None for a single value of which no moves are usual."""
    if len(points) < FEWEST_POINTS and found is None:
        return None
    on, price = points[-1]
    return index_pictures.over_time(
        points,
        moves.behind(points, found) if found else [],
        moves.ahead(on, price, found) if found else [],
        title=gettext(N_("%(series)s over time"), series=series_label(name)),
        unit=f"{rows[0].currency}/{rows[0].unit}",
        keys=(gettext(N_("half of all moves")), gettext(N_("nine moves in ten"))),
    )


@blueprint.app_template_filter("series_label")
def series_label(name: str) -> str:
    """The name of a well-known series in the person's language, with its own beside it."""
    known = NAMES.get(name)
    return gettext(N_("%(label)s (%(name)s)"), label=gettext(known), name=name) if known else name


@blueprint.app_template_filter("substance")
def substance(word: str) -> str:
    """What is priced, in the person's language."""
    return gettext(SUBSTANCES[word]) if word in SUBSTANCES else word


@blueprint.app_template_filter("move")
def move(log: float) -> str:
    """A move as what it adds and what it takes: ``+32% / −24%``."""
    up, down = Moves.percent(log), Moves.percent(-log)
    return f"+{up:.1%} / \N{MINUS SIGN}{-down:.1%}"
