"""``packbourse db``, ``seed`` and ``verify``, and how a command comes to the database."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from listings.errors import N_, Conflict, Refused
from listings.words import gettext as _
from market import running
from market.commands.menu import Answer, Menu, rows, takes_data, yes


class NoMarketHere(Refused):
    """There is no database, and this command has no use for an empty one."""

    message = N_(
        "There is no database in %(folder)s. Name the data directory with --data, set "
        "DATABASE_URL, or begin one with “packbourse run”."
    )


class OtherRevision(Conflict):
    """Database and code do not belong together."""

    message = N_(
        "The database is at revision %(found)s and this version needs %(needed)s. "
        "Run “packbourse db upgrade” first."
    )


def add(menu: Menu) -> None:
    """Declare the commands."""
    group = menu.group("db", _("bring the database up to date, or check it"))
    for parser in (
        group.add("upgrade", _("bring the database to the newest revision"), _upgrade),
        group.add("check", _("compare the database with this version"), _check),
        menu.add("seed", _("build the small market for demonstrations"), _seed),
        menu.add("verify", _("check every invariant again from the rows"), _verify),
    ):
        takes_data(parser)


@contextmanager
def opened(data_dir: Path, *, is_new: bool = False, is_current: bool = True) -> Iterator[str]:
    """The URL of the market's database, connected: DATABASE_URL or that of the data directory.

    An embedded server that is not running is started for the block. Refuses a data directory
    without a database unless it may be new, and one of another revision unless that is wanted.
    """
    from listings import db

    data_dir = data_dir.absolute()
    has_cluster = (data_dir / "postgres" / "cluster").exists()
    if not (is_new or has_cluster or os.environ.get("DATABASE_URL")):
        raise NoMarketHere(folder=data_dir)
    with running.database(data_dir, is_quiet=True) as (url, _server):
        os.environ["PACKBOURSE_DATA"] = str(data_dir)
        if is_current:
            demand_current(url)
        engine = db.connect(url)
        try:
            yield url
        finally:
            engine.dispose()


def demand_current(url: str) -> None:
    """Refuse a database whose tables are of another version."""
    from market import schema

    found, needed = schema.revision(url), schema.head()
    if found != needed:
        raise OtherRevision(found=found or _("none"), needed=needed)


def _upgrade(arguments: argparse.Namespace) -> Answer:
    from market import schema

    with opened(arguments.data, is_new=True, is_current=False) as url:
        before = schema.revision(url)
        schema.upgrade(url)
        found = {"from": before, "to": schema.revision(url), "head": schema.head()}
    sentence = _("The database is at revision %(revision)s.", revision=found["to"])
    return Answer(found, sentence)


def _check(arguments: argparse.Namespace) -> Answer:
    from market import schema

    with opened(arguments.data, is_current=False) as url:
        found = schema.check(url)
    differences = found["differences"]
    facts = rows(
        {
            _("revision"): found["revision"],
            _("newest"): found["head"],
            _("up to date"): yes(found["is_current"]),
        }
    )
    lines = [str(one) for one in differences] if isinstance(differences, list) else []
    is_sound = bool(found["is_current"]) and not lines
    return Answer(found, "\n".join([facts, *lines]), 0 if is_sound else 1)


def _seed(arguments: argparse.Namespace) -> Answer:
    from market import schema, seed

    with opened(arguments.data, is_new=True, is_current=False) as url:
        schema.upgrade(url)
        is_new = seed.ensure(url, say=lambda _line: None)
    people = [
        {"role": role, "email": email, "password": password}
        for role, email, password in seed.sign_ins()
    ]
    head = _("The market was seeded.") if is_new else _("The market was seeded before.")
    lines = [f"  {one['email']:<34} {one['password']}  {one['role']}" for one in people]
    return Answer({"seeded": is_new, "sign_ins": people}, "\n".join([head, *lines]))


def _verify(arguments: argparse.Namespace) -> Answer:
    from listings import db
    from market import verify

    with opened(arguments.data), db.transaction() as session:
        verify.stand_still(session)
        found = verify.verify(session)
    lines = [
        f"{'✓' if check['valid'] else '✗'} {_(check['name'])}  ({check['checked']})"
        for check in found["checks"]
    ]
    lines += [f"  {problem}" for problem in found["problems"]]
    return Answer(found, "\n".join(lines), 0 if found["valid"] else 1)
