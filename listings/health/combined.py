"""An examination with the parts of its subject: one verdict of terminals, modules and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from listings.errors import N_, Refused
from listings.health import composition, part_tables
from listings.health.capacity import Assessment, Cutoffs
from listings.health.composition import Composition, Layout, Part, Place
from listings.health.examinations import Combination, Examination, Rated, examine, layout, rated
from listings.health.part_tables import Expected
from listings.pack_types import PackType

MOST_MODULES: Final = 64
SAME: Final = Decimal("0.005")
"""A table may differ by this share from what a part's own file gives."""


class NoPartsOfCell(Refused):
    """A cell is not divided further."""

    message = N_("A cell has no parts. Choose the pack or the module as what was examined.")


class ModulesOfPackOnly(Refused):
    """Files of modules say something of a pack only."""

    message = N_("Files of modules are read for a pack. Choose the pack as what was examined.")


class ModuleUnnamed(Refused):
    """A file that does not say which module it is of."""

    message = N_(
        "“%(value)s” does not begin with the module's position. Name the files M1 …, M2 … and so "
        "on."
    )


class ModuleTwice(Refused):
    """Two files of one module."""

    message = N_("Two files are of module %(value)s. Keep one of them.")


class NoCapacityInFile(Refused):
    """A module's file without a discharge that counts."""

    message = N_(
        "No discharge in “%(value)s” counts. Leave the file out, and its module is missing."
    )


class TableDiffersFromFile(Refused):
    """The table says another capacity than the part's own file."""

    message = N_("%(value)s: the table says %(said)s Ah, and its file gives %(found)s Ah.")


