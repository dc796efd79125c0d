"""Tables of any length, read block by block: .csv, .parquet and .xlsx, known by their content.

A block is as much as is held at a time, so that a million rows need no more memory than twenty
thousand. Small tables that are read whole go through ``sheets``.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from listings.errors import N_, Refused
from listings.sheets import ColumnTwice, EmptySheet, NoHeader, NotATable, OldWorkbook

if TYPE_CHECKING:
    import polars as pl

BLOCK_ROWS: Final = 20_000
BLOCK_BYTES: Final = 2**20
LONGEST_ROW: Final = 2**20
HEAD_BYTES: Final = 64 * 1024
HEAD_LINES: Final = 100
DELIMITERS: Final = ",;\t"
TITLE_ROWS: Final = 20
"""Rows above the header, such as a title, among which the header is looked for."""

IsHeader = Callable[[Sequence[str]], bool]


class RowTooLong(Refused):
    """A row without an end, mostly an open quotation mark."""

    message = N_(
        "“%(filename)s” has a row of more than %(limit)s KB. A quotation mark may be missing."
    )


class TableDamaged(Refused):
    """The file begins like a table and does not hold together."""

    message = N_("“%(filename)s” is damaged: %(reason)s")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows under a header: ``numbers`` are theirs as a spreadsheet counts, ``done`` the share
    of the whole that was read. Text, unless the file itself has types; null where nothing stands.
    """

    frame: pl.DataFrame
    numbers: Sequence[int]
    done: float


def stream(path: Path, is_header: IsHeader) -> Iterator[Block]:
    """The rows of a table in blocks, blank rows among them.

    The header is the first of the top twenty rows that ``is_header`` takes; columns without a name
    are left out. Refuses what is no table (`NotATable`), empty (`EmptySheet`), without a header
    (`NoHeader`) or with two columns of one name (`ColumnTwice`), an old workbook, a row without an
    end (`RowTooLong`) and what does not hold together (`TableDamaged`).
    """
    is_empty = True
    for block in _blocks(path, is_header):
        is_empty = False
        yield block
    if is_empty:
        raise EmptySheet(filename=path.name)


def _blocks(path: Path, is_header: IsHeader) -> Iterator[Block]:
    with path.open("rb") as file:
        begins = file.read(HEAD_BYTES)
    if not begins.strip():
        return iter(())
    if begins.startswith(b"PAR1"):
        return _parquet(path, is_header)
    if begins.startswith(b"\xd0\xcf\x11\xe0"):
        raise OldWorkbook(filename=path.name)
    if begins.startswith(b"PK\x03\x04"):
        return _workbook(path, is_header)
    return _text(path, is_header, _encoding(begins, path.name))


