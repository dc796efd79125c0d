"""The chart of an index series: its stair of levels and the band of the moves that are usual."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from market.web.drawing import LINE, Plot, Sheet, number, padded, plain, text_width, ticks
from pricing.moves import Span

Point = tuple[date, float]
FAINT, STRONG = "0.14", "0.26"


def over_time(
    points: Sequence[Point],
    behind: Sequence[Span],
    ahead: Sequence[Span],
    *,
    title: str,
    unit: str,
    keys: tuple[str, str],
) -> Markup:
    """Levels as a stair, oldest first (one is enough). ``behind`` is the band in which each level
    was expected, ``ahead`` that of the days to come; ``keys`` names the inner and the outer band.
    """
    spans = [*behind, *ahead]
    bounds = [bound for span in spans for bound in span.outer]
    y = padded([price for _, price in points] + bounds, 0.05)
    first, last = points[0][0], max([points[-1][0], *(span.on for span in spans)])
    x = (float(first.toordinal()), float(max(last.toordinal(), first.toordinal() + 1)))
    plot = Plot.framed(
        title,
        (x, (max(0.0, y[0]), y[1])),
        ("", unit),
        y_texts=[(tick, _short(tick)) for tick in ticks(max(0.0, y[0]), y[1])],
        x_texts=[(on.toordinal(), on.isoformat()) for on in _days(first, points[-1][0], last)],
        above=LINE + 4 if spans else 0.0,
    )
    if spans:
        _key(plot.sheet, keys)
    for band in (behind, ahead):
        _band(plot, band)
    _stair(plot, points)
    return plot.sheet.svg("pic-index")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else plain(value)  # noqa: PLR2004 - separators


def _days(first: date, newest: date, last: date) -> list[date]:
    """The days that stand below: the first, the newest value's and the last."""
    return sorted({first, newest, last})


def _key(sheet: Sheet, keys: tuple[str, str]) -> None:
    place = 0.0
    for words, opacity in zip(keys, (STRONG, FAINT), strict=True):
        sheet.rect(place, 4, 18, 12, "pic-usual", opacity=opacity)
        sheet.text(place + 24, 15, words, "pic-key")
        place += 24 + text_width(words) + 20


def _band(plot: Plot, spans: Sequence[Span]) -> None:
    if not spans:
        return
    for name, opacity in (("outer", FAINT), ("inner", STRONG)):
        lows = [(span.on, getattr(span, name)[0]) for span in spans]
        highs = [(span.on, getattr(span, name)[1]) for span in reversed(spans)]
        corners = "L".join(_place(plot, corner) for corner in [*lows, *highs])
        path = f"M{corners}Z"
        plot.sheet.path(path, "pic-usual", fill="currentColor", stroke="none", opacity=opacity)


def _stair(plot: Plot, points: Sequence[Point]) -> None:
    places = [(plot.x(on.toordinal()), plot.y(price)) for on, price in points]
    commands = f"M{number(places[0][0])} {number(places[0][1])}" + "".join(
        f"H{number(x)}V{number(y)}" for x, y in places[1:]
    )
    plot.sheet.path(commands, "pic-step", stroke_width="2")
    plot.sheet.dot(*places[-1], 4, "pic-bid")


def _place(plot: Plot, point: Point) -> str:
    on, price = point
    return f"{number(plot.x(on.toordinal()))} {number(plot.y(price))}"
