"""What if an index stood elsewhere, the packs were in another state, or stood farther away?

A form that asks with GET and saves nothing. The page answers without a script; with one it answers
while a slider moves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import orm
from werkzeug.datastructures import ImmutableMultiDict

from listings import db, sight
from listings.errors import N_, DomainError, NotFound, Refused
from listings.lots import Lot
from listings.money import Money
from listings.words import gettext
from market.web import guard, pictures
from market.web.formats import money
from market.web.forms import Form
from market.web.guard import member, public
from market.web.indices import series_label
from market.web.values import ROUTE_NAMES, Shown, amount, shown_of, visible_lot, whole
from pricing import pack_values, values, what_if
from pricing.coefficients import GuideCoefficients
from pricing.guides import Edition, GuideValue
from pricing.levels import Quote
from pricing.values import Explanation, RouteValue
from pricing.waterfalls import LABELS
from pricing.what_if import MOST_KM, MOST_SOH, Supposition

blueprint = Blueprint("what_ifs", __name__)

Inputs = dict[str, Any]
Found = list[tuple[Edition, Inputs]]
SLIDE_DOWN, SLIDE_UP = Decimal("0.25"), Decimal(3)  # of the level: where a slider ends
FINE = 2  # a slider moves by a hundredth of the power of ten below the level
USUAL_SOH = Decimal(80)


@dataclass(frozen=True, slots=True)
class Knob:
    """One figure to play with: its field, the value in it, and where its slider runs (``start``
    is where it stands while the field is empty).
    """

    field: str
    label: str
    unit: str
    value: str
    hint: str
    least: Decimal
    most: Decimal
    step: Decimal
    start: str


@dataclass(frozen=True, slots=True)
class Asking:
    """The form: where it asks, by which edition, and its knobs."""

    address: str
    edition: Edition
    knobs: list[Knob]


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a route as it stands, as supposed, and the difference (None: has no value)."""

    label: str
    now: Money | None
    then: Money | None

    @property
    def change(self) -> Money | None:
        """What the supposition adds."""
        return None if self.now is None or self.then is None else self.then - self.now


@dataclass(frozen=True, slots=True)
class Compared:
    """One route as it stands and as supposed: its parts and their sum."""

    route: str
    label: str
    lines: list[Line]
    whole: Line


@dataclass(frozen=True, slots=True)
class Answer:
    """The value as it stands and as supposed, with both on one line and both routes compared."""

    now: Explanation
    then: Shown
    line: Markup
    routes: list[Compared]

    @property
    def whole(self) -> Line:
        """The better route before and after."""
        return Line("", self.now.chosen.total, self.then.explained.chosen.total)


@blueprint.get("/values/lot/<int:lot_id>/what-if")
@public
def of_lot(lot_id: int) -> Any:
    """Suppose figures for a lot."""
    with db.transaction() as session:
        lot = visible_lot(session.get(Lot, lot_id))

        def inputs(edition: Edition) -> Inputs:
            return values.inputs_of(session, edition, lot, at=guard.now())

        return _page(
            _found(session, inputs),
            url_for("what_ifs.of_lot", lot_id=lot_id),
            title=lot.title,
            back=url_for("values.of_lot", lot_id=lot_id),
        )


@blueprint.get("/packs/<int:pack_id>/value/what-if")
@member()
def of_pack(pack_id: int) -> Any:
    """Suppose figures for one pack."""
    with db.transaction() as session:
        pack = guard.visible(sight.pack(session, guard.acting(), pack_id))

        def inputs(edition: Edition) -> Inputs:
            return pack_values.of_edition(session, edition, pack, at=guard.now()).inputs

        return _page(
            _found(session, inputs),
            url_for("what_ifs.of_pack", pack_id=pack_id),
            title=pack.name,
            back=url_for("pack_values.show", pack_id=pack_id),
        )


@blueprint.app_template_global("asking_of_lot")
def asking_of_lot(guide_value: GuideValue) -> Asking:
    """The form that stands on a lot's value page."""
    address = url_for("what_ifs.of_lot", lot_id=guide_value.lot_id)
    return _asking(guide_value.edition, json.loads(guide_value.inputs), address)


@blueprint.app_template_global("asking_of_pack")
def asking_of_pack(worked: pack_values.Worked, pack_id: int) -> Asking:
    """The form that stands on a pack's value page."""
    return _asking(worked.edition, worked.inputs, url_for("what_ifs.of_pack", pack_id=pack_id))


def _found(session: orm.Session, inputs: Callable[[Edition], Inputs]) -> Found:
    """What every guide in force that gives a value rests on."""
    found: Found = []
    for edition in values.in_force(session):
        try:
            found.append((edition, inputs(edition)))
        except DomainError:
            continue
    return found


def _page(found: Found, address: str, *, title: str, back: str) -> Any:
    """The form and the answer; the answer alone for a script. `NotFound` without a guide."""
    wanted = request.args.get("edition", "")
    chosen = [row for row in found if not wanted or str(row[0].id) == wanted]
    if not chosen:
        raise NotFound
    edition, inputs = chosen[0]
    coefficients = GuideCoefficients.from_json(edition.coefficients)
    asking, answer, status = _asking(edition, inputs, address), None, 200
    try:
        answer = _answer(inputs, _supposed(asking), coefficients)
    except Refused as refusal:
        g.refusal, g.typed, status = refusal, request.args, refusal.status
    is_part = bool(request.headers.get("HX-Request"))
    page = render_template(
        "values/_supposed.html" if is_part else "values/what_if.html",
        asking=asking,
        answer=answer,
        editions=[row[0] for row in found],
        title=title,
        back=back,
    )
    return page, status


