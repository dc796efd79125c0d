"""A value taken apart into signed amounts of money that sum to it exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from listings.errors import N_
from listings.money import MINOR_DIGITS, Money
from pricing.coefficients import ROUTES
from pricing.intervals import overlap_more_than_half
from pricing.valuation import Route, Valuation

LABELS = {
    "Li": N_("Lithium"),
    "Ni": N_("Nickel"),
    "Co": N_("Cobalt"),
    "Mn": N_("Manganese"),
    "Cu": N_("Copper"),
    "Al": N_("Aluminium"),
    "graphite": N_("Graphite"),
    "scrap": N_("Case and wiring as scrap"),
    "transport": N_("Dangerous-goods transport"),
    "dismantling": N_("Dismantling"),
    "discharge_test": N_("Discharge and safety test"),
    "penalties": N_("Deductions for damage"),
    "cells": N_("Remaining energy at the discounted price of new cells"),
    "test": N_("Capacity and consistency test"),
    "repurposing": N_("Repurposing"),
    "later_recycling": N_("Later recycling, at present value"),
}


@dataclass(frozen=True, slots=True)
class Component:
    """One signed part of a route's value; ``name`` is a key of ``LABELS``."""

    name: str
    route: str
    amount: Money


@dataclass(frozen=True, slots=True)
class LotValue:
    """Packs valued together. ``cascade`` is None unless every pack has a cascade value; ``low``
    and ``high`` add the packs' bounds (their errors move together), those of ``route``.
    ``indicative`` bounds the cascade value where grades are missing, else None.
    """

    route: str
    is_indifferent: bool
    value: Money
    low: Money
    high: Money
    regeneration: list[Component]
    cascade: list[Component] | None
    indicative: tuple[Money, Money] | None

    @property
    def components(self) -> list[Component]:
        """Those of the chosen route; they sum to ``value``."""
        return self.cascade if self.route == "cascade" and self.cascade else self.regeneration


def whole_units(parts: Sequence[float], digits: int = 2, of: float | None = None) -> list[int]:
    """Round signed parts to minor units by largest remainder, so that they sum to ``of`` rounded
    half to even; where ``of`` is not given, to the sum of the parts in their order.

    Ties go to the earlier part. Refuses NaN and infinities (``ValueError``).
    """
    whole = _summed(parts) if of is None else of
    if not all(math.isfinite(part) for part in (*parts, whole)):
        raise ValueError("NaN and infinities have no amount")
    scale = 10**digits
    units = [math.floor(part * scale) for part in parts]
    missing = round(whole * scale) - sum(units)
    remainder = sorted(range(len(parts)), key=lambda i: (units[i] - parts[i] * scale, i))
    for turn in range(abs(missing)):
        # More than one round only where floats lost a unit: amounts beyond 10^13 yuan.
        units[remainder[turn % len(parts)]] += 1 if missing > 0 else -1
    return units


def _summed(parts: Sequence[float]) -> float:
    """One after the other: `sum` compensates from Python 3.12 on."""
    total = 0.0
    for part in parts:
        total = total + part
    return total


def waterfall(valuation: Valuation, i: int, route: str | None = None) -> list[Component]:
    """The components of pack ``i`` by ``route`` (its better one by default), to the minor unit.

    They sum to ``worth(valuation, i, route)``. Parts that are exactly nothing are left out.
    Refuses a route without a value (``ValueError``).
    """
    chosen = route or valuation.route(i)
    found = _route(valuation, chosen)
    parts = {name: float(part[i]) for name, part in found.parts.items()}
    whole = float(found.total[i])
    units = whole_units(list(parts.values()), MINOR_DIGITS[valuation.currency], whole)
    return [
        Component(name, chosen, Money(unit, valuation.currency))
        for (name, part), unit in zip(parts.items(), units, strict=True)
        if part or unit
    ]


def worth(valuation: Valuation, i: int, route: str | None = None) -> Money:
    """What pack ``i`` is worth by ``route`` (its better one by default); may be negative."""
    return total(waterfall(valuation, i, route), valuation.currency)


def total(components: Sequence[Component], currency: str) -> Money:
    """The exact sum of components."""
    return sum((part.amount for part in components), Money(0, currency))


