"""Both routes for a column of packs, one block after another, so that a block stays in the cache.

Only + - * / , comparisons and table look-up, each as one pass of its own over a block: a compiler
that fuses a multiplication with an addition, or a library's own interpolation, would round
otherwise on another machine. A pack's bytes depend on nothing but its own facts and the rates.

For a pack of kind k, with energy E, mass m, distance l (NaN: the usual one) and payable metal R:

    regeneration = E (R_k - discharge) - m (freight l + loading + dismantling - scrap) - damage m
    cascade = E (SoH p_k(SoH) age spread - test - repurposing) - m (freight l + loading)
              + regeneration x later_k
    half width = E G_k w_k        (w: part of gross metal value, widened with age)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.coefficients import FORMATS
from pricing.columns import PackColumn
from pricing.lines import Lines
from pricing.rates import ERA_COUNT, Rates

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.intp]

BLOCK = 16_384  # packs: the dozen columns of a step stay in the caches of one core
UNKNOWN = -1.0  # facts are never negative: fmax(fact, UNKNOWN) stands for NaN without a branch


@dataclass(frozen=True, eq=False)
class Totals:
    """Yuan by each route and the half widths of their intervals; NaN where there is no cascade
    value. ``is_indifferent``: the intervals overlap by more than half of the shorter.
    """

    regeneration: Floats
    cascade: Floats
    regeneration_half: Floats
    cascade_half: Floats
    is_cascade: Flags
    is_indifferent: Flags


def totals(packs: PackColumn, rates: Rates, widen: float = 1.0) -> Totals:
    """Value every pack. ``widen`` is the factor by which the edition's age widens intervals."""
    count = len(packs)
    out = Totals(
        regeneration=np.empty(count),
        cascade=np.empty(count),
        regeneration_half=np.empty(count),
        cascade_half=np.empty(count),
        is_cascade=np.empty(count, np.bool_),
        is_indifferent=np.empty(count, np.bool_),
    )
    kernel = _Kernel(packs, rates, widen, out)
    work = _Work(min(count, BLOCK))
    for rows in blocks(count):
        if rows.stop - rows.start != len(work.kind):
            work = _Work(rows.stop - rows.start)
        kernel.fill(rows, work)
    return out


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices of at most ``size`` rows that cover ``count`` rows."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def kinds(packs: PackColumn) -> Codes:
    """The code of each pack's chemistry and design era, an index into the arrays of ``Rates``."""
    return packs.chemistry.astype(np.intp) * ERA_COUNT + packs.era


def kilograms(packs: PackColumn, rates: Rates, element: str, kind: Codes) -> Floats:
    """An element in each pack: the assay where there is one, else the tables."""
    tabulated: Floats = packs.energy_kwh * rates.kg[element][kind]
    assay = packs.assay_kg.get(element)
    return tabulated if assay is None else np.where(np.isnan(assay), tabulated, assay)


def is_assayed(packs: PackColumn) -> Flags:
    """Packs of which a laboratory measured an element at least."""
    known = [~np.isnan(measured) for measured in packs.assay_kg.values()]
    result: Flags = np.logical_or.reduce(known)
    return result


class _Work:
    """Room for the steps of one block."""

    def __init__(self, size: int) -> None:
        self.kind = np.empty(size, np.intp)
        self.row = np.empty(size, np.intp)
        self.at = np.empty(size, np.intp)
        self.code = np.empty(size, np.uint8)
        self.count = np.empty(size, np.uint8)
        self.flag = np.empty(size, np.bool_)
        self.reached = self.flag.view(np.uint8)
        self.mass, self.freight, self.cells = (np.empty(size) for _ in range(3))
        self.a, self.b, self.c = (np.empty(size) for _ in range(3))


