"""``packbourse backup``, ``restore`` and ``walkthrough``: what an operator does."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from listings.words import gettext as _
from market.commands import database, health
from market.commands.menu import Answer, Menu, rows, takes_data, yes


def add(menu: Menu) -> None:
    """Declare the commands."""
    backup = menu.add("backup", _("copy database, uploads and keys into a new folder"), _backup)
    restore = menu.add("restore", _("fill an empty market from a backup"), _restore)
    for parser in (backup, restore):
        parser.add_argument("folder", metavar="DIR", type=Path)
        takes_data(parser)
    purpose = _("go the whole way of a lot on a temporary database")
    walkthrough = menu.add("walkthrough", purpose, _walkthrough)
    walkthrough.add_argument("--health-file", metavar="F", type=Path, help=_("a tester's file"))
    rated_help = _("rated capacity in Ah of what it tested")
    walkthrough.add_argument("--rated-ah", metavar="X", type=health.amount, help=rated_help)


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

    return walkthrough.command(arguments.health_file, arguments.rated_ah, has_json=arguments.json)
