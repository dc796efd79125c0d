"""What packs are worth by each route, for a whole column at once.

Regeneration: the metals at their index value times the payable share, and scrap, less transport,
dismantling, discharge and penalties. The state of health is not in it. Cascade: the price of new
cells times remaining energy times a discount, less costs, with the present value of recycling the
pack later. Only + - * / and table look-up, in a fixed order, so that the same inputs give the same
bytes; rounding to a fen happens once, in ``waterfalls``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from pricing.coefficients import FAMILIES, FORMATS, ROUTES, Grid, GuideCoefficients, family_of
from pricing.columns import FAMILY_OF_CHEMISTRY, PackColumn
from pricing.intervals import Band, overlap_more_than_half, staleness
from pricing.levels import IndexLevels
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS, Tables, intensity

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Parts = dict[str, Floats]
Bands = Mapping[tuple[str, str], Band]  # (route, chemistry) -> band


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a value must name so that anyone can compute it again."""

    guide: str = ""
    edition: str = ""
    methodology_sha256: str = ""


@dataclass(frozen=True, eq=False)
class Route:
    """One route for every pack: signed components in yuan, which sum to ``total`` in their order;
    ``low`` and ``high`` its interval. NaN where the route gives no value.
    """

    parts: Parts
    total: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Valuation:
    """Both routes for every pack, the better one, and where the figures come from.

    ``is_cascade``: the route is cascade. ``is_indifferent``: the intervals overlap by more than
    half of the shorter. ``indicative_low`` and ``indicative_high`` bound the cascade value of a
    pack without a grade, NaN for the others.
    """

    regeneration: Route
    cascade: Route
    is_cascade: Flags
    is_indifferent: Flags
    gross_metal: Floats
    indicative_low: Floats
    indicative_high: Floats
    currency: str
    index_date: date
    provenance: Provenance = field(default_factory=Provenance)

    def __len__(self) -> int:
        return len(self.gross_metal)

    def route(self, i: int) -> str:
        """``cascade`` or ``regeneration``, whichever is worth more for pack ``i``."""
        return ROUTES[int(self.is_cascade[i])]


def value(
    packs: PackColumn,
    guide: GuideCoefficients,
    indices: IndexLevels,
    tables: Tables,
    *,
    provenance: Provenance | None = None,
    bands: Bands | None = None,
    stale_days: int = 0,
) -> Valuation:
    """Value ``packs`` by both routes, in the guide's currency, tax included.

    ``bands`` are conformal half widths by (route, chemistry); where absent the guide's own stated
    range stands. ``stale_days`` are the trading days since the edition: they widen the intervals.
    Refuses an index that is missing or on a basis that cannot be brought to the metal.
    """
    rates = _Rates(packs, guide, indices, tables)
    gross = rates.gross()
    mass = np.where(np.isnan(packs.mass_kg), packs.energy_kwh * rates.mass_per_kwh, packs.mass_kg)
    transport = _transport(packs, mass, guide)
    widen = staleness(stale_days)
    regeneration = _interval(
        _regeneration(rates, mass, transport),
        gross * (_half_widths(packs, guide, bands, "regeneration") * widen),
    )
    later = regeneration.total * rates.later
    cascade_width = gross * (_half_widths(packs, guide, bands, "cascade") * widen)
    fit = packs.is_graded & ~packs.is_damaged
    soh = np.where(fit, packs.soh, np.nan)
    cascade = _interval(_cascade(rates, soh, transport, later), cascade_width)
    indicative = [
        np.where(
            fit | packs.is_damaged,
            np.nan,
            _sum(_cascade(rates, np.full(len(packs), bound.value), transport, later)),
        )
        for bound in guide.indicative_soh
    ]
    return Valuation(
        regeneration=regeneration,
        cascade=cascade,
        is_cascade=cascade.total > regeneration.total,
        is_indifferent=overlap_more_than_half(
            regeneration.low, regeneration.high, cascade.low, cascade.high
        ),
        gross_metal=gross,
        indicative_low=indicative[0] - cascade_width,
        indicative_high=indicative[1] + cascade_width,
        currency=guide.currency,
        index_date=indices.on,
        provenance=provenance or Provenance(),
    )


