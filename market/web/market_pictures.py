"""Pictures of the market index: each month's level as a dot on its band."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from market.web.drawing import Plot, number, padded, ticks
from market.web.formats import number as figure
from pricing.market_index import Month

FEWEST = 2  # one month makes no line


def level_by_month(months: Sequence[Month], *, title: str, unit: str) -> Markup | None:
    """Months on a line, bands as bars; a month without a level leaves a gap. None below two."""
    known = [
        (place, month.level, month.low, month.high)
        for place, month in enumerate(months)
        if month.level is not None and month.low is not None and month.high is not None
    ]
    if len(known) < FEWEST:
        return None
    y = padded([bound for _, _, low, high in known for bound in (low, high)])
    plot = Plot.framed(
        title,
        ((-0.5, len(months) - 0.5), y),
        ("", unit),
        y_texts=[(tick, figure(tick)) for tick in ticks(*y)],
        x_texts=[(float(i), f"{month.month:%Y-%m}") for i, month in enumerate(months)],
    )
    for place, _, low, high in known:
        left, right = plot.x(place - 0.18), plot.x(place + 0.18)
        plot.sheet.rect(left, plot.y(high), right - left, plot.y(low) - plot.y(high), "pic-range")
    _line(plot, [(place, level) for place, level, _, _ in known])
    return plot.sheet.svg("pic-market")


def _line(plot: Plot, levels: Sequence[tuple[int, float]]) -> None:
    """Neighbouring months are joined; over a month without a level no line is drawn."""
    last = None
    commands = ""
    for place, level in levels:
        word = "L" if last == place - 1 else "M"
        commands += f"{word}{number(plot.x(place))} {number(plot.y(level))}"
        last = place
    plot.sheet.path(commands, "pic-step", stroke_width="2")
    for place, level in levels:
        plot.sheet.dot(plot.x(place), plot.y(level), 3.5, "pic-bid")