def _supposed(asking: Asking) -> Supposition:
    """What was asked: a level is asked only where it differs from the one that stands."""
    form = Form(ImmutableMultiDict(request.args))
    levels = {}
    for knob in asking.knobs:
        if knob.field.startswith("level."):
            amount_ = form.decimal(knob.field, most=10**12)
            if amount_ is not None and amount_ != Decimal(knob.value):
                levels[knob.field.removeprefix("level.")] = amount_
    soh = form.decimal("soh", least=0, most=1000)
    km = form.decimal("distance_km", least=0)
    form.check()
    return Supposition(
        levels=levels,
        soh=None if soh is None else float(soh / 100),
        distance_km=None if km is None else float(km),
    )


def _answer(inputs: Inputs, supposed: Supposition, coefficients: GuideCoefficients) -> Answer:
    now = values.explained(values.compute(inputs, coefficients), inputs)
    changed = what_if.suppose(inputs, supposed)
    then = shown_of(values.explained(values.compute(changed, coefficients), changed))
    names = [route.name for route in reversed(then.explained.routes)]
    return Answer(now, then, _line(now, then.explained), [_compared(n, now, then) for n in names])


def _line(now: Explanation, then: Explanation) -> Markup:
    chosen, before = then.chosen, now.chosen.total
    stands = gettext(N_("As it stands %(value)s"), value=whole(before))
    return pictures.value_line(
        pictures.Mark(amount(chosen.low), whole(chosen.low)),
        pictures.Mark(amount(chosen.total), whole(chosen.total)),
        pictures.Mark(amount(chosen.high), whole(chosen.high)),
        pictures.Mark(amount(before), stands),
        title=gettext(N_("What if: %(value)s"), value=whole(chosen.total)),
    )


def _compared(name: str, now: Explanation, then: Shown) -> Compared:
    before = next((route for route in now.routes if route.name == name), None)
    after = next(route for route in then.explained.routes if route.name == name)
    old, new = _parts(before), _parts(after)
    nothing = Money(0, after.total.currency)
    lines = [
        Line(
            gettext(LABELS[part]),
            None if before is None else old.get(part, nothing),
            new.get(part, nothing),
        )
        for part in LABELS
        if part in old or part in new
    ]
    total = Line(gettext(N_("Sum")), before.total if before else None, after.total)
    return Compared(name, gettext(ROUTE_NAMES[name]), lines, total)


def _parts(route: RouteValue | None) -> dict[str, Money]:
    return {part.name: part.amount for part in route.components} if route else {}


def _asking(edition: Edition, inputs: Inputs, address: str) -> Asking:
    coefficients = GuideCoefficients.from_json(edition.coefficients)
    usual = coefficients.distance_km.value
    known = [pack["facts"]["soh"] for pack in inputs["packs"] if pack["facts"]["soh"] is not None]
    mean = round(Decimal(str(sum(known) / len(known) * 100)), 1) if known else USUAL_SOH
    knobs = [_level(quote) for quote in what_if.series(inputs, coefficients)]
    knobs.append(
        Knob(
            "soh", gettext(N_("State of health of every pack")), "%", "",
            gettext(N_("Empty: as each was examined. A figure stands for one that a lab found.")),
            Decimal(40), Decimal(str(MOST_SOH)) * 100, Decimal("0.5"), f"{mean}",
        )
    )  # fmt: skip
    knobs.append(
        Knob(
            "distance_km", gettext(N_("Distance of transport")), "km", "",
            gettext(N_("Empty: %(km)s km, as the guide has it."), km=f"{usual:g}"),
            Decimal(0), Decimal(str(MOST_KM)) / 2, Decimal(10), f"{usual:g}",
        )
    )  # fmt: skip
    return Asking(address, edition, knobs)


def _level(quote: Quote) -> Knob:
    now, basis = quote.price.amount.normalize(), quote.price.basis
    step = Decimal(10) ** (math.floor(now.log10()) - FINE)
    return Knob(
        field=f"level.{quote.series}",
        label=series_label(quote.series),
        unit=f"{basis.currency}/{basis.unit}",
        value=f"{now:f}",
        hint=gettext(
            N_("Stands at %(level)s since %(day)s."), level=f"{now:,f}", day=quote.on.isoformat()
        ),
        least=(now * SLIDE_DOWN / step).to_integral_value() * step,
        most=(now * SLIDE_UP / step).to_integral_value() * step,
        step=step,
        start=f"{now:f}",
    )


@blueprint.app_template_filter("signed")
def signed(sum_of: Money | None) -> str:
    """An amount with its sign (``+¥1.00``), which no line parts; a dash for nothing."""
    if sum_of is None:
        return "–"
    return f"+\u2060{money(sum_of)}" if sum_of.minor > 0 else money(sum_of)
