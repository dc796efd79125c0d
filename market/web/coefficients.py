"""A guide's coefficients as a table of rows, to read and to fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from listings.errors import N_
from listings.words import gettext
from market.web.forms import Form, NotAChoice
from pricing.bases import Substance, carried_by
from pricing.coefficients import Number
from pricing.levels import Quote
from pricing.waterfalls import LABELS as PARTS

MOST_SOURCE = 600
TABLES = ("index_of", "cell_of")
SHARE, PER_KG, PER_KWH, YEARS, FACTOR = N_("share"), "CNY/kg", "CNY/kWh", N_("years"), N_("factor")

# What each coefficient is and its unit, in the order in which they are read.
NAMES: dict[str, tuple[str, str]] = {
    "tax_rate": (N_("Value-added tax"), SHARE),
    "payable": (N_("Payable share of the index"), SHARE),
    "soh_discount": (N_("Discount on new cells by state of health"), FACTOR),
    "age_factor": (N_("Factor by age in years"), FACTOR),
    "age_unknown": (N_("Factor where the age is unknown"), FACTOR),
    "format_factor": (N_("Factor by cell format"), FACTOR),
    "spread_factor": (N_("Factor by capacity spread"), FACTOR),
    "spread_unknown": (N_("Factor where the spread is unknown"), FACTOR),
    "mass_kg_per_kwh": (N_("Pack mass where it is not known"), "kg/kWh"),
    "scrap_share": (N_("Scrap as a share of the mass"), SHARE),
    "scrap_per_kg": (N_("Price of scrap"), PER_KG),
    "loading_per_kg": (N_("Packing and loading"), PER_KG),
    "freight_per_kg_km": (N_("Dangerous-goods freight"), "CNY/(kg·km)"),
    "distance_km": (N_("Distance where it is not known"), "km"),
    "dismantling_per_kg": (N_("Dismantling"), PER_KG),
    "discharge_per_kwh": (N_("Discharge and safety test"), PER_KWH),
    "damaged_per_kg": (N_("Deduction for a damaged pack"), PER_KG),
    "test_per_kwh": (N_("Capacity and consistency test"), PER_KWH),
    "repurposing_per_kwh": (N_("Repurposing"), PER_KWH),
    "second_life_years": (N_("Length of the second life"), YEARS),
    "later_share": (N_("Share of the later recycling value"), SHARE),
    "discount_rate": (N_("Discount rate"), N_("share a year")),
    "indicative_soh": (N_("State of health assumed without a grade"), SHARE),
    "stated_range": (N_("Stated range, as a share of the metal value"), SHARE),
    "unknown_ternary_range": (N_("Added range for an unknown ternary"), SHARE),
}
WORDS = {
    "ternary": N_("Ternary"),
    "regeneration": N_("Regeneration"),
    "cascade": N_("Cascade (second life)"),
    "prismatic": N_("Prismatic"),
    "pouch": N_("Pouch"),
    "cylindrical": N_("Cylindrical"),
    "unknown": N_("Unknown"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One number: its dotted name, what it is for within its group, its value and its source."""

    name: str
    label: str
    value: float
    source: str
    earlier: float | None = None

    @property
    def text(self) -> str:
        """The number with as many places as it has."""
        return figure(self.value)

    @property
    def before(self) -> str:
        """The number that it is compared with, or nothing."""
        return "" if self.earlier is None else figure(self.earlier)

    @property
    def share(self) -> float | None:
        """The change as a part of the number before; None without one."""
        if not self.earlier or self.earlier == self.value:
            return None
        return (self.value - self.earlier) / abs(self.earlier)


@dataclass(frozen=True, slots=True)
class Group:
    """The numbers of one coefficient."""

    name: str
    label: str
    unit: str
    rows: list[Row]


def figure(value: float) -> str:
    """A number with as many places as it has."""
    return f"{value:.10g}"


def groups(coefficients: dict[str, Any], before: Mapping[str, Number] | None = None) -> list[Group]:
    """All numbers of a guide in plain form, by coefficient, in reading order; coefficients of a
    single number stand together in the last group, each with its unit. ``before`` are the numbers
    that they are compared with, by dotted name.
    """
    found, singles = [], []
    for name, (label, unit) in NAMES.items():
        rows = [_beside(row, before or {}) for row in _rows(name, coefficients[name])]
        if rows[0].name == name:
            singles += [replace(row, label=f"{row.label} ({gettext(unit)})") for row in rows]
        else:
            found.append(Group(name, gettext(label), gettext(unit), rows))
    return [*found, Group("", gettext(N_("Costs and other single figures")), "", singles)]


