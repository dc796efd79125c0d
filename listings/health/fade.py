"""[pure] Loss of capacity per cycle: the median slope of Theil and Sen.

One outlier cannot pull it. Interval: Sen, J. Am. Stat. Assoc. 63 (1968) 1379, from the
ranks of the slopes, 95 %.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from listings.health.capacity import RUN_TOLERANCE, Discharge

LEAST: Final = 3
MOST: Final = 1000
"""Longer records are thinned evenly to this many points: the slopes grow with the square."""
NORMAL_95: Final = 1.96


@dataclass(frozen=True)
class Fade:
    """Ah lost per cycle (negative: gained), half the width of its 95 % interval, and the cycles."""

    ah_per_cycle: float
    half_width: float
    first: int
    last: int
    count: int


def comparable(discharges: Sequence[Discharge], rate_c: float) -> list[tuple[int, float]]:
    """(cycle, Ah) of the discharges that count and ran within 3 % of ``rate_c``.

    Where the tester's count does not rise from one to the next, the ordinal stands in.
    """
    kept = [
        (place, d)
        for place, d in enumerate(discharges, start=1)
        if d.complete and abs(d.rate_c - rate_c) <= RUN_TOLERANCE * rate_c
    ]
    cycles = [d.cycle for _, d in kept]
    rises = all(later > earlier for earlier, later in itertools.pairwise(cycles))
    return [(d.cycle if rises else place, d.ah) for place, d in kept]


def robust(points: Sequence[tuple[int, float]]) -> Fade | None:
    """The fade through (cycle, Ah); None for fewer than three points."""
    if len(points) < LEAST:
        return None
    used = _thinned(points)
    slopes = sorted(
        (used[j][1] - used[i][1]) / (used[j][0] - used[i][0])
        for i in range(len(used))
        for j in range(i + 1, len(used))
    )
    low, high = _interval(slopes, len(used))
    return Fade(
        ah_per_cycle=-statistics.median(slopes),
        half_width=(high - low) / 2,
        first=points[0][0],
        last=points[-1][0],
        count=len(points),
    )


def _interval(slopes: Sequence[float], count: int) -> tuple[float, float]:
    width = NORMAL_95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - width) / 2))
    return slopes[low], slopes[len(slopes) - 1 - low]


def _thinned(points: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    if len(points) <= MOST:
        return points
    return [points[round(i * (len(points) - 1) / (MOST - 1))] for i in range(MOST)]
