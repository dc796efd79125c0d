"""The picture of a price point: a band from low to high and the average as a line.

Pure: prices and words in, markup out. It stands beside its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from market.web.drawing import Plot, number, padded, plain, ticks
from pricing.points import PointPrice

FEWEST = 2  # one price makes no line


@dataclass(frozen=True, slots=True)
class Day:
    """The prices of one edition at an instant of its day."""

    at: datetime
    price: PointPrice


def band(found: Sequence[Day], *, title: str, unit: str) -> Markup | None:
    """Low to high as a band, averages as a line with a dot each; None for fewer than two days."""
    if len(found) < FEWEST:
        return None
    start, end = found[0].at.timestamp(), found[-1].at.timestamp()
    y = padded([float(bound) for day in found for bound in (day.price.low, day.price.high)])
    plot = Plot.framed(
        title,
        ((0.0, max(end - start, 1.0)), y),
        ("", unit),
        y_texts=[(tick, plain(tick)) for tick in ticks(*y)],
        x_texts=[(0.0, f"{found[0].at:%Y-%m-%d}"), (end - start, f"{found[-1].at:%Y-%m-%d}")],
    )

    def places(name: str) -> list[tuple[float, float]]:
        return [
            (plot.x(day.at.timestamp() - start), plot.y(float(getattr(day.price, name))))
            for day in found
        ]

    round_it = [*places("high"), *reversed(places("low"))]
    plot.sheet.path(f"{_line(round_it)}Z", "pic-range", fill="currentColor", opacity="0.5")
    plot.sheet.path(_line(places("average")), "pic-curve", stroke_width="2")
    for x, top in places("average"):
        plot.sheet.dot(x, top, 3, "pic-bid")
    return plot.sheet.svg("pic-price")


def _line(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in places)
