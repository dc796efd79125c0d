"""[pure] How far a price usually moves: what a chart says beside a line.

A move is |log(later / earlier)| over 20 trading days, of the values that stood on both days. A
series with a year of values of its own speaks for itself; lithium salts without one are given what
lithium carbonate did from 2017 to 2024; any other gets no band.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import quantiles

from pricing.bases import Substance, carried_by

OVER = 20  # trading days that a move is told over
_CALENDAR = timedelta(days=28)  # 20 trading days, four weeks
FEWEST = 200  # moves: about ten months of working days, one of which each ends
_OLDEST = timedelta(days=14)  # a value stands for at most so long after its day
STEPS = 20  # points of the band ahead


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves over 20 trading days: the middle one and the one that nine in ten stay under, as
    |log ratio|; from ``n`` of the series itself, or None where those of another stand for it.
    """

    median: float
    nine_in_ten: float
    n: int | None

    @staticmethod
    def percent(move: float) -> float:
        """A move upwards as a fraction of the price."""
        return math.exp(move) - 1


# Lithium carbonate 2017-2024, |log ratio| over 20 trading days: median 5.2 %, nine in ten 28 %.
LITHIUM = Moves(0.052, 0.28, None)


@dataclass(frozen=True, slots=True)
class Span:
    """Between which prices a day's price is expected, half of the time and nine times in ten."""

    on: date
    inner: tuple[float, float]
    outer: tuple[float, float]


def usual(substance: Substance, points: Sequence[tuple[date, float]]) -> Moves | None:
    """What moves are usual for a series of dated prices, oldest first; None where nobody knows."""
    found = measured(points)
    if len(found) >= FEWEST:
        tenths = quantiles(found, n=10, method="inclusive")
        return Moves(tenths[4], tenths[8], len(found))
    return LITHIUM if carried_by(substance) is Substance.LI else None


def measured(points: Sequence[tuple[date, float]]) -> list[float]:
    """The move that ends at each point which has a value four weeks earlier, of at most two weeks
    more.
    """
    found, place = [], 0
    for on, price in points:
        before = on - _CALENDAR
        while place + 1 < len(points) and points[place + 1][0] <= before:
            place += 1
        since, earlier = points[place]
        if since <= before <= since + _OLDEST:
            found.append(abs(math.log(price / earlier)))
    return found


def ahead(on: date, price: float, moves: Moves) -> list[Span]:
    """The band over the 20 trading days after ``on``: it widens with the square root of time."""
    spans = []
    for step in range(STEPS + 1):
        share = math.sqrt(step / STEPS)
        spans.append(
            Span(
                on + _CALENDAR * step / STEPS,
                _around(price, moves.median * share),
                _around(price, moves.nine_in_ten * share),
            )
        )
    return spans


def behind(points: Sequence[tuple[date, float]], moves: Moves) -> list[Span]:
    """Where each price was expected from the one that stood 20 trading days before it."""
    spans = []
    for on, price in _standing(points):
        spans.append(
            Span(on + _CALENDAR, _around(price, moves.median), _around(price, moves.nine_in_ten))
        )
    last = points[-1][0] if points else date.min
    return [span for span in spans if span.on <= last]


def _standing(points: Sequence[tuple[date, float]]) -> list[tuple[date, float]]:
    """The points, and each price once more on the eve of the next, as a stair stands."""
    found: list[tuple[date, float]] = []
    for (on, price), (then, _) in pairwise(points):
        found.append((on, price))
        if then - on > timedelta(days=1):
            found.append((then - timedelta(days=1), price))
    return [*found, *points[-1:]]


def _around(price: float, move: float) -> tuple[float, float]:
    return price * math.exp(-move), price * math.exp(move)