def label_of(name: str) -> tuple[str, str]:
    """What a number is, by its dotted name, and its unit: “Dismantling”, “CNY/kg”."""
    top, _, inner = name.partition(".")
    label, unit = (gettext(text) for text in NAMES[top])
    within = _label(top, inner)
    return (f"{label} · {within}" if inner else label), unit


def bases(coefficients: dict[str, Any]) -> list[tuple[str, str]]:
    """Which index each metal and each family's new cell is priced on."""
    metals = [(_word(name), series) for name, series in coefficients["index_of"].items()]
    cell = gettext(N_("New cell"))
    cells = [
        (f"{cell} · {_word(name)}", series) for name, series in coefficients["cell_of"].items()
    ]
    return metals + cells


@dataclass(frozen=True, slots=True)
class Choice:
    """Which series one metal, or one family's new cell, is priced on, and which it could be."""

    name: str
    label: str
    series: str
    others: list[str]


def choices(coefficients: dict[str, Any], quotes: Mapping[str, Quote]) -> list[Choice]:
    """The series of the indices by which each metal and each new cell can be priced."""
    labels = iter(bases(coefficients))
    found = []
    for table in TABLES:
        for key, series in coefficients[table].items():
            wanted = Substance.NEW_CELL if table == "cell_of" else Substance(key)
            fit = {name for name, quote in quotes.items() if _prices(quote, wanted)}
            label, _ = next(labels)
            found.append(Choice(f"{table}.{key}", label, series, sorted(fit | {series})))
    return found


def read(form: Form, coefficients: dict[str, Any], known: Sequence[Choice] = ()) -> dict[str, Any]:
    """The same coefficients with the numbers and sources of a form, and the series that it chooses
    among the known ones; its problems stay in it.

    A number that was changed under its old source takes the ``common_source`` of the form.
    """
    common = form.text("common_source", most=MOST_SOURCE)

    def leaf(name: str, found: dict[str, Any]) -> dict[str, Any]:
        given = form.decimal(name, required=True, least=Decimal(0), most=10**6)
        source = form.text(f"{name}.source", required=True, most=MOST_SOURCE)
        value = found["value"] if given is None else float(given)
        is_stale = value != found["value"] and source == found["source"]
        return {"value": value, "source": common if common and is_stale else source}

    found = {name: _replace(name, value, leaf) for name, value in coefficients.items()}
    for choice in known:
        series = form.text(choice.name) or choice.series
        if series not in choice.others:
            form.fail(NotAChoice(field=choice.name, value=series))
        table, _, key = choice.name.partition(".")
        found[table] = found[table] | {key: series}
    return found


def _prices(quote: Quote, wanted: Substance) -> bool:
    """Whether a series is a price of a substance or of a salt that carries it."""
    substance = quote.price.basis.substance
    return wanted in {substance, carried_by(substance)}


def _beside(row: Row, before: Mapping[str, Number]) -> Row:
    return replace(row, earlier=before[row.name].value) if row.name in before else row


def _replace(name: str, value: Any, leaf: Callable[[str, dict[str, Any]], Any]) -> Any:
    """Walk the plain form, naming every number as `GuideCoefficients.sources` does."""
    if isinstance(value, dict):
        if set(value) == {"value", "source"}:
            return leaf(name, value)
        return {key: _replace(f"{name}.{key}", inner, leaf) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replace_step(name, i, step, leaf) for i, step in enumerate(value)]
    return value


def _replace_step(name: str, i: int, step: Any, leaf: Callable[[str, dict[str, Any]], Any]) -> Any:
    if isinstance(step, list):
        return [step[0], _replace(f"{name}.{step[0]:g}", step[1], leaf)]
    return _replace(f"{name}.{i}", step, leaf)


def _rows(name: str, value: Any) -> Iterator[Row]:
    found: list[Row] = []

    def leaf(dotted: str, number: dict[str, Any]) -> dict[str, Any]:
        label = _label(name, dotted.removeprefix(name).removeprefix("."))
        found.append(Row(dotted, label, number["value"], number["source"]))
        return number

    _replace(name, value, leaf)
    return iter(found)


def _label(name: str, inner: str) -> str:
    """What a number is for within its coefficient: “LFP · Lithium”, “LFP · 80 %”."""
    if not inner:
        return gettext(NAMES[name][0])
    if name == "indicative_soh":
        return gettext(N_("Lower")) if inner == "0" else gettext(N_("Upper"))
    family, _, rest = inner.partition(".")
    if name in {"age_factor", "spread_factor"}:
        family, rest = "", inner
    is_share = name in {"soh_discount", "spread_factor"}
    last = f"{float(rest):.0%}" if rest and is_share else _word(rest)
    return " · ".join(part for part in (_word(family), last) if part)


def _word(name: str) -> str:
    if name in PARTS:
        return gettext(PARTS[name])
    return gettext(WORDS[name]) if name in WORDS else name
