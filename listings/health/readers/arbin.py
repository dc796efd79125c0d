"""Arbin .res files: Microsoft Access databases, read through access-parser without a driver.

``Channel_Normal_Table`` holds the rows (s, V, A, Ah; charging positive; the counts of Ah start
anew with each cycle). Its rows lie in the order of their database pages and may be of several
tests: they are put in order by test and data point. Tests of one channel follow one another;
tests of several channels are different test objects and are refused.

The columns that are needed have a fixed place in a row, so they are taken out of whole pages at
once (Jet 3 and 4 layout); access-parser, which goes row by row, finds the pages and the places.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import polars as pl
from access_parser import AccessParser
from numpy.typing import NDArray

from listings.health.readers import frames
from listings.health.readers.limits import Upload
from listings.health.recording import DamagedFile, Recording, SeveralTests, UnknownFile

MAGIC: Final = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
ROWS: Final = "Channel_Normal_Table"
COLUMNS: Final = {
    "Test_ID": "test",
    "Data_Point": "record",
    "Test_Time": "test_time_second",
    "Step_Time": "step_time_second",
    "Step_Index": "step",
    "Cycle_Index": "cycle",
    "Voltage": "voltage_volt",
    "Current": "current_ampere",
    "Charge_Capacity": "charge_ah",
    "Discharge_Capacity": "discharge_ah",
    "Charge_Energy": "charge_wh",
    "Discharge_Energy": "discharge_wh",
}
NEEDED: Final = ("Test_Time", "Voltage", "Current", "Step_Index")
TYPES: Final = {2: "<u1", 3: "<i2", 4: "<i4", 6: "<f4", 7: "<f8", 8: "<f8"}
"""Access column type -> how its value lies in a row."""
JET_3: Final = 3
DELETED, ELSEWHERE = 0x8000, 0x4000
PLACE: Final = 0x1FFF

# Every oddity of a file is logged as an error; what matters here is a refusal.
logging.getLogger("access_parser").setLevel(logging.CRITICAL + 1)


def knows(upload: Upload) -> bool:
    """Whether the file is an Access database; ``read`` refuses one that is not Arbin's."""
    return upload.head.startswith(MAGIC)


def read(upload: Upload) -> Recording:
    """Read the rows of a .res file in the order of their test and data point.

    Refuses an Access database of something else (``UnknownFile``), tests of several channels
    (``SeveralTests``) and pages that do not hold together (``DamagedFile``).
    """
    database = AccessParser(str(upload.path))
    if ROWS not in database.catalog:
        raise UnknownFile(field="file")
    _refuse_channels(database)
    rows = _rows(database.get_table(ROWS))
    order = [name for name in ("test", "record") if name in rows.columns]
    rows = _one_clock(rows.sort(order, maintain_order=True) if order else rows)
    return Recording(
        frame=frames.canonical({name: rows[name] for name in rows.columns}),
        reader="arbin-res",
        reader_version=f"1 (access-parser {version('access-parser')})",
        sha256=upload.sha256,
    )


def _refuse_channels(database: AccessParser) -> None:
    try:
        channels = database.parse_table("Global_Table")["Channel_Index"]
    except Exception:  # noqa: BLE001 - a file without that table is one test
        return
    if len(set(channels)) > 1:
        raise SeveralTests(field="file", count=len(set(channels)))


def _one_clock(rows: pl.DataFrame) -> pl.DataFrame:
    """Tests one after another on one clock; each begins where the one before ended."""
    if "test" not in rows.columns or rows["test"].n_unique() < 2:  # noqa: PLR2004 - one test
        return rows
    before, parts = 0.0, []
    for part in rows.partition_by("test", maintain_order=True):
        parts.append(part.with_columns(pl.col("test_time_second") + before))
        before = float(np.nanmax(parts[-1]["test_time_second"].to_numpy()))
    return pl.concat(parts)


def _rows(table: Any) -> pl.DataFrame:
    columns = {column.col_name_str: column for column in table.columns.values()}
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise DamagedFile(field="file", detail=f"no {missing[0]} in {ROWS}")
    known = {name: column for name, column in columns.items() if name in COLUMNS}
    pages = [_Page(bytes(page), table.version) for page in table.table.linked_pages]
    if any(page.has_rows_elsewhere for page in pages):
        parsed = table.parse()
        return pl.DataFrame({COLUMNS[name]: parsed[name] for name in known}).cast(pl.Float64)
    bitmap = (table.table_header.column_count + 7) // 8
    return pl.DataFrame(
        {
            COLUMNS[name]: np.concatenate(
                [np.empty(0), *(page.values(column, bitmap) for page in pages)]
            )
            for name, column in known.items()
        }
    )


class _Page:
    """The rows of one data page: where each begins and ends."""

    def __init__(self, raw: bytes, jet: int) -> None:
        self.raw = np.frombuffer(raw, dtype=np.uint8)
        counted, self.prefix = (8, 1) if jet == JET_3 else (12, 2)
        (count,) = np.frombuffer(raw, "<u2", 1, counted)
        places = np.frombuffer(raw, "<u2", int(count), counted + 2).astype(np.int64)
        begins = places & PLACE
        ends = np.concatenate([[len(raw)], begins[:-1]]) if count else begins
        kept = (places & DELETED) == 0
        self.has_rows_elsewhere = bool(np.any(kept & ((places & ELSEWHERE) != 0)))
        kept &= ends > begins
        self.begins, self.ends = begins[kept], ends[kept]

    def values(self, column: Any, bitmap: int) -> NDArray[np.float64]:
        """A fixed-length column of every row as float64, missing values as NaN."""
        form = np.dtype(TYPES[column.type])
        places = self.begins + self.prefix + column.fixed_offset
        if np.any(places + form.itemsize > self.ends - bitmap):
            raise DamagedFile(field="file", detail="a row is shorter than its columns")
        taken = self.raw[places[:, None] + np.arange(form.itemsize)]
        values = np.ascontiguousarray(taken).view(form).ravel().astype(np.float64)
        marks = self.raw[self.ends - bitmap + column.column_id // 8]
        return np.where((marks >> (column.column_id % 8)) & 1, values, np.nan)
