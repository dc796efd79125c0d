"""A guide's coefficients: shares, costs, discounts and ranges on an index, each with its source."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from listings.errors import N_, Refused
from listings.money import MINOR_DIGITS
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES

FAMILIES = ("ternary", "LFP", "LMO", "LCO", "LTO")
FORMATS = ("prismatic", "pouch", "cylindrical", "unknown")
ROUTES = ("regeneration", "cascade")
HIGHEST_SOH = 1.2  # cells above their rated capacity exist; twice as much is a mistaken unit


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
        _shaped(self)
        _whole(self)
        _within(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> GuideCoefficients:
        """Read what ``to_json`` wrote; refuses missing and unknown names."""
        names = {field.name for field in fields(cls)}
        for name in sorted(names ^ set(data)):
            wanted = N_("every coefficient stands exactly once")
            raise BadCoefficient(name, name=name, value=N_("missing or unknown"), wanted=wanted)
        return cls(**{name: _read_named(name, value) for name, value in data.items()})

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and floats; ``from_json`` reads it back."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    def series_behind(self, chemistries: Iterable[str]) -> set[str]:
        """The series that values of these chemistries hang on: what is paid for, and the cell."""
        families = {family_of(chemistry) for chemistry in chemistries}
        paid = {
            self.index_of[element]
            for family in families
            for element, share in self.payable[family].items()
            if share.value and element in self.index_of
        }
        return paid | {self.cell_of[family] for family in families}

    def stated_half_widths(self) -> dict[tuple[str, str], float]:
        """The half width that the guide states for every (route, chemistry), in parts of gross
        metal value.
        """
        return {
            (route, chemistry): self.stated_range[route][family_of(chemistry)].value
            + (self.unknown_ternary_range.value if chemistry == "ternary" else 0.0)
            for route in ROUTES
            for chemistry in CHEMISTRIES
        }

    def sources(self) -> Iterator[tuple[str, Number]]:
        """Every number with its dotted name, for the page that shows where they come from."""
        for field in fields(self):
            yield from _walk(field.name, getattr(self, field.name))


def family_of(chemistry: str) -> str:
    """The family whose payables and discounts a chemistry has: NMC, NCA and ternary are one."""
    return chemistry if chemistry in FAMILIES else "ternary"


def _read_named(name: str, value: Any) -> Any:
    try:
        return _read(value)
    except BadCoefficient as error:
        raise BadCoefficient(name, **(error.values | {"name": name})) from error
    except (TypeError, ValueError, LookupError) as error:
        wanted = N_("numbers with their sources, in the guide's own form")
        raise BadCoefficient(name, name=name, value=str(value)[:80], wanted=wanted) from error


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


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, Number)


def _is_grid(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(step, tuple) and math.isfinite(step[0]) and _is_number(step[1]) for step in value
    )


def _every(inner: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(inner, value.values()))


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "str": _is_word,
    "Number": _is_number,
    "Grid": _is_grid,
    "list[Number]": lambda value: isinstance(value, list) and all(map(_is_number, value)),
    "dict[str, str]": _every(_is_word),
    "dict[str, Number]": _every(_is_number),
    "dict[str, Grid]": _every(_is_grid),
    "dict[str, dict[str, Number]]": _every(_every(_is_number)),
}


def _shaped(guide: GuideCoefficients) -> None:
    """Every entry has the form that its annotation says, so that no text stands for a number."""
    for field in fields(guide):
        value = getattr(guide, field.name)
        if not _SHAPES[str(field.type)](value):
            wanted = N_("numbers with their sources, in the guide's own form")
            raise BadCoefficient(field.name, name=field.name, value=str(value)[:80], wanted=wanted)
    if len(guide.indicative_soh) != 2:  # noqa: PLR2004
        wanted = N_("a lower and an upper state of health")
        given = len(guide.indicative_soh)
        raise BadCoefficient("indicative_soh", name="indicative_soh", value=given, wanted=wanted)
    if guide.currency not in MINOR_DIGITS:
        known = ", ".join(MINOR_DIGITS)
        raise BadCoefficient("currency", name="currency", value=guide.currency, wanted=known)


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
    least, most = (bound.value for bound in guide.indicative_soh)
    if not least <= most <= HIGHEST_SOH:
        wanted = N_("a lower and an upper state of health, 1 for the rated capacity")
        given = f"{least:g}, {most:g}"
        raise BadCoefficient("indicative_soh", name="indicative_soh", value=given, wanted=wanted)
    for family, years in guide.second_life_years.items():
        if years.value != int(years.value):
            name = f"second_life_years.{family}"
            raise BadCoefficient(name, name=name, value=years.value, wanted=N_("whole years"))


assert set(FAMILIES) == {family_of(chemistry) for chemistry in CHEMISTRIES}
