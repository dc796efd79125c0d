"""[pure] A recording cut into charges and discharges: cleaned rows, whole runs of one sign.

Ampere hours are the trapezoid sum of |I| dt / 3600 over the intervals inside one run, summed
(``sums.exact_sum``) so that every machine gets the same number.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from listings.health.sums import exact_sum

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]

REST_C: Final = 0.001
"""Currents up to this multiple of the rated capacity per hour are rest, not a charge."""
INVALID: Final = (65535.0, 65534.0, 6553.5, 6553.4, 65.535, 65.534)
"""Two-byte "invalid" and "abnormal" marks, as such and in tenths and thousandths (GB/T 32960)."""


@dataclass(frozen=True)
class Segment:
    """One run of rows with one sign of current within one step of the program.

    ``sign`` is +1 charging, -1 discharging. The arrays hold the run's rows: seconds, volts,
    amperes (positive), ampere hours counted from the run's first row, which is row ``first`` of
    ``Cut.columns``.
    """

    sign: int
    seconds: Floats
    volts: Floats
    amperes: Floats
    ah_so_far: Floats
    ah: float
    wh: float
    hours: float
    cycle: int | None
    temperature: float | None
    tester_ah: float | None
    largest_gap_ah: float
    first: int = 0


@dataclass(frozen=True)
class Cut:
    """Segments in time order, with what was noticed on the way (codes of ``capacity.FLAGS``).

    ``columns`` are the cleaned rows, rest included, with the sign of the current as it was turned.
    """

    segments: tuple[Segment, ...]
    flags: frozenset[str]
    columns: dict[str, Floats] = field(default_factory=dict)


def cut(frame: pl.DataFrame, rated_ah: float, *, sums: bool = False) -> Cut:
    """Cut a canonical frame into its charges and discharges.

    With ``sums`` the frame holds the first and last row of each step of a step sheet: every step
    is one segment, its ampere and watt hours are the tester's own, and the cut is flagged
    ``tester_sums``.

    Rows with a missing, infinite or invalid-marked time, voltage or current are left out and
    flagged ``invalid_rows``; an interval in which the clock jumps back counts nothing and is
    flagged ``clock_jumped_back``; where voltage falls while the file says "charging", the sign of
    every current is turned and flagged ``current_sign_turned``.
    """
    flags: set[str] = set()
    columns = _valid(frame, flags)
    if sums:
        flags.add("tester_sums")
    if bool(np.any(np.diff(columns["test_time_second"]) < 0)):
        flags.add("clock_jumped_back")
    cycles = _whole_numbers(columns.get("cycle"))
    segments = _segments(columns, cycles, rated_ah, sums=sums)
    if _is_turned(segments):
        flags.add("current_sign_turned")
        columns["current_ampere"] = -columns["current_ampere"]
        segments = _segments(columns, cycles, rated_ah, sums=sums)
    return Cut(tuple(segments), frozenset(flags), columns)


def _valid(frame: pl.DataFrame, flags: set[str]) -> dict[str, Floats]:
    columns: dict[str, Floats] = {
        name: frame[name].cast(float).to_numpy() for name in frame.columns
    }
    good = np.ones(frame.height, dtype=np.bool_)
    for name in ("test_time_second", "voltage_volt", "current_ampere"):
        good &= np.isfinite(columns[name])
    for name in ("voltage_volt", "current_ampere"):
        good &= ~np.isin(np.round(np.abs(columns[name]), 6), INVALID)
    if bool(good.all()):
        return columns
    flags.add("invalid_rows")
    return {name: values[good] for name, values in columns.items()}


def _whole_numbers(cycle: Floats | None) -> Floats | None:
    """The cycle column, or None where it does not count (one real file holds 6.283 throughout)."""
    if cycle is None or not bool(np.all(np.isfinite(cycle))):
        return None
    return cycle if bool(np.all(cycle == np.round(cycle))) else None


def _segments(
    columns: dict[str, Floats], cycles: Floats | None, rated_ah: float, *, sums: bool
) -> list[Segment]:
    current = columns["current_ampere"]
    if current.size == 0:
        return []
    signs = np.where(np.abs(current) <= REST_C * rated_ah, 0.0, np.sign(current))
    changed = np.diff(signs) != 0
    if sums:
        signs = _signs_of_steps(current, columns["step"], signs)
        changed[:] = False
    if "step" in columns:
        changed |= np.nan_to_num(np.diff(columns["step"])) != 0
    bounds = [0, *(np.flatnonzero(changed) + 1).tolist(), current.size]
    return [
        _summed(columns, segment, start, stop) if sums else segment
        for start, stop in itertools.pairwise(bounds)
        if signs[start] != 0
        for segment in (_segment(columns, cycles, start, stop, int(signs[start])),)
    ]


def _signs_of_steps(current: Floats, steps: Floats, signs: Floats) -> Floats:
    """The sign of each step's larger current: at its first or last row it may be rest."""
    turned = signs.copy()
    bounds = [0, *(np.flatnonzero(np.diff(steps) != 0) + 1).tolist(), steps.size]
    for start, stop in itertools.pairwise(bounds):
        turned[start:stop] = signs[start + int(np.argmax(np.abs(current[start:stop])))]
    return turned


