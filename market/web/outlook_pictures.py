"""Pictures of the outlook: provinces as a grid of tiles, and the years as a curve with its band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from market.web.drawing import LINE, WIDTH, Plot, Sheet, number, text_width, ticks
from market.web.pictures import Format
from pricing.outlook import Line

# Column and row of each province: roughly where it lies, each a tile of the same size.
TILES: Mapping[str, tuple[int, int]] = {
    "黑龙江": (6, 0),
    "内蒙古": (3, 1), "北京": (4, 1), "辽宁": (5, 1), "吉林": (6, 1),
    "新疆": (0, 2), "甘肃": (1, 2), "宁夏": (2, 2), "山西": (3, 2), "河北": (4, 2), "天津": (5, 2),
    "青海": (1, 3), "陕西": (2, 3), "河南": (3, 3), "山东": (4, 3),
    "西藏": (0, 4), "四川": (1, 4), "重庆": (2, 4), "湖北": (3, 4), "安徽": (4, 4), "江苏": (5, 4),
    "上海": (6, 4),
    "云南": (1, 5), "贵州": (2, 5), "湖南": (3, 5), "江西": (4, 5), "浙江": (5, 5),
    "广西": (2, 6), "广东": (3, 6), "福建": (4, 6), "台湾": (5, 6),
    "海南": (2, 7), "澳门": (3, 7), "香港": (4, 7),
}  # fmt: skip
SIDE, GAP = 60.0, 4.0
SHADES = ("0.06", "0.14", "0.24", "0.36", "0.5")
KEY_ROOM = 26.0


def shade(value: float, most: float) -> int:
    """0 to 4: below a sixteenth of the greatest, an eighth, a quarter, a half, and above."""
    share = value / most if most else 0.0
    return sum(share >= edge for edge in edges(1.0))


def edges(most: float) -> list[float]:
    """Where the shades change."""
    return [most / 2**power for power in (4, 3, 2, 1)]


def tile_map(
    values: Mapping[str, float],
    names: Mapping[str, str],
    *,
    title: str,
    text: Format,
    nothing: str,
    chosen: str = "",
) -> Markup:
    """A tile for each of ``names`` with its value as ``text``; those without one say ``nothing``.

    The shade says it again, in steps of twice as much; the ``chosen`` tile has a frame.
    """
    columns, rows = (max(place[axis] for place in TILES.values()) + 1 for axis in (0, 1))
    sheet = Sheet(title, rows * SIDE + KEY_ROOM, width=columns * SIDE)
    most = max(values.values(), default=0.0)
    for name, (column, row) in TILES.items():
        left, top = column * SIDE, row * SIDE
        found = values.get(name)
        kind = "pic-tile" if found is not None else "pic-tile-none"
        faint = SHADES[shade(found, most)] if found is not None else "0"
        box = (left + GAP / 2, top + GAP / 2, SIDE - GAP, SIDE - GAP)
        sheet.rect(*box, kind, fill_opacity=faint, rx="4")
        if name == chosen:
            sheet.rect(*box, "pic-tile-chosen", fill="none", stroke_width="2.5", rx="4")
        middle = left + SIDE / 2
        sheet.text(middle, top + 26, names[name], "pic-tile-name", at="middle")
        said = nothing if found is None else text(found)
        sheet.text(middle, top + 46, said, "pic-tile-value", at="middle")
    _shades(sheet, [text(edge) for edge in edges(most)], rows * SIDE)
    return sheet.svg("pic-tiles")


def _shades(sheet: Sheet, marks: Sequence[str], top: float) -> None:
    wide = sheet.width / len(SHADES)
    for place, faint in enumerate(SHADES):
        left = place * wide
        sheet.rect(left + 2, top + 6, 18, 16, "pic-tile", fill_opacity=faint, rx="2")
        words = f"< {marks[0]}" if place == 0 else f"≥ {marks[place - 1]}"
        sheet.text(left + 24, top + 19, words, "pic-key")


def curve(
    lines: Sequence[Line],
    alone: Sequence[Line],
    *,
    title: str,
    y_label: str,
    key: Mapping[str, str],
    amount: Format,
    year: int | None = None,
    plan: Mapping[int, float] | None = None,
) -> Markup:
    """Tonnes by year in their band; ``alone``, drawn dashed, is what the table itself gives; a
    plan's figures are dots. ``key`` names forecast, band, alone and plan, as far as they are drawn.
    """
    plan = plan or {}
    most = max([line.high for line in lines] + list(plan.values())) or 1.0
    first, last = lines[0].year, lines[-1].year
    wide = last - first > 8  # noqa: PLR2004 - more years than there is room for
    plot = Plot.framed(
        title,
        ((first - 0.3, last + 0.3), (0.0, most * 1.06)),
        ("", y_label),
        y_texts=[(tick, amount(tick)) for tick in ticks(0.0, most)],
        x_texts=[(one.year, str(one.year)) for one in lines if not wide or one.year % 3 == 0],
        above=_key_height(key),
    )
    _key(plot.sheet, key)
    _band(plot, lines)
    if "alone" in key:
        _path(plot, alone, "pic-rated", stroke_dasharray="5 4")
    _path(plot, lines, "pic-curve", stroke_width="2")
    for on, tonnes in plan.items():
        plot.sheet.dot(plot.x(on), plot.y(tonnes), 4.5, "pic-now")
    for line in lines:
        if line.year == year:
            x = plot.x(line.year)
            plot.sheet.line(x, plot.y.end, x, plot.y.start, "pic-extension", stroke_dasharray="4 3")
            plot.sheet.dot(x, plot.y(line.tonnes), 4, "pic-kept")
    return plot.sheet.svg("pic-outlook")


def _path(plot: Plot, lines: Sequence[Line], kind: str, **more: str) -> None:
    places = [f"{number(plot.x(line.year))} {number(plot.y(line.tonnes))}" for line in lines]
    plot.sheet.path("M" + "L".join(places), kind, stroke_linejoin="round", **more)


def _band(plot: Plot, lines: Sequence[Line]) -> None:
    above = [(plot.x(line.year), plot.y(line.high)) for line in lines]
    below = [(plot.x(line.year), plot.y(line.low)) for line in reversed(lines)]
    outline = "L".join(f"{number(x)} {number(y)}" for x, y in above + below)
    plot.sheet.path(f"M{outline}Z", "pic-range", fill="currentColor", opacity="0.3")


def _spots(key: Mapping[str, str]) -> list[tuple[str, float, float]]:
    """Where each entry of a key begins: side by side, on a further line where it is full."""
    placed, x, y = [], 0.0, 10.0
    for kind, words in key.items():
        width = text_width(words) + 42
        if x > 0 and x + width > WIDTH:
            x, y = 0.0, y + LINE
        placed.append((kind, x, y))
        x += width
    return placed


def _key_height(key: Mapping[str, str]) -> float:
    return max((y for _, _, y in _spots(key)), default=0.0) + LINE - 6


def _key(sheet: Sheet, key: Mapping[str, str]) -> None:
    for kind, x, y in _spots(key):
        if kind == "band":
            sheet.rect(x, y - 6, 20, 12, "pic-range", opacity="0.3")
        elif kind == "plan":
            sheet.dot(x + 10, y, 4.5, "pic-now")
        elif kind == "alone":
            sheet.line(x, y, x + 20, y, "pic-rated", stroke_dasharray="5 4")
        else:
            sheet.line(x, y, x + 20, y, "pic-curve", stroke_width="2")
        sheet.text(x + 26, y + 5, key[kind], "pic-key")
