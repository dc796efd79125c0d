"""``packbourse health read``, ``grade``, ``convert`` and ``batch``: what tester files say."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from listings.words import gettext as _
from market.commands import health_models, telemetry
from market.commands.menu import Answer, Menu, demand_file, rows, table, yes


def add(menu: Menu) -> None:
    """Declare the commands."""
    group = menu.group("health", _("read and grade a tester's file"))
    for name, purpose, action in (
        ("read", _("tell the discharges, the capacity and the state of health"), _read),
        ("grade", _("the same, with the letter of what was tested"), _grade),
    ):
        parser = group.add(name, purpose, action)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--rated-ah", metavar="X", type=amount, required=True, help=_("rated capacity in Ah")
        )
        parser.add_argument(
            "--cutoffs", metavar="LOW,HIGH", type=cutoffs, help=_("cut-off voltages in V")
        )
    health_models.add(group)
    parser = group.add("convert", _("write it as Battery Data Format csv"), _convert)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("out", metavar="OUT", type=Path, help=_("the file to be written"))
    parser = group.add("batch", _("grade every tester's file of a folder"), _batch)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument(
        "--out", metavar="OUT", type=Path, required=True, help=_(".csv or .parquet")
    )
    parser.add_argument(
        "--rated-ah", metavar="X", type=amount, required=True, help=_("rated capacity in Ah")
    )
    parser.add_argument(
        "--cutoffs", metavar="LOW,HIGH", type=cutoffs, help=_("cut-off voltages in V")
    )
    telemetry.add(group)


def amount(text: str) -> float:
    """A number above 0 of an option."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(_("%(value)s is not above 0", value=text))
    return value


def cutoffs(text: str) -> tuple[float, float]:
    """Two voltages, the lower first."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low, high = 0.0, 0.0
    if not 0 < low < high < float("inf"):
        sentence = _("“%(value)s” is not two voltages such as 2.5,4.2", value=text)
        raise argparse.ArgumentTypeError(sentence)
    return low, high


def _read(arguments: argparse.Namespace) -> Answer:
    from listings.health import examine

    found = examine.examine(demand_file(arguments.file), arguments.rated_ah, arguments.cutoffs)
    return Answer(found, _text(found, {}))


def _grade(arguments: argparse.Namespace) -> Answer:
    from listings.health import examine

    found = examine.grade_file(demand_file(arguments.file), arguments.rated_ah, arguments.cutoffs)
    facts = {
        _("grade"): found["grade"],
        _("provisional"): yes(found["provisional"]),
        _("evidence level"): found["evidence_level"],
        _("policy"): found["policy"],
        _("reasons"): ", ".join(found["reasons"]),
    }
    return Answer(found, _text(found, facts))


def _convert(arguments: argparse.Namespace) -> Answer:
    from listings.health.convert import convert

    done = convert(demand_file(arguments.file), arguments.out)
    cutoffs = None if done["cutoffs"] is None else ",".join(f"{one:g}" for one in done["cutoffs"])
    facts = {
        _("reader"): f"{done['reader']} {done['reader_version']}",
        "SHA-256": done["sha256"],
        _("written"): done["file"],
        _("rows"): done["rows"],
        _("columns"): ", ".join(done["columns"]),
        _("cut-off voltages in V"): cutoffs,
        _("sign of current turned"): yes(done["sign_turned"]),
    }
    return Answer(done, rows(facts))


def _batch(arguments: argparse.Namespace) -> Answer:
    from tqdm import tqdm

    from listings.health.batch import Batch, run

    batch = Batch(arguments.folder, arguments.out, arguments.rated_ah, arguments.cutoffs)
    with tqdm(file=sys.stderr, unit=_("files"), mininterval=1, disable=None) as bar:

        def progress(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        done = run(batch, progress=progress)
    facts = {
        _("files"): done["files"],
        _("read before"): done["read_before"],
        _("refused"): done["refused"],
        _("without capacity"): done["without_capacity"],
        _("letters"): ", ".join(f"{letter} {count}" for letter, count in done["letters"].items()),
        _("written"): done["out"],
    }
    return Answer(done, rows(facts))


def _text(found: dict[str, Any], more: dict[str, object]) -> str:
    soh = found["soh"]
    facts = {
        _("reader"): f"{found['reader']} {found['reader_version']}",
        "SHA-256": found["sha256"],
        _("capacity"): None if found["capacity_ah"] is None else f"{found['capacity_ah']:.4f} Ah",
        _("state of health"): None if soh is None else f"{soh * 100:.1f} %",
    }
    head = [_("cycle"), "Ah", "Wh", _("complete"), _("reason")]
    body: list[list[object]] = [
        [one["cycle"], f"{one['ah']:.4f}", f"{one['wh']:.4f}", yes(one["complete"]), one["reason"]]
        for one in found["discharges"]
    ]
    return f"{table(head, body)}\n\n{rows(facts | more)}"
