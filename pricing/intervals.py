"""How sure a value is: bands from past sales, widening with age, and when two routes tie.

Residuals are (price - value) / gross metal value, so that negative prices work. The band is split
conformal: the k-th smallest absolute residual with k = ceil((n + 1)(1 - alpha)) covers the next
one with probability 1 - alpha at least, whatever the distribution, as long as sales are
exchangeable (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World; Mondrian: a band
for each chemistry and route of its own).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from listings.errors import N_, Refused

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ALPHA = 0.10
FEWEST = 19  # with fewer sales a cell's band rests on its one or two widest misses
STALE_DAYS = 20  # trading days over which lithium carbonate moves 5.2 % in the median (2017-2024)
# A random walk over a year already spans what lithium carbonate moved in its wildest year; beyond
# that the widening says nothing more, and the page says how old the levels are.
MOST_STALE_DAYS = 250

Origin = Literal["cell", "pooled", "stated"]
Cell = TypeVar("Cell", bound=Hashable)


class GuidePastReview(Refused):
    """A guide whose review date has passed gives no value."""

    message = N_("This guide was to be reviewed by %(review_due)s and gives no value after that.")


@dataclass(frozen=True, slots=True)
class Band:
    """Half width as a part of gross metal value, from ``n`` sales of the cell, of all cells
    pooled, or as the guide states it itself.
    """

    half_width: float
    n: int
    origin: Origin


def conformal_half_width(residuals: npt.ArrayLike, alpha: float = ALPHA) -> float:
    """The k-th smallest absolute residual; infinite where n is too small for alpha."""
    scores = np.sort(np.abs(np.asarray(residuals, dtype=np.float64)))
    # Exact arithmetic: (n + 1)(1 - alpha) in floats can land just above a whole number.
    k = math.ceil((len(scores) + 1) * (1 - Fraction(str(alpha))))
    return float(scores[k - 1]) if k <= len(scores) else math.inf


def mondrian_bands(
    residuals: npt.ArrayLike,
    cells: Sequence[Cell],
    stated: dict[Cell, float],
    alpha: float = ALPHA,
) -> dict[Cell, Band]:
    """A band for every cell of ``stated``: its own with 19 sales or more, else that of all cells
    pooled, and with fewer than 19 sales in all the half width that the guide states.
    """
    every = np.asarray(residuals, dtype=np.float64)
    bands: dict[Cell, Band] = {}
    for cell, half_width in stated.items():
        own = every[[label == cell for label in cells]]
        if len(own) >= FEWEST:
            bands[cell] = Band(conformal_half_width(own, alpha), len(own), "cell")
        elif len(every) >= FEWEST:
            bands[cell] = Band(conformal_half_width(every, alpha), len(every), "pooled")
        else:
            bands[cell] = Band(half_width, len(every), "stated")
    return bands


def trading_days(since: date, until: date, holidays: Collection[date] = ()) -> int:
    """Weekdays after ``since`` up to and including ``until``, less holidays; never negative."""
    day = np.timedelta64(1, "D")
    closed = np.array(sorted(holidays), dtype="datetime64[D]")
    first, last = np.datetime64(since, "D") + day, np.datetime64(until, "D") + day
    return max(0, int(np.busday_count(first, last, holidays=closed)))


def staleness(days: int) -> float:
    """The factor by which a band widens after ``days`` trading days: sqrt(1 + days / 20)."""
    return math.sqrt(1 + max(0, days) / STALE_DAYS)


def refuse_past_review(review_due: date, on: date) -> None:
    """Refuse a guide that is past its review date on ``on``."""
    if on > review_due:
        raise GuidePastReview(review_due=review_due.isoformat())


def overlap_more_than_half(low_a: Floats, high_a: Floats, low_b: Floats, high_b: Floats) -> Flags:
    """Whether two intervals overlap by more than half of the shorter one, row by row.

    An interval of no length overlaps where it lies inside the other. NaN never overlaps.
    """
    shared = np.minimum(high_a, high_b) - np.maximum(low_a, low_b)
    shorter = np.minimum(high_a - low_a, high_b - low_b)
    inside = (shorter == 0) & (shared == 0)
    result: Flags = (shared > shorter / 2) | inside
    return result
