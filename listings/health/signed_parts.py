"""The parts of a report in its signed record: written, read back, and computed again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from listings.health import combined, composition
from listings.health.composition import Composition, Layout, Part
from listings.health.examinations import Combination, Examination, Rated, module_of

Facts = dict[str, Any]


def facts(kept: Combination) -> Facts:
    """``parts`` and ``composition`` of a record: numbers as decimal strings of six places."""
    where = kept.layout
    return {
        "parts": [_part(part, where) for part in kept.parts],
        "composition": {
            "layout": {
                "series": where.series,
                "parallel": where.parallel,
                "modules": where.modules,
            },
            "tested": kept.tested,
            "whole_ah": text(kept.whole_ah),
            "levels": [_level(one) for one in kept.levels],
        },
    }


def of_record(record: Mapping[str, Any]) -> tuple[tuple[Part, ...], Layout] | None:
    """The parts and the layout that a record holds, or None where it holds none."""
    if "parts" not in record:
        return None
    where = Layout(**record["composition"]["layout"])
    return tuple(_read(one, where) for one in record["parts"]), where


def file_rated(record: Mapping[str, Any], rated: Rated) -> Rated:
    """What the record's file is examined against: of files of modules, one module of ``rated``."""
    found = record.get("composition")
    if found is None or found["tested"] != "modules":
        return rated
    where = Layout(**found["layout"])
    return module_of(rated, where.modules if where.cells_per_module else None)


def recombined(record: Mapping[str, Any], rated: Rated, examination: Examination) -> Examination:
    """The examination of the record's file together with the parts that the record holds."""
    kept = of_record(record)
    if kept is None:
        return examination
    parts, where = kept
    base = replace(examination, rated=rated)
    return combined.combine(base, parts, where, tested=record["composition"]["tested"])


def holds(record: Mapping[str, Any]) -> bool:
    """Whether the composition, the capacity, SoH and spread of a record follow from its parts."""
    kept = of_record(record)
    if kept is None:
        return True
    parts, where = kept
    said = record["composition"]
    whole = None if said["whole_ah"] is None else float(said["whole_ah"])
    again = Combination(parts, where, composition.compose(parts, where), str(said["tested"]), whole)
    if facts(again) != {"parts": record["parts"], "composition": said}:
        return False
    spread = again.capacity_spread
    if again.has_capacities and record["capacity_spread"] != text(spread):
        return False
    limits = [one.capacity_ah for one in again.levels if one.is_complete and one.capacity_ah]
    figures = [*(float(ah) for ah in limits), *([] if whole is None else [whole])]
    if not figures:
        return record["capacity_ah"] is None and record["soh_q"] is None
    ah = min(figures)
    soh = ah / float(record["rated_capacity_ah"])
    return math.isclose(ah, float(record["capacity_ah"]), abs_tol=1.1e-6) and math.isclose(
        soh, float(record["soh_q"]), abs_tol=1.1e-6
    )


def text(value: float | Decimal | None) -> str | None:
    """A number with six places, as the record has them."""
    return None if value is None else f"{round(Decimal(str(value)), 6):f}"


def _part(part: Part, where: Layout) -> Facts:
    return {
        "position": part.place.name(where),
        "code": part.code,
        "capacity_ah": text(part.capacity_ah),
        "dcir_mohm": text(part.dcir_mohm),
        "rest_v": text(part.rest_v),
        "temperature_c": text(part.temperature_c),
        "file_sha256": part.sha256,
        "is_recomputed": part.is_recomputed,
    }


def _read(one: Mapping[str, Any], where: Layout) -> Part:
    numbers = {
        name: None if one[name] is None else Decimal(one[name])
        for name in ("capacity_ah", "dcir_mohm", "rest_v", "temperature_c")
    }
    return Part(
        place=composition.place(one["position"], where),
        code=one["code"],
        sha256=one["file_sha256"],
        is_recomputed=one["is_recomputed"],
        **numbers,
    )


def _level(one: Composition) -> Facts:
    return {
        "level": one.level,
        "is_complete": one.is_complete,
        "is_recomputed": one.is_recomputed,
        "missing": list(one.missing),
        "capacity_ah": text(one.capacity_ah),
        "weakest": [
            {"group": group.name, "capacity_ah": text(group.capacity_ah)} for group in one.weakest
        ],
        "capacity_spread": text(one.capacity_spread),
        "voltage_spread": text(one.voltage_spread),
    }