@dataclass(frozen=True, slots=True)
class _Header:
    """Names by place, and the number of their row."""

    names: dict[int, str]
    number: int

    @property
    def width(self) -> int:
        return max(self.names) + 1

    def frame(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The named columns."""
        return cells.select(
            cells.get_column(cells.columns[place]).alias(name) for place, name in self.names.items()
        )


def _header(rows: Iterable[tuple[int, Sequence[str]]], is_header: IsHeader, name: str) -> _Header:
    number = 1
    for number, cells in islice(rows, TITLE_ROWS):
        names = [cell.strip() for cell in cells]
        if is_header(names):
            for place, column in enumerate(names):
                if column and column in names[:place]:
                    raise ColumnTwice(filename=name, column=column)
            return _Header({i: column for i, column in enumerate(names) if column}, number)
    raise NoHeader(filename=name, row=number)


# Parquet


def _parquet(path: Path, is_header: IsHeader) -> Iterator[Block]:
    import polars as pl
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            header = _header([(1, file.schema_arrow.names)], is_header, path.name)
            start, count = header.number + 1, file.metadata.num_rows
            for batch in file.iter_batches(BLOCK_ROWS):
                frame = header.frame(pl.DataFrame(batch))
                numbers = range(start, start + len(frame))
                start = numbers.stop
                yield Block(frame, numbers, min(1.0, (start - 2) / count))
    except (pa.ArrowException, OSError, UnicodeError, pl.exceptions.PolarsError) as error:
        reason = type(error).__name__
        raise TableDamaged(filename=path.name, reason=reason) from None


# Text


def _encoding(begins: bytes, name: str) -> str:
    if begins.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in begins:
        raise NotATable(filename=name)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(begins, final=False)
        except UnicodeDecodeError:
            continue
        return encoding
    raise NotATable(filename=name)


def _text(path: Path, is_header: IsHeader, encoding: str) -> Iterator[Block]:
    size = path.stat().st_size
    with path.open("rb") as file:
        pieces = _pieces(file, encoding, path.name)
        first = next(pieces, b"")
        header, delimiter, first = _text_header(first, is_header, path.name)
        number = header.number + 1
        while first or (first := next(pieces, b"")):
            cells = _cells(first, delimiter, header.width, path.name)
            numbers = range(number, number + len(cells))
            yield Block(header.frame(cells), numbers, file.tell() / size)
            number = numbers.stop
            first = b""


def _pieces(file: BinaryIO, encoding: str, name: str) -> Iterator[bytes]:
    """The text as UTF-8 in pieces that end where a row ends, outside of quotation marks."""
    decoder = codecs.getincrementaldecoder(encoding)()
    rest, is_utf8 = b"", encoding == "utf-8-sig"
    if is_utf8 and file.read(3) != codecs.BOM_UTF8:
        file.seek(0)
    while block := file.read(BLOCK_BYTES):
        is_last = len(block) < BLOCK_BYTES
        try:
            rest += block if is_utf8 else decoder.decode(block, is_last).encode()
        except UnicodeDecodeError as error:
            raise TableDamaged(filename=name, reason=str(error.encoding)) from None
        end = len(rest) if is_last else _row_end(rest)
        if not end and len(rest) > BLOCK_BYTES + LONGEST_ROW:
            raise RowTooLong(filename=name, limit=LONGEST_ROW // 1024)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _row_end(text: bytes) -> int:
    """Behind the last line break that stands outside of quotation marks; 0 where there is none."""
    end = len(text)
    quotes = text.count(b'"')
    while (found := text.rfind(b"\n", 0, end)) >= 0:
        quotes -= text.count(b'"', found, end)
        if quotes % 2 == 0:
            return found + 1
        end = found
    return 0


def _text_header(piece: bytes, is_header: IsHeader, name: str) -> tuple[_Header, str, bytes]:
    """The header, the separator under which it is one, and what stands under it."""
    lines = piece.split(b"\n", HEAD_LINES)
    for delimiter in DELIMITERS:
        texts = (line.decode(errors="replace") for line in lines[:HEAD_LINES])
        reader = csv.reader(texts, delimiter=delimiter)
        try:
            header = _header(enumerate(reader, start=1), is_header, name)
        except (csv.Error, NoHeader):
            continue
        return header, delimiter, b"\n".join(lines[reader.line_num :])
    raise NoHeader(filename=name, row=1)


def _cells(piece: bytes, delimiter: str, width: int, name: str) -> pl.DataFrame:
    import polars as pl

    # A first row of as many places as the header has decides on the width of all that follow.
    places = delimiter.join(map(str, range(width))).encode() + b"\n"
    try:
        return pl.read_csv(
            places + piece, separator=delimiter, infer_schema=False, truncate_ragged_lines=True
        )
    except pl.exceptions.PolarsError as error:
        raise TableDamaged(filename=name, reason=str(error).partition("\n")[0]) from None


# Workbooks


def _workbook(path: Path, is_header: IsHeader) -> Iterator[Block]:
    import polars as pl

    from listings import workbook_rows

    with workbook_rows.opened(path) as book:
        rows = book.rows()
        header = _header(rows, is_header, path.name)
        schema = {str(place): pl.String for place in range(header.width)}
        while taken := list(islice(rows, BLOCK_ROWS)):
            wide = [_wide(cells, header.width) for _, cells in taken]
            frame = pl.DataFrame(wide, schema=schema, orient="row")
            yield Block(header.frame(frame), [number for number, _ in taken], book.done)


def _wide(cells: Sequence[str], width: int) -> list[str | None]:
    return [cell or None for cell in (*cells, *[""] * (width - len(cells)))][:width]
