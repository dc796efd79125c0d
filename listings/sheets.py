"""Tables in and out: .xlsx and .csv, for everything that takes or gives a table.

A file is known by what is in it, never by its name. What is read has been measured first: a
workbook is unpacked under a limit and its furthest cell looked up before any row is made.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from listings.errors import N_, Refused

MAX_ROWS = 100_000
MAX_CELLS = 4_000_000
MAX_UNPACKED = 200 * 2**20
MAX_TEXT = 32_767  # what a spreadsheet cell holds

Cell = str | int | float | dt.date | None
Written = str | int | float | Decimal | dt.date | None

_PARTS = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels|"
    r"xl/(workbook|sharedstrings|styles|.*sheet.*)\.xml",
    re.IGNORECASE,
)
_CELL = re.compile(rb"""<(?:\w+:)?c(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*)>""")
_ROW_OPENS = re.compile(rb"<(?:\w+:)?row\b")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']\s*([A-Za-z]*)(\d+)""")
_SHOWN = (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FOREIGN = re.compile(r"\s*(<(!doctype|html|\?xml|meta|table)|%PDF|\{\s*\")", re.IGNORECASE)
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_UNGUARDED = re.compile(r"'*[=+\-@\t\r]")


class NotATable(Refused):
    """The content is neither a workbook nor delimited text."""

    message = N_("“%(filename)s” is not a table. Save it as .xlsx or .csv and try again.")


class OldWorkbook(Refused):
    """A workbook of a format older or other than .xlsx."""

    message = N_("“%(filename)s” is an old workbook (.xls). Save it as .xlsx and try again.")


class LockedWorkbook(Refused):
    """The workbook is encrypted."""

    message = N_("“%(filename)s” is locked by a password. Save a copy without it and try again.")


class EmptySheet(Refused):
    """There is no row with anything in it."""

    message = N_("“%(filename)s” is empty.")


class NoHeader(Refused):
    """The first row does not name columns."""

    message = N_("“%(filename)s” has no column names in its first row, row %(row)s.")


class ColumnTwice(Refused):
    """Two columns share a name, so that it is open which one is meant."""

    message = N_("The column “%(column)s” stands twice in “%(filename)s”. Rename or remove one.")


class TooManyRows(Refused):
    """More rows or cells than are read at once."""

    message = N_("“%(filename)s” has more than %(limit)s %(what)s. Divide it and try again.")


class TooLargeUnpacked(Refused):
    """A small file that becomes a huge one."""

    message = N_("“%(filename)s” unpacks to more than %(limit)s MB, which is not read.")


class CellTooLong(Refused):
    """A text that no spreadsheet cell holds."""

    message = N_("Row %(row)s, column “%(column)s” holds more than %(limit)s characters.")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with something in it: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Column names (stripped; "" for a nameless column) and rows as wide as the header."""

    header: list[str]
    rows: list[Row]


def read(source: Path | bytes, filename: str) -> Sheet:
    """Read the first visible sheet of an .xlsx workbook, or comma, semicolon or tab separated text.

    Text is UTF-8, UTF-16 with a mark, or GB 18030. A title line above the header is passed over.
    Cells of a workbook keep their types (whole numbers are int, days are date); cells of text are
    str; an empty or blank cell is None. Refuses what the classes above name; ``filename`` only
    names it in the sentence.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        records = _workbook(content, filename)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        locked = "EncryptedPackage".encode("utf-16-le") in content
        raise (LockedWorkbook if locked else OldWorkbook)(filename=filename)
    else:
        records = _text(content, filename)
    return _sheet(_bounded(records, filename), filename)


def _bounded(records: Iterable[Row], filename: str) -> list[Row]:
    filled = (row for row in records if any(cell is not None for cell in row.cells))
    rows = list(islice(filled, MAX_ROWS + 3))
    if len(rows) > MAX_ROWS + 2:
        raise TooManyRows(filename=filename, limit=MAX_ROWS, what=N_("rows"))
    if sum(len(row.cells) for row in rows) > MAX_CELLS:
        raise TooManyRows(filename=filename, limit=MAX_CELLS, what=N_("cells"))
    return rows


def _sheet(rows: list[Row], filename: str) -> Sheet:
    if not rows:
        raise EmptySheet(filename=filename)
    first = 0
    while first + 1 < len(rows) and _filled(rows[first]) == 1 < _filled(rows[first + 1]):
        first += 1  # a title, merged over the table, is one cell
    names = rows[first]
    if not any(isinstance(cell, str) for cell in names.cells):
        raise NoHeader(filename=filename, row=names.number)
    body = rows[first + 1 :]
    if len(body) > MAX_ROWS:
        raise TooManyRows(filename=filename, limit=MAX_ROWS, what=N_("rows"))
    width = max(_width(row) for row in rows[first:])
    header = ["" if cell is None else str(cell).strip() for cell in _wide(names.cells, width)]
    for position, column in enumerate(header):
        if column and column in header[:position]:
            raise ColumnTwice(filename=filename, column=column)
    return Sheet(header, [Row(row.number, _wide(row.cells, width)) for row in body])


def _filled(row: Row) -> int:
    return sum(cell is not None for cell in row.cells)


def _width(row: Row) -> int:
    return max(i + 1 for i, cell in enumerate(row.cells) if cell is not None)


def _wide(cells: list[Cell], width: int) -> list[Cell]:
    return (cells + [None] * (width - len(cells)))[:width]


# Text


def _text(content: bytes, filename: str) -> Iterator[Row]:
    text = _decoded(content, filename)
    if not text.strip():
        raise EmptySheet(filename=filename)
    if _CONTROL.search(text) or _FOREIGN.match(text):
        raise NotATable(filename=filename)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for number, fields in enumerate(reader, start=1):
            yield Row(number, [_unguarded(field) for field in fields])
    except csv.Error:
        raise NotATable(filename=filename) from None


def _decoded(content: bytes, filename: str) -> str:
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotATable(filename=filename)


def _delimiter(text: str) -> str:
    """The separator with which the first records are widest and most even."""

    def evenness(delimiter: str) -> tuple[int, int]:
        lines = csv.reader(io.StringIO(text[:65_536], newline=""), delimiter=delimiter)
        try:
            widths = [len(fields) for fields in islice(lines, 20) if fields]
        except csv.Error:
            return (0, 0)
        common = max(set(widths), key=lambda width: (widths.count(width) * (width > 1), width))
        return (widths.count(common) if common > 1 else 0, common)

    return max(",;\t", key=evenness)


def _unguarded(field: str) -> str | None:
    text = field[1:] if _GUARDED.match(field) else field
    return text if text.strip() else None


# Workbooks


def _workbook(content: bytes, filename: str) -> Iterator[Row]:
    measured = _repacked(content, filename)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(measured)) as book:
            for sheet in book.sheets_metadata:
                if (sheet.typ, sheet.visible) != _SHOWN:
                    continue
                table = book.get_sheet_by_name(sheet.name)
                if table.start is None:
                    continue
                top, left = table.start
                for number, cells in enumerate(table.to_python(), start=top + 1):
                    yield Row(number, [None] * left + [_cell(value) for value in cells])
                return
    except PasswordError:
        raise LockedWorkbook(filename=filename) from None
    except CalamineError:
        raise NotATable(filename=filename) from None


