"""[pure] A pack is more than its cells: what measured modules and cells say of the whole.

Cells in parallel add their ampere hours to a group; groups in series carry one current, so the
weakest group ends the discharge and its capacity is that of the pack. A module stands in series
with the others and holds all parallel strings. A spread is (max - min) / mean over the parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from listings.errors import N_, Refused
from listings.identity.problems import normalise

Level = Literal["module", "cell"]
LEVELS: Final[tuple[Level, ...]] = ("module", "cell")
NAMED: Final = 3
"""How many of the weakest groups are named."""

FLAGS: Final[dict[str, str]] = {
    "positions_missing": N_("Some positions were not measured; they are named with the report."),
    "layout_unknown": N_(
        "The register does not say how many modules or cells there are, so nobody can tell whether "
        "all were measured."
    ),
    "parts_stated": N_(
        "Figures of parts without a tester file are the lab's own; they were not recomputed."
    ),
    "weakest_group_decides": N_(
        "The weakest group in series decides: the capacity is that of the group and not that "
        "measured at the terminals."
    ),
}
"""What a reader must know of the parts, by code."""

_MODULE: Final = re.compile(r"M0*(\d{1,4})")
_OF_MODULE: Final = re.compile(r"M0*(\d{1,4})[-./]?[SC]?0*(\d{1,5})(?:[-./P]+0*(\d{1,5}))?")
_CELL: Final = re.compile(r"[SC]?0*(\d{1,5})(?:[-./P]+0*(\d{1,5}))?")
_LEADING: Final = re.compile(
    r"\s*(?:module|模[块组]|m)[\s_#-]*0*(\d{1,4})(?![0-9A-Za-z])", re.IGNORECASE
)
_WORDS: Final = (
    (re.compile(r"模[块组]|MODULE"), "M"),
    (re.compile(r"电芯|单体|CELL"), "C"),
    (re.compile(r"[第号#_]"), ""),
    (re.compile(r"串"), "S"),
    (re.compile(r"并"), "P"),
)


class NotAPosition(Refused):
    """A text that names no place in a pack."""

    message = N_(
        "“%(value)s” is not a position. Write M3 for a module, and S12, S12P2 or M3-12 for a cell."
    )


class OutsideLayout(Refused):
    """A place that the registered type does not have."""

    message = N_("“%(value)s” is outside of the registered layout, %(layout)s.")


class CellsPerModuleUnknown(Refused):
    """A cell named by its module, where the register does not say how modules divide the cells."""

    message = N_(
        "“%(value)s” names a cell by its module, but the type has no number of modules that "
        "divides its cells. Write the position in the pack, such as S12 or S12P2."
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """What the register says of a subject: cells in series and in parallel, modules in series.

    None where it does not say.
    """

    series: int | None
    parallel: int = 1
    modules: int | None = None

    @property
    def name(self) -> str:
        """As it is written on a nameplate: 96S2P, with the modules where they are known."""
        cells = f"{self.series or '?'}S{self.parallel}P"
        return f"{cells}/{self.modules}M" if self.modules else cells

    @property
    def cells_per_module(self) -> int | None:
        """Cells in series of one module, where the modules divide them evenly."""
        if not self.modules or not self.series or self.series % self.modules:
            return None
        return self.series // self.modules

    def count(self, level: Level) -> int | None:
        """Groups in series of a level, or None."""
        return self.modules if level == "module" else self.series


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part sits: its level, its group in series from 1, its place in the group from 1."""

    level: Level
    series: int
    parallel: int = 1

    @property
    def group(self) -> str:
        """The name of its group: M3 or S12."""
        return f"{'M' if self.level == 'module' else 'S'}{self.series}"

    def name(self, layout: Layout) -> str:
        """Its position as it is kept: M3, S12 or, with several in parallel, S12P2."""
        is_one = self.level == "module" or layout.parallel == 1
        return self.group if is_one else f"{self.group}P{self.parallel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One module or cell as measured: Ah, mOhm, V at rest, deg C; None where it was not.

    ``sha256`` is that of its tester file. ``is_recomputed`` says that the capacity came from that
    file and is not the lab's figure.
    """

    place: Place
    code: str = ""
    capacity_ah: Decimal | None = None
    dcir_mohm: Decimal | None = None
    rest_v: Decimal | None = None
    temperature_c: Decimal | None = None
    sha256: str | None = None
    is_recomputed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group in series: the sum of its parallel parts [Ah], None where one was not measured."""

    name: str
    capacity_ah: Decimal | None


