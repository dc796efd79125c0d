"""Text tables of testers: which line is the header, its encoding and separator, and its columns.

Testers write UTF-8, UTF-16, GB18030 (Chinese Windows) or one byte a character (°C, µA). A file
carries no note of it, so the encoding is that in which most labels of the header are known.
"""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl

from listings.health.readers.labels import Column, columns
from listings.health.readers.limits import Upload
from listings.health.recording import DamagedFile, UnknownFile

ENCODINGS: Final = ("utf-8-sig", "gb18030", "cp1252", "latin-1")
UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DELIMITERS: Final = ("\t", ",", ";")
HEADER_LINES: Final = 400
"""A header is looked for in so many lines: PEC puts its notes before it."""
TEXTS: Final = frozenset({"state", "instant", "test", "cell"})
CHUNK: Final = 1024 * 1024


@dataclass(frozen=True)
class Layout:
    """How a text table is written: ``above`` are the lines before the header, as cells."""

    encoding: str
    delimiter: str
    labels: tuple[str, ...]
    columns: dict[str, Column]
    above: tuple[tuple[str, ...], ...]

    @property
    def header_line(self) -> int:
        """Lines before the header."""
        return len(self.above)


@lru_cache(maxsize=4)
def find(head: bytes) -> Layout | None:
    """The layout of a text whose beginning is ``head``; None where no line names V, A and time."""
    if b"\0" in head and not head.startswith(UTF_16):
        return None
    found = [layout for encoding in _encodings(head) if (layout := _layout(head, encoding))]
    return max(found, key=lambda layout: len(layout.columns), default=None)


def layout_of(upload: Upload) -> Layout:
    """The layout of a file that was found to have one."""
    layout = find(upload.head)
    if layout is None:
        raise UnknownFile(field="file")
    return layout


def read(
    path: Path, layout: Layout, wanted: Iterable[str], *, comment: str | None = None
) -> dict[str, pl.Series]:
    """The wanted quantities that the header has, numbers in canonical units, times as written.

    Refuses a last line that was cut off and text where a number should stand (``DamagedFile``).
    """
    with as_utf8(path, layout.encoding) as plain:
        refuse_cut_off(plain, layout, comment)
        chosen = {name: layout.columns[name] for name in wanted if name in layout.columns}
        clocks = {name for name in chosen if name.endswith("time_second")}
        first = cells_of_first_row(plain, layout, comment)
        texts = TEXTS | {n for n in clocks if ":" in _cell(first, chosen[n].place)}
        _demand_units(chosen, clocks - texts, first)
        rows = _parsed(plain, layout, chosen, texts, comment)
    return {
        name: rows[name] if name in texts else rows[name] * column.factor
        for name, column in chosen.items()
    }


def read_texts(path: Path, layout: Layout, places: Iterable[int]) -> pl.DataFrame:
    """Columns at these places as stripped text, named by their place."""
    with as_utf8(path, layout.encoding) as plain:
        refuse_cut_off(plain, layout, None)
        rows = _read_csv(plain, layout, places, {}, None)
    return rows.select(pl.all().str.strip_chars())


def numbers(texts: pl.Series, column: Column) -> pl.Series:
    """Texts as numbers in the canonical unit; refuses text that is none (``DamagedFile``)."""
    plain = texts.str.strip_chars()
    read = plain.set(plain == "", None).cast(pl.Float64, strict=False)
    odd = texts.filter(read.is_null() & (plain != ""))
    if odd.len():
        raise DamagedFile(
            field="file", detail=f"“{str(odd[0])[:40]}” is no number in the column {column.label}"
        )
    return read * column.factor


@contextmanager
def as_utf8(path: Path, encoding: str) -> Iterator[Path]:
    """The file itself where it is UTF-8, else a copy of it written anew for as long as needed."""
    if encoding == "utf-8-sig":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        with (
            path.open(encoding=encoding, errors="replace", newline="") as source,
            plain.open("w", encoding="utf-8", newline="") as target,
        ):
            while chunk := source.read(CHUNK):
                target.write(chunk)
        yield plain


