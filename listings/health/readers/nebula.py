"""NEBULA work-step sheets (.xlsx, Chinese headers): one row a step, no series of measurements.

A step has its first and last voltage and current, its duration and the tester's own sums; those
of discharges are stored negative. The frame holds each step's first and last row with the counters
``tester_ah`` and ``tester_wh``, and the recording says that it ``is_sums``.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl
import python_calamine

from listings.health.readers import containers, times
from listings.health.readers.limits import Upload
from listings.health.recording import DamagedFile, Recording, UnknownFile

KIND: Final = "工步类型"
CHARGE, DISCHARGE = "充电", "放电"
NUMBERS: Final = {
    "工步序号": "step",
    "循环": "cycle",
    "起始电压(V)": "first_volt",
    "结束电压(V)": "last_volt",
    "起始电流(A)": "first_ampere",
    "结束电流(A)": "last_ampere",
    "充电容量(Ah)": "charge_ah",
    "放电容量(Ah)": "discharge_ah",
    "充电能量(Wh)": "charge_wh",
    "放电能量(Wh)": "discharge_wh",
    "开始温度1(℃)": "first_celsius",
    "结束温度1(℃)": "last_celsius",
}
OPTIONAL: Final = frozenset({"first_celsius", "last_celsius", "cycle"})
LENGTHS: Final = ("持续时间(h:min:s:ms)", "持续时间(h:min:s.ms)", "相对时间(h:min:s.ms)")
TYPES: Final = "[Content_Types].xml"


def knows(upload: Upload) -> bool:
    """Whether the file is a workbook whose first sheet is a list of steps."""
    if not containers.looks_like_zip(upload.head) or "xl/workbook.xml" not in containers.names(
        upload.path
    ):
        return False
    try:
        header = _header(_open(upload.path))
    except Exception:  # noqa: BLE001 - what cannot be opened is not known
        return False
    return KIND in header and {"起始电压(V)", "结束电压(V)", "放电容量(Ah)"} <= set(header)


def read(upload: Upload) -> Recording:
    """Read a step sheet that ``knows`` knows.

    Refuses one that unpacks to more than ``upload.max_bytes`` (``FileTooLarge``) and cells that
    are not what their header says (``DamagedFile``).
    """
    containers.check(upload.path, upload.max_bytes)
    sheet = _open(upload.path)
    header, *rows = sheet.to_python()
    steps = _steps([str(cell).strip() for cell in header], [row for row in rows if any(row)])
    return Recording(
        frame=_ends(steps),
        reader="nebula-xlsx",
        reader_version=f"1 (python-calamine {version('python-calamine')})",
        sha256=upload.sha256,
        is_sums=True,
    )


def _open(path: Path) -> python_calamine.CalamineSheet:
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    if not workbook.sheet_names:
        raise UnknownFile(field="file")
    return workbook.get_sheet_by_index(0)


def _header(sheet: python_calamine.CalamineSheet) -> list[str]:
    rows = sheet.to_python(nrows=1)
    return [str(cell).strip() for cell in rows[0]] if rows else []


def _steps(header: list[str], rows: list[list[Any]]) -> pl.DataFrame:
    length = next((label for label in LENGTHS if label in header), None)
    missing = [label for label, name in NUMBERS.items() if not {label, name} & {*header, *OPTIONAL}]
    if length is None or missing:
        raise DamagedFile(field="file", detail=f"no column {(missing or LENGTHS)[0]}")
    columns = {
        name: _numbers(rows, header.index(label), label)
        for label, name in NUMBERS.items()
        if label in header
    }
    columns["kind"] = pl.Series(
        [str(row[header.index(KIND)]).strip() for row in rows], dtype=pl.String
    )
    texts = pl.Series(length, [str(row[header.index(length)]) for row in rows], dtype=pl.String)
    columns["seconds"] = times.clock_seconds(texts)
    return pl.DataFrame(columns)


def _numbers(rows: list[list[Any]], place: int, label: str) -> pl.Series:
    try:
        values = [None if row[place] == "" else float(row[place]) for row in rows]
    except (TypeError, ValueError) as error:
        raise DamagedFile(field="file", detail=f"no number in the column {label}") from error
    return pl.Series(label, values, dtype=pl.Float64)


def _ends(steps: pl.DataFrame) -> pl.DataFrame:
    """Two rows a step: its first and its last, on one clock, with the tester's counters."""
    sign = (
        pl.when(pl.col("kind").str.contains(DISCHARGE, literal=True))
        .then(-1.0)
        .when(pl.col("kind").str.contains(CHARGE, literal=True))
        .then(1.0)
        .otherwise(0.0)
    )
    moved = {
        unit: pl.max_horizontal(pl.col(f"charge_{unit}").abs(), pl.col(f"discharge_{unit}").abs())
        for unit in ("ah", "wh")
    }
    ended = pl.col("seconds").cum_sum()
    ends = [
        ("first", ended - pl.col("seconds"), pl.lit(0.0), pl.lit(0.0)),
        ("last", ended, moved["ah"], moved["wh"]),
    ]
    warm = "first_celsius" in steps.columns and "last_celsius" in steps.columns
    halves = [
        steps.select(
            test_time_second=at,
            voltage_volt=f"{end}_volt",
            current_ampere=pl.col(f"{end}_ampere").abs() * sign,
            **({"cycle": pl.col("cycle")} if "cycle" in steps.columns else {}),
            step="step",
            **({"temperature_celsius": pl.col(f"{end}_celsius")} if warm else {}),
            tester_ah=ah,
            tester_wh=wh,
        )
        for end, at, ah, wh in ends
    ]
    together = pl.concat([half.with_row_index("row") for half in halves])
    return together.sort("row", maintain_order=True).drop("row").cast(pl.Float64)
