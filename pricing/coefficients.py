"""A guide's coefficients: shares, costs, discounts and ranges on an index, each with its source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from listings.errors import N_, Refused
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES

FAMILIES = ("ternary", "LFP", "LMO", "LCO", "LTO")
FORMATS = ("prismatic", "pouch", "cylindrical", "unknown")
ROUTES = ("regeneration", "cascade")


class BadCoefficient(Refused):
    """A guide's coefficient is missing, unknown or outside what it can be."""

    message = N_("The coefficient “%(name)s” cannot be %(value)s: %(wanted)s.")


@dataclass(frozen=True, slots=True)
class Number:
    """A finite figure and where it comes from; a figure without a source is refused."""

    value: float
    source: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise BadCoefficient(name="value", value=self.value, wanted=N_("a finite number"))
        if not self.source.strip():
            raise BadCoefficient(name="source", value=N_("empty"), wanted=N_("where it is from"))


Grid = list[tuple[float, Number]]


@dataclass(frozen=True)
class GuideCoefficients:
    """Everything that turns index levels into yuan, tax included, in ``currency``.

    ``payable[family][element]`` is a share of the element's index value; an element without one
    is not paid for. Grids are (argument, number) pairs, ascending, linear between and flat
    outside. Costs are positive numbers and are subtracted.
    """

    currency: str
    tax_rate: Number
    index_of: dict[str, str]
    cell_of: dict[str, str]
    payable: dict[str, dict[str, Number]]
    mass_kg_per_kwh: dict[str, Number]
    scrap_share: Number
    scrap_per_kg: Number
    loading_per_kg: Number
    freight_per_kg_km: Number
    distance_km: Number
    dismantling_per_kg: Number
    discharge_per_kwh: Number
    damaged_per_kg: Number
    soh_discount: dict[str, Grid]
    age_factor: Grid
    age_unknown: Number
    format_factor: dict[str, Number]
    spread_factor: Grid
    spread_unknown: Number
    test_per_kwh: Number
    repurposing_per_kwh: Number
    second_life_years: dict[str, Number]
    later_share: Number
    discount_rate: Number
    indicative_soh: list[Number]
    stated_range: dict[str, dict[str, Number]]
    unknown_ternary_range: Number

    def __post_init__(self) -> None:
        _whole(self)
        _within(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> GuideCoefficients:
        """Read what ``to_json`` wrote; refuses missing and unknown names."""
        names = {field.name for field in fields(cls)}
        for name in sorted(names ^ set(data)):
            wanted = N_("every coefficient stands exactly once")
            raise BadCoefficient(name, name=name, value=N_("missing or unknown"), wanted=wanted)
        return cls(**{name: _read(value) for name, value in data.items()})

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and floats; ``from_json`` reads it back."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    def sources(self) -> Iterator[tuple[str, Number]]:
        """Every number with its dotted name, for the page that shows where they come from."""
        for field in fields(self):
            yield from _walk(field.name, getattr(self, field.name))


def family_of(chemistry: str) -> str:
    """The family whose payables and discounts a chemistry has: NMC, NCA and ternary are one."""
    return chemistry if chemistry in FAMILIES else "ternary"


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"value", "source"}:
            return Number(float(value["value"]), str(value["source"]))
        return {name: _read(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_read_step(inner) for inner in value]
    return value


def _read_step(step: Any) -> Any:
    return (float(step[0]), _read(step[1])) if isinstance(step, list) else _read(step)


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        return {"value": value.value, "source": value.source}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _walk(name: str, value: Any) -> Iterator[tuple[str, Number]]:
    if isinstance(value, Number):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for step in value:
            at, number = step if isinstance(step, tuple) else (value.index(step), step)
            yield from _walk(f"{name}.{at:g}", number)


def _whole(guide: GuideCoefficients) -> None:
    """Every family, format and route has its entries, and every name is a known one."""
    complete: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
        "cell_of": (guide.cell_of, FAMILIES),
        "payable": (guide.payable, FAMILIES),
        "mass_kg_per_kwh": (guide.mass_kg_per_kwh, FAMILIES),
        "soh_discount": (guide.soh_discount, FAMILIES),
        "second_life_years": (guide.second_life_years, FAMILIES),
        "format_factor": (guide.format_factor, FORMATS),
        "stated_range": (guide.stated_range, ROUTES),
        "stated_range.regeneration": (guide.stated_range.get("regeneration", {}), FAMILIES),
        "stated_range.cascade": (guide.stated_range.get("cascade", {}), FAMILIES),
    }
    for name, (table, wanted) in complete.items():
        if set(table) != set(wanted):
            given = ", ".join(sorted(table)) or N_("empty")
            raise BadCoefficient(name, name=name, value=given, wanted=", ".join(wanted))
    for family, payables in guide.payable.items():
        for element in payables:
            if element not in ELEMENT_NAMES:
                name, known = f"payable.{family}", ", ".join(ELEMENT_NAMES)
                raise BadCoefficient(name, name=name, value=element, wanted=known)


def _within(guide: GuideCoefficients) -> None:
    """Nothing is negative, grids ascend, and a second life is a whole number of years."""
    for name, number in guide.sources():
        if number.value < 0:
            raise BadCoefficient(name, name=name, value=number.value, wanted=N_("not negative"))
    grids = {"age_factor": guide.age_factor, "spread_factor": guide.spread_factor}
    grids |= {f"soh_discount.{family}": grid for family, grid in guide.soh_discount.items()}
    for name, grid in grids.items():
        at = [step for step, _ in grid]
        if len(at) < 2 or any(b <= a for a, b in pairwise(at)):  # noqa: PLR2004
            wanted = N_("two or more ascending arguments")
            raise BadCoefficient(name, name=name, value=at, wanted=wanted)
    for family, years in guide.second_life_years.items():
        if years.value != int(years.value):
            name = f"second_life_years.{family}"
            raise BadCoefficient(name, name=name, value=years.value, wanted=N_("whole years"))


assert set(FAMILIES) == {family_of(chemistry) for chemistry in CHEMISTRIES}
