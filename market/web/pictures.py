"""The pictures of the pages, drawn on the server as SVG. Each stands beside its table.

Functions are pure: data and labels (already translated and formatted) in, markup out. Pictures
scale by their viewBox from 320 to 900 px; meaning is never in colour alone.

Classes for the stylesheet, beside ``pic`` and one of ``pic-capacity``, ``pic-voltage``,
``pic-incremental``, ``pic-histogram``, ``pic-valueline``, ``pic-waterfall``, ``pic-price`` and
``pic-sparkline`` on the svg element: pic-text pic-axis pic-tick pic-key pic-grid pic-base pic-kept
pic-rejected pic-rated pic-curve pic-bar pic-band pic-band-alt pic-band-name pic-range pic-value
pic-now pic-up pic-down pic-total pic-zero pic-step pic-bid pic-extension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from market.web.drawing import (
    LINE,
    WIDTH,
    Plot,
    Scale,
    Sheet,
    number,
    padded,
    plain,
    text_width,
    ticks,
)

Format = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Discharge:
    """One discharge: cycle number, Ah, and whether it was kept for the finding."""

    cycle: int
    ah: float
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One signed part of a waterfall with its label and its amount as text."""

    label: str
    amount: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure with the words that stand beside it."""

    amount: float
    text: str


def capacity_per_cycle(
    discharges: Sequence[Discharge],
    *,
    title: str,
    x_label: str,
    y_label: str,
    kept_label: str,
    rejected_label: str,
    rated: Mark | None = None,
) -> Markup:
    """Capacity of each discharge by cycle: kept ones as dots, rejected ones as crosses."""
    amounts = [d.ah for d in discharges] + ([rated.amount] if rated else [])
    y = padded(amounts)
    cycles = [float(d.cycle) for d in discharges]
    x = padded(cycles, 0.06)
    whole = [tick for tick in ticks(*x, about=6) if tick == int(tick)]
    plot = Plot.framed(
        title,
        (x, y),
        (x_label, y_label),
        y_texts=[(tick, plain(tick)) for tick in ticks(*y)],
        x_texts=[(tick, plain(tick)) for tick in whole],
        above=LINE + 4,
    )
    _key(plot.sheet, kept_label, rejected_label)
    if rated:
        height = plot.y(rated.amount)
        plot.sheet.line(
            plot.x.start, height, plot.x.end, height, "pic-rated", stroke_dasharray="5 4"
        )
        plot.sheet.text(plot.x.end, height - 5, rated.text, "pic-rated", at="end")
    for discharge in discharges:
        _mark(plot.sheet, plot.x(discharge.cycle), plot.y(discharge.ah), discharge.is_kept)
    return plot.sheet.svg("pic-capacity")


def _key(sheet: Sheet, kept: str, rejected: str) -> None:
    _mark(sheet, 8, 10, is_kept=True)
    sheet.text(20, 15, kept, "pic-key")
    place = 20 + text_width(kept) + 24
    _mark(sheet, place, 10, is_kept=False)
    sheet.text(place + 12, 15, rejected, "pic-key")


def _mark(sheet: Sheet, x: float, y: float, is_kept: bool) -> None:
    if is_kept:
        sheet.dot(x, y, 4.5, "pic-kept")
        return
    cross = " ".join(
        f"M{number(x - 4)} {number(y + 4 * slope)}L{number(x + 4)} {number(y - 4 * slope)}"
        for slope in (1, -1)
    )
    sheet.path(cross, "pic-rejected", stroke_width="2")


def voltage_over_capacity(
    points: Sequence[tuple[float, float]], *, title: str, x_label: str, y_label: str
) -> Markup:
    """The curve of one discharge: (Ah, V) in the order measured."""
    x = (min(0.0, *(ah for ah, _ in points)), padded([ah for ah, _ in points], 0.02)[1])
    y = padded([volt for _, volt in points])
    plot = Plot.framed(
        title,
        (x, y),
        (x_label, y_label),
        y_texts=[(tick, plain(tick)) for tick in ticks(*y)],
        x_texts=[(tick, plain(tick)) for tick in ticks(*x, about=6)],
    )
    places = [f"{number(plot.x(ah))} {number(plot.y(volt))}" for ah, volt in points]
    plot.sheet.path("M" + "L".join(places), "pic-curve", stroke_width="2", stroke_linejoin="round")
    return plot.sheet.svg("pic-voltage")


def incremental_capacity(
    points: Sequence[tuple[float, float]],
    peaks: Sequence[tuple[float, float]],
    *,
    title: str,
    x_label: str,
    y_label: str,
) -> Markup:
    """dQ/dV over voltage: (V, Ah/V) by rising voltage, a dot with its voltage on each peak."""
    x = padded([volts for volts, _ in points], 0.02)
    y = (0.0, padded([height for _, height in points], 0.12)[1])
    plot = Plot.framed(
        title,
        (x, y),
        (x_label, y_label),
        y_texts=[(tick, plain(tick)) for tick in ticks(*y)],
        x_texts=[(tick, plain(tick)) for tick in ticks(*x, about=6)],
    )
    places = [f"{number(plot.x(volts))} {number(plot.y(height))}" for volts, height in points]
    plot.sheet.path("M" + "L".join(places), "pic-curve", stroke_width="2", stroke_linejoin="round")
    taken: list[tuple[float, float]] = []
    for volts, height in sorted(peaks, key=lambda peak: -peak[1]):
        left, top, text = plot.x(volts), plot.y(height), f"{volts:.3f}"
        plot.sheet.dot(left, top, 3.5, "pic-kept")
        if all(abs(left - a) > text_width(text) or abs(top - b) > LINE for a, b in taken):
            plot.sheet.text(left, top - 7, text, "pic-key", at="middle")
            taken.append((left, top))
    return plot.sheet.svg("pic-incremental")


def soh_histogram(
    values: Sequence[float],
    bands: Sequence[tuple[str, float, float]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    step: float = 0.05,
) -> Markup:
    """How many packs stand at which state of health (fractions), before the grade bands
    (letter, from, to). Bars are ``step`` wide; a value on an edge belongs to the bar above it.
    """
    counts: dict[int, int] = {}
    for value in values:
        place = int(value / step + 1e-9)
        counts[place] = counts.get(place, 0) + 1
    low = min(0.4, min(counts, default=8) * step)
    high = max(1.0, (max(counts, default=19) + 1) * step)
    most = max(counts.values(), default=1)
    whole = [tick for tick in ticks(0, most, about=4) if tick == int(tick)]
    plot = Plot.framed(
        title,
        ((low, high), (0, most * 1.22)),
        (x_label, y_label),
        y_texts=[(tick, plain(tick)) for tick in whole],
        x_texts=[(tick, f"{tick:.0%}") for tick in ticks(low, high, about=6)],
    )
    _bands(plot, bands, (low, high))
    for place, count in counts.items():
        left, right = plot.x(place * step) + 1, plot.x((place + 1) * step) - 1
        height = plot.y(0) - plot.y(count)
        plot.sheet.rect(left, plot.y(count), right - left, height, "pic-bar")
    return plot.sheet.svg("pic-histogram")


def _bands(
    plot: Plot, bands: Sequence[tuple[str, float, float]], extent: tuple[float, float]
) -> None:
    for turn, (letter, since, until) in enumerate(bands):
        left, right = max(since, extent[0]), min(until, extent[1])
        if left >= right:
            continue
        start, width = plot.x(left), plot.x(right) - plot.x(left)
        kind, faint = ("pic-band", "0.06") if turn % 2 else ("pic-band-alt", "0.12")
        plot.sheet.rect(start, plot.y.end, width, plot.y.start - plot.y.end, kind, opacity=faint)
        plot.sheet.text(start + width / 2, plot.y.end + 16, letter, "pic-band-name", at="middle")


def value_line(
    low: Mark, value: Mark, high: Mark, price: Mark | None = None, *, title: str
) -> Markup:
    """The interval and the value on one line, on which the current price also stands."""
    marks = [low, value, high] + ([price] if price else [])
    x = Scale(*padded([mark.amount for mark in marks], 0.1), 8, WIDTH - 8)
    top = LINE + 8 if price else 4.0
    sheet = Sheet(title, top + 78)
    middle = top + 20
    sheet.line(x.start, middle, x.end, middle, "pic-base", opacity="0.3")
    span = x(high.amount) - x(low.amount)
    sheet.rect(x(low.amount), middle - 9, span, 18, "pic-range", opacity="0.25")
    sheet.rect(x(value.amount) - 1.5, middle - 13, 3, 26, "pic-value")
    if price:
        _price(sheet, x(price.amount), middle, price.text)
    sheet.text(x(value.amount), middle + 32, value.text, "pic-value", at="middle")
    left, right = _apart(sheet, (x(low.amount), low.text), (x(high.amount), high.text))
    sheet.text(left, middle + 52, low.text, "pic-tick", at="middle")
    sheet.text(right, middle + 52, high.text, "pic-tick", at="middle")
    return sheet.svg("pic-valueline")


def _price(sheet: Sheet, x: float, middle: float, text: str) -> None:
    sheet.text(x, 14, text, "pic-now", at="middle")
    tip = f"M{number(x)} {number(middle - 2)}l-6 -12h12z"
    sheet.path(tip, "pic-now", fill="currentColor", stroke="none")


def _apart(sheet: Sheet, *texts: tuple[float, str]) -> tuple[float, float]:
    """Two centred texts moved apart, evenly, until they no longer touch."""
    (left, one), (right, two) = texts
    needed = (text_width(one) + text_width(two)) / 2 + 12
    push = max(0.0, needed - (right - left)) / 2
    left = sheet.clear(left - push, text_width(one), "middle")
    right = sheet.clear(max(right + push, left + needed), text_width(two), "middle")
    return min(left, right - needed), right


def waterfall(steps: Sequence[Step], whole: Step, *, title: str) -> Markup:
    """Signed parts one below the other, each bar where the one before it ended, then the sum."""
    ends, so_far = [0.0], 0.0
    for step in steps:
        so_far += step.amount
        ends.append(so_far)
    x = Scale(min(0.0, *ends, whole.amount), max(0.0, *ends, whole.amount), 4, WIDTH - 4)
    row = 38.0
    sheet = Sheet(title, row * (len(steps) + 1) + 8)
    for i, step in enumerate(steps):
        _row(sheet, x, i * row, step, ends[i])
        for top in (i * row, (i + 1) * row + (4 if i + 1 == len(steps) else 0)):
            # Short stubs on both sides of the gap: a whole joint would cross the words in it.
            sheet.line(
                x(ends[i + 1]), top + 19, x(ends[i + 1]), top + 36, "pic-grid", opacity="0.4"
            )
    last = len(steps) * row
    sheet.line(0, last + 1, WIDTH, last + 1, "pic-base", opacity="0.5")
    _row(sheet, x, last + 4, whole, 0.0, is_sum=True)
    return sheet.svg("pic-waterfall")


def _row(
    sheet: Sheet, x: Scale, top: float, step: Step, start: float, *, is_sum: bool = False
) -> None:
    kind, faint = ("pic-up", "0.75") if step.amount >= 0 else ("pic-down", "0.35")
    if is_sum:
        kind, faint = "pic-total", "1"
    sheet.text(0, top + 15, step.label, f"{kind}-name")
    sheet.text(WIDTH, top + 15, step.text, f"{kind}-amount", at="end")
    sheet.line(x(0), top + 19, x(0), top + 36, "pic-zero", opacity="0.6")
    left, width = x(start), x(start + step.amount) - x(start)
    if abs(width) < 1:
        width = 1.0 if left < WIDTH / 2 else -1.0
    sheet.rect(left, top + 22, width, 11, kind, opacity=faint)


def price_over_time(
    bids: Sequence[tuple[datetime, float]],
    extensions: Sequence[datetime],
    opens: datetime,
    closes: datetime,
    *,
    title: str,
    labels: tuple[str, str, str, str],
    amount: Format = plain,
) -> Markup:
    """The price as a stair, a dot at each bid, a dashed line where the closing moved.

    ``labels``: the words at the opening, at the closing, of the price axis, and of an extension.
    """
    start = opens.timestamp()
    extent = (min([0.0, *(_since(at, start) for at, _ in bids)]), _since(closes, start))
    y = padded([price for _, price in bids] or [0.0, 1.0])
    plot = Plot.framed(
        title,
        (extent, y),
        ("", labels[2]),
        y_texts=[(tick, amount(tick)) for tick in ticks(*y)] if bids else [],
        x_texts=[(0.0, labels[0]), (extent[1], labels[1])],
        above=LINE + 4 if extensions else 0.0,
    )
    if extensions:
        plot.sheet.line(8, 3, 8, 18, "pic-extension", stroke_dasharray="4 3")
        plot.sheet.text(18, 15, labels[3], "pic-key")
    for at in extensions:
        x = plot.x(_since(at, start))
        plot.sheet.line(
            x, plot.y.end, x, plot.y.start, "pic-extension", stroke_dasharray="4 3", opacity="0.7"
        )
    if bids:
        _stair(plot, [(plot.x(_since(at, start)), plot.y(price)) for at, price in bids])
    return plot.sheet.svg("pic-price")


def _since(at: datetime, start: float) -> float:
    return at.timestamp() - start


def _stair(plot: Plot, places: Sequence[tuple[float, float]]) -> None:
    commands = f"M{number(places[0][0])} {number(places[0][1])}" + "".join(
        f"H{number(x)}V{number(y)}" for x, y in places[1:]
    )
    plot.sheet.path(f"{commands}H{number(plot.x.end)}", "pic-step", stroke_width="2")
    for x, y in places:
        plot.sheet.dot(x, y, 3, "pic-bid")


def sparkline(values: Sequence[float], *, title: str) -> Markup:
    """A small line for a table's cell, its last value as a dot."""
    sheet = Sheet(title, 24, width=96)
    x = Scale(0, max(1, len(values) - 1), 4, 92)
    y = Scale(*padded(values), 22, 2)
    places = [(x(i), y(value)) for i, value in enumerate(values)]
    line = "M" + "L".join(f"{number(left)} {number(top)}" for left, top in places)
    sheet.path(line, "pic-curve", stroke_width="1.5")
    sheet.dot(*places[-1], 2.5, "pic-now")
    return sheet.svg("pic-sparkline")