def refuse_cut_off(path: Path, layout: Layout, comment: str | None) -> None:
    """Compare the last line's fields with the first row's: a copy that ended early has fewer."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - 64 * 1024))
        last = stream.read().rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
    if comment is not None and last.startswith(comment.encode()):
        return
    first = cells_of_first_row(path, layout, comment) or list(layout.labels)
    cells = last.decode("utf-8", "replace").rstrip("\r").lstrip("\ufeff")
    if "\0" in cells or len(_cells(cells, layout.delimiter)) != len(first):
        raise DamagedFile(field="file", detail="the last line is cut off")


def cells_of_first_row(path: Path, layout: Layout, comment: str | None) -> list[str]:
    """The cells of the first row under the header, none where there is no row."""
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        for number, line in enumerate(stream):
            text = line.rstrip("\r\n")
            if number > layout.header_line and text and not (comment and text.startswith(comment)):
                return _cells(text, layout.delimiter)
    return []


def _encodings(head: bytes) -> tuple[str, ...]:
    return ("utf-16",) if head.startswith(UTF_16) else ENCODINGS


def _layout(head: bytes, encoding: str) -> Layout | None:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")[:HEADER_LINES]
    for number, line in enumerate(lines):
        for delimiter in DELIMITERS:
            cells = _cells(line.rstrip("\r"), delimiter)
            known = columns(cells)
            if {"voltage_volt", "current_ampere"} <= known.keys() and _has_time(known):
                above = tuple(tuple(_cells(a.rstrip("\r"), delimiter)) for a in lines[:number])
                return Layout(encoding, delimiter, tuple(cells), known, above)
    return None


def _has_time(known: dict[str, Column]) -> bool:
    return not known.keys().isdisjoint({"test_time_second", "step_time_second", "instant"})


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _cell(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _demand_units(chosen: dict[str, Column], clocks: set[str], first: list[str]) -> None:
    for name in clocks:
        if first and not chosen[name].has_unit:
            raise DamagedFile(
                field="file", detail=f"the column {chosen[name].label} names no unit of time"
            )


def _parsed(
    path: Path,
    layout: Layout,
    chosen: dict[str, Column],
    texts: Iterable[str],
    comment: str | None,
) -> dict[str, pl.Series]:
    places = [column.place for column in chosen.values()]
    kinds = {chosen[name].place: pl.Float64() for name in chosen if name not in texts}
    try:
        rows = _read_csv(path, layout, places, kinds, comment)
    except DamagedFile:
        # Blanks around numbers stop the fast way; text among them is refused by name below.
        rows = _read_csv(path, layout, places, {}, comment)
        return {
            name: rows[str(column.place)]
            if name in texts
            else numbers(rows[str(column.place)], column) / column.factor
            for name, column in chosen.items()
        }
    return {name: rows[str(column.place)] for name, column in chosen.items()}


def _read_csv(
    path: Path,
    layout: Layout,
    places: Iterable[int],
    kinds: Mapping[int, pl.DataType],
    comment: str | None,
) -> pl.DataFrame:
    chosen = sorted(set(places))
    if not cells_of_first_row(path, layout, comment):
        return pl.DataFrame(
            {str(place): [] for place in chosen},
            schema={str(place): kinds.get(place, pl.String()) for place in chosen},
        )
    try:
        rows = pl.scan_csv(
            path,
            has_header=False,
            skip_lines=layout.header_line + 1,
            separator=layout.delimiter,
            comment_prefix=comment,
            infer_schema=False,
            schema_overrides={f"column_{place}": kind for place, kind in kinds.items()},
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
        )
        taken = rows.select(pl.col(f"column_{place}").alias(str(place)) for place in chosen)
        return taken.collect()
    except pl.exceptions.PolarsError as error:
        raise DamagedFile(field="file", detail=_reason(error)) from error


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"\s+", " ", lines[0])[:160]
