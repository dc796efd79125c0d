"""What valuers say a lot is worth, why, and how sure that is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from listings import db
from listings.errors import N_, DomainError, NotFound
from listings.lots import Lot, LotState
from listings.money import Money
from listings.words import gettext
from market.web import agreed, guard, pictures
from market.web.formats import money, number
from market.web.guard import public
from pricing import records, values
from pricing.guides import GuideValue
from pricing.intervals import FEWEST
from pricing.values import Explanation, RouteValue
from pricing.waterfalls import LABELS

blueprint = Blueprint("values", __name__)

OLD_FROM = 60  # trading days after which the page warns that the index levels are old
ROUTE_NAMES = {
    "cascade": N_("Cascade (second life)"),
    "regeneration": N_("Regeneration"),
}


@dataclass(frozen=True, slots=True)
class Fall:
    """One route's waterfall: picture, rows for its table (label, amount), and its totals."""

    name: str
    label: str
    is_chosen: bool
    picture: Markup
    rows: list[tuple[str, Money]]
    route: RouteValue


@dataclass(frozen=True, slots=True)
class Shown:
    """A guide value as the pages show it."""

    explained: Explanation
    line: Markup
    falls: list[Fall]
    route_label: str

    @property
    def is_old(self) -> bool:
        """Whether the levels it rests on are months old."""
        return self.explained.stale_days > OLD_FROM

    @property
    def fewest(self) -> int:
        """How many past sales it takes to measure a range."""
        return FEWEST


@blueprint.app_template_global("value_shown")
def shown(guide_value: GuideValue, price_minor: int | None = None) -> Shown:
    """Pictures and words of a guide value; ``price_minor`` is the whole lot's current price."""
    return shown_of(values.explain(guide_value), price_minor)


def shown_of(explained: Explanation, price_minor: int | None = None) -> Shown:
    """The same of a value that was taken apart already."""
    return Shown(
        explained,
        _line(explained, price_minor),
        [_fall(explained, route) for route in reversed(explained.routes)],
        gettext(ROUTE_NAMES[explained.route]),
    )


@blueprint.get("/values/lot/<int:lot_id>")
@public
def of_lot(lot_id: int) -> Any:
    """Every valuer's value of a lot with its waterfalls, inputs and what is uncertain."""
    with db.transaction() as session:
        lot = visible_lot(session.get(Lot, lot_id))
        at = guard.now()
        said = values.statements(session, lot.id, at=at)
        found = [(edition, value) for edition, value in said if isinstance(value, GuideValue)]
        silent = [(edition, value) for edition, value in said if isinstance(value, DomainError)]
        return render_template(
            "values/of_lot.html",
            lot=lot,
            found=found,
            silent=silent,
            reference=agreed.of_lot(session, lot.id, said, at=at),
        )


@blueprint.get("/values/<int:value_id>.json")
@public
def record(value_id: int) -> Any:
    """The whole record behind a kept value, from which anyone computes it again."""
    with db.transaction() as session:
        guide_value = guard.visible(session.get(GuideValue, value_id))
        visible_lot(session.get(Lot, guide_value.lot_id))
        text = json.dumps(records.of_value(session, guide_value), ensure_ascii=False, indent=2)
    return download(text, "application/json", f"guide-value-{value_id}.json")


def download(content: str | bytes, media_type: str, name: str) -> Response:
    """A text as a file to keep."""
    response = Response(content, content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def visible_lot(lot: Lot | None) -> Lot:
    """A lot that everybody may see, or one's own; `NotFound` otherwise."""
    acting = guard.acting_or_none()
    is_own = lot is not None and acting is not None and acting.organisation_id == lot.seller_id
    is_open = lot is not None and lot.state not in {LotState.DRAFT, LotState.WITHDRAWN}
    if lot is None or not (is_open or is_own):
        raise NotFound
    return lot


def amount(sum_of: Money) -> float:
    """For a picture, which is the only place where money is a float."""
    return float(sum_of.decimal)


def whole(sum_of: Money) -> str:
    """Without fen: the picture's marks stand close to one another."""
    return money(sum_of).partition(".")[0]


def _line(explained: Explanation, price_minor: int | None) -> Markup:
    chosen = explained.chosen
    price = None
    if price_minor is not None:
        at = Money(price_minor, chosen.total.currency)
        price = pictures.Mark(amount(at), gettext(N_("Price now %(price)s"), price=whole(at)))
    middle = gettext(N_("Guide value %(value)s"), value=whole(chosen.total))
    return pictures.value_line(
        pictures.Mark(amount(chosen.low), whole(chosen.low)),
        pictures.Mark(amount(chosen.total), middle),
        pictures.Mark(amount(chosen.high), whole(chosen.high)),
        price,
        title=gettext(
            N_("Guide value %(value)s, between %(low)s and %(high)s"),
            value=whole(chosen.total),
            low=whole(chosen.low),
            high=whole(chosen.high),
        ),
    )


def _fall(explained: Explanation, route: RouteValue) -> Fall:
    label = gettext(ROUTE_NAMES[route.name])
    rows = [(gettext(LABELS[part.name]), part.amount) for part in route.components]
    steps = [pictures.Step(name, amount(part), money(part)) for name, part in rows]
    total = pictures.Step(label, amount(route.total), money(route.total))
    title = gettext(
        N_("%(route)s: %(n)s parts that add up to %(total)s"),
        route=label,
        n=number(len(rows)),
        total=money(route.total),
    )
    picture = pictures.waterfall(steps, total, title=title)
    return Fall(route.name, label, route.name == explained.route, picture, rows, route)