class NothingOfParts(Refused):
    """A table without a capacity, and no tester file."""

    message = N_("The table has no capacity, so it needs a tester file of the whole beside it.")


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of a part or a table, as it lies in the store, with the name it came by."""

    path: Path
    name: str


def of_files(
    pack_type: PackType,
    subject: composition.Level | str,
    *,
    whole: Path | None,
    modules: Sequence[Sent] = (),
    table: Sent | None = None,
    today: date,
) -> Examination:
    """Examine whatever was sent of a subject; call it outside a transaction.

    ``whole`` is the tester file of the subject itself, ``modules`` one file per module of a pack,
    whose names begin with their positions, ``table`` the lab's own of parts. Refuses what
    `examinations.examine` and `part_tables.read` refuse, and what the classes above name.
    """
    of_subject = rated(pack_type, "pack" if subject == "pack" else "module")
    if subject == "cell" or not (modules or table):
        if whole is None or modules or table:
            raise NoPartsOfCell(field="parts")
        return examine(whole, rated(pack_type, "cell" if subject == "cell" else of_subject.subject))
    if modules and subject != "pack":
        raise ModulesOfPackOnly(field="modules")
    where = layout(pack_type, of_subject.subject)
    found = _modules(modules, where, rated(pack_type, "module"))
    parts = _merged([] if table is None else _read(table, where, pack_type, today), found, where)
    if whole is not None:
        return combine(examine(whole, of_subject), parts, where, tested="terminals")
    if found:
        weakest = min(found.values(), key=lambda one: one.assessment.capacity_ah or 0.0)
        return combine(replace(weakest, rated=of_subject), parts, where, tested="modules")
    assert table is not None
    return combine(_stated(table.path, of_subject), parts, where, tested="nothing")


def combine(base: Examination, parts: Sequence[Part], where: Layout, *, tested: str) -> Examination:
    """What the file of ``base`` and the parts say together of the subject ``base`` is rated as.

    The weakest complete level decides, and it never raises what was measured at the terminals.
    Without a test at the terminals (``tested``) and without a complete level there is no capacity.
    """
    levels = composition.compose(parts, where)
    whole = base.assessment.capacity_ah if tested == "terminals" else None
    limits = [one.capacity_ah for one in levels if one.is_complete and one.capacity_ah is not None]
    weakest = float(min(limits)) if limits else None
    if tested == "nothing" and not any(one.capacity_ah is not None for one in levels):
        raise NothingOfParts(field="parts")
    is_lower = weakest is not None and (whole is None or weakest < whole)
    capacity = weakest if is_lower else whole
    flags = (*base.assessment.flags, *_flags(levels, parts, where, base.assessment, capacity))
    assessment = replace(
        base.assessment,
        capacity_ah=capacity,
        soh=None if capacity is None else capacity / base.rated.capacity_ah,
        energy_wh=None if is_lower or whole is None else base.assessment.energy_wh,
        soh_e=None if is_lower or whole is None else base.assessment.soh_e,
        flags=tuple(dict.fromkeys(flags)) if tested == "terminals" else _without_terminals(flags),
    )
    kept = Combination(tuple(parts), where, levels, tested, whole)
    return replace(base, assessment=assessment, parts=kept)


def _without_terminals(flags: Sequence[str]) -> tuple[str, ...]:
    return tuple(flag for flag in dict.fromkeys(flags) if flag != "weakest_group_decides")


def _flags(
    levels: Sequence[Composition],
    parts: Sequence[Part],
    where: Layout,
    assessment: Assessment,
    capacity: float | None,
) -> list[str]:
    said = {
        "positions_missing": any(one.missing for one in levels),
        "layout_unknown": any(where.count(one.level) is None for one in levels),
        "parts_stated": any(
            part.capacity_ah is not None and not part.is_recomputed for part in parts
        ),
        "weakest_group_decides": capacity != assessment.capacity_ah,
    }
    return [code for code, is_so in said.items() if is_so]


def _modules(files: Sequence[Sent], where: Layout, of_one: Rated) -> dict[Place, Examination]:
    found: dict[Place, Examination] = {}
    for file in files:
        named = composition.leading_module(file.name)
        if named is None:
            raise ModuleUnnamed(field="modules", value=file.name)
        place = composition.place(named, where)
        if place in found:
            raise ModuleTwice(field="modules", value=place.name(where))
        examined = examine(file.path, of_one)
        if examined.assessment.capacity_ah is None:
            raise NoCapacityInFile(field="modules", value=file.name)
        found[place] = examined
    return found


def _read(table: Sent, where: Layout, pack_type: PackType, today: date) -> Sequence[Part]:
    of_one: Mapping[composition.Level, Decimal] = {
        "module": Decimal(str(rated(pack_type, "module").capacity_ah)),
        "cell": Decimal(str(rated(pack_type, "cell").capacity_ah)),
    }
    return part_tables.read(table.path, table.name, Expected(where, of_one, today))


def _merged(
    stated: Sequence[Part], found: Mapping[Place, Examination], where: Layout
) -> tuple[Part, ...]:
    """The rows of the table, with the capacity from each part's own file where there is one."""
    rows = {part.place: part for part in stated}
    for place, examined in found.items():
        row = rows.get(place, Part(place=place))
        ah = Decimal(str(examined.assessment.capacity_ah)).quantize(part_tables.PLACES)
        if row.capacity_ah is not None and abs(row.capacity_ah - ah) > SAME * ah:
            name = place.name(where)
            raise TableDiffersFromFile(field="parts", value=name, said=row.capacity_ah, found=ah)
        rows[place] = replace(row, capacity_ah=ah, sha256=examined.sha256, is_recomputed=True)
    order = composition.LEVELS
    return tuple(
        sorted(
            rows.values(),
            key=lambda p: (order.index(p.place.level), p.place.series, p.place.parallel),
        )
    )


def _stated(path: Path, of_subject: Rated) -> Examination:
    """The lab's table alone: no discharge was recorded, and nothing is recomputed."""
    low, high = of_subject.cutoffs or (0.0, 0.0)
    nothing = Assessment(
        discharges=(),
        run=(),
        capacity_ah=None,
        energy_wh=None,
        soh=None,
        soh_e=None,
        rate_c=None,
        temperature=None,
        cutoffs=Cutoffs(low, high, "given"),
        flags=(),
        tester_difference=None,
        curve=(),
    )
    return Examination(of_subject, nothing, part_tables.READER, part_tables.VERSION, path.name)
