"""``packbourse code``: what a battery code says."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from listings import days
from listings.identity import gbt34014
from listings.words import gettext as _
from market.commands.menu import Answer, Menu, rows, yes


def add(menu: Menu) -> None:
    """Declare the command."""
    purpose = _("read a battery code (GB/T 34014-2017)")
    menu.add("code", purpose, _read).add_argument("code", metavar="CODE")


def _read(arguments: argparse.Namespace) -> Answer:
    found = gbt34014.document(arguments.code, days.of(datetime.now(UTC)))
    problems = gbt34014.decode(arguments.code, today=days.of(datetime.now(UTC))).problems
    sentences = [_(problem.message, **dict(problem.values)) for problem in problems]
    facts = {
        _("valid"): yes(found["valid"]),
        _("kind"): found["kind"],
        _("chemistry"): found["chemistry"],
        _("maker"): found["maker"],
        _("made on"): found["made_on"],
        _("length"): found["length"],
    }
    return Answer(found, "\n".join([rows(facts), *sentences]))
