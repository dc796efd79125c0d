"""From files to charges, months and vehicles: which expression is computed when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
import polars as pl
from ibis import Table, _

from listings.telemetry import charges, columns, rows
from listings.telemetry.charges import MAX_GAP_S, SOC
from listings.telemetry.engines import Engine, damage, place
from listings.telemetry.heads import Head, row_of
from listings.telemetry.refusals import EmptyTelemetry, NoCharge, ValueUnreadable
from listings.telemetry.windows import NARROWEST

Progress = Callable[[str, int, int], None]
"""Told the name of a stage of ``STAGES``, how much of it is done, and of how much."""
LONGEST_NAME: Final = 64

USABLE: Final = ["vehicle", "t", "soc", "ma"]


@dataclass(frozen=True, slots=True)
class Result:
    """What the recordings say. Times are seconds of Beijing wall time, as if it were UTC.

    ``vehicles``: vehicle, rows, invalid_rows, first, last (any row). ``charges``, ``months`` and
    ``recent`` are the tables of the functions of the same name in ``charges``.
    """

    vehicles: pl.DataFrame
    charges: pl.DataFrame
    months: pl.DataFrame
    recent: pl.DataFrame


def compute(engine: Engine, heads: Sequence[Head], progress: Progress) -> Result:
    """Everything that these files say together; a vehicle may stand in several.

    Refuses a cell that cannot be read (``ValueUnreadable``), malformed rows, files without rows,
    and recordings without one charge (``NoCharge``).
    """
    parts = []
    for number, head in enumerate(heads):
        progress("reading", number, len(heads))
        parts.append(_part(engine, head, number))
    whole = ibis.union(*parts) if len(parts) > 1 else parts[0]
    vehicles = _frame(engine, _vehicles(whole)).sort("vehicle")
    found = _charges(engine, whole, vehicles, progress)
    tables = [charges.monthly(found), charges.recent(found)]
    listed, months, recent = (_frame(engine, table) for table in [found, *tables])
    if listed.is_empty():
        total = int(vehicles["rows"].sum())
        raise NoCharge(window=NARROWEST, rows=total, gap=MAX_GAP_S)
    return Result(
        vehicles,
        listed.sort("vehicle", "started", "ended"),
        months.sort("vehicle", "month", "is_wide"),
        recent.sort("vehicle"),
    )


def _part(engine: Engine, head: Head, number: int) -> Table:
    """The rows of one file, once read and checked."""
    found = columns.recognise(head.header, head.name)
    names = {meaning: place(head, at) for meaning, at in found.items()}
    clock = rows.clock_of(head.values(found["time"]))
    read = rows.parsed(engine.load(head), names, clock, _stem(head))
    with damage(head):
        numbers = engine.view(f"numbers{number}", read)
        kept = engine.keep(f"part{number}", rows.normalised(numbers))
    asked = kept.aggregate(rows=_.count(), bad=_.bad.any(), full=_.soc.max())
    told = _frame(engine, asked).row(0, named=True)
    if not told["rows"]:
        raise EmptyTelemetry(file=head.name)
    if told["bad"]:
        _refuse_unreadable(engine, head, numbers, found)
    is_fraction = told["full"] is not None and told["full"] <= SOC
    return kept.mutate(soc=_.soc * 100) if is_fraction else kept


def _stem(head: Head) -> str:
    return head.name.rpartition("/")[2].rsplit(".", 1)[0].upper()[:LONGEST_NAME]


def _refuse_unreadable(engine: Engine, head: Head, numbers: Table, found: dict[str, int]) -> None:
    for meaning, cells in rows.unreadable(numbers).items():
        least = _frame(engine, cells.aggregate(value=_.value.min())).item()
        if least is not None:
            raise ValueUnreadable(
                file=head.name,
                column=head.header[found[meaning]],
                meaning=columns.MEANINGS[meaning],
                row=row_of(head, found[meaning], least),
                value=least[:LONGEST_NAME],
            )


def _vehicles(whole: Table) -> Table:
    usable = whole.t.notnull() & whole.soc.notnull() & whole.ma.notnull()
    return (
        whole.filter(_.vehicle.notnull())
        .group_by("vehicle")
        .aggregate(
            rows=_.count(),
            invalid_rows=(~usable).sum().cast("int64"),
            first=_.t.min(),
            last=_.t.max(),
        )
    )


def _charges(engine: Engine, whole: Table, vehicles: pl.DataFrame, progress: Progress) -> Table:
    """The charges of all vehicles, some vehicles at a time where the engine must be spared."""
    usable = whole.drop_null(USABLE).drop("bad")
    groups = _groups(vehicles, engine.at_once)
    found: Any = None
    for number, group in enumerate(groups):
        progress("charges", number, len(groups))
        some = usable if len(groups) == 1 else usable.filter(_.vehicle.between(group[0], group[-1]))
        table = charges.charges(charges.runs(some))
        if found is None:
            found = engine.keep("charges", table)
        else:
            engine.extend("charges", table)
    progress("charges", len(groups), len(groups))
    return found


def _groups(vehicles: pl.DataFrame, at_once: int | None) -> list[list[str]]:
    """Neighbouring vehicles, so that a group has at most ``at_once`` rows or is one vehicle."""
    groups: list[list[str]] = [[]]
    held = 0
    for vehicle, count in vehicles.select("vehicle", "rows").iter_rows():
        if at_once is not None and groups[-1] and held + count > at_once:
            groups.append([])
            held = 0
        groups[-1].append(vehicle)
        held += count
    return groups


def _frame(engine: Engine, table: Table) -> pl.DataFrame:
    frame = pl.from_arrow(engine.frame(table))
    assert isinstance(frame, pl.DataFrame)
    return frame
