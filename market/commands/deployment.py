"""``packbourse backup``, ``restore`` and ``walkthrough``: what an operator does."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from listings.words import gettext as _
from market import running
from market.commands import database, health
from market.commands.menu import Answer, Menu, demand_file, rows, takes_data, yes


def add(menu: Menu) -> None:
    """Declare the commands."""
    backup = menu.add("backup", _("copy database, uploads and keys into a new folder"), _backup)
    restore = menu.add("restore", _("fill an empty market from a backup"), _restore)
    for parser in (backup, restore):
        parser.add_argument("folder", metavar="DIR", type=Path)
        takes_data(parser)
    purpose = _("go the whole way of a lot on a temporary database")
    parser = menu.add("walkthrough", purpose, _walkthrough)
    parser.add_argument("--health-file", metavar="F", type=Path, help=_("a tester's file"))
    rated_help = _("rated capacity in Ah of the cell it tested")
    parser.add_argument("--rated-ah", metavar="X", type=health.amount, help=rated_help)
    parser.set_defaults(refuse_usage=parser.error)


def _backup(arguments: argparse.Namespace) -> Answer:
    from market import backup

    with database.opened(arguments.data) as url:
        found = backup.write(url, arguments.data, arguments.folder, at=datetime.now(UTC))
    sentence = _("%(files)s files were written to %(folder)s.", **found)
    return Answer(found, sentence)


def _restore(arguments: argparse.Namespace) -> Answer:
    from listings import db
    from market import backup, verify

    manifest = backup.read_manifest(arguments.folder)
    backup.demand_empty(arguments.data)
    with database.opened(arguments.data, is_new=True, is_current=False) as url:
        found = backup.restore(url, arguments.data, arguments.folder, manifest)
        database.demand_current(url)
        with db.transaction() as session:
            checked = verify.verify(session)
    facts = rows({_("files"): found["files"], _("verified"): yes(checked["valid"])})
    text = "\n".join([facts, *checked["problems"]])
    document = found | {"verified": checked["valid"], "problems": checked["problems"]}
    return Answer(document, text, 0 if checked["valid"] else 1)


def _walkthrough(arguments: argparse.Namespace) -> Answer:
    from market import walkthrough

    if (arguments.health_file is None) != (arguments.rated_ah is None):
        arguments.refuse_usage(_("--health-file and --rated-ah go together"))
    if arguments.health_file is not None:
        demand_file(arguments.health_file)
    say = (lambda _line: None) if arguments.json else running.say
    found = walkthrough.walk(arguments.health_file, arguments.rated_ah, say=say)
    head = found["log"]
    lines = [f"✗ {problem}" for problem in found["problems"]] or [
        "",
        _("The whole way was gone in %(seconds)s s.", seconds=_seconds(found["steps"])),
        rows(
            {
                _("state of health"): f"{found['soh']:.3f}" if found["soh"] else None,
                _("records"): head["size"],
                _("root"): head["root"],
            }
        ),
    ]
    return Answer(found, "\n".join(lines), 1 if found["problems"] else 0)


def _seconds(steps: list[dict[str, float]]) -> str:
    return f"{sum(step['seconds'] for step in steps):.1f}"