def of_lot(valuation: Valuation, rows: Sequence[int] | None = None) -> LotValue:
    """Packs ``rows`` (all by default) as one lot: components summed over the packs' own.

    Refuses a lot without packs (``ValueError``).
    """
    chosen = list(range(len(valuation))) if rows is None else list(rows)
    if not chosen:
        raise ValueError("a lot has one pack or more")
    regeneration = _added(valuation, chosen, "regeneration")
    is_cascade_known = not np.isnan(valuation.cascade.total[chosen]).any()
    cascade = _added(valuation, chosen, "cascade") if is_cascade_known else None
    sums = {"regeneration": total(regeneration, valuation.currency)}
    if cascade is not None:
        sums["cascade"] = total(cascade, valuation.currency)
    route = max(sums, key=lambda name: sums[name].minor)
    low, high = bounds(valuation, chosen, route)
    tie = overlap_more_than_half(
        *(np.array([b]) for name in ROUTES for b in _floats(valuation, chosen, name))
    )
    indicative = None if is_cascade_known else _indicative(valuation, chosen)
    return LotValue(route, bool(tie[0]), sums[route], low, high, regeneration, cascade, indicative)


def bounds(valuation: Valuation, rows: Sequence[int], name: str) -> tuple[Money, Money]:
    """Lower and upper bound of packs ``rows`` by a route, added up to the minor unit.

    Refuses packs without a value by that route (``ValueError``).
    """
    route = _route(valuation, name)
    low = sum(_units(valuation, route.low[i]) for i in rows)
    high = sum(_units(valuation, route.high[i]) for i in rows)
    return Money(low, valuation.currency), Money(high, valuation.currency)


def explain(valuation: Valuation, i: int) -> dict[str, Any]:
    """One pack's value as a document: what it is, how sure, of what parts, and from where."""
    low, high = bounds(valuation, [i], valuation.route(i))
    parts = waterfall(valuation, i)
    return {
        "value": str(total(parts, valuation.currency).decimal),
        "low": str(low.decimal),
        "high": str(high.decimal),
        "currency": valuation.currency,
        "route": valuation.route(i),
        "indifferent": bool(valuation.is_indifferent[i]),
        "components": [
            {"name": part.name, "route": part.route, "amount": str(part.amount.decimal)}
            for part in parts
        ],
        "guide": valuation.provenance.guide,
        "edition": valuation.provenance.edition,
        "methodology_sha256": valuation.provenance.methodology_sha256,
        "index_date": valuation.index_date.isoformat(),
    }


def _route(valuation: Valuation, name: str) -> Route:
    return {"regeneration": valuation.regeneration, "cascade": valuation.cascade}[name]


def _added(valuation: Valuation, rows: Sequence[int], route: str) -> list[Component]:
    sums: dict[str, int] = {}
    for i in rows:
        for part in waterfall(valuation, i, route):
            sums[part.name] = sums.get(part.name, 0) + part.amount.minor
    order = [name for name in _route(valuation, route).parts if name in sums]
    return [Component(name, route, Money(sums[name], valuation.currency)) for name in order]


def _floats(valuation: Valuation, rows: Sequence[int], name: str) -> tuple[float, float]:
    route = _route(valuation, name)
    return float(route.low[rows].sum()), float(route.high[rows].sum())


def _units(valuation: Valuation, amount: float) -> int:
    scale: int = 10 ** MINOR_DIGITS[valuation.currency]
    return round(float(amount) * scale)


def _indicative(valuation: Valuation, rows: Sequence[int]) -> tuple[Money, Money] | None:
    """Cascade bounds of the lot: graded packs with their interval, the others indicatively.

    None where a pack is damaged, which has no second life at all.
    """
    graded = ~np.isnan(valuation.cascade.total)
    lows = np.where(graded, valuation.cascade.low, valuation.indicative_low)[rows]
    highs = np.where(graded, valuation.cascade.high, valuation.indicative_high)[rows]
    if np.isnan(lows).any():
        return None
    low = sum(_units(valuation, bound) for bound in lows)
    high = sum(_units(valuation, bound) for bound in highs)
    return Money(low, valuation.currency), Money(high, valuation.currency)
