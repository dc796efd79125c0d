"""Modules and cells of a report as pictures and table: heat strip by position, histogram, words.

A box is filled as high as its part stands between the weakest and the best, and darker the better:
the level says the same as the shade. The weakest bear their rank, a place without a capacity a
cross.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from listings.custody import canonical
from listings.errors import N_
from listings.health import composition, signed_parts
from listings.health.composition import Composition, Layout, Part
from listings.health.examinations import Examination
from listings.health.reports import HealthReport
from listings.words import gettext
from market.web import formats
from market.web.drawing import LINE, WIDTH, Plot, Sheet, number, plain, text_width, ticks

BOX, TALL, GAP = 18.0, 22.0, 2.0
LEAST_FILL = 0.12
MOST_NAMED = 24
TITLES = {"module": N_("Modules by position"), "cell": N_("Cells by position")}
HISTOGRAMS = {"module": N_("Modules by capacity"), "cell": N_("Cells by capacity")}


@dataclass(frozen=True, slots=True)
class Row:
    """One part in the table; ``rank`` from 1 where its group is among the weakest."""

    position: str
    rank: int
    capacity: str
    share: str
    dcir: str
    volts: str
    temperature: str
    code: str
    sha256: str
    source: str


@dataclass(frozen=True, slots=True)
class Level:
    """One level of parts in words and pictures."""

    title: str
    strip: Markup
    histogram: Markup | None
    histogram_title: str
    facts: Sequence[tuple[str, str]]
    missing: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of a report, level by level, and the sentence that says what decides."""

    sentence: str
    layout: str
    levels: Sequence[Level]


def of_report(report: HealthReport) -> Shown | None:
    """The parts that the signed record holds, or None."""
    record: Any = canonical.parse(report.record) if report.record else None
    if not isinstance(record, dict) or "parts" not in record:
        return None
    kept = signed_parts.of_record(record)
    assert kept is not None
    parts, where = kept
    said = record["composition"]
    rated: Mapping[str, float] = {
        "module": float(report.rated_capacity_ah),
        "cell": float(report.rated_capacity_ah) / where.parallel,
    }
    decided = None if record["capacity_ah"] is None else float(record["capacity_ah"])
    whole = None if said["whole_ah"] is None else float(said["whole_ah"])
    return _shown(parts, where, rated, (decided, whole))


def of_examination(examination: Examination) -> Shown | None:
    """The same of an examination that nobody signed yet."""
    kept = examination.parts
    if kept is None:
        return None
    ah = examination.rated.capacity_ah
    rated = {"module": ah, "cell": ah / kept.layout.parallel}
    decided = examination.assessment.capacity_ah
    return _shown(kept.parts, kept.layout, rated, (decided, kept.whole_ah))


def _shown(
    parts: Sequence[Part],
    where: Layout,
    rated: Mapping[str, float],
    figures: tuple[float | None, float | None],
) -> Shown:
    levels = composition.compose(parts, where)
    return Shown(
        _sentence(levels, *figures),
        where.name,
        [_level(one, parts, where, rated[one.level]) for one in levels],
    )


def _sentence(levels: Sequence[Composition], decided: float | None, whole: float | None) -> str:
    if decided is None:
        return gettext(
            "The parts measured do not cover the whole, so there is no capacity and no letter "
            "for it."
        )
    if whole is not None and decided >= whole:
        return gettext("The capacity is that measured at the terminals; no group is weaker.")
    weakest = min(
        (one.weakest[0] for one in levels if one.is_complete and one.weakest),
        key=lambda group: group.capacity_ah or 0,
    )
    return gettext(
        "The weakest group in series, %(group)s, decides: %(ah)s Ah.",
        group=weakest.name,
        ah=formats.number(weakest.capacity_ah, 4),
    )


def _level(one: Composition, parts: Sequence[Part], where: Layout, rated: float) -> Level:
    here = [part for part in parts if part.place.level == one.level]
    ranks = {group.name: place for place, group in enumerate(one.weakest, start=1)}
    capacities = [float(part.capacity_ah) for part in here if part.capacity_ah is not None]
    weakest = [
        gettext("%(name)s: %(value)s", name=g.name, value=f"{formats.number(g.capacity_ah, 4)} Ah")
        for g in one.weakest
    ]
    return Level(
        gettext(TITLES[one.level]),
        strip(one, here, where),
        histogram(capacities, gettext(HISTOGRAMS[one.level])) if capacities else None,
        gettext(HISTOGRAMS[one.level]),
        [
            (gettext("Weakest groups"), " · ".join(weakest) or "–"),
            (gettext("Capacity spread"), formats.percent(one.capacity_spread)),
            (gettext("Voltage spread at rest"), formats.percent(one.voltage_spread, 2)),
        ],
        _named(one.missing),
        [_row(part, where, rated, ranks) for part in here],
    )


def _named(missing: Sequence[str]) -> str:
    if len(missing) <= MOST_NAMED:
        return ", ".join(missing)
    first = ", ".join(missing[:MOST_NAMED])
    return gettext("%(names)s and %(count)s more", names=first, count=len(missing) - MOST_NAMED)


