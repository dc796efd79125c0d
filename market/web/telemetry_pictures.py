"""Pictures of what a vehicle's charges say: each charge by its window, and the median by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from listings.telemetry.windows import WIDE
from market.web.drawing import (
    LINE,
    WIDTH,
    Plot,
    Sheet,
    number,
    padded,
    plain,
    text_width,
    ticks,
)
from market.web.pictures import Mark

FULL = 100.0


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge: the share of the range it covered [%], its capacity, and whether it counts."""

    window: float
    ah: float
    counts: bool

    @property
    def kind(self) -> str:
        """``wide`` and ``narrow`` count, ``out`` does not."""
        if not self.counts:
            return "out"
        return "wide" if self.window >= WIDE else "narrow"


@dataclass(frozen=True, slots=True)
class Month:
    """The median capacity of a month with its largest error (a fraction); ``place`` in months."""

    place: int
    name: str
    ah: float
    uncertainty: float
    is_wide: bool


def windows(
    charges: Sequence[Charge],
    *,
    title: str,
    x_label: str,
    y_label: str,
    key: dict[str, str],
    rated: Mark | None = None,
) -> Markup:
    """Capacity over the width of the window: dots, rings and crosses, named by ``key``."""
    y = padded([one.ah for one in charges] + ([rated.amount] if rated else []))
    plot = Plot.framed(
        title,
        ((0.0, FULL), y),
        (x_label, y_label),
        y_texts=[(tick, plain(tick)) for tick in ticks(*y)],
        x_texts=[(tick, plain(tick)) for tick in ticks(0, FULL)],
        above=_key_height(key),
    )
    _key(plot.sheet, key)
    _rated(plot, rated)
    edge = plot.x(WIDE)
    plot.sheet.line(edge, plot.y.end, edge, plot.y.start, "pic-extension", stroke_dasharray="4 3")
    for one in charges:
        _mark(plot.sheet, plot.x(min(one.window, FULL)), plot.y(one.ah), one.kind)
    return plot.sheet.svg("pic-windows")


def months(
    found: Sequence[Month],
    *,
    title: str,
    y_label: str,
    key: dict[str, str],
    rated: Mark | None = None,
) -> Markup:
    """The median of each month in its band of uncertainty: a line through the wide windows."""
    ends = [one.ah * (1 + sign * one.uncertainty) for one in found for sign in (-1, 1)]
    y = padded(ends + ([rated.amount] if rated else []))
    first, last = (pick(one.place for one in found) for pick in (min, max))
    names = {one.place: one.name for one in found}
    plot = Plot.framed(
        title,
        ((first - 0.5, last + 0.5), y),
        ("", y_label),
        y_texts=[(tick, plain(tick)) for tick in ticks(*y)],
        x_texts=sorted(names.items()),
        above=_key_height(key),
    )
    _key(plot.sheet, key)
    wide = sorted((one for one in found if one.is_wide), key=lambda one: one.place)
    for run in _runs(wide):
        _band(plot, run)
    _rated(plot, rated)
    for one in found:
        if not one.is_wide:
            _whisker(plot, one)
        _mark(plot.sheet, plot.x(one.place), plot.y(one.ah), "wide" if one.is_wide else "narrow")
    return plot.sheet.svg("pic-months")


def _runs(found: Sequence[Month]) -> list[list[Month]]:
    """Months without a gap between them."""
    runs: list[list[Month]] = []
    for one in found:
        if runs and one.place == runs[-1][-1].place + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _band(plot: Plot, run: Sequence[Month]) -> None:
    if len(run) == 1:
        _whisker(plot, run[0])
        return
    above = [(plot.x(one.place), plot.y(one.ah * (1 + one.uncertainty))) for one in run]
    below = [(plot.x(one.place), plot.y(one.ah * (1 - one.uncertainty))) for one in run]
    outline = "L".join(f"{number(x)} {number(y)}" for x, y in [*above, *reversed(below)])
    plot.sheet.path(f"M{outline}Z", "pic-range", fill="currentColor", opacity="0.3")
    line = "L".join(f"{number(plot.x(one.place))} {number(plot.y(one.ah))}" for one in run)
    plot.sheet.path(f"M{line}", "pic-curve", stroke_width="2", stroke_linejoin="round")


def _whisker(plot: Plot, one: Month) -> None:
    x = plot.x(one.place)
    high, low = (plot.y(one.ah * (1 + sign * one.uncertainty)) for sign in (1, -1))
    plot.sheet.line(x, high, x, low, "pic-base", opacity="0.6")
    for end in (high, low):
        plot.sheet.line(x - 4, end, x + 4, end, "pic-base", opacity="0.6")


def _rated(plot: Plot, rated: Mark | None) -> None:
    if rated is None:
        return
    height = plot.y(rated.amount)
    plot.sheet.line(plot.x.start, height, plot.x.end, height, "pic-rated", stroke_dasharray="5 4")
    plot.sheet.text(plot.x.end, height - 5, rated.text, "pic-rated", at="end")


def _places(key: dict[str, str]) -> list[tuple[str, float, float]]:
    """Where each entry of a key begins: side by side, on a further line where it is full."""
    placed, x, y = [], 8.0, 10.0
    for kind, text in key.items():
        width = text_width(text) + 36
        if x > 8.0 and x + width > WIDTH:  # noqa: PLR2004 - the margin
            x, y = 8.0, y + LINE
        placed.append((kind, x, y))
        x += width
    return placed


def _key_height(key: dict[str, str]) -> float:
    return max((y for _, _, y in _places(key)), default=0.0) + LINE - 6


def _key(sheet: Sheet, key: dict[str, str]) -> None:
    for kind, x, y in _places(key):
        _mark(sheet, x, y, kind)
        sheet.text(x + 12, y + 5, key[kind], "pic-key")


def _mark(sheet: Sheet, x: float, y: float, kind: str) -> None:
    """A dot, a ring or a cross: told apart without colour."""
    if kind == "wide":
        sheet.dot(x, y, 4.5, "pic-kept")
    elif kind == "narrow":
        sheet.dot(x, y, 4, "pic-curve", fill="none", stroke="currentColor", stroke_width="1.5")
    else:
        cross = " ".join(
            f"M{number(x - 4)} {number(y + 4 * slope)}L{number(x + 4)} {number(y - 4 * slope)}"
            for slope in (1, -1)
        )
        sheet.path(cross, "pic-rejected", stroke_width="2")