@dataclass(frozen=True, slots=True)
class Composition:
    """What the parts of one level say of the whole.

    ``missing`` are the positions without a capacity; ``is_complete`` that none is missing and the
    register says how many there are. ``weakest`` are the groups with the least capacity, the least
    first. ``capacity_ah`` is the weakest group's, of those measured.
    """

    level: Level
    groups: tuple[Group, ...]
    missing: tuple[str, ...]
    is_complete: bool
    is_recomputed: bool
    capacity_ah: Decimal | None
    weakest: tuple[Group, ...]
    capacity_spread: Decimal | None
    voltage_spread: Decimal | None


def place(text: str, layout: Layout) -> Place:
    """Read a position: M3; S12, 12, S12P2 or 12-2; M3-12 for the twelfth cell of module 3.

    Refuses a text that names none, and a place that the layout does not have.
    """
    name = _plain(text)
    if match := _MODULE.fullmatch(name):
        found = Place("module", int(match[1]))
    elif match := _OF_MODULE.fullmatch(name):
        found = _of_module(text, layout, *(int(part or 1) for part in match.groups()))
    elif match := _CELL.fullmatch(name):
        found = Place("cell", int(match[1]), int(match[2] or 1))
    else:
        raise NotAPosition(field="position", value=text)
    most = layout.count(found.level)
    if (
        found.series < 1
        or not 1 <= found.parallel <= layout.parallel
        or (most is not None and found.series > most)
    ):
        raise OutsideLayout(field="position", value=text, layout=layout.name)
    return found


def leading_module(name: str) -> str | None:
    """The module that the name of a file begins with, as in ``M3_C5.ndax`` or ``模组03.csv``."""
    found = _LEADING.match(unicodedata.normalize("NFKC", name))
    return f"M{found[1]}" if found else None


def of_level(parts: Iterable[Part], level: Level, layout: Layout) -> Composition:
    """What the parts of a level say, in whatever order they come; each place stands once."""
    here = sorted(
        (part for part in parts if part.place.level == level),
        key=lambda part: (part.place.series, part.place.parallel),
    )
    measured = {part.place: part.capacity_ah for part in here if part.capacity_ah is not None}
    missing = tuple(place for place in _places(here, level, layout) if place not in measured)
    groups = tuple(_groups(measured, missing))
    whole = sorted(
        (group for group in groups if group.capacity_ah is not None),
        key=lambda group: group.capacity_ah or Decimal(0),
    )
    return Composition(
        level=level,
        groups=groups,
        missing=tuple(place.name(layout) for place in missing),
        is_complete=bool(measured) and not missing and layout.count(level) is not None,
        is_recomputed=all(part.is_recomputed for part in here if part.capacity_ah is not None),
        capacity_ah=whole[0].capacity_ah if whole else None,
        weakest=tuple(whole[:NAMED]),
        capacity_spread=spread(list(measured.values())),
        voltage_spread=spread([part.rest_v for part in here if part.rest_v is not None]),
    )


def compose(parts: Sequence[Part], layout: Layout) -> tuple[Composition, ...]:
    """What each level with measured parts says, modules before cells."""
    levels = {part.place.level for part in parts}
    return tuple(of_level(parts, level, layout) for level in LEVELS if level in levels)


def spread(values: Sequence[Decimal]) -> Decimal | None:
    """(max - min) / mean, a fraction; None of fewer than two values. All must be above 0."""
    if len(values) < 2:  # noqa: PLR2004 - one part has no spread
        return None
    return (max(values) - min(values)) / (sum(values, Decimal(0)) / len(values))


def _plain(text: str) -> str:
    name = normalise(text)
    for pattern, letter in _WORDS:
        name = pattern.sub(letter, name)
    return unicodedata.normalize("NFKC", name)


def _of_module(text: str, layout: Layout, module: int, cell: int, parallel: int) -> Place:
    per_module = layout.cells_per_module
    if per_module is None:
        raise CellsPerModuleUnknown(field="position", value=text)
    if not 1 <= module <= (layout.modules or 0) or not 1 <= cell <= per_module:
        raise OutsideLayout(field="position", value=text, layout=layout.name)
    return Place("cell", (module - 1) * per_module + cell, parallel)


def _places(here: Sequence[Part], level: Level, layout: Layout) -> list[Place]:
    """Every place that the level has; of an unknown layout, those up to the last one measured."""
    last = layout.count(level) or max((part.place.series for part in here), default=0)
    width = 1 if level == "module" else layout.parallel
    return [Place(level, i, k) for i in range(1, last + 1) for k in range(1, width + 1)]


def _groups(measured: dict[Place, Decimal], missing: Sequence[Place]) -> list[Group]:
    sums: dict[str, Decimal | None] = {}
    for where in sorted({*measured, *missing}, key=lambda where: (where.series, where.parallel)):
        so_far, capacity = sums.get(where.group, Decimal(0)), measured.get(where)
        known = so_far is not None and capacity is not None
        sums[where.group] = (so_far or Decimal(0)) + (capacity or Decimal(0)) if known else None
    return [Group(name, capacity) for name, capacity in sums.items()]
