"""``packbourse value``: packs of a table valued by a guide, or a published value computed again."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from listings.errors import N_, Refused
from listings.words import gettext as _
from market.commands import database, value_lines
from market.commands.menu import Answer, Menu, content, demand_file, rows, takes_data

if TYPE_CHECKING:
    from pricing.applied import Applied
    from pricing.batch_consensus import Agreed
    from pricing.batch_tables import Kind
    from pricing.batches import Amounts, Batch, Valued


class GuideNotNamed(Refused):
    """Nobody said whose guide."""

    message = N_("Name a guide with --guide, or take what several agree on with --consensus.")


class DayToCome(Refused):
    """A value is asked for on a day after today."""

    message = N_("%(on)s is after today. Nothing is known of it yet.")


class KindNotTold(Refused):
    """A file that is to be written as neither csv nor Parquet."""

    message = N_("%(file)s: say --csv or --parquet, or name a file that ends in .csv or .parquet.")


class OutputThere(Refused):
    """A table never replaces another file."""

    message = N_("The file %(file)s exists already. Name another one.")


class NotForTerminals(Refused):
    """Parquet on a terminal."""

    message = N_("A terminal cannot show Parquet. Name a file with --output.")


def add(menu: Menu) -> None:
    """Declare the command."""
    parser = menu.add("value", _("value packs by a guide, or check a published value"), _value)
    parser.add_argument(
        "file", metavar="FILE", type=Path, help=_("a table of packs, or the record of a value")
    )
    whose = parser.add_mutually_exclusive_group()
    help_guide = _("the name of a guide, its number or its valuer; “packaged” needs no database")
    whose.add_argument("--guide", metavar="G", help=help_guide)
    help_consensus = _("what at least three valuers agree on")
    whose.add_argument("--consensus", action="store_true", help=help_consensus)
    help_at = _("the day, such as 2025-11-21 (default: today)")
    parser.add_argument("--at", metavar="DATE", type=date.fromisoformat, help=help_at)
    help_as_of = _("compute a record again; of a table: by what was known on that day")
    parser.add_argument("--as-of", action="store_true", help=help_as_of)
    kinds = parser.add_mutually_exclusive_group()
    for kind in ("csv", "parquet"):
        kinds.add_argument(
            f"--{kind}",
            dest="kind",
            action="store_const",
            const=kind,
            help=_("write a table, one line for each pack"),
        )
    help_output = _("a new file instead of standard output")
    parser.add_argument("--output", metavar="FILE", type=Path, help=help_output)
    takes_data(parser)


def _value(arguments: argparse.Namespace) -> Answer:
    with demand_file(arguments.file).open("rb") as file:
        is_record = file.read(64).lstrip().startswith(b"{")
    if is_record:
        return _again(arguments.file)
    kind = _kind(arguments)
    asked = _Asked(arguments)
    if kind is None:
        return _one_or_many(asked, as_json=arguments.json)
    if arguments.output is None:
        return _to_standard_output(asked, kind)
    return _to_file(asked, kind, arguments.output)


def _kind(arguments: argparse.Namespace) -> Kind | None:
    """The kind of table to be written, None where none is."""
    out, kind = arguments.output, arguments.kind
    if out is None:
        found: Kind | None = kind
        return found
    if out.exists():
        raise OutputThere("output", file=out)
    kind = kind or out.suffix.removeprefix(".").lower()
    kinds: dict[str, Kind] = {"csv": "csv", "parquet": "parquet"}
    if kind not in kinds:
        raise KindNotTold("output", file=out)
    return kinds[kind]


# A published value


def _again(path: Path) -> Answer:
    """Print the bytes of a value computed again from its record; they are what was published."""
    from pricing import records

    check = records.check(records.read(content(path)))
    sys.stdout.buffer.write(check.result)
    sys.stdout.flush()
    facts = {
        _("result"): check.is_same_result,
        _("inputs"): check.is_same_inputs,
        _("coefficients"): check.is_same_coefficients,
        _("methodology"): check.is_same_methodology,
    }
    words = {True: _("the same bytes"), False: _("not what was published")}
    told = rows({name: words[is_same] for name, is_same in facts.items()})
    sys.stderr.write(f"\n{told}\n")
    return Answer(None, status=0 if check.is_reproduced else 1)


# A table of packs


class _Asked:
    """A table with the guides that are asked, and what each block comes to."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from pricing.batches import Batch

        guides = _guides(arguments)
        self.batch: Batch = Batch(arguments.file, [guide for guide, _ in guides])
        self._weights = [weight for _, weight in guides] if arguments.consensus else []
        self.sums = value_lines.Sums()

    def rest(self) -> dict[str, Any]:
        """What the table comes to, once all of it was valued."""
        return self.sums.document() | {"passed_over": self.batch.passed_over}

    def blocks(self) -> Iterator[tuple[Valued, Amounts | Agreed]]:
        """Each block with what is said of it, the progress on standard error."""
        from tqdm import tqdm

        from pricing import batch_consensus

        bar = tqdm(file=sys.stderr, unit=_("rows"), mininterval=0.5, disable=None, unit_scale=True)
        with bar:
            for block in self.batch.valued():
                said = (
                    batch_consensus.agree(block.amounts, self._weights)
                    if self._weights
                    else block.amounts[0]
                )
                self.sums.add(block, said)
                bar.total = round((bar.n + len(block.table)) / max(block.done, 1e-9))
                bar.update(len(block.table))
                yield block, said


