"""Past sales that count as comparables, and those that do not: a table, its csv, and each sale."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request, url_for
from werkzeug.datastructures import ImmutableMultiDict

from listings import days, db, sheets
from listings.errors import N_, DomainError
from listings.lots import Route
from listings.money import MINOR_DIGITS
from listings.pack_types import Chemistry
from listings.parties import Kind
from listings.provinces import PROVINCES
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.formats import province, word
from market.web.forms import Form, again
from market.web.guard import guarded, public
from market.web.values import download
from pricing import comparables, sale_notices, sales_tables
from pricing.comparables import Comparable, ExclusionKind, SaleSource
from pricing.sale_notices import Notice, NoticeFormat
from pricing.sales_tables import Wanted

blueprint = Blueprint("comparables", __name__)

MOST_PAGES = 10_000
ENTERERS = (Kind.OPERATOR, Kind.VALUER)
COUNTS = {"yes": True, "no": False}
MOST_PACKS = 1_000_000
EXCLUDED = N_("Excluded. From now on the sale does not count.")
RESTORED = N_("Restored. As far as this reason goes the sale counts again.")
SEVERAL_GRADES = N_("Several grades")


@blueprint.get("/comparables")
@public
def index() -> Any:
    """The sales that the filters find; a filter that cannot be read is said and left out."""
    wanted = _wanted()
    with db.transaction() as reading:
        rows, total = sales_tables.search(reading, wanted, guard.now())
        offered = sales_tables.offered(reading)
    return render_template(
        "comparables/index.html",
        rows=rows,
        total=total,
        wanted=wanted,
        choices=_choices(offered),
        pages=max(1, -(-total // sales_tables.PAGE)),
        address=_address,
        may_enter=_is_any(*ENTERERS),
    )


@blueprint.get("/comparables.csv")
@public
def table() -> Response:
    """Every sale that the same filters find, as csv."""
    with db.transaction() as reading:
        rows, _total = sales_tables.search(reading, _wanted(), guard.now(), limit=None)
    content = sheets.write_csv(sales_tables.HEADER, map(sales_tables.cells, rows))
    return download(content, "text/csv", "comparables.csv")


@blueprint.get("/comparables/<int:sale_id>")
@public
def show(sale_id: int) -> Any:
    """One sale with its packs, and every word on whether it counts."""
    at = guard.now()
    with db.transaction() as reading:
        sale = guard.visible(reading.get(Comparable, sale_id))
        guard.visible(sale if sale.sold_at <= at else None)
        return render_template(
            "comparables/show.html",
            sale=sale,
            packs=list(sale.packs),
            words_on=comparables.exclusions(reading, [sale.id])[sale.id],
            excluded_for=sales_tables.standing_exclusions(reading, [sale.id], at)[sale.id],
            kinds=ExclusionKind,
            is_operator=_is_any(Kind.OPERATOR),
        )


@blueprint.post("/comparables/<int:sale_id>/judge")
@again(show)
@guarded("operator:decide", Kind.OPERATOR)
def judge(sale_id: int) -> Any:
    """The operator excludes a sale, or lets it count again."""
    form = Form(request.form)
    kind = form.choice("kind", ExclusionKind)
    reason = form.text("reason", required=True)
    form.check()
    is_lifted = form.text("decision") == "restore"
    with db.transaction() as session:
        sale_notices.judge(
            session,
            guard.acting(),
            sale_id,
            kind or ExclusionKind.MISTAKE,
            reason,
            is_lifted=is_lifted,
            at=guard.now(),
        )
    flash(gettext(RESTORED if is_lifted else EXCLUDED))
    return go("comparables.show", sale_id=sale_id)


@blueprint.get("/comparables/new")
@guarded("guide:write", *ENTERERS)
def new() -> Any:
    """The form for a public notice of a sale elsewhere."""
    return render_template(
        "comparables/new.html",
        routes=Route,
        chemistries=Chemistry,
        formats=NoticeFormat,
        provinces=[(name, province(name)) for name in PROVINCES],
        currencies=[(name, name) for name in MINOR_DIGITS],
        today=days.of(guard.now()),
    )


@blueprint.post("/comparables/new")
@again(new)
@guarded("guide:write", *ENTERERS)
def enter() -> Any:
    """Keep the notice."""
    notice = _notice(Form(request.form))
    with db.transaction() as session:
        kept = sale_notices.enter(session, guard.acting(), notice, at=guard.now())
        ident = kept.id
    flash(gettext(N_("Entered as a sale elsewhere.")))
    return go("comparables.show", sale_id=ident)


def _notice(form: Form) -> Notice:
    soh = form.decimal("soh", most=120)
    rate = form.decimal("tax_rate", required=True, most=100)
    currency = form.text("currency") or "CNY"
    read: dict[str, Any] = {
        "source": form.text("source", required=True, most=2000),
        "sold_on": form.date("sold_on", required=True),
        "route": form.choice("route", Route),
        "chemistry": form.choice("chemistry", Chemistry),
        "pack_count": form.integer("pack_count", required=True, least=1, most=MOST_PACKS),
        "price": form.money("price", currency=currency, required=True),
        "is_tax_included": form.flag("is_tax_included"),
        "tax_rate": (rate or Decimal(0)) / 100,
        "energy_kwh": form.decimal("energy_kwh", least=Decimal("0.001")),
        "mass_kg": form.decimal("mass_kg", least=Decimal("0.001")),
        "province": form.text("province"),
        "format": form.choice("format", NoticeFormat, required=False) or NoticeFormat.UNSAID,
        "soh": None if soh is None else soh / 100,
    }
    form.check()
    return Notice(**read)


def _wanted() -> Wanted:
    form = Form(ImmutableMultiDict(request.args))
    wanted = Wanted(
        chemistry=form.text("chemistry", most=40),
        route=form.choice("route", Route, required=False) or "",
        province=form.text("province", most=40),
        grade=form.text("grade", most=40),
        source=form.choice("source", SaleSource, required=False),
        format=form.text("format", most=40),
        sold_from=form.date("sold_from"),
        sold_to=form.date("sold_to"),
        counts=COUNTS.get(form.text("counts", most=40)),
        page=form.integer("page", least=1, most=MOST_PAGES) or 1,
    )
    try:
        form.check()
    except DomainError as error:
        g.refusal = error
        g.typed = request.args
    return wanted


def _choices(offered: dict[str, list[str]]) -> dict[str, list[tuple[str, str]]]:
    named = {
        "chemistry": chemistry_word,
        "province": province,
        "grade": grade_word,
        "format": format_word,
    }
    return {name: [(value, says(value)) for value in offered[name]] for name, says in named.items()}


@blueprint.app_template_global("sold_chemistry")
def chemistry_word(chemistry: str) -> str:
    """The chemistry of a lot, which may be several."""
    return word(chemistry, "SoldAs" if chemistry == comparables.MIXED else "Chemistry")


@blueprint.app_template_global("sold_grade")
def grade_word(letter: str) -> str:
    """The grade of a lot: a letter, several, or as is."""
    return word(letter, "SoldAs") if letter != comparables.MIXED else gettext(SEVERAL_GRADES)


@blueprint.app_template_global("sold_format")
def format_word(name: str) -> str:
    """How the price was found, here or elsewhere."""
    return word(name, "NoticeFormat" if name in set(NoticeFormat) else "Format")


def _address(endpoint: str = "comparables.index", **changes: Any) -> str:
    """This list with other filters."""
    kept = {name: value for name, value in request.args.items() if name != "page" and value}
    return url_for(endpoint, **(kept | changes))


def _is_any(*kinds: Kind) -> bool:
    acting = guard.acting_or_none()
    return acting is not None and acting.is_any(*kinds)
