"""What packs are worth by each route, for a whole column at once.

Regeneration: the metals at their index value times the payable share, and scrap, less transport,
dismantling, discharge and penalties. The state of health is not in it. Cascade: the price of new
cells times remaining energy times a discount, less costs, with the present value of recycling the
pack later. Totals come from ``kernel``, block by block; the components of a route are worked out
when somebody asks for them. Only + - * / and table look-up, in a fixed order, so that the same
inputs give the same bytes; rounding to a fen happens once, in ``waterfalls``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pricing import kernel
from pricing.coefficients import FORMATS, ROUTES, GuideCoefficients
from pricing.columns import PackColumn
from pricing.intervals import staleness
from pricing.levels import IndexLevels
from pricing.lines import Lines
from pricing.materials import Tables
from pricing.rates import Bands, Rates, rates

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.intp]
Parts = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a value must name so that anyone can compute it again."""

    guide: str = ""
    edition: str = ""
    methodology_sha256: str = ""


@dataclass(frozen=True, eq=False)
class Route:
    """One route for every pack in yuan: ``total``, and ``half_width`` of its interval. NaN where
    the route gives no value.
    """

    total: Floats
    half_width: Floats
    take_apart: Callable[[], Parts]

    @cached_property
    def low(self) -> Floats:
        """Lower bounds of the interval."""
        return self.total - self.half_width

    @cached_property
    def high(self) -> Floats:
        """Upper bounds of the interval."""
        return self.total + self.half_width

    @cached_property
    def parts(self) -> Parts:
        """Signed components, whose sum is ``total`` but for the last digits of a double;
        ``waterfalls`` rounds them to the fen that sum to it exactly.
        """
        return self.take_apart()


@dataclass(frozen=True, eq=False)
class Valuation:
    """Both routes for every pack, the better one, and where the figures come from.

    ``is_cascade``: the route is cascade. ``is_indifferent``: the intervals overlap by more than
    half of the shorter.
    """

    packs: PackColumn
    rates: Rates
    regeneration: Route
    cascade: Route
    is_cascade: Flags
    is_indifferent: Flags
    index_date: date
    provenance: Provenance = field(default_factory=Provenance)

    def __len__(self) -> int:
        return len(self.packs)

    @property
    def currency(self) -> str:
        """That of the guide."""
        return self.rates.currency

    def route(self, i: int) -> str:
        """``cascade`` or ``regeneration``, whichever is worth more for pack ``i``."""
        return ROUTES[int(self.is_cascade[i])]

    @cached_property
    def gross_metal(self) -> Floats:
        """Index value of all priced metal in each pack, before any payable share."""
        kind = kernel.kinds(self.packs)
        gross: Floats = self.packs.energy_kwh * self.rates.gross[kind]
        if not self.packs.assay_kg:
            return gross
        summed = np.zeros(len(self))
        for element, price in self.rates.price.items():
            summed = summed + kernel.kilograms(self.packs, self.rates, element, kind) * price
        return np.where(kernel.is_assayed(self.packs), summed, gross)

    @cached_property
    def indicative_low(self) -> Floats:
        """Least cascade value of a pack without a grade; NaN for the others."""
        return self._indicative(self.rates.indicative_soh[0]) - self.cascade.half_width

    @cached_property
    def indicative_high(self) -> Floats:
        """Greatest cascade value of a pack without a grade; NaN for the others."""
        return self._indicative(self.rates.indicative_soh[1]) + self.cascade.half_width

    def _indicative(self, soh: float) -> Floats:
        packs = self.packs
        supposed = replace(
            packs, soh=np.full(len(self), soh), is_graded=np.logical_not(packs.is_graded)
        )
        return kernel.totals(supposed, self.rates).cascade


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
    known = rates(guide, indices, tables, bands)
    found = kernel.totals(packs, known, staleness(stale_days))
    return Valuation(
        packs=packs,
        rates=known,
        regeneration=Route(
            found.regeneration,
            found.regeneration_half,
            lambda: _regeneration(packs, known),
        ),
        cascade=Route(
            found.cascade,
            found.cascade_half,
            lambda: _cascade(packs, known, found.regeneration),
        ),
        is_cascade=found.is_cascade,
        is_indifferent=found.is_indifferent,
        index_date=indices.on,
        provenance=provenance or Provenance(),
    )


def _mass(packs: PackColumn, rates: Rates, kind: Codes) -> Floats:
    return np.where(np.isnan(packs.mass_kg), packs.energy_kwh * rates.mass[kind], packs.mass_kg)


def _transport(packs: PackColumn, rates: Rates, mass: Floats) -> Floats:
    """Class-9 transport as a cost: loading and freight by mass and distance."""
    distance = np.where(np.isnan(packs.distance_km), rates.distance, packs.distance_km)
    cost: Floats = mass * (rates.freight * distance + rates.loading)
    return -cost


def _regeneration(packs: PackColumn, rates: Rates) -> Parts:
    kind = kernel.kinds(packs)
    mass = _mass(packs, rates, kind)
    parts = {
        element: kernel.kilograms(packs, rates, element, kind) * paid[kind]
        for element, paid in rates.paid.items()
    }
    parts["scrap"] = mass * rates.scrap
    parts["transport"] = _transport(packs, rates, mass)
    parts["dismantling"] = -(mass * rates.dismantling)
    parts["discharge_test"] = -(packs.energy_kwh * rates.discharge)
    parts["penalties"] = -(mass * rates.damaged * packs.is_damaged)
    return parts


def _cascade(packs: PackColumn, rates: Rates, regeneration: Floats) -> Parts:
    kind = kernel.kinds(packs)
    soh = np.where(packs.is_graded & ~packs.is_damaged, packs.soh, np.nan)
    row = kind * len(FORMATS) + packs.format
    age = look_up(np.fmax(packs.age_years, kernel.UNKNOWN), rates.age)
    spread = look_up(np.fmax(packs.spread, kernel.UNKNOWN), rates.spread)
    return {
        "cells": packs.energy_kwh * (look_up(soh, rates.cells, row) * soh * age * spread),
        "transport": _transport(packs, rates, _mass(packs, rates, kind)),
        "test": -(packs.energy_kwh * rates.test),
        "repurposing": -(packs.energy_kwh * rates.repurposing),
        "later_recycling": regeneration * rates.later[kind],
    }


def look_up(x: Floats, table: Lines, row: Codes | int = 0) -> Floats:
    """The table's rows at ``x``, linear between breakpoints and flat outside; NaN stays NaN."""
    at = np.searchsorted(table.breaks, x, side="right")
    at = np.where(np.isnan(x), 0, at) + np.asarray(row) * table.width
    result: Floats = table.slope[at] * x + table.intercept[at]
    return result
