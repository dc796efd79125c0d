"""Neware BTSDA csv, as BTSDA and BTS export it: flat rows, or cycle, step and record rows.

Flat: one header line, one row a record, with cycle and step in every row. Nested: three header
lines (cycle; one cell in: step; two cells in: record) and rows of the three kinds below them.
English or Chinese labels, UTF-8 or GB18030; time is the step's, written h:m:s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from listings.health.readers import frames, maccor, tables
from listings.health.readers.labels import Column, columns, known
from listings.health.readers.limits import Upload
from listings.health.recording import DamagedFile, Recording

VERSION: Final = "1"
NESTED_HEADER: Final = 2
"""Lines above the header of the records in a nested export."""


def knows(upload: Upload) -> bool:
    """Whether the header numbers its records and stands where an export of BTSDA has it."""
    layout = tables.find(upload.head)
    if layout is None or "record" not in layout.columns or layout.delimiter == ";":
        return False
    return _is_flat(layout) or _is_nested(layout)


def read(upload: Upload) -> Recording:
    """Read an export that ``knows`` knows; current gets the sign of its step's type."""
    layout = tables.layout_of(upload)
    nested = _is_nested(layout)
    found = (
        _nested(upload.path, layout) if nested else tables.read(upload.path, layout, frames.READ)
    )
    return Recording(
        frame=frames.canonical(found),
        reader="neware-csv",
        reader_version=f"{VERSION} {'nested' if nested else 'flat'} (polars {pl.__version__})",
        sha256=upload.sha256,
    )


def _is_flat(layout: tables.Layout) -> bool:
    grouped = {"cycle", "step"} <= layout.columns.keys()
    return layout.header_line == 0 and grouped and not maccor.starts(layout)


def _is_nested(layout: tables.Layout) -> bool:
    if layout.header_line != NESTED_HEADER:
        return False
    quantities = [
        next((one.quantity for cell in cells if (one := known(cell)) is not None), None)
        for cells in layout.above
    ]
    return quantities == ["cycle", "step"]


def _nested(path: Path, layout: tables.Layout) -> dict[str, pl.Series]:
    """The record rows, each with its cycle's number, its step's ordinal and its step's type."""
    wanted = {n: c for n, c in layout.columns.items() if n in frames.READ}
    state = columns(layout.above[1]).get("state")
    places = {0, 1, *(c.place for c in wanted.values())} | ({state.place} if state else set())
    rows = tables.read_texts(path, layout, places)
    is_cycle, is_step = _filled(rows["0"]), _filled(rows["1"])
    is_step &= ~is_cycle
    rows = rows.with_columns(
        cycle=pl.when(is_cycle).then("0").forward_fill(),
        step=pl.Series(np.cumsum(is_step.to_numpy())).cast(pl.Float64),
        state=pl.when(is_step).then(str(state.place)).forward_fill() if state else pl.lit(None),
    ).filter(~is_cycle & ~is_step)
    if rows["cycle"].null_count():
        raise DamagedFile(field="file", detail="a record stands before its cycle")
    found = {
        name: _column(rows[str(column.place)], name, column) for name, column in wanted.items()
    }
    found |= {"cycle": tables.numbers(rows["cycle"], _COUNT), "step": rows["step"]}
    return found | ({"state": rows["state"]} if state else {})


_COUNT: Final = Column(0, "Cycle ID", 1.0, has_unit=False)


def _filled(column: pl.Series) -> pl.Series:
    return column.fill_null("") != ""


def _column(texts: pl.Series, name: str, column: Column) -> pl.Series:
    is_clock = name.endswith("time_second") and texts.str.contains(":", literal=True).any()
    return texts if name in tables.TEXTS or is_clock else tables.numbers(texts, column)