class _Kernel:
    """The steps, in their order; ``fill`` does one block."""

    def __init__(self, packs: PackColumn, rates: Rates, widen: float, out: Totals) -> None:
        self.packs, self.rates, self.out = packs, rates, out
        self.metal = rates.metal - rates.discharge
        self.half = {name: width * widen for name, width in rates.half_width.items()}
        self.half_per_kwh = {name: rates.gross * width for name, width in self.half.items()}
        self.usual_mass = -rates.mass
        self.per_kg = rates.loading + rates.dismantling - rates.scrap
        self.per_kwh = rates.test + rates.repurposing
        self.unless_fit = np.array([0.0, np.nan])
        self.damage = np.array([0.0, rates.damaged])
        self.is_assayed = is_assayed(packs) if packs.assay_kg else None

    def fill(self, rows: slice, work: _Work) -> None:
        """Every column of ``out`` for these rows."""
        self._kinds(rows, work)
        self._carriage(rows, work)
        self._regeneration(rows, work)
        self._half_widths(rows, work)
        self._assays(rows, work)
        self._cells(rows, work)
        self._cascade(rows, work)
        self._compare(rows, work)

    def _kinds(self, rows: slice, work: _Work) -> None:
        code = work.code
        np.multiply(self.packs.chemistry[rows], ERA_COUNT, out=code)
        np.add(code, self.packs.era[rows], out=code)
        np.copyto(work.kind, code)
        np.multiply(code, len(FORMATS), out=code)
        np.add(code, self.packs.format[rows], out=code)
        np.copyto(work.row, code)
        np.multiply(work.row, self.rates.cells.width, out=work.row)

    def _carriage(self, rows: slice, work: _Work) -> None:
        """Masses, and freight in yuan per kg.

        What is known is never negative, so the greater of it and the negated estimate is itself,
        and where nothing is known it is the estimate: NaN loses. A mask would mispredict branches.
        """
        np.take(self.usual_mass, work.kind, out=work.mass, mode="wrap")
        np.multiply(work.mass, self.packs.energy_kwh[rows], out=work.mass)
        np.fmax(work.mass, self.packs.mass_kg[rows], out=work.mass)
        np.abs(work.mass, out=work.mass)
        np.fmax(self.packs.distance_km[rows], -self.rates.distance, out=work.freight)
        np.abs(work.freight, out=work.freight)
        np.multiply(work.freight, self.rates.freight, out=work.freight)

    def _regeneration(self, rows: slice, work: _Work) -> None:
        value = self.out.regeneration[rows]
        np.take(self.metal, work.kind, out=value, mode="wrap")
        np.multiply(value, self.packs.energy_kwh[rows], out=value)
        np.add(work.freight, self.per_kg, out=work.a)
        np.multiply(work.a, work.mass, out=work.a)
        np.subtract(value, work.a, out=value)
        np.copyto(work.at, self.packs.is_damaged[rows])
        np.take(self.damage, work.at, out=work.b, mode="wrap")
        np.multiply(work.b, work.mass, out=work.b)
        np.subtract(value, work.b, out=value)

    def _half_widths(self, rows: slice, work: _Work) -> None:
        energy = self.packs.energy_kwh[rows]
        for name, per_kwh in self.half_per_kwh.items():
            half: Floats = getattr(self.out, f"{name}_half")[rows]
            np.take(per_kwh, work.kind, out=half, mode="wrap")
            np.multiply(half, energy, out=half)

    def _assays(self, rows: slice, work: _Work) -> None:
        """Packs that a laboratory measured, metal by metal; ``a`` and ``b`` are still those of
        ``_regeneration``.
        """
        if self.is_assayed is None or not self.is_assayed[rows].any():
            return
        here = np.flatnonzero(self.is_assayed[rows])
        packs, kind = self.packs.take(here + rows.start), work.kind[here]
        metal, gross = np.zeros(len(here)), np.zeros(len(here))
        for element, price in self.rates.price.items():
            kg = kilograms(packs, self.rates, element, kind)
            metal = metal + kg * self.rates.paid[element][kind]
            gross = gross + kg * price
        metal = metal - packs.energy_kwh * self.rates.discharge
        self.out.regeneration[rows][here] = metal - work.a[here] - work.b[here]
        for name, half in self.half.items():
            getattr(self.out, f"{name}_half")[rows][here] = gross * half[kind]

    def _cells(self, rows: slice, work: _Work) -> None:
        """What the cells bring for each kWh of nameplate energy."""
        packs, rates = self.packs, self.rates
        soh = packs.soh[rows]
        _segments(soh, rates.cells, work)
        np.add(work.at, work.row, out=work.at)
        _along(soh, rates.cells, work, work.cells)
        np.multiply(work.cells, soh, out=work.cells)
        for facts, table in ((packs.age_years, rates.age), (packs.spread, rates.spread)):
            np.fmax(facts[rows], UNKNOWN, out=work.c)
            _segments(work.c, table, work)
            _along(work.c, table, work, work.a)
            np.multiply(work.cells, work.a, out=work.cells)

    def _cascade(self, rows: slice, work: _Work) -> None:
        value = self.out.cascade[rows]
        np.subtract(work.cells, self.per_kwh, out=value)
        np.multiply(value, self.packs.energy_kwh[rows], out=value)
        np.add(work.freight, self.rates.loading, out=work.a)
        np.multiply(work.a, work.mass, out=work.a)
        np.subtract(value, work.a, out=value)
        np.take(self.rates.later, work.kind, out=work.a, mode="wrap")
        np.multiply(work.a, self.out.regeneration[rows], out=work.a)
        np.add(value, work.a, out=value)
        np.less_equal(self.packs.is_graded[rows], self.packs.is_damaged[rows], out=work.flag)
        np.copyto(work.at, work.flag)
        np.take(self.unless_fit, work.at, out=work.a, mode="wrap")
        np.add(value, work.a, out=value)

    def _compare(self, rows: slice, work: _Work) -> None:
        """Two intervals share more than half of the shorter where their middles are less apart
        than the half width of the longer.
        """
        out = self.out
        np.greater(out.cascade[rows], out.regeneration[rows], out=out.is_cascade[rows])
        np.subtract(out.cascade[rows], out.regeneration[rows], out=work.a)
        np.abs(work.a, out=work.a)
        np.maximum(out.regeneration_half[rows], out.cascade_half[rows], out=work.b)
        np.less(work.a, work.b, out=out.is_indifferent[rows])


def _segments(x: Floats, table: Lines, work: _Work) -> None:
    """``at``: how many breakpoints each argument has reached; none for NaN."""
    work.count.fill(0)
    for point in table.breaks:
        np.greater_equal(x, point, out=work.flag)
        np.add(work.count, work.reached, out=work.count)
    np.copyto(work.at, work.count)


def _along(x: Floats, table: Lines, work: _Work, out: Floats) -> None:
    """The table's lines at ``x``; NaN stays NaN."""
    np.take(table.slope, work.at, out=out, mode="wrap")
    np.multiply(out, x, out=out)
    np.take(table.intercept, work.at, out=work.b, mode="wrap")
    np.add(out, work.b, out=out)
