"""Where retired packs will come from: the forecast as map, curve, table and csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, g, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import ImmutableMultiDict

from listings import days, db, sheets
from listings.errors import N_, DomainError
from listings.provinces import CODES, PROVINCES
from listings.words import gettext, listed, locale
from market import catalogue
from market.web import guard, outlook_pictures
from market.web.formats import number, percent, province
from market.web.forms import Form, NotAChoice
from market.web.guard import public
from market.web.values import download
from pricing import outlook, registrations
from pricing.outlook import GROUPS, Line, Outlook

blueprint = Blueprint("outlook", __name__)

FIRST, LAST = 2018, 2033
YEARS = range(FIRST, LAST + 1)
PLAN_YEARS = range(FIRST, 2024)
MOST_KG = {"car": 1500, "commercial": 8000}
FOREMOST = 3  # provinces that the first sentence names
LABELS = {
    "car_lfp": N_("LFP cars"),
    "car_ternary": N_("Ternary cars"),
    "commercial": N_("Commercial vehicles"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form supposes: lives and band in years, kg per vehicle where not by its year,
    whether vehicles registered after the table's end count as those of its last year.
    """

    year: int
    province: str = ""
    lives: Mapping[str, float] = field(default_factory=lambda: dict(outlook.LIVES))
    band: float = outlook.BAND
    kg_car: float | None = None
    kg_commercial: float | None = None
    is_carried: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One province in the year: its line, its share of the country, lots on sale there today."""

    province: str
    line: Line
    share: float
    growth: float | None
    lots: int


@dataclass(frozen=True)
class Forecasts:
    """The forecast that was asked for, and what the table alone gives."""

    shown: Outlook
    alone: Outlook

    @classmethod
    def of(cls, wanted: Wanted) -> Forecasts:
        """Both from the packaged table, by what is wanted."""
        kg = {
            "car_lfp": wanted.kg_car,
            "car_ternary": wanted.kg_car,
            "commercial": wanted.kg_commercial,
        }
        table = registrations.table().weighing(kg)
        alone = outlook.forecast(table, YEARS, wanted.lives, wanted.band)
        if not wanted.is_carried:
            return cls(alone, alone)
        longer = table.carried_to(LAST)
        return cls(outlook.forecast(longer, YEARS, wanted.lives, wanted.band), alone)


@blueprint.get("/outlook")
@public
def show() -> Any:
    """The page; a figure that cannot be read is said, and what stands by default is taken."""
    try:
        wanted = _wanted()
    except DomainError as error:
        g.refusal, g.typed = error, request.args
        wanted = Wanted(_ahead())
    found = Forecasts.of(wanted)
    with db.transaction() as reading:
        facets = catalogue.search(reading, catalogue.Search(), limit=0).facets
    rows = _rows(found.shown, wanted.year, facets.get("province", {}))
    places = [wanted.province] if wanted.province else list(found.shown.provinces)
    lines = found.shown.of(places)
    template = "_answer.html" if request.headers.get("HX-Request") else "show.html"
    return render_template(
        f"outlook/{template}",
        wanted=wanted,
        line=lines[wanted.year - FIRST],
        rows=rows,
        foremost=rows[:FOREMOST],
        lines=lines,
        alone=found.alone.of(places),
        map=_map(rows, wanted),
        curve=_curve(lines, found.alone.of(places), wanted),
        plan=_plan(found.shown),
        plan_picture=_plan_picture(found.shown),
        carried=registrations.carried(),
        first=registrations.table().first,
        last=registrations.table().last,
        parts=_parts(lines[wanted.year - FIRST]),
        **_choices(),
    )


@blueprint.get("/outlook.csv")
@public
def table() -> Any:
    """Every province and year under the same suppositions; refuses what cannot be read."""
    wanted = _wanted()
    found = Forecasts.of(wanted)
    head = ["province", "year", "tonnes", "tonnes_low", "tonnes_high", "gwh"]
    head += [f"{group}_tonnes" for group in GROUPS] + ["tonnes_from_table_alone"]
    rows: list[list[str | int | float]] = [
        [
            name,
            line.year,
            *(round(tonnes, 3) for tonnes in (line.tonnes, line.low, line.high)),
            round(line.gwh, 6),
            *(round(line.by_group[group], 3) for group in GROUPS),
            round(only.tonnes, 3),
        ]
        for name in found.shown.provinces
        for line, only in zip(found.shown.of([name]), found.alone.of([name]), strict=True)
    ]
    return download(sheets.write_csv(head, rows), "text/csv", "outlook.csv")


def _wanted() -> Wanted:
    """What is asked for; refuses what cannot be read, and lives that no vehicle lives."""
    form = Form(ImmutableMultiDict(request.args))
    lives = {group: _number(form, group, life) for group, life in outlook.LIVES.items()}
    wanted = Wanted(
        year=form.integer("year", least=FIRST, most=LAST) or _ahead(),
        province=_province(form),
        lives=lives,
        band=_number(form, "band", outlook.BAND),
        kg_car=_mass(form, "car"),
        kg_commercial=_mass(form, "commercial"),
        is_carried=form.text("later") != "none",
    )
    form.check()
    outlook.check(wanted.lives, wanted.band)
    return wanted


def _ahead() -> int:
    """The year after this one, as far as the forecast goes."""
    return min(max(days.of(guard.now()).year + 1, FIRST), LAST)


def _number(form: Form, name: str, otherwise: float) -> float:
    found = form.decimal(name, most=1000)
    return otherwise if found is None else float(found)


def _mass(form: Form, kind: str) -> float | None:
    found = form.decimal(f"kg_{kind}", least=1, most=MOST_KG[kind])
    return None if found is None else float(found)


def _province(form: Form) -> str:
    name = form.text("province", most=20)
    if name and name not in registrations.table().provinces:
        form.fail(NotAChoice(field="province", value=name))
        return ""
    return name


def _rows(found: Outlook, year: int, lots: Mapping[str, int]) -> list[Row]:
    """Provinces by what they retire in the year, the most first."""
    whole = found.of(found.provinces)[year - FIRST].tonnes
    rows = []
    for name in found.provinces:
        lines = found.of([name])
        line = lines[year - FIRST]
        before = lines[year - FIRST - 1].tonnes if year > FIRST else 0.0
        growth = line.tonnes / before - 1 if before else None
        rows.append(
            Row(name, line, line.tonnes / whole if whole else 0.0, growth, lots.get(name, 0))
        )
    return sorted(rows, key=lambda row: -row.line.tonnes)


def _parts(line: Line) -> str:
    """The shares of the groups in one line of words."""
    shares = [
        f"{gettext(LABELS[group])} {percent(line.by_group[group] / (line.tonnes or 1), 0)}"
        for group in GROUPS
    ]
    return listed(shares)


def thousands(tonnes: float) -> str:
    """Tonnes as thousands, with the fewer places the more there are."""
    amount = tonnes / 1000
    if not amount:
        return "0"
    return number(amount, 0 if amount >= 10 else 1 if amount >= 1 else 2)  # noqa: PLR2004


def _map(rows: list[Row], wanted: Wanted) -> Markup:
    is_chinese = locale().startswith("zh")
    return outlook_pictures.tile_map(
        {row.province: row.line.tonnes for row in rows},
        {name: name if is_chinese else CODES[name] for name in PROVINCES},
        title=gettext(
            N_("Thousand tonnes of packs that retire in %(year)s, by province"), year=wanted.year
        ),
        text=thousands,
        nothing="–",
        chosen=wanted.province,
    )


def _curve(lines: list[Line], alone: list[Line], wanted: Wanted) -> Markup:
    where = province(wanted.province) if wanted.province else gettext(N_("All provinces"))
    key = {"forecast": gettext(N_("Forecast")), "band": gettext(N_("Band of lives"))}
    if wanted.is_carried:
        last = registrations.table().last
        key["alone"] = gettext(N_("Vehicles registered up to %(year)s alone"), year=last)
    return outlook_pictures.curve(
        lines,
        alone,
        title=gettext(N_("What retires over the years: %(where)s"), where=where),
        y_label=gettext(N_("thousand tonnes")),
        key=key,
        amount=thousands,
        year=wanted.year,
    )


def _plan(found: Outlook) -> list[tuple[int, list[tuple[str, int, Line]], int, Line]]:
    """By year: what the plan expected and what the forecast gives, by province and in all."""
    plan = registrations.plan()
    listed = []
    for year in sorted(plan.tonnes):
        each = [
            (name, plan.tonnes[year][name], found.of([name])[year - FIRST])
            for name in plan.provinces
        ]
        listed.append((year, each, plan.total(year), found.of(plan.provinces)[year - FIRST]))
    return listed


def _plan_picture(found: Outlook) -> Markup:
    plan = registrations.plan()
    lines = found.of(plan.provinces)[: len(PLAN_YEARS)]
    return outlook_pictures.curve(
        lines,
        lines,
        title=gettext(N_("Beijing, Tianjin and Hebei: the plan of 2018 and the forecast")),
        y_label=gettext(N_("thousand tonnes")),
        key={
            "forecast": gettext(N_("Forecast")),
            "band": gettext(N_("Band of lives")),
            "plan": gettext(N_("Plan of 2018")),
        },
        amount=thousands,
        plan={year: float(plan.total(year)) for year in plan.tonnes},
    )


def _choices() -> dict[str, Any]:
    """What the form offers."""
    names = registrations.table().provinces
    return {
        "groups": [(group, gettext(LABELS[group]), life) for group, life in outlook.LIVES.items()],
        "labels": {group: gettext(label) for group, label in LABELS.items()},
        "provinces": [(name, province(name)) for name in names],
        "codes": {} if locale().startswith("zh") else CODES,
        "years_offered": [(year, year) for year in YEARS],
        "limits": (outlook.SHORTEST, outlook.LONGEST, outlook.WIDEST),
        "thousands": thousands,
    }
