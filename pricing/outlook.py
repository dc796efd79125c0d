"""Retirement forecast: which mass and energy of packs leaves vehicles in each province and year.

The Stanford method with a Weibull life: W_t = sum over i of S_(t-i) P_i m_(t-i), where S are the
vehicles registered i years before, m the mass of what one carried, and P_i = F(i) - F(i-1) the
share that retires at age i. Life is the assumption that matters, so it is a parameter with a band.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from listings.errors import N_, Refused

Array = NDArray[np.float64]

GROUPS = ("car_lfp", "car_ternary", "commercial")
SHAPE = 3.5  # of the Weibull distribution, for every group
# The age in years by which 63 % have retired: LFP cars, NMC523 cars, LFP commercial vehicles.
LIVES: Mapping[str, float] = {"car_lfp": 9.5, "car_ternary": 8.0, "commercial": 6.0}
BAND = 1.5  # years by which life is uncertain either way; a house assumption
SHORTEST, LONGEST = 2.0, 20.0  # lives that are taken
WIDEST = 5.0
STEP = 0.1  # years between the lives that are tried within the band
COMPLETE = 0.9  # a year is complete when what was registered later would add less than a tenth


class LifeOutOfReach(Refused):
    """A life, or the band around it, is outside of what vehicles live."""

    message = N_(
        "A life of %(life)s years with a band of %(band)s is not between %(least)s and %(most)s."
    )


def retired_by(age: float, life: float) -> float:
    """F: the share retired by ``age`` years where 63 % are gone by ``life`` years."""
    return 0.0 if age <= 0 else -math.expm1(-((age / life) ** SHAPE))


def retiring_at(age: int, life: float) -> float:
    """P: the share that retires in the year in which it becomes ``age`` years old, from 1 on."""
    return retired_by(age, life) - retired_by(age - 1, life)


@dataclass(frozen=True, slots=True)
class Registrations:
    """Vehicles by group as arrays of province x year from ``first``, and what one of a year
    carried: ``kg`` and nameplate ``kwh``, each an array over the same years.
    """

    provinces: tuple[str, ...]
    first: int
    vehicles: Mapping[str, Array]
    kg: Mapping[str, Array]
    kwh: Mapping[str, Array]

    @property
    def last(self) -> int:
        """The last year of the table."""
        return self.first + len(self.kg[GROUPS[0]]) - 1

    def weighing(self, kg: Mapping[str, float | None]) -> Registrations:
        """The same vehicles with one mass for all years of a group, where one is given."""
        given = {
            group: np.full_like(self.kg[group], mass)
            for group, mass in kg.items()
            if mass is not None
        }
        return replace(self, kg={**self.kg, **given})

    def carried_to(self, year: int) -> Registrations:
        """As if every year after the last, up to ``year``, had been like the last."""
        more = max(0, year - self.last)
        return replace(
            self,
            vehicles={
                group: np.pad(found, ((0, 0), (0, more)), mode="edge")
                for group, found in self.vehicles.items()
            },
            kg={group: np.pad(found, (0, more), mode="edge") for group, found in self.kg.items()},
            kwh={group: np.pad(found, (0, more), mode="edge") for group, found in self.kwh.items()},
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """Tonnes and GWh by group, each province x year; ``trials`` are the tonnes of all groups at
    each life of the band, trial x province x year.
    """

    provinces: tuple[str, ...]
    years: tuple[int, ...]
    tonnes: Mapping[str, Array]
    gwh: Mapping[str, Array]
    trials: Array

    def of(self, provinces: Sequence[str]) -> list[Line]:
        """The years of these provinces together. The band is that of their sum."""
        rows = [self.provinces.index(name) for name in provinces]
        trials = self.trials[:, rows, :].sum(axis=1)
        return [self._line(rows, place, trials[:, place]) for place in range(len(self.years))]

    def _line(self, rows: list[int], place: int, trials: Array) -> Line:
        by_group = {group: float(self.tonnes[group][rows, place].sum()) for group in GROUPS}
        tonnes = sum(by_group.values())
        return Line(
            self.years[place],
            tonnes,
            low=min(tonnes, float(trials.min())),
            high=max(tonnes, float(trials.max())),
            gwh=sum(float(self.gwh[group][rows, place].sum()) for group in GROUPS),
            by_group=by_group,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """What retires in one year: tonnes with their band and by group, and nameplate GWh."""

    year: int
    tonnes: float
    low: float
    high: float
    gwh: float
    by_group: Mapping[str, float]


def forecast(
    table: Registrations,
    years: Sequence[int],
    lives: Mapping[str, float] = LIVES,
    band: float = BAND,
) -> Outlook:
    """What retires in each of ``years`` from the vehicles of ``table`` and no others.

    The band is from the least to the greatest over lives `STEP` apart from ``band`` years below to
    as many above, all groups moved together: a longer life is more in one year and less in another,
    so its ends alone would not bound it. Refuses lives outside `SHORTEST` to `LONGEST`.
    """
    check(lives, band)
    tonnes = _retired(table, table.kg, years, lives, 1e3)
    gwh = _retired(table, table.kwh, years, lives, 1e6)
    trials = [
        sum(_retired(table, table.kg, years, _moved(lives, by), 1e3).values())
        for by in _within(band)
    ]
    return Outlook(table.provinces, tuple(years), tonnes, gwh, np.array(trials))


def check(lives: Mapping[str, float], band: float) -> None:
    """Refuse what no vehicle lives: below `SHORTEST` with the band, above `LONGEST`."""
    for group, life in lives.items():
        if not (0 <= band <= WIDEST and SHORTEST <= life <= LONGEST and life - band >= 1):
            raise LifeOutOfReach(
                group,
                life=f"{life:g}",
                band=f"{band:g}",
                least=f"{SHORTEST:g}",
                most=f"{LONGEST:g}",
            )


def complete_until(found: Sequence[Line], carried: Sequence[Line]) -> int | None:
    """The last year up to which registrations after the table's end would add less than a tenth;
    ``carried`` is the same forecast with the last year repeated. None where no year is.
    """
    until = None
    for line, more in zip(found, carried, strict=True):
        if more.tonnes and line.tonnes < COMPLETE * more.tonnes:
            break
        until = line.year
    return until


def _within(band: float) -> list[float]:
    """Whole steps either way, and the ends."""
    whole = [STEP * place for place in range(int(band / STEP) + 1)]
    return sorted({sign * by for by in (*whole, band) for sign in (-1, 1)})


def _moved(lives: Mapping[str, float], by: float) -> dict[str, float]:
    return {group: life + by for group, life in lives.items()}


def _retired(
    table: Registrations,
    each: Mapping[str, Array],
    years: Sequence[int],
    lives: Mapping[str, float],
    unit: float,
) -> dict[str, Array]:
    """Vehicles x what one carried x the share that retires, by group, in ``unit``."""
    return {
        group: (table.vehicles[group] * each[group]) @ _shares(table, years, lives[group]) / unit
        for group in GROUPS
    }


def _shares(table: Registrations, years: Sequence[int], life: float) -> Array:
    """P by the year of registration (rows) and that of retirement (columns)."""
    cohorts = np.arange(table.first, table.last + 1, dtype=float)
    ages = np.maximum(np.asarray(years, dtype=float)[None, :] - cohorts[:, None], 0)
    until, before = (-np.expm1(-((age / life) ** SHAPE)) for age in (ages, np.maximum(ages - 1, 0)))
    return np.asarray(until - before)
