"""[pure] A made-up fleet whose true capacities are known: rows as a GB/T 32960 terminal sends them.

For tests, the bench and the demonstration. Each vehicle drives by day and charges by night; its
state of charge follows from the current and its true capacity, as seen through a gauge that is a
little wrong and counts in steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

START = datetime(2026, 1, 1)  # noqa: DTZ001 - exports name Beijing time without a zone
DRIVE_S = 6 * 3600
PAUSE_S = 600
FADE_PER_DAY = 0.0001
"""Share of its first capacity that a vehicle loses per day."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fleet:
    """How large a fleet and how it records.

    ``soh`` are the lowest and highest true states of health on the first day, ``depth`` the least
    and greatest share of its capacity that a vehicle drives off in a day; ``gauge_error`` the
    largest error of the gauge over its range and ``soc_step`` its step, both in percent of full.
    """

    vehicles: int = 5
    days: int = 40
    rated_ah: float = 200.0
    cadence_s: int = 10
    soh: tuple[float, float] = (0.70, 0.95)
    depth: tuple[float, float] = (0.3, 0.92)
    charge_c: float = 0.3
    gauge_error: float = 1.0
    soc_step: float = 1.0
    start: datetime = START
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Made:
    """The rows, and the true capacity [Ah] of each vehicle on its last day."""

    rows: pl.DataFrame
    true_ah: dict[str, float]


def vin(number: int) -> str:
    """A VIN-shaped name for a made-up vehicle, with its right check digit."""
    body = f"LZYTBGBW0F1{number:06d}"
    values = dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            [*range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)],
            strict=True,
        )
    )
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = sum(
        w * values.get(c, int(c) if c.isdigit() else 0) for w, c in zip(weights, body, strict=True)
    )
    return f"{body[:8]}{'X' if total % 11 == 10 else total % 11}{body[9:]}"  # noqa: PLR2004


def make(fleet: Fleet) -> Made:
    """The recordings of a fleet, vehicle after vehicle in the order of time.

    Columns: ``vehicle``, ``time`` (Beijing time), ``speed`` [km/h], ``soc`` [%], ``voltage`` [V],
    ``current`` [A, charging negative], ``max_temperature``, ``min_temperature`` [Celsius].
    """
    rng = np.random.default_rng(fleet.seed)
    health = np.linspace(fleet.soh[1], fleet.soh[0], fleet.vehicles)
    frames, true_ah = [], {}
    for number, soh in enumerate(health):
        name = vin(number + 1)
        for day in range(fleet.days):
            capacity = fleet.rated_ah * (soh - FADE_PER_DAY * day)
            frames.append(_day(fleet, name, day, capacity, rng))
            true_ah[name] = float(capacity)
    return Made(pl.concat(frames), true_ah)


def _day(
    fleet: Fleet, name: str, day: int, capacity: float, rng: np.random.Generator
) -> pl.DataFrame:
    used = capacity * rng.uniform(*fleet.depth)
    driving = _driving(fleet, used, rng)
    charging = _charging(fleet, used)
    rest = np.zeros(PAUSE_S // fleet.cadence_s)
    current = np.concatenate([driving, rest, charging, rest[:6]])
    second = np.arange(current.size) * fleet.cadence_s
    moved = np.concatenate([[0.0], np.cumsum((current[1:] + current[:-1]) / 2)])
    soc = 98.0 - moved * fleet.cadence_s / 3600 / capacity * 100
    warm = 15 + 10 * np.sin(day / 58) + 8 * second / second[-1]
    begins = np.datetime64(fleet.start, "ms") + np.timedelta64(day * 86400 + 7 * 3600, "s")
    return pl.DataFrame(
        {
            "vehicle": pl.Series([name]).new_from_index(0, current.size),
            "time": begins + (second * 1000).astype("timedelta64[ms]"),
            "speed": np.where(np.arange(current.size) < driving.size, 32.5, 0.0),
            "soc": _gauge(fleet, soc),
            "voltage": np.round(540 + soc * 0.6 - current * 0.1, 1),
            "current": np.round(current, 1),
            "max_temperature": np.round(warm + 3),
            "min_temperature": np.round(warm),
        }
    )


def _driving(fleet: Fleet, used: float, rng: np.random.Generator) -> Numbers:
    noise = rng.normal(1.0, 1.2, DRIVE_S // fleet.cadence_s)
    driving: Numbers = noise * (used * 3600 / fleet.cadence_s / noise.sum())
    return driving


def _charging(fleet: Fleet, used: float) -> Numbers:
    """Constant current, then a taper to a twentieth, which together give back what was used."""
    amperes = fleet.charge_c * fleet.rated_ah
    taper = amperes * np.exp(-np.arange(0, 180) / 60)
    rest = used * 3600 / fleet.cadence_s - taper.sum()
    steps = max(int(rest / amperes), 0)
    return -np.concatenate([np.full(steps, amperes), [max(rest - steps * amperes, 0.0)], taper])


def _gauge(fleet: Fleet, soc: Numbers) -> Numbers:
    shown = soc + fleet.gauge_error * np.sin(np.pi * soc / 100)
    return np.clip(np.floor(shown / fleet.soc_step) * fleet.soc_step, 0, 100)
