"""Tables of pulse voltages, .xlsx or .csv: one row per cell and state of charge, U1 to U21.

A stranger's table is read in a process of its own with little memory and time; what comes back
are numbers.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from listings import sheets
from listings.confined import Limits
from listings.errors import N_, DomainError
from listings.health.rapid import POINTS, Pulses
from listings.health.readers.child import called, refusal_document
from listings.health.readers.limits import sha256_of
from listings.health.recording import (
    DamagedFile,
    FileRefused,
    FileTooLarge,
)

MEGABYTE: Final = 1024 * 1024
READER: Final = "pulse-table"
VERSION: Final = "1"
MAX_BYTES: Final = 16 * MEGABYTE
MAX_ROWS: Final = 20_000
LIMITS: Final = Limits(memory_mb=1024, cpu_s=30, wall_s=60)
HEAD: Final = 256 * 1024
VOLTAGES: Final = tuple(f"U{i}" for i in range(1, POINTS + 1))
COLUMNS: Final = ("cell", "rated_ah", "soc_percent", "pulse_width_s", "temperature_c")
HEADER: Final = (*COLUMNS, *VOLTAGES)
"""The columns of the template."""
ALIASES: Final[dict[str, str]] = {
    "id": "cell",
    "qn": "rated_ah",
    "soc": "soc_percent",
    "pt": "pulse_width_s",
}
"""Names of the published pulse tables, in lower case."""
_IN_TEXT: Final = re.compile(rb"\bu21\b", re.IGNORECASE)
_IN_XML: Final = re.compile(rb">\s*u21\s*<", re.IGNORECASE)
"""The text of a cell; U21 alone is the address of one."""


class PulseColumnMissing(FileRefused):
    """A column without which a row says nothing."""

    message = N_("The pulse table has no column “%(column)s”. Download the template and fill it.")


class PulseCellWrong(FileRefused):
    """Something else where a number should stand."""

    message = N_("Row %(row)s of the pulse table has no number in the column “%(column)s”.")


class PulseTableRefused(FileRefused):
    """The table as such cannot be read."""

    message = N_("The pulse table cannot be read: %(detail)s")


REFUSALS: Final[dict[str, type[FileRefused]]] = {
    kind.__name__: kind
    for kind in (PulseColumnMissing, PulseCellWrong, PulseTableRefused, FileTooLarge, DamagedFile)
}


def template(example: Sequence[sheets.Written] = ()) -> bytes:
    """The empty table as a workbook, with one row to show the units where it is given."""
    return sheets.write_xlsx(HEADER, [example] if example else [])


def is_table(path: Path) -> bool:
    """Whether the content is a pulse table: it names U21 in its first row or shared texts.

    Looks at the first 256 KB of text, unpacked where it is a workbook; reads no cell.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head.startswith(b"PK\x03\x04"):
        lines = head.splitlines()[:3]
        return any(_IN_TEXT.search(line) for line in lines)
    try:
        with zipfile.ZipFile(path) as archive:
            named = [
                member
                for member in archive.infolist()[:1000]
                if re.fullmatch(r"xl/(sharedStrings|worksheets/sheet1)\.xml", member.filename)
            ]
            return any(_IN_XML.search(_beginning(archive, member)) for member in named)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error, RuntimeError):
        return False


def _beginning(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        return stream.read(HEAD)


def read(path: Path) -> tuple[Pulses, ...]:
    """The sequences of a table, in its order, in the calling process.

    Refuses more than 16 MB or 20 000 rows, a missing column and text where a number belongs.
    ``temperature_c`` may be missing or empty.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES / MEGABYTE:.0f}"
        raise FileTooLarge(field="file", size_mb=f"{size / MEGABYTE:.1f}", limit_mb=limit)
    sheet = sheets.read(path, path.name)
    if len(sheet.rows) > MAX_ROWS:
        raise sheets.TooManyRows(filename=path.name, limit=MAX_ROWS, what=N_("rows"))
    at = _places(sheet.header)
    return tuple(_pulses(row, at) for row in sheet.rows)


def _places(header: list[str]) -> dict[str, int]:
    at: dict[str, int] = {}
    for place, name in enumerate(header):
        known = name.strip().lower()
        known = known.upper() if known.upper() in VOLTAGES else ALIASES.get(known, known)
        at.setdefault(known, place)
    for column in HEADER:
        if column not in at and column != "temperature_c":
            raise PulseColumnMissing(field="file", column=column)
    return at


def _pulses(row: sheets.Row, at: dict[str, int]) -> Pulses:
    warm = at.get("temperature_c")
    name = row.cells[at["cell"]]
    return Pulses(
        cell="" if name is None else str(name).strip()[:60],
        rated_ah=_number(row, at, "rated_ah"),
        soc_percent=_number(row, at, "soc_percent"),
        pulse_width_s=_number(row, at, "pulse_width_s"),
        volts=tuple(_number(row, at, column) for column in VOLTAGES),
        temperature_c=None
        if warm is None or row.cells[warm] is None
        else _number(row, at, "temperature_c"),
    )


def _number(row: sheets.Row, at: dict[str, int], column: str) -> float:
    cell = row.cells[at[column]]
    try:
        value = float(cell) if isinstance(cell, int | float | str) else float("nan")
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise PulseCellWrong(field="file", row=row.number, column=column)
    return value


def read_in_child(path: Path) -> tuple[str, tuple[Pulses, ...]]:
    """The SHA-256 of a table and its sequences, read in a confined process.

    Refuses what ``read`` refuses; a table that cannot be read as such is ``PulseTableRefused``.
    """
    order: dict[str, object] = {"path": str(path.resolve())}
    found = called("listings.health.readers.pulses:answer", order, LIMITS, REFUSALS).value
    return found["sha256"], tuple(
        Pulses(**{**one, "volts": tuple(one["volts"])}) for one in found["pulses"]
    )


def answer(order: dict[str, Any]) -> dict[str, object]:
    """Do what ``read_in_child`` ordered. Runs in the confined process only."""
    path = Path(order["path"])
    try:
        return {"sha256": sha256_of(path), "pulses": [asdict(one) for one in read(path)]}
    except FileRefused as refusal:
        return refusal_document(refusal)
    except DomainError as refusal:
        return refusal_document(PulseTableRefused(field="file", detail=str(refusal)[:200]))
