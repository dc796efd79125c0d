"""``packbourse report verify``: a signed health report for those who do not trust its keeper."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from listings.words import gettext as _
from market.commands.menu import Answer, Menu, content, demand_file, rows, table, yes


def add(menu: Menu) -> None:
    """Declare the command."""
    group = menu.group("report", _("signed health reports"))
    verify = group.add("verify", _("verify one report without the market"), _verify)
    verify.add_argument("file", metavar="FILE", type=Path, help=_("its signed record (JSON)"))
    help_key = _("the lab's key, from anywhere but the file; once for each key it had")
    verify.add_argument("--key", metavar="VKEY", action="append", required=True, help=help_key)
    verify.add_argument(
        "--raw", metavar="FILE", type=Path, help=_("the tester's file, to compute it all again")
    )


def _verify(arguments: argparse.Namespace) -> Answer:
    from listings.health import verification

    raw = None if arguments.raw is None else demand_file(arguments.raw)
    found = verification.report(content(arguments.file), arguments.key, raw)
    lab = found["lab"] or {}
    facts = {
        _("valid"): yes(found["valid"]),
        _("report"): found["number"],
        _("lab"): lab.get("name"),
        _("accreditation"): lab.get("accreditation_number"),
        _("grade"): _letter(found),
        _("valid until"): found["valid_until"],
    }
    return Answer(
        found,
        "\n".join([rows(facts), *_raw(found["raw"]), *found["problems"]]),
        0 if found["valid"] else 1,
    )


def _letter(found: dict[str, Any]) -> str | None:
    return f"{found['grade']}-{found['evidence_level']}" if found["grade"] else None


def _raw(found: dict[str, Any] | None) -> list[str]:
    """Every number beside its stored one."""
    if found is None:
        return []
    said = rows(
        {
            _("the file examined"): yes(found["is_same_file"]),
            _("the same record, byte for byte"): yes(found["is_same_record"]),
        }
    )
    body: list[list[object]] = [
        [f"{one['code']} {one['of']}".strip(), one["stored"], one["found"], yes(one["is_same"])]
        for one in found["lines"]
    ]
    return [said, table([_("number"), _("in the report"), _("from the file"), _("same")], body)]
