"""[pure] Charge lost on the shelf, per day: from two voltages at rest, or from two capacities.

Two open-circuit voltages become states of charge by a curve V -> SOC taken from the same subject's
own slow discharge (at most C/10). That curve lies below the open-circuit voltage by current times
resistance; a constant distance cancels in the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from listings.errors import N_, Refused
from listings.health.segments import Floats, Segment
from listings.health.track import Track

SETTLE_H: Final = 6.0
"""Rest before the first voltage, in hours, so that relaxation is not read as loss."""
LEAST_DAYS: Final = 1.0


class TimeTooShort(Refused):
    """No time between two readings."""

    message = N_("The time between the two readings must be above 0 days, and %(days)s is not.")


class VoltageOutsideCurve(Refused):
    """A voltage that the slow discharge never passed."""

    message = N_("The voltage %(volts)s V lies outside the slow discharge, %(low)s to %(high)s V.")


@dataclass(frozen=True)
class Curve:
    """Voltages rising, and the state of charge 0..1 at each."""

    volts: Floats
    soc: Floats

    def at(self, volts: float) -> float:
        """State of charge at a voltage. Refuses one outside (``VoltageOutsideCurve``)."""
        low, high = float(self.volts[0]), float(self.volts[-1])
        if not low <= volts <= high:
            raise VoltageOutsideCurve(
                field="volts", volts=f"{volts:g}", low=f"{low:g}", high=f"{high:g}"
            )
        return float(np.interp(volts, self.volts, self.soc))

    def slope(self, volts: float) -> float:
        """d SOC / d V there [1/V], over 1 % of the curve's height."""
        height = float(self.volts[-1] - self.volts[0])
        low = max(float(self.volts[0]), volts - height / 200)
        high = min(float(self.volts[-1]), volts + height / 200)
        return (self.at(high) - self.at(low)) / (high - low)


@dataclass(frozen=True)
class Rest:
    """A long rest: the settled voltage, the last one, and the days between them."""

    first_v: float
    last_v: float
    days: float
    row: int


def curve(discharge: Segment) -> Curve:
    """V -> SOC of a whole slow discharge; where voltage rises for a moment, the lowest so far."""
    falling = np.minimum.accumulate(discharge.volts)
    left = 1 - discharge.ah_so_far / discharge.ah_so_far[-1]
    volts, places = np.unique(falling[::-1], return_index=True)
    return Curve(volts, left[::-1][places])


def from_voltages(first_v: float, last_v: float, days: float, curve: Curve) -> float:
    """Share of capacity lost per day. Refuses no time, and voltages outside the curve."""
    _check(days)
    return (curve.at(first_v) - curve.at(last_v)) / days


def from_capacities(before_ah: float, after_ah: float, days: float) -> float:
    """Share of ``before_ah`` lost per day when ``after_ah`` is left. Refuses no time."""
    _check(days)
    return (before_ah - after_ah) / before_ah / days


def rests(track: Track) -> list[Rest]:
    """Rests in which a day or more passed after the first six hours."""
    seconds = track.pieces.columns["test_time_second"]
    volts = track.pieces.columns["voltage_volt"]
    bounds = [0]
    for segment in track.pieces.segments:
        bounds += [segment.first, segment.first + segment.seconds.size]
    bounds.append(seconds.size)
    found: list[Rest] = []
    for start, stop in zip(bounds[::2], bounds[1::2], strict=True):
        if stop - start < 2:  # noqa: PLR2004 - a rest has two ends
            continue
        settled = start + int(
            np.searchsorted(seconds[start:stop], seconds[start] + SETTLE_H * 3600)
        )
        if settled >= stop:
            continue
        days = float(seconds[stop - 1] - seconds[settled]) / 86400
        if days >= LEAST_DAYS:
            found.append(Rest(float(volts[settled]), float(volts[stop - 1]), days, settled))
    return found


def _check(days: float) -> None:
    if not (math.isfinite(days) and days > 0):
        raise TimeTooShort(field="days", days=f"{days:g}")