def _summed(columns: dict[str, Floats], segment: Segment, start: int, stop: int) -> Segment:
    """The segment with the tester's sums in place of an integral over two rows."""
    rows = slice(start, stop)
    ah = _range(columns.get("tester_ah"), rows) or 0.0
    wh = _range(columns.get("tester_wh"), rows) or 0.0
    so_far = np.linspace(0.0, ah, segment.seconds.size)
    return replace(segment, ah=ah, wh=wh, ah_so_far=so_far, tester_ah=None, largest_gap_ah=0.0)


def _segment(
    columns: dict[str, Floats], cycles: Floats | None, start: int, stop: int, sign: int
) -> Segment:
    rows = slice(start, stop)
    seconds, volts = columns["test_time_second"][rows], columns["voltage_volt"][rows]
    amperes = np.abs(columns["current_ampere"][rows])
    steps = np.maximum(np.diff(seconds), 0.0)
    ah_steps = (amperes[:-1] + amperes[1:]) / 2 * steps / 3600
    powers = volts * amperes
    return Segment(
        sign=sign,
        seconds=seconds,
        volts=volts,
        amperes=amperes,
        ah_so_far=np.concatenate([[0.0], np.cumsum(ah_steps)]),
        ah=exact_sum(ah_steps),
        wh=exact_sum((powers[:-1] + powers[1:]) / 2 * steps / 3600),
        hours=exact_sum(steps) / 3600,
        cycle=None if cycles is None else int(cycles[start]),
        temperature=_mean(columns.get("temperature_celsius"), rows),
        tester_ah=_range(columns.get("tester_ah"), rows),
        largest_gap_ah=float(ah_steps.max(initial=0.0)),
        first=start,
    )


def _mean(column: Floats | None, rows: slice) -> float | None:
    known = _finite(column, rows)
    return exact_sum(known) / known.size if known.size else None


def _range(column: Floats | None, rows: slice) -> float | None:
    """What the tester's own counter moved in these rows, whichever way it counts."""
    known = _finite(column, rows)
    return float(known.max() - known.min()) if known.size else None


def _finite(column: Floats | None, rows: slice) -> Floats:
    if column is None:
        return np.empty(0)
    return column[rows][np.isfinite(column[rows])]


def _is_turned(segments: list[Segment]) -> bool:
    """Whether voltage, weighted by ampere hours, falls in "charges" and rises in "discharges"."""
    rise = math.fsum(s.sign * float(s.volts[-1] - s.volts[0]) * s.ah for s in segments)
    return rise < 0
