"""``packbourse log`` and ``receipt``: the custody log for those who do not trust its keeper."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import orm

from listings.errors import N_, Refused
from listings.words import gettext as _
from market.commands import database
from market.commands.menu import Answer, Menu, content, rows, takes_data, yes


class LogEmpty(Refused):
    """Nothing was ever handed over."""

    message = N_("The custody log holds no record yet.")


class FileExists(Refused):
    """A dump never replaces another file."""

    message = N_("The file %(file)s exists already. Name another one.")


def add(menu: Menu) -> None:
    """Declare the commands."""
    log = menu.group("log", _("the custody log"))
    export = log.add("export", _("write the whole log as a dump"), _export)
    export.add_argument(
        "--output", metavar="FILE", type=Path, help=_("a new file instead of standard output")
    )
    takes_data(export)
    takes_data(log.add("key", _("tell the verifier keys of the log"), _key))
    verify = log.add("verify", _("verify a dump, and receipts against it"), _verify_dump)
    verify.add_argument("dump", metavar="DUMP", type=Path)
    verify.add_argument(
        "--receipt", metavar="FILE", nargs="+", action="extend", type=Path, default=[]
    )
    receipt = menu.group("receipt", _("the receipts of the log"))
    one = receipt.add("verify", _("verify one receipt without the market"), _verify_receipt)
    one.add_argument("file", metavar="FILE", type=Path)
    for parser in (verify, one):
        help_key = _("the log's key, from anywhere but the file; once for each key it had")
        parser.add_argument("--key", metavar="VKEY", action="append", required=True, help=help_key)


def _export(arguments: argparse.Namespace) -> Answer:
    from listings import db

    with database.opened(arguments.data), db.transaction() as session:
        if arguments.output is not None:
            return _export_to(session, arguments.output)
        if arguments.json:
            return Answer(_document(session, None))
        _write(session, sys.stdout.buffer)
    return Answer(None)


def _export_to(session: orm.Session, path: Path) -> Answer:
    try:
        with path.open("xb") as stream:
            _write(session, stream)
    except FileExistsError:
        raise FileExists(file=path) from None
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    found = _document(session, str(path))
    sentence = _("%(size)s records were written to %(file)s.", size=found["size"], file=path)
    return Answer(found, sentence)


def _write(session: orm.Session, stream: Any) -> None:
    from listings.custody import log

    if log.latest(session) is None:
        raise LogEmpty
    log.export(session, stream)
    stream.flush()


def _document(session: orm.Session, file: str | None) -> dict[str, object]:
    from listings.custody import dump, log

    head = log.latest(session)
    if head is None:
        raise LogEmpty
    leaves = log.records(session, head.tree_size)
    return dump.export_document(log.origin(session), leaves, head.note, file)


def _key(arguments: argparse.Namespace) -> Answer:
    from listings import db
    from listings.custody import log

    with database.opened(arguments.data), db.transaction() as session:
        keys = log.vkeys(session)
        found = {"origin": log.origin(session), "keys": keys}
    if not keys:
        raise LogEmpty
    return Answer(found, "\n".join(keys))


def _verify_dump(arguments: argparse.Namespace) -> Answer:
    from listings.custody import dump

    found: dict[str, Any] = dump.verify_command(arguments.dump, arguments.key, arguments.receipt)
    facts = rows(
        {
            _("valid"): yes(found["valid"]),
            _("log"): found["origin"],
            _("records"): found["size"],
            _("root"): found["root"],
            _("signatures checked"): found["signatures_checked"],
            _("by a device key"): found["signed_by_devices"],
        }
    )
    holds = _("holds")
    lines = [f"{one['file']}  {one['problem'] or holds}" for one in found["receipts"]]
    return Answer(found, "\n".join([facts, *lines, *found["problems"]]), _status(found))


def _verify_receipt(arguments: argparse.Namespace) -> Answer:
    from listings.custody import receipts

    found: dict[str, Any] = receipts.report(content(arguments.file), arguments.key)
    facts = rows(
        {
            _("valid"): yes(found["valid"]),
            _("position"): found["index"],
            _("records"): found["tree_size"],
            _("kind"): found["record_kind"],
        }
    )
    lines = [_signed(one) for one in found["signatures"]]
    return Answer(found, "\n".join([facts, *lines, *found["problems"]]), _status(found))


def _signed(one: dict[str, Any]) -> str:
    """One signature of a record as a line: when, by whose key, in what capacity."""
    by = _("signed with a device key")
    if one["domain"] is None:
        by = _("signed by the platform")
    elif one["attested_by_platform"]:
        by = _("the platform signed for the person")
    return f"{one['created']}  {by}  {one['domain'] or one['key']}"


def _status(found: dict[str, Any]) -> int:
    return 0 if found["valid"] else 1
