"""The rows of an .xlsx workbook one after the other, however many there are.

``sheets`` lays a whole workbook out; here its parts are unpacked and parsed piece by piece, and
only the table of shared texts is held. Numbers come as they are written in the file.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from posixpath import join, normpath
from typing import Any, Final
from xml.parsers import expat

from listings.sheets import LockedWorkbook, NotATable, TooLargeUnpacked

PIECE: Final = 2**18
MOST_TEXT: Final = 200 * 2**20
MOST_COLUMNS: Final = 200
_LETTERS = re.compile(r"[A-Z]+")


class _Foreign(Exception):
    """XML that no spreadsheet program writes."""


class Book:
    """The first visible sheet of a workbook. ``done`` is the share of it that was read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._part = _first_sheet(archive)
        self._size = max(archive.getinfo(self._part).file_size, 1)
        self.done = 0.0

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers as a spreadsheet shows them, with texts up to the last filled cell; an empty
        text where nothing stands. Rows that the file leaves out do not come; columns beyond the
        first 200 are passed over.
        """
        sheet, read = _Sheet(_shared(self._archive)), 0
        for piece in _pieces(self._archive, self._part):
            read += len(piece)
            sheet.parse(piece)
            self.done = min(1.0, read / self._size)
            yield from sheet.taken()


@contextmanager
def opened(path: Path) -> Iterator[Book]:
    """A workbook to read rows from. Refuses what is none, is locked, or holds too much text."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Book(archive)
    except RuntimeError as error:  # an encrypted zip
        if "password" not in str(error):
            raise
        raise LockedWorkbook(filename=path.name) from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error, KeyError):
        raise NotATable(filename=path.name) from None
    except (expat.ExpatError, _Foreign, ValueError, IndexError):
        raise NotATable(filename=path.name) from None
    except TooLargeUnpacked as refusal:
        refusal.values["filename"] = path.name
        raise


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _parser(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Any = None
) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise _Foreign


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _elements(archive: zipfile.ZipFile, part: str, wanted: str) -> list[dict[str, str]]:
    """The attributes of every element of one name, prefixes left out."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == wanted:
            found.append({_local(key): value for key, value in attributes.items()})

    parser = _parser(start, lambda _: None)
    for piece in _pieces(archive, part):
        parser.Parse(piece)
    return found


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """The name of the part that holds the first sheet that is shown."""
    targets = {
        one["Id"]: one["Target"]
        for one in _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship")
        if one.get("Type", "").endswith("/worksheet")
    }
    for sheet in _elements(archive, "xl/workbook.xml", "sheet"):
        if sheet.get("state", "visible") == "visible" and sheet["id"] in targets:
            return normpath(join("/xl", targets[sheet["id"]])).lstrip("/")
    raise _Foreign


def _shared(archive: zipfile.ZipFile) -> list[str]:
    """The table of shared texts. Refuses more than 200 MB of them."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    texts = _Texts()
    for piece in _pieces(archive, "xl/sharedStrings.xml"):
        texts.parse(piece)
    return texts.found


class _Texts:
    def __init__(self) -> None:
        self.found: list[str] = []
        self._now: list[str] = []
        self._is_text, self._is_phonetic, self._held = False, False, 0
        self._parser = _parser(self._start, self._end, self._said)

    def parse(self, piece: bytes) -> None:
        self._parser.Parse(piece)

    def _start(self, name: str, _: dict[str, str]) -> None:
        name = _local(name)
        self._is_phonetic |= name == "rPh"
        self._is_text = name == "t" and not self._is_phonetic

    def _end(self, name: str) -> None:
        name, self._is_text = _local(name), False
        if name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self.found.append("".join(self._now))
            self._now = []

    def _said(self, text: str) -> None:
        if self._is_text:
            self._now.append(text)
            self._held += len(text)
            if self._held > MOST_TEXT:
                raise TooLargeUnpacked(filename="", limit=MOST_TEXT // 2**20)


class _Sheet:
    """A parser of one sheet that hands out its rows as they end."""

    def __init__(self, shared: Sequence[str]) -> None:
        self._shared = shared
        self._rows: list[tuple[int, list[str]]] = []
        self._cells: list[str] = []
        self._number, self._column, self._kind = 0, -1, ""
        self._value: list[str] | None = None
        self._places: dict[str, int] = {}
        self._parser = _parser(self._start, self._end, self._said)

    def parse(self, piece: bytes) -> None:
        self._parser.Parse(piece)

    def taken(self) -> list[tuple[int, list[str]]]:
        rows, self._rows = self._rows, []
        return rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if name == "c":
            place = attributes.get("r")
            self._column = self._place(place) if place else self._column + 1
            self._kind = attributes.get("t", "n")
        elif name in ("v", "t"):
            self._value = []
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells, self._column = [], -1
        elif name == "rPh":
            self._column = MOST_COLUMNS  # how a text is pronounced is no part of it

    def _end(self, name: str) -> None:
        name = _local(name)
        if name in ("v", "t") and self._value is not None:
            self._put("".join(self._value))
            self._value = None
        elif name == "row":
            self._rows.append((self._number, self._cells))

    def _said(self, text: str) -> None:
        if self._value is not None:
            self._value.append(text)

    def _put(self, text: str) -> None:
        column, cells = self._column, self._cells
        if column >= MOST_COLUMNS:
            return
        if self._kind == "s":
            text = self._shared[int(text)]
        if column < len(cells):
            cells[column] += text  # a rich text comes in several pieces
            return
        while len(cells) < column:
            cells.append("")
        cells.append(text)

    def _place(self, reference: str) -> int:
        letters = _LETTERS.match(reference)
        if letters is None:
            raise _Foreign
        known = self._places.get(letters[0])
        if known is None:
            known = 0
            for letter in letters[0][:4]:
                known = known * 26 + ord(letter) - 64
            known = self._places[letters[0]] = known - 1
        return known
