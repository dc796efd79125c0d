"""Reading a fleet's spreadsheet: cells by column, and every problem with its row and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from listings import sheets, words
from listings.errors import N_, DomainError, Refused, Several
from listings.import_columns import BY_HEADER, COLUMNS, plain, text

MOST_PACKS = 5_000


class ColumnMissing(Refused):
    """A column without which no row can be read."""

    message = N_("The column “%(column)s” is missing. Take the headers of the template.")


class HeaderTwice(Refused):
    """Two columns mean the same."""

    message = N_("This column means the same as “%(other)s”. Keep one of them.")


class TooManyPacks(Refused):
    """More rows than one import takes."""

    message = N_("The file has %(count)s rows; import at most %(most)s at once.")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in one cell; ``row`` as the spreadsheet counts, 0 for the whole file."""

    row: int
    column: str
    value: str
    error: DomainError

    @property
    def reason(self) -> str:
        """The sentence in the reader's language."""
        return words.say(self.error)


class ImportRefused(Refused):
    """A spreadsheet with problems: nothing of it was written."""

    message = N_("The file has %(count)s problems, so nothing of it was imported.")

    def __init__(self, problems: list[RowProblem]) -> None:
        super().__init__("file", count=len(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Line:
    """One row as read: typed values by column key, empty cells left out."""

    number: int
    values: dict[str, Any]
    raw: dict[str, str]

    @property
    def vehicle(self) -> str:
        """The number by which its vehicle goes, or an empty text."""
        return str(self.values.get("fleet_number") or self.values.get("plate") or "")


@dataclass(slots=True)
class Reading:
    """A spreadsheet as read: its lines, the header of each known column, and all problems."""

    lines: list[Line] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)

    def complain(self, line: Line, key: str, error: DomainError) -> None:
        """Write down what is wrong with a cell of a line."""
        column = self.headers.get(key, header(key))
        several = error.errors if isinstance(error, Several) else [error]
        for one in several:
            self.problems.append(RowProblem(line.number, column, line.raw.get(key, ""), one))


def read(content: bytes, filename: str) -> Reading:
    """Read the cells of an .xlsx or .csv; headers in Chinese or English, several spellings each.

    Problems of cells and headers are collected. Refuses what ``sheets.read`` refuses and more
    than 5000 rows.
    """
    sheet = sheets.read(content, filename)
    if len(sheet.rows) > MOST_PACKS:
        raise TooManyPacks(field="file", count=len(sheet.rows), most=MOST_PACKS)
    reading = Reading()
    places = _places(sheet.header, reading)
    if "type" not in places:
        error = ColumnMissing(column=header("type"))
        reading.problems.append(RowProblem(0, header("type"), "", error))
        return reading
    for row in sheet.rows:
        reading.lines.append(_line(row, places, reading))
    return reading


def _places(names: list[str], reading: Reading) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        column = BY_HEADER.get(plain(name))
        if column is None:
            if name:
                reading.ignored.append(name)
        elif column.key in places:
            error = HeaderTwice(other=reading.headers[column.key])
            reading.problems.append(RowProblem(0, name, "", error))
        else:
            places[column.key] = place
            reading.headers[column.key] = name
    return places


def _line(row: sheets.Row, places: dict[str, int], reading: Reading) -> Line:
    raw = {key: text(row.cells[place]) for key, place in places.items()}
    line = Line(row.number, {}, {key: value for key, value in raw.items() if value})
    for column in COLUMNS:
        if column.key not in line.raw:
            continue
        try:
            line.values[column.key] = column.read(row.cells[places[column.key]])
        except DomainError as error:
            reading.complain(line, column.key, error)
    return line


def header(key: str) -> str:
    """The template's header of a column in the reader's language."""
    column = next(column for column in COLUMNS if column.key == key)
    return column.name(words.locale())