def _row(part: Part, where: Layout, rated: float, ranks: Mapping[str, int]) -> Row:
    ah = part.capacity_ah
    return Row(
        position=part.place.name(where),
        rank=ranks.get(part.place.group, 0) if ah is not None else 0,
        capacity=formats.number(ah, 4),
        share=formats.percent(None if ah is None else float(ah) / rated),
        dcir=formats.number(part.dcir_mohm, 2),
        volts=formats.number(part.rest_v, 3),
        temperature=formats.number(part.temperature_c, 1),
        code=part.code or "–",
        sha256=part.sha256 or "",
        source=gettext("recomputed") if part.is_recomputed else gettext("stated by the lab"),
    )


def strip(one: Composition, here: Sequence[Part], where: Layout) -> Markup:
    """Boxes by position: groups in series from left to right, their parallel cells one below
    another; as many rows as it takes.
    """
    depth = where.parallel if one.level == "cell" else 1
    left = max(text_width(one.groups[-1].name) + 10, 40.0) if one.groups else 40.0
    per_row = max(1, int((WIDTH - left) // (BOX + GAP)))
    tall = depth * (TALL + GAP) + LINE
    rows = math.ceil(len(one.groups) / per_row) or 1
    sheet = Sheet(gettext(TITLES[one.level]), rows * tall + LINE + 10)
    measured = {
        (part.place.group, part.place.parallel): float(part.capacity_ah)
        for part in here
        if part.capacity_ah is not None
    }
    extent = (min(measured.values(), default=0.0), max(measured.values(), default=0.0))
    ranks = {group.name: str(place) for place, group in enumerate(one.weakest, start=1)}
    for place, group in enumerate(one.groups):
        x, y = left + place % per_row * (BOX + GAP), place // per_row * tall
        if place % per_row == 0:
            sheet.text(0, y + LINE + TALL - 6, group.name, "pic-tick")
        if group.name in ranks:
            sheet.text(x + BOX / 2, y + LINE - 4, ranks[group.name], "pic-key", at="middle")
        for deep in range(depth):
            top = y + LINE + deep * (TALL + GAP)
            _box(sheet, (x, top), measured.get((group.name, deep + 1)), extent)
    _key(sheet, extent)
    return sheet.svg("pic-strip")


def _box(
    sheet: Sheet, corner: tuple[float, float], ah: float | None, extent: tuple[float, float]
) -> None:
    x, y = corner
    sheet.rect(x, y, BOX, TALL, "pic-box", fill="none", stroke="currentColor", opacity="0.6")
    if ah is None:
        cross = " ".join(
            f"M{number(x + 4)} {number(y + TALL / 2 + 5 * slope)}"
            f"L{number(x + BOX - 4)} {number(y + TALL / 2 - 5 * slope)}"
            for slope in (1, -1)
        )
        sheet.path(cross, "pic-rejected", stroke_width="2")
        return
    low, high = extent
    share = (ah - low) / (high - low) if high > low else 1.0
    tall = (LEAST_FILL + (1 - LEAST_FILL) * share) * (TALL - 2)
    shade = f"{0.35 + 0.65 * share:.2f}"
    sheet.rect(x + 1, y + TALL - 1 - tall, BOX - 2, tall, "pic-bar", opacity=shade)


def _key(sheet: Sheet, extent: tuple[float, float]) -> None:
    low, high = (f"{ah:.2f} Ah" for ah in extent)
    said = gettext("low %(low)s, full %(high)s", low=low, high=high)
    crossed = gettext("× not measured")
    together = f"{said} · {crossed}"
    sheet.text(0, sheet.height - 5, together, "pic-key")


def histogram(capacities: Sequence[float], title: str) -> Markup:
    """How many parts stand at which capacity [Ah]; bars of one even, round width."""
    low, high = min(capacities), max(capacities)
    marks = ticks(low, high, about=8) if high > low else [low]
    step = marks[1] - marks[0] if len(marks) > 1 else max((high - low) or high * 0.02, 1e-6)
    counts: dict[int, int] = {}
    for ah in capacities:
        place = math.floor(ah / step + 1e-9)
        counts[place] = counts.get(place, 0) + 1
    most = max(counts.values())
    extent = (min(counts) * step, (max(counts) + 1) * step)
    plot = Plot.framed(
        title,
        (extent, (0, most * 1.12)),
        (gettext("Ah"), gettext("Parts")),
        y_texts=[(tick, plain(tick)) for tick in ticks(0, most, about=4) if tick == int(tick)],
        x_texts=[(tick, plain(round(tick, 6))) for tick in ticks(*extent, about=6)],
    )
    for place, count in counts.items():
        left, right = plot.x(place * step) + 1, plot.x((place + 1) * step) - 1
        tall = plot.y(0) - plot.y(count)
        plot.sheet.rect(left, plot.y(count), right - left, tall, "pic-bar")
    return plot.sheet.svg("pic-histogram")


def summary(found: Shown | None) -> list[tuple[str, str]]:
    """What the paper says of the parts: a few lines, name and value."""
    if found is None:
        return []
    lines: list[tuple[str, str]] = [(gettext("What decides"), found.sentence)]
    for one in found.levels:
        said = [gettext("%(name)s: %(value)s", name=name, value=value) for name, value in one.facts]
        if one.missing:
            said.append(gettext("Not measured: %(names)s", names=one.missing))
        lines.append((one.title, "\n".join(said)))
    return lines


def strips(found: Shown | None) -> list[tuple[str, str]]:
    """The heat strips for the paper, each a caption with its SVG text."""
    return [] if found is None else [(one.title, str(one.strip)) for one in found.levels]
