"""[pure] The incremental capacity curve dQ/dV of a slow charge or discharge, and its peaks.

Its peaks are the plateaus of the voltage curve; they move and shrink with ageing. It is drawn only
from currents of at most C/10: faster ones shift and smear the peaks (Dubarry and Anseán, Best
practices for incremental capacity analysis, Front. Energy Res. 10 (2022) 1023555). Slower is
better.

Smoothing: Q is read at 501 even voltages between the ends, then differentiated by a straight line
through nine of them (Savitzky and Golay, Anal. Chem. 36 (1964) 1627, first derivative).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from listings.health.segments import Floats, Segment
from listings.health.track import Track

HIGHEST_RATE: Final = 0.1 * 1.02
LEAST_SHARE: Final = 0.5
"""Of the rated capacity that the charge or discharge must move."""
LEAST_ROWS: Final = 200
STEPS: Final = 500
ARM: Final = 4
"""Grid points on either side of the one differentiated."""
LEAST_PROMINENCE: Final = 0.05
"""Of the highest peak, that a maximum must stand above its valleys."""
MOST_PEAKS: Final = 6


@dataclass(frozen=True)
class Peak:
    """A local maximum: volts and Ah/V."""

    volts: float
    ah_per_volt: float


@dataclass(frozen=True)
class IncrementalCurve:
    """dQ/dV [Ah/V], positive, at rising voltages, of one charge or discharge at ``rate_c``.

    ``window_v`` is the width of the smoothing.
    """

    charging: bool
    rate_c: float
    volts: Floats
    ah_per_volt: Floats
    window_v: float
    peaks: tuple[Peak, ...]


def curves(track: Track) -> list[IncrementalCurve]:
    """The last slow discharge and the last slow charge of a recording, as far as there are any."""
    found: dict[bool, Segment] = {}
    if track.sums:
        return []
    for segment in track.pieces.segments:
        if is_slow(segment, track.rated_ah):
            found[segment.sign > 0] = segment
    return [of(found[charging], track.rated_ah) for charging in sorted(found)]


def is_slow(segment: Segment, rated_ah: float) -> bool:
    """Whether a segment moved half the rated capacity at C/10 or slower, in 200 rows or more."""
    stop = _held(segment)
    return (
        stop >= LEAST_ROWS
        and float(np.median(segment.amperes[:stop])) <= HIGHEST_RATE * rated_ah
        and float(segment.ah_so_far[stop - 1]) >= LEAST_SHARE * rated_ah
    )


def of(segment: Segment, rated_ah: float) -> IncrementalCurve:
    """The curve of one segment, up to where its voltage is first held."""
    stop = _held(segment)
    volts, ah = segment.volts[:stop], segment.ah_so_far[:stop]
    envelope = np.maximum.accumulate(segment.sign * volts)
    steady, places = np.unique(envelope, return_index=True)
    grid = np.linspace(steady[0], steady[-1], STEPS + 1)
    charge = np.interp(grid, steady, ah[places])
    width = float(grid[1] - grid[0])
    arms = np.arange(-ARM, ARM + 1)
    slopes = sum(int(k) * charge[ARM + k : charge.size - ARM + k] for k in arms.tolist()) / (
        width * float((arms * arms).sum())
    )
    inner = segment.sign * grid[ARM:-ARM]
    order = slice(None, None, segment.sign)
    rising, heights = inner[order], np.asarray(slopes, dtype=np.float64)[order]
    return IncrementalCurve(
        charging=segment.sign > 0,
        rate_c=float(np.median(segment.amperes[:stop])) / rated_ah,
        volts=rising,
        ah_per_volt=heights,
        window_v=width * 2 * ARM,
        peaks=peaks(rising, heights),
    )


def peaks(volts: Floats, heights: Floats) -> tuple[Peak, ...]:
    """Up to six local maxima, the most prominent ones, by rising voltage."""
    inside = heights[1:-1]
    places = np.flatnonzero((inside > heights[:-2]) & (inside >= heights[2:])) + 1
    ranked = sorted(
        ((_prominence(heights, place), place) for place in places.tolist()), reverse=True
    )
    least = LEAST_PROMINENCE * float(heights.max(initial=0.0))
    kept = sorted(place for size, place in ranked[:MOST_PEAKS] if size >= least)
    return tuple(Peak(float(volts[i]), float(heights[i])) for i in kept)


def _prominence(heights: Floats, place: int) -> float:
    """How far a maximum stands above the higher of the valleys that part it from a higher one."""
    height = heights[place]
    left = np.flatnonzero(heights[:place] > height)
    right = np.flatnonzero(heights[place + 1 :] > height)
    start = int(left[-1]) if left.size else 0
    stop = place + 1 + int(right[0]) if right.size else heights.size
    return float(height - max(heights[start : place + 1].min(), heights[place:stop].min()))


def _held(segment: Segment) -> int:
    """Rows until the voltage first reaches its extreme."""
    return int(np.argmax(segment.sign * segment.volts)) + 1
