"""How a telemetry file begins: its kind, encoding, separator, columns and first values."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from listings import sheets
from listings.errors import Refused
from listings.telemetry.refusals import EmptyTelemetry, NotTelemetry, TelemetryDamaged

HEAD_BYTES: Final = 64 * 1024
SAMPLE: Final = 200
BLOCK: Final = 4 * 1024 * 1024

Kind = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Head:
    """One file, ready for an engine: ``path`` is the file itself, or its copy as UTF-8 csv.

    ``name`` is what people call it. ``sample`` holds up to 200 rows of text; empty for Parquet,
    whose columns have types. ``first_row`` is the number of the first row under the header.
    """

    path: Path
    name: str
    kind: Kind
    header: list[str]
    sample: list[list[str]]
    delimiter: str = ","
    first_row: int = 2

    def values(self, place: int) -> list[str]:
        """The first texts of one column that are not blank."""
        cells = (row[place].strip() for row in self.sample if place < len(row))
        return [cell for cell in cells if cell]


def head(path: Path, name: str, folder: Path) -> Head:
    """Look at a file by content; workbooks and text of other encodings are copied to ``folder``.

    Refuses what is empty (``EmptyTelemetry``), no table (``NotTelemetry``) or does not hold
    together (``TelemetryDamaged``); a workbook over the sheet reader's
    limits is refused in its words.
    """
    with path.open("rb") as stream:
        begins = stream.read(HEAD_BYTES)
    if not begins.strip():
        raise EmptyTelemetry(file=name)
    if begins.startswith(b"PAR1"):
        return _parquet(path, name)
    if begins.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _workbook(path, name, folder)
    return _text(path, name, folder, begins)


def _parquet(path: Path, name: str) -> Head:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        header = parquet.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        raise TelemetryDamaged(file=name, detail=type(error).__name__) from None
    return Head(path, name, "parquet", header, [], first_row=1)


def _workbook(path: Path, name: str, folder: Path) -> Head:
    try:
        sheet = sheets.read(path, name)
    except sheets.EmptySheet:
        raise EmptyTelemetry(file=name) from None
    except Refused as refusal:
        raise TelemetryDamaged(file=name, detail=str(refusal)) from None
    if not sheet.rows:
        raise EmptyTelemetry(file=name)
    rows = [[_written(cell) for cell in row.cells] for row in sheet.rows]
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    with copy.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([sheet.header, *rows])
    return Head(copy, name, "csv", sheet.header, rows[:SAMPLE], first_row=sheet.rows[0].number)


def _written(cell: sheets.Cell) -> str:
    if isinstance(cell, dt.datetime):
        return cell.replace(microsecond=0).isoformat(" ")
    if isinstance(cell, dt.date):
        return f"{cell.isoformat()} 00:00:00"
    return "" if cell is None else str(cell)


def _text(path: Path, name: str, folder: Path, begins: bytes) -> Head:
    encoding = _encoding(begins)
    if encoding is None:
        raise NotTelemetry(file=name)
    if encoding != "utf-8":
        path = _as_utf8(path, folder, encoding, name)
    lines = _whole_lines(begins, encoding)
    delimiter = max(",;\t|", key=lines[0].count) if lines else ","
    if not lines or delimiter not in lines[0]:
        raise NotTelemetry(file=name)
    try:
        rows = list(islice(csv.reader(lines, delimiter=delimiter, strict=True), SAMPLE + 1))
    except csv.Error:
        raise NotTelemetry(file=name) from None
    if len(rows) < 2:  # noqa: PLR2004 - the header and one row
        raise EmptyTelemetry(file=name)
    return Head(path, name, "csv", [one.strip() for one in rows[0]], rows[1:], delimiter)


def _encoding(begins: bytes) -> str | None:
    if begins.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in begins:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(begins, final=False)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _as_utf8(path: Path, folder: Path, encoding: str, name: str) -> Path:
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    try:
        with (
            path.open(encoding=encoding, newline="") as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            while block := old.read(BLOCK):
                new.write(block)
    except UnicodeError:
        raise TelemetryDamaged(file=name, detail=encoding) from None
    return copy


def _whole_lines(begins: bytes, encoding: str) -> list[str]:
    text = codecs.getincrementaldecoder(encoding)().decode(begins, final=False)
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return lines[:-1] if len(begins) == HEAD_BYTES else lines


def row_of(head: Head, column: int, value: str) -> int:
    """The number of the first row with that value, as a spreadsheet counts; 0 where none has."""
    for number, cell in enumerate(_cells(head, column), start=head.first_row):
        if cell == value:
            return number
    return 0


def _cells(head: Head, column: int) -> Iterator[str]:
    if head.kind == "parquet":
        from pyarrow import parquet

        file = parquet.ParquetFile(head.path)
        for batch in file.iter_batches(columns=[head.header[column]]):
            yield from (str(cell) for cell in batch.column(0).to_pylist())
        return
    with head.path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=head.delimiter)
        next(rows)
        yield from (row[column] if column < len(row) else "" for row in rows)
