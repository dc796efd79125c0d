"""A sheet of SVG to draw on: scales, ticks and text that stay inside the frame.

Colours come from the stylesheet by class; the attributes written here (``currentColor`` and
opacities) keep a picture readable without it. No style attribute and no script, as the content
security policy asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

WIDTH = 480.0
FONT = 14.0
LINE = 18.0
BEFORE_CHINESE = 0x2E7F  # the last code point before the full-width scripts
Anchor = Literal["start", "middle", "end"]


def number(value: float) -> str:
    """A coordinate with at most two places, without trailing zeros or a negative zero."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def text_width(text: str) -> float:
    """About how wide a text is in sheet units: Chinese characters are one font size each."""
    return sum(FONT if ord(sign) > BEFORE_CHINESE else FONT * 0.56 for sign in text)


@dataclass(frozen=True, slots=True)
class Scale:
    """Data from ``low`` to ``high`` on sheet coordinates from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where ``value`` stands; the middle where the data have no extent."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) within ``low`` to ``high``."""
    if high <= low:
        return [low]
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def padded(values: Sequence[float], share: float = 0.08) -> tuple[float, float]:
    """The extent of finite values with some air; never empty. Refuses none and NaN."""
    if not values or not all(math.isfinite(value) for value in values):
        raise ValueError("a picture needs finite values")
    low, high = min(values), max(values)
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air


@dataclass
class Sheet:
    """SVG elements on a sheet ``WIDTH`` wide and ``height`` high, with a title in words."""

    title: str
    height: float
    width: float = WIDTH
    parts: list[Markup] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str, **more: str) -> None:
        """A straight line of class ``kind``."""
        more = {"stroke": "currentColor"} | more
        ends = dict(zip(("x1", "y1", "x2", "y2"), map(number, (x1, y1, x2, y2)), strict=True))
        self._add("line", kind, ends | more)

    def rect(self, x: float, y: float, width: float, height: float, kind: str, **more: str) -> None:
        """A rectangle of class ``kind``; negative extents are turned round."""
        x, width = min(x, x + width), abs(width)
        box = {"x": number(x), "y": number(y), "width": number(width), "height": number(height)}
        self._add("rect", kind, box | {"fill": "currentColor"} | more)

    def dot(self, x: float, y: float, radius: float, kind: str, **more: str) -> None:
        """A circle of class ``kind``."""
        place = {"cx": number(x), "cy": number(y), "r": number(radius)}
        self._add("circle", kind, place | {"fill": "currentColor"} | more)

    def path(self, commands: str, kind: str, **more: str) -> None:
        """A path of class ``kind``, stroked and not filled unless told otherwise."""
        drawn = {"d": commands, "fill": "none", "stroke": "currentColor"}
        self._add("path", kind, drawn | more)

    def text(self, x: float, y: float, text: str, kind: str = "", *, at: Anchor = "start") -> None:
        """A label at ``x``, moved sideways where it would leave the sheet."""
        x = self.clear(x, text_width(text), at)
        place = {"x": number(x), "y": number(y), "text-anchor": at, "fill": "currentColor"}
        attributes = _attributes(f"pic-text {kind}".strip(), place)
        self.parts.append(Markup("<text{}>{}</text>").format(attributes, text))

    def clear(self, x: float, width: float, at: Anchor) -> float:
        """``x`` moved so that a text of ``width`` anchored there stays on the sheet."""
        before = {"start": 0.0, "middle": width / 2, "end": width}[at]
        return min(max(x, before + 2), max(self.width - (width - before) - 2, before + 2))

    def svg(self, kind: str) -> Markup:
        """The whole picture, with its title for those who do not see it."""
        return Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="pic {}" role="img" '
            'viewBox="0 0 {} {}" font-size="{}"><title>{}</title>{}</svg>'
        ).format(
            kind,
            number(self.width),
            number(self.height),
            number(FONT),
            self.title,
            Markup("").join(self.parts),
        )

    def _add(self, tag: str, kind: str, attributes: dict[str, str]) -> None:
        self.parts.append(Markup("<{}{}/>").format(tag, _attributes(kind, attributes)))


def _attributes(kind: str, attributes: dict[str, str]) -> Markup:
    named = {"class": kind} | {name.replace("_", "-"): value for name, value in attributes.items()}
    return Markup("").join(
        Markup(' {}="{}"').format(name, escape(value)) for name, value in named.items()
    )


@dataclass
class Plot:
    """A sheet with two axes: ticks and hairlines on the left, ticks below, a name on each."""

    sheet: Sheet
    x: Scale
    y: Scale

    @classmethod
    def framed(
        cls,
        title: str,
        extent: tuple[tuple[float, float], tuple[float, float]],
        names: tuple[str, str],
        *,
        y_texts: Sequence[tuple[float, str]],
        x_texts: Sequence[tuple[float, str]],
        above: float = 0.0,
    ) -> Plot:
        """Axes over ``extent`` (x then y), named ``names``; ``above`` keeps room for a key."""
        sheet = Sheet(title, 270 + above)
        left = 12 + max((text_width(text) for _, text in y_texts), default=0.0)
        top, bottom = above + LINE + 10, sheet.height - 2 * LINE - 8
        (x_low, x_high), (y_low, y_high) = extent
        plot = cls(sheet, Scale(x_low, x_high, left, WIDTH - 8), Scale(y_low, y_high, bottom, top))
        sheet.text(0, above + FONT - 1, names[1], "pic-axis")
        sheet.text(WIDTH - 4, sheet.height - 4, names[0], "pic-axis", at="end")
        for value, text in y_texts:
            sheet.line(left, plot.y(value), WIDTH - 8, plot.y(value), "pic-grid", opacity="0.15")
            sheet.text(left - 6, plot.y(value) + 5, text, "pic-tick", at="end")
        sheet.line(left, bottom, WIDTH - 8, bottom, "pic-base", opacity="0.5")
        plot._below(x_texts, bottom)
        return plot

    def _below(self, x_texts: Sequence[tuple[float, str]], bottom: float) -> None:
        taken = -1.0
        for value, text in x_texts:
            place, width = self.x(value), text_width(text)
            start = self.sheet.clear(place, width, "middle") - width / 2
            if start < taken:
                continue
            self.sheet.line(place, bottom, place, bottom + 4, "pic-base", opacity="0.5")
            self.sheet.text(place, bottom + LINE, text, "pic-tick", at="middle")
            taken = start + width + 8


def plain(value: float) -> str:
    """A tick as text where the caller brings no format of its own."""
    return f"{value:g}"
