"""[pure] How far a measured number may be off: the budget of JCGM 100:2008 (GUM), printed in full.

Components are standard uncertainties in the measure's own unit, combined in quadrature (GUM 5.1.2)
and expanded by k = 2, about 95 % (GUM 6.2, 6.3). A limit given without more, such as an accuracy
class, is half the width of a rectangle: divided by the root of 3 (GUM 4.3.7).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from listings.health.segments import Cut, Segment

COVERAGE: Final = 2
CLASS: Final = 0.0005
"""Accuracy of the tester as a share of its range where nobody states it: 0.05 %."""
RECTANGLE: Final = math.sqrt(3)
LADDER: Final = (1.0, 2.0, 5.0, 10.0)

Source = Literal["assumed", "stated"]


@dataclass(frozen=True)
class Tester:
    """Accuracy class as a share of the range, and the ranges in amperes and volts.

    ``source`` says whether the class is assumed or stated. A file does not tell the range: it is
    taken as the smallest of 1, 2, 5 times a power of ten that holds the largest reading.
    """

    accuracy: float
    amperes: float
    volts: float
    source: Source

    @property
    def ampere(self) -> float:
        """Standard uncertainty of a current [A]."""
        return self.accuracy * self.amperes / RECTANGLE

    @property
    def volt(self) -> float:
        """Standard uncertainty of a voltage [V]."""
        return self.accuracy * self.volts / RECTANGLE


OfSegment = Callable[[Segment, Tester], float]
"""Standard uncertainty that a tester leaves in the sum over a segment."""


def behind(pieces: Cut, accuracy: float | None = None) -> Tester:
    """The tester behind a recording; its class as stated, else 0.05 %, marked assumed."""
    amperes = max((float(s.amperes.max()) for s in pieces.segments), default=0.0)
    volts = max((float(s.volts.max()) for s in pieces.segments), default=0.0)
    return Tester(
        accuracy=CLASS if accuracy is None else accuracy,
        amperes=full_scale(amperes),
        volts=full_scale(volts),
        source="assumed" if accuracy is None else "stated",
    )


def full_scale(largest: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``largest`` by over 1 %."""
    if largest <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(power * step for step in LADDER if power * step >= largest * 0.99)


def expanded(budget: Mapping[str, float]) -> float:
    """k = 2 times the root of the sum of squares."""
    return COVERAGE * math.sqrt(math.fsum(part * part for part in budget.values()))


def scaled(budget: Mapping[str, float], factor: float) -> dict[str, float]:
    """The budget of a number that is ``factor`` times another."""
    return {name: part * abs(factor) for name, part in budget.items()}


def repeat(values: Sequence[float]) -> dict[str, float]:
    """``{"repeat": s / sqrt(n)}`` of independent runs (GUM 4.2.3); empty for one value."""
    count = len(values)
    if count < 2:  # noqa: PLR2004 - one value has no spread
        return {}
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return {"repeat": math.sqrt(variance / count)}


def charge(segment: Segment, by: Tester) -> float:
    """Standard uncertainty [Ah] that the tester's current leaves in a segment's ampere hours."""
    return by.ampere * segment.hours


def energy(segment: Segment, by: Tester) -> float:
    """Standard uncertainty [Wh] that current and voltage leave in a segment's watt hours."""
    if not segment.ah or not segment.wh:
        return 0.0
    amperes, volts = segment.ah / segment.hours, segment.wh / segment.ah
    return segment.wh * math.hypot(by.ampere / amperes, by.volt / volts)


def charge_step(segment: Segment) -> float:
    """Standard uncertainty [Ah] of the trapezoid sum: see ``step``."""
    return step(segment, [1.0] * segment.seconds.size)


def energy_step(segment: Segment) -> float:
    """Standard uncertainty [Wh] of the trapezoid sum: see ``step``."""
    return step(segment, segment.volts.tolist())


def step(segment: Segment, weights: Sequence[float]) -> float:
    """What the distance between rows leaves in the sum of weight x current x time.

    A third of the difference to the sum over every second row (Richardson) bounds the error of
    the trapezoid rule; as a rectangle.
    """
    seconds = segment.seconds.tolist()
    rates = [a * w for a, w in zip(segment.amperes.tolist(), weights, strict=True)]
    half = sorted({*range(0, len(seconds), 2), len(seconds) - 1})
    fine = _trapezoids(seconds, rates)
    coarse = _trapezoids([seconds[i] for i in half], [rates[i] for i in half])
    return abs(fine - coarse) / 3 / RECTANGLE


def _trapezoids(seconds: Sequence[float], rates: Sequence[float]) -> float:
    return math.fsum(
        (rates[i] + rates[i + 1]) / 2 * max(seconds[i + 1] - seconds[i], 0.0) / 3600
        for i in range(len(seconds) - 1)
    )