class _Rates:
    """Yuan per kWh and per kg, worked out once for each chemistry and era that occurs."""

    def __init__(
        self, packs: PackColumn, guide: GuideCoefficients, indices: IndexLevels, tables: Tables
    ) -> None:
        self.packs = packs
        self.guide = guide
        tax = Decimal(str(guide.tax_rate.value))
        currency = guide.currency
        self.price = {
            element: float(indices.metal_per_kg(series, element, tax, currency))
            for element, series in guide.index_of.items()
        }
        self.family = FAMILY_OF_CHEMISTRY[packs.chemistry]
        self.kind = packs.chemistry * len(ERAS) + packs.era
        self.kg_per_kwh = np.zeros((len(ELEMENT_NAMES), len(CHEMISTRIES) * len(ERAS)))
        for kind in np.unique(self.kind).tolist():
            chemistry, era = CHEMISTRIES[kind // len(ERAS)], ERAS[kind % len(ERAS)]
            found = intensity(chemistry, era, tables).elements
            for row, element in enumerate(ELEMENT_NAMES):
                amount = found[element]
                self.kg_per_kwh[row, kind] = amount.kg if amount else 0.0
        self.payable = {
            element: np.array([_share(guide, family, element) for family in FAMILIES])
            for element in ELEMENT_NAMES
        }
        self.mass_per_kwh = self._by_family([guide.mass_kg_per_kwh[f].value for f in FAMILIES])
        self.new_cell = self._by_family(
            [
                float(indices.cell_per_kwh(guide.cell_of[family], tax, currency))
                for family in FAMILIES
            ]
        )
        self.later = self._by_family([_later_share(guide, family) for family in FAMILIES])

    def _by_family(self, figures: list[float]) -> Floats:
        column: Floats = np.array(figures, dtype=np.float64)[self.family]
        return column

    def mass(self, element: str) -> Floats:
        """Kilograms of an element in each pack: the assay where there is one, else the tables."""
        row = ELEMENT_NAMES.index(element)
        tabulated: Floats = self.packs.energy_kwh * self.kg_per_kwh[row][self.kind]
        assay = self.packs.assay_kg.get(element)
        return tabulated if assay is None else np.where(np.isnan(assay), tabulated, assay)

    def gross(self) -> Floats:
        """Index value of all priced metal in each pack, before any payable share."""
        total = np.zeros(len(self.packs))
        for element in ELEMENT_NAMES:
            if element in self.price:
                total = total + self.mass(element) * self.price[element]
        return total


def _share(guide: GuideCoefficients, family: str, element: str) -> float:
    number = guide.payable[family].get(element)
    return number.value if number and element in guide.index_of else 0.0


def _later_share(guide: GuideCoefficients, family: str) -> float:
    """What a yuan of recycling value after a second life is worth now: share / (1 + r) ^ years."""
    factor = guide.later_share.value
    for _ in range(int(guide.second_life_years[family].value)):
        factor = factor / (1 + guide.discount_rate.value)
    return factor


def _transport(packs: PackColumn, mass: Floats, guide: GuideCoefficients) -> Floats:
    """Class-9 transport as a cost: loading and freight by mass and distance."""
    distance = np.where(np.isnan(packs.distance_km), guide.distance_km.value, packs.distance_km)
    freight = mass * distance * guide.freight_per_kg_km.value
    cost: Floats = mass * guide.loading_per_kg.value + freight
    return -cost


def _regeneration(rates: _Rates, mass: Floats, transport: Floats) -> Parts:
    packs, guide = rates.packs, rates.guide
    parts = {
        element: rates.mass(element) * rates.price[element] * rates.payable[element][rates.family]
        for element in ELEMENT_NAMES
        if element in rates.price
    }
    parts["scrap"] = mass * guide.scrap_share.value * guide.scrap_per_kg.value
    parts["transport"] = transport
    parts["dismantling"] = -(mass * guide.dismantling_per_kg.value)
    parts["discharge_test"] = -(packs.energy_kwh * guide.discharge_per_kwh.value)
    parts["penalties"] = -np.where(packs.is_damaged, mass * guide.damaged_per_kg.value, 0.0)
    return parts


def _cascade(rates: _Rates, soh: Floats, transport: Floats, later: Floats) -> Parts:
    packs, guide = rates.packs, rates.guide
    discount = _discount(rates, soh)
    return {
        "cells": packs.energy_kwh * soh * rates.new_cell * discount,
        "transport": transport,
        "test": -(packs.energy_kwh * guide.test_per_kwh.value),
        "repurposing": -(packs.energy_kwh * guide.repurposing_per_kwh.value),
        "later_recycling": later,
    }


def _discount(rates: _Rates, soh: Floats) -> Floats:
    """d(chemistry, state of health, age, format, consistency): a product of look-ups."""
    packs, guide = rates.packs, rates.guide
    by_soh = np.zeros(len(packs))
    for code, family in enumerate(FAMILIES):
        rows = rates.family == code
        by_soh[rows] = look_up(soh[rows], guide.soh_discount[family])
    formats = np.array([guide.format_factor[name].value for name in FORMATS])[packs.format]
    age = _known(look_up(packs.age_years, guide.age_factor), guide.age_unknown.value)
    spread = _known(look_up(packs.spread, guide.spread_factor), guide.spread_unknown.value)
    product: Floats = by_soh * age * formats * spread
    return product


def _known(looked_up: Floats, otherwise: float) -> Floats:
    return np.where(np.isnan(looked_up), otherwise, looked_up)


def look_up(x: Floats, grid: Grid) -> Floats:
    """Linear between the grid's arguments, flat outside; NaN stays NaN."""
    at = np.array([step for step, _ in grid])
    figures = np.array([number.value for _, number in grid])
    i = np.clip(np.searchsorted(at, x, side="right") - 1, 0, len(at) - 2)
    share = np.clip((x - at[i]) / (at[i + 1] - at[i]), 0.0, 1.0)
    result: Floats = figures[i] + share * (figures[i + 1] - figures[i])
    return result


def _sum(parts: Parts) -> Floats:
    first, *rest = parts.values()
    total = first
    for part in rest:
        total = total + part
    return total


def _interval(parts: Parts, half_width: Floats) -> Route:
    total = _sum(parts)
    return Route(parts, total, total - half_width, total + half_width)


def _half_widths(
    packs: PackColumn, guide: GuideCoefficients, bands: Bands | None, route: str
) -> Floats:
    """Half width as a part of gross metal value, by chemistry."""
    widths = []
    for chemistry in CHEMISTRIES:
        width = guide.stated_range[route][family_of(chemistry)].value
        if chemistry == "ternary":
            width = width + guide.unknown_ternary_range.value
        if bands and (route, chemistry) in bands:
            width = bands[route, chemistry].half_width
        widths.append(width)
    column: Floats = np.array(widths)[packs.chemistry]
    return column