def _repacked(content: bytes, filename: str) -> bytes:
    """The parts that hold cells, unpacked under the limit: what is measured is what is read."""
    packed, left = io.BytesIO(), MAX_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
            names = [name for name in old.namelist() if _PARTS.fullmatch(name)]
            if "xl/workbook.xml" not in names or len(set(names)) < len(names):
                raise NotATable(filename=filename)
            for name in names:
                with old.open(name) as stream:
                    part = stream.read(left + 1)
                left -= len(part)
                if left < 0:
                    raise TooLargeUnpacked(filename=filename, limit=MAX_UNPACKED // 2**20)
                _measure(part, filename)
                new.writestr(name, part)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error):
        raise NotATable(filename=filename) from None
    except RuntimeError:  # an encrypted zip
        raise LockedWorkbook(filename=filename) from None
    return packed.getvalue()


def _measure(part: bytes, filename: str) -> None:
    """Refuse a sheet whose filled cells span too large a rectangle: a reader lays it all out."""
    filled = [blob for blob in _CELL.findall(part) if not blob.endswith(b"/")]
    placed = [_REFERENCE.findall(blob) for blob in filled]
    places = [place for found in placed for place in found]
    behind = 0
    if b"<!" in part or not all(placed):  # comments may hide a cell, or it stands after another
        places = _REFERENCE.findall(part)
        behind = max(len(_CELL.findall(row)) for row in _ROW_OPENS.split(part))
    lowest = max((int(digits[:12]) for _, digits in places), default=0)
    furthest = max((_column(letters[:12]) for letters, _ in places), default=0) + behind
    if max(lowest, len(filled) if behind else 0) * max(furthest, 1) > MAX_CELLS:
        raise TooManyRows(filename=filename, limit=MAX_CELLS, what=N_("cells"))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _cell(value: object) -> Cell:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value
    if isinstance(value, bool) or not isinstance(value, str | int | dt.date):
        return str(value)
    return None if isinstance(value, str) and not value.strip() else value


# Out


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[Written]]) -> bytes:
    """A workbook with one sheet. Text stays text: nothing becomes a formula, link or number.

    Decimals of more than 15 digits are written as text, because a spreadsheet would round them.
    Refuses a text longer than a cell holds (``CellTooLong``) and more than ``MAX_ROWS`` rows.
    """
    content = io.BytesIO()
    plain = {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    never = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(content, plain | never) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        for number, cells in enumerate(_counted(rows), start=1):
            for column, value in enumerate(cells):
                if isinstance(value, str) and len(value) > MAX_TEXT:
                    raise CellTooLong(row=number + 1, column=header[column], limit=MAX_TEXT)
                _put(sheet, number, column, value, instant)
    return content.getvalue()


def _put(sheet: Any, row: int, column: int, value: Written, instant: object) -> None:
    if isinstance(value, Decimal) and len(value.as_tuple().digits) > 15:  # noqa: PLR2004 - a double holds 15
        value = str(value)
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, dt.datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), instant)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value)
    elif value is not None:
        sheet.write_number(row, column, value)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Written]]) -> bytes:
    """Comma separated UTF-8 with a byte order mark, which spreadsheets need to see Chinese.

    A text that a spreadsheet would take for a formula gets a leading apostrophe, which ``read``
    takes away again. Control characters are left out. Refuses more than ``MAX_ROWS`` rows.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_guarded(name) for name in header])
    for cells in _counted(rows):
        writer.writerow([_guarded(value) for value in cells])
    return text.getvalue().encode("utf-8-sig")


def _guarded(value: Written) -> str | int | float | None:
    if isinstance(value, str):
        text = _CONTROL.sub("", value)
        return f"'{text}" if _UNGUARDED.match(text) else text
    return str(value) if isinstance(value, Decimal | dt.date) else value


def _counted(rows: Iterable[Sequence[Written]]) -> Iterator[Sequence[Written]]:
    for count, row in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise TooManyRows(filename="", limit=MAX_ROWS, what=N_("rows"))
        yield row
