"""``packbourse health telemetry``: what a fleet's own recordings say of its batteries."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from listings.words import gettext as _
from market.commands.menu import Answer, Menu, demand_file, table, yes


def add(group: Menu) -> None:
    """Declare the command under ``health``."""
    purpose = _("tell capacities from the charges that a fleet's vehicles recorded")
    parser = group.add("telemetry", purpose, _telemetry)
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+")
    rated = parser.add_mutually_exclusive_group(required=True)
    rated.add_argument("--rated-ah", metavar="X", type=_amount, help=_("rated capacity in Ah"))
    rated.add_argument(
        "--rated", metavar="FILE", type=Path, help=_("table of vehicles with their rated_ah")
    )
    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help=_("what computes it")
    )


def _amount(text: str) -> float:
    from market.commands.health import amount

    return amount(text)


def _telemetry(arguments: argparse.Namespace) -> Answer:
    from listings.telemetry import examine, ratings
    from listings.telemetry.reading import File

    files = [File(demand_file(path), path.name) for path in arguments.files]
    rated = arguments.rated_ah
    if arguments.rated is not None:
        rated = ratings.table(demand_file(arguments.rated))
    found = examine.examine(files, rated, engine=arguments.engine, progress=_progress)
    return Answer(found, _text(found))


def _progress(stage: str, done: int, of: int) -> None:
    words = {"reading": _("reading"), "charges": _("finding charges")}
    sys.stderr.write(f"{words.get(stage, stage)} {done}/{of}\n")


def _text(found: dict[str, Any]) -> str:
    head = [
        _("vehicle"), "Ah", "SoH", "±", _("charges"), _("temperature"), _("grade"),
        _("provisional"), _("from"), _("to"),
    ]  # fmt: skip
    body: list[list[object]] = []
    for one in found["vehicles"]:
        known = one["soh"] is not None
        letter = f"{one['grade']}-{one['evidence_level']}" if one["grade"] else None
        body.append([
            one["vehicle"],
            f"{one['capacity_ah']:.2f}" if known else None,
            f"{one['soh'] * 100:.1f} %" if known else None,
            f"{one['uncertainty'] * 100:.1f} %" if known else None,
            one["windows"],
            _band(one),
            letter,
            yes(one["provisional"]),
            one["from"],
            one["to"],
        ])  # fmt: skip
    return table(head, body)


def _band(one: dict[str, Any]) -> str | None:
    if one["low_celsius"] is None or one["high_celsius"] is None:
        return None
    return f"{one['low_celsius']:g}–{one['high_celsius']:g} °C"