def _guides(arguments: argparse.Namespace) -> list[tuple[Applied, int]]:
    """The guides that are asked, with their weights in a consensus."""
    from pricing import applied
    from pricing.spellings import plain

    if not arguments.guide and not arguments.consensus:
        raise GuideNotNamed("guide")
    if arguments.guide and plain(arguments.guide) == applied.PACKAGED:
        return [(applied.packaged(arguments.at), 0)]
    at = _instant(arguments.at)
    try:
        with _session(arguments.data) as session:
            from pricing import applied_guides

            choice = applied_guides.Choice(at, arguments.as_of)
            if arguments.consensus:
                return applied_guides.panel(session, applied_guides.every(session), choice)
            return [(applied_guides.named(session, arguments.guide, choice), 0)]
    except database.NoMarketHere:
        return [(_without_market(arguments), 0)]


@contextmanager
def _session(data: Path) -> Iterator[Any]:
    from listings import db

    with database.opened(data), db.transaction() as session:
        yield session


def _without_market(arguments: argparse.Namespace) -> Applied:
    from pricing import applied, consensus

    if arguments.consensus:
        raise consensus.NotEnoughValuers(n=1, fewest=consensus.FEWEST_VALUERS)
    return applied.packaged_named(arguments.guide, arguments.at)


def _instant(on: date | None) -> datetime:
    """The end of a day in Beijing, the present moment for today."""
    from listings import days

    now = datetime.now(UTC)
    if on is None or on == days.of(now):
        return now
    if on > days.of(now):
        raise DayToCome("at", on=on.isoformat())
    return datetime.combine(on, time.max, days.ZONE).astimezone(UTC)


def _to_standard_output(asked: _Asked, kind: Kind) -> Answer:
    if kind == "csv":
        _write(asked, sys.stdout.buffer, kind)
        sys.stdout.flush()
    else:
        if sys.stdout.isatty():
            raise NotForTerminals("output")
        with tempfile.TemporaryFile() as whole:
            _write(asked, whole, kind)
            whole.seek(0)
            shutil.copyfileobj(whole, sys.stdout.buffer)
            sys.stdout.flush()
    sys.stderr.write(f"{value_lines.summary(asked.rest(), {})}\n")
    return Answer(None)


def _to_file(asked: _Asked, kind: Kind, out: Path) -> Answer:
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("xb") as whole:
            _write(asked, whole, kind, is_marked=True)
        part.replace(out)
    except FileExistsError:
        raise OutputThere("output", file=part) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    found = {"file": str(out), **asked.rest()}
    return Answer(found, value_lines.summary(found, {_("written"): out}))


def _write(asked: _Asked, whole: BinaryIO, kind: Kind, *, is_marked: bool = False) -> None:
    from pricing import batch_tables

    with batch_tables.Writer(whole, kind, is_marked=is_marked) as writer:
        for block, said in asked.blocks():
            writer.write(batch_tables.frame(block, said))


def _one_or_many(asked: _Asked, *, as_json: bool) -> Answer:
    """One pack's document, or that of a table, which is written as it comes."""
    blocks = asked.blocks()
    first = list(islice(blocks, 2))
    if len(first) == 1 and int((~first[0][0].table.blank).sum()) == 1:
        block, said = first[0]
        for _number, error in block.problems:
            raise error
        found = said.document(0)
        return Answer(found, value_lines.waterfall(found, said.currency))
    whole = chain(first, blocks)
    if not as_json:
        return Answer(
            None, "\n\n".join([value_lines.shown(whole), value_lines.summary(asked.rest(), {})])
        )
    value_lines.stream(whole, asked.rest, sys.stdout.write)
    return Answer(None)
