"""The catalogue: a form of filters, a dense table, the same as csv."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug.datastructures import ImmutableMultiDict

from listings import db, sheets
from listings.errors import DomainError
from listings.lots import Route
from listings.money import Money
from listings.pack_types import Chemistry
from listings.words import gettext
from market import catalogue
from market.auctions import PriceBasis
from market.catalogue import Search, Sort, Stage
from market.web import guard
from market.web.formats import ZONE, province, word
from market.web.forms import Form
from market.web.guard import public

blueprint = Blueprint("catalogue", __name__)

MOST_PAGES = 10_000
Member = TypeVar("Member")


@blueprint.get("/catalogue")
@public
def show() -> Any:
    """What is on sale, or was; a filter that cannot be read is said and left out."""
    wanted = _wanted()
    with db.transaction() as reading:
        results = catalogue.search(reading, wanted)
    pages = max(1, -(-results.total // catalogue.PAGE))
    return render_template(
        "catalogue/show.html",
        wanted=wanted,
        results=results,
        pages=pages,
        stages=Stage,
        sorts=Sort,
        address=_address,
        choices=_choices(results.facets),
        at=guard.now(),
    )


@blueprint.get("/catalogue.csv")
@public
def table() -> Any:
    """All lots that the same filters find, as csv."""
    with db.transaction() as reading:
        found = catalogue.search(reading, _wanted(), limit=None).found
    head = [
        "lot", "title", "route", "chemistry", "packs", "kwh", "grade", "evidence_level",
        "soh_weakest", "soh_mean", "province", "seller", "price_basis", "currency", "price",
        "has_bids", "state", "closes_at",
    ]  # fmt: skip
    rows = [
        [
            row.lot_id, row.title, row.route, row.chemistry, row.packs, row.kwh, _letter(row.grade),
            row.evidence_level, row.soh_low, row.soh_mean, row.province, row.seller_called,
            row.basis, row.currency, str(Money(row.price_minor, row.currency).decimal),
            row.has_bids, row.state, row.closes_at.isoformat(),
        ]
        for row in found
    ]  # fmt: skip
    content = sheets.write_csv(head, rows)
    disposition = 'attachment; filename="catalogue.csv"'
    return Response(content, mimetype="text/csv", headers={"Content-Disposition": disposition})


def _letter(grade: str) -> str:
    return "" if grade == catalogue.UNGRADED else grade


def _wanted() -> Search:
    form = Form(ImmutableMultiDict(request.args))
    before = form.date("closes_before")
    wanted = Search(
        text=form.text("q", most=200),
        stage=_stage(form),
        chemistry=_many(form, "chemistry", list(Chemistry)),
        grade=_many(form, "grade", [*"ABCDR", catalogue.UNGRADED]),
        province=frozenset(form.many("province")),
        route=_many(form, "route", list(Route)),
        basis=_many(form, "basis", list(PriceBasis)),
        kwh_from=form.decimal("kwh_from"),
        kwh_to=form.decimal("kwh_to"),
        soh_from=_fraction(form, "soh_from"),
        soh_to=_fraction(form, "soh_to"),
        price_from=_minor(form, "price_from"),
        price_to=_minor(form, "price_to"),
        closes_before=datetime.combine(before, datetime.min.time(), ZONE) + timedelta(days=1)
        if before
        else None,
        sort=form.choice("sort", Sort, required=False) or Sort.CLOSING,
        page=form.integer("page", least=1, most=MOST_PAGES) or 1,
    )
    try:
        form.check()
    except DomainError as error:
        g.refusal = error
        g.typed = request.args
    return wanted


def _fraction(form: Form, name: str) -> Decimal | None:
    percent = form.decimal(name, most=150)
    return None if percent is None else percent / 100


def _minor(form: Form, name: str) -> int | None:
    amount = form.money(name)
    return None if amount is None else amount.minor


def _stage(form: Form) -> Stage | None:
    value = form.text("stage")
    return None if value == "all" else (form.choice("stage", Stage, required=False) or Stage.OPEN)


def _many(form: Form, name: str, members: list[Member]) -> frozenset[Member]:
    """The choices of a facet that exist; an unknown word of an old address is left out."""
    chosen = set(form.many(name))
    return frozenset(member for member in members if str(member) in chosen)


SETS = {"chemistry": "Chemistry", "route": "Route", "basis": "PriceBasis"}


def _choices(
    facets: Mapping[str, Mapping[str, int]],
) -> dict[str, list[tuple[str, str, int]]]:
    """For each facet its values with words and counts, the most frequent first."""
    return {
        name: [
            (value, _label(name, value), count)
            for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        for name, counts in facets.items()
    }


def _label(name: str, value: str) -> str:
    if value == "mixed":
        return gettext("Mixed")
    if name == "grade" and value == catalogue.UNGRADED:
        return gettext("No grade")
    if name == "province":
        return province(value)
    return word(value, SETS[name]) if name in SETS else value


def _address(endpoint: str = "catalogue.show", **changed: object) -> str:
    """This search with something changed; None takes a field out."""
    values: dict[str, Any] = {
        name: found for name, found in request.args.lists() if any(found) and name != "page"
    }
    values |= changed
    return url_for(endpoint, **{name: value for name, value in values.items() if value is not None})
