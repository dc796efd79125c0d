"""Index values by the table: a csv, a workbook or the document of the interface, all or nothing.

A row names a series and a day; basis, unit, currency and tax are those of the series where the row
leaves them out. Rows are entered by series and day: each is screened against the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings import sheets
from listings.errors import N_, DomainError, Refused
from listings.parties import Acting, Kind, demand
from pricing import indices
from pricing.indices import IndexFieldWrong, IndexValue

MOST_ROWS = 5000
MOST_TEXT = 500  # as the form takes
MOST_VALUE = Decimal(10) ** 12
COLUMNS = ("series", "date", "value", "basis", "unit", "currency", "tax_included", "source")
_CHINESE = ("序列", "日期", "数值", "计价对象", "单位", "币种", "含税", "来源")
_NAMES = {name: name for name in COLUMNS} | dict(zip(_CHINESE, COLUMNS, strict=True))
_NEEDED = ("series", "date", "value", "source")
_YES, _NO = {"yes", "true", "1", "是", "含"}, {"no", "false", "0", "否", "不含"}

Given = Mapping[str, Any]


class ColumnMissing(Refused):
    """A column that every table has is not there."""

    message = N_("There is no column “%(column)s”. These are needed: %(needed)s.")


class ColumnUnknown(Refused):
    """A column that no table has."""

    message = N_("Nobody knows the column “%(column)s”. These may stand: %(known)s.")


class TableTooLong(Refused):
    """More rows than are entered at once."""

    message = N_("The table has %(rows)s rows; at most %(most)s are entered at once. Divide it.")


class DayTwice(Refused):
    """Two rows of one table speak of the same day of a series."""

    message = N_("“%(series)s” stands twice on %(on)s, the first time in row %(first)s.")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row (numbered as in the table) and which column it is about."""

    row: int
    column: str
    error: DomainError


class TableRefused(Refused):
    """Some rows cannot be entered, so none was. ``problems`` names each."""

    message = N_("Nothing was entered: rows with problems: %(count)s.")

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(count=len({problem.row for problem in problems}))
        self.problems = problems


@dataclass(slots=True)
class Entered:
    """What became of the rows: they stand, are held for a look, or said nothing new."""

    standing: list[IndexValue] = field(default_factory=list)
    held: list[IndexValue] = field(default_factory=list)
    unchanged: int = 0


def from_sheet(content: bytes, filename: str) -> list[tuple[int, Given]]:
    """The rows of a csv or workbook with their numbers. English or Chinese column names.

    Refuses what `listings.sheets` refuses, and columns that are missing or unknown.
    """
    sheet = sheets.read(content, filename)
    names = []
    for column in sheet.header:
        name = _NAMES.get(column.strip().lower(), "")
        if column and not name:
            raise ColumnUnknown("file", column=column, known=", ".join(COLUMNS))
        names.append(name)
    for name in _NEEDED:
        if name not in names:
            raise ColumnMissing("file", column=name, needed=", ".join(_NEEDED))
    return [
        (row.number, {name: cell for name, cell in zip(names, row.cells, strict=True) if name})
        for row in sheet.rows
    ]


def enter(
    session: orm.Session, acting: Acting, rows: Iterable[tuple[int, Given]], *, at: datetime
) -> Entered:
    """Enter numbered rows, each as `indices.enter` does; a row that says what stands is passed by.

    Refuses all of them with every problem (`TableRefused`), and more than 5 000 rows.
    """
    demand(acting, "operator:decide", Kind.OPERATOR)
    rows = list(rows)
    if len(rows) > MOST_ROWS:
        raise TableTooLong("file", rows=len(rows), most=MOST_ROWS)
    problems: list[Problem] = []
    read = [(number, _read(number, row, problems)) for number, row in rows]
    known = [(number, row) for number, row in read if row is not None]
    known.sort(key=lambda pair: (pair[1]["series"], pair[1]["on_date"], pair[0]))
    _refuse_twice(known, problems)
    done = Entered()
    for number, row in known:
        try:
            _enter(session, acting, row, done, at)
        except DomainError as error:
            problems.append(Problem(number, error.field or "", error))
    if problems:
        raise TableRefused(sorted(problems, key=lambda problem: problem.row))
    return done


def _enter(
    session: orm.Session, acting: Acting, row: dict[str, Any], done: Entered, at: datetime
) -> None:
    like = indices.standing(session, row["series"], row["on_date"])
    values = _completed(row, like)
    if _is_there(session, values):
        done.unchanged += 1
        return
    entered = indices.enter(session, acting, at=at, **values)
    (done.held if entered.is_held else done.standing).append(entered)


def _completed(row: dict[str, Any], like: IndexValue | None) -> dict[str, Any]:
    """What the row leaves out, from its series; refuses a new series that leaves something out."""
    values = dict(row)
    for name in ("basis", "unit", "currency", "is_tax_included"):
        if values[name] is not None:
            continue
        if like is None:
            wanted = N_("a new series names it")
            raise IndexFieldWrong(name, name=name, value="", wanted=wanted)
        values[name] = getattr(like, name)
    return values


def _is_there(session: orm.Session, values: dict[str, Any]) -> bool:
    """Whether just this stands or is held already."""
    same = [getattr(IndexValue, name) == value for name, value in values.items()]
    there = sa.select(IndexValue.id).where(*same, IndexValue.superseded_by_id.is_(None))
    return session.scalar(there.limit(1)) is not None


def _refuse_twice(known: list[tuple[int, dict[str, Any]]], problems: list[Problem]) -> None:
    seen: dict[tuple[str, date], int] = {}
    for number, row in known:
        day = row["series"], row["on_date"]
        if day in seen:
            error = DayTwice("date", series=day[0], on=day[1].isoformat(), first=seen[day])
            problems.append(Problem(number, "date", error))
        seen.setdefault(day, number)


def _read(number: int, row: Given, problems: list[Problem]) -> dict[str, Any] | None:
    """The values of a row as `indices.enter` takes them, None where one cannot be read."""
    found: dict[str, Any] = {}
    fine = True
    for column, (name, read) in _READERS.items():
        cell = row.get(column)
        text = "" if cell is None else str(cell).strip()
        try:
            found[name] = read(cell, text)
        except (ValueError, InvalidOperation):
            wanted = _WANTED.get(column, N_("a text"))
            error = IndexFieldWrong(column, name=column, value=text[:80], wanted=wanted)
            problems.append(Problem(number, column, error))
            fine = False
    return found if fine else None


def _text(_cell: Any, text: str) -> str:
    if not text or len(text) > MOST_TEXT or "\x00" in text:
        raise ValueError
    return text


def _optional(cell: Any, text: str) -> str | None:
    return _text(cell, text) if text else None


def _day(cell: Any, text: str) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    return cell if isinstance(cell, date) else date.fromisoformat(text)


def _number(_cell: Any, text: str) -> Decimal:
    value = Decimal(text.replace(",", "").replace("，", ""))
    if not value.is_finite() or not 0 < value < MOST_VALUE:
        raise ValueError
    return value


def _flag(cell: Any, text: str) -> bool | None:
    if isinstance(cell, bool) or not text:
        return cell if isinstance(cell, bool) else None
    if text.lower() not in _YES | _NO:
        raise ValueError
    return text.lower() in _YES


_READERS = {
    "series": ("series", _text),
    "date": ("on_date", _day),
    "value": ("value", _number),
    "basis": ("basis", _optional),
    "unit": ("unit", _optional),
    "currency": ("currency", _optional),
    "tax_included": ("is_tax_included", _flag),
    "source": ("source", _text),
}
_WANTED = {
    "date": N_("a day such as 2026-05-31"),
    "value": N_("a number above 0"),
    "tax_included": N_("yes or no"),
}


def plain(value: Decimal) -> Decimal:
    """A value without trailing zeros and without a power of ten."""
    return Decimal(f"{value.normalize():f}")


def template() -> bytes:
    """An example of the csv, with one row to replace."""
    row = ("Li2CO3", date(2026, 5, 29), Decimal(80000), "Li2CO3", "t", "CNY", "yes", "who, where")
    return sheets.write_csv(COLUMNS, [row])


def export(rows: Iterable[IndexValue]) -> bytes:
    """Values as a csv that `from_sheet` reads."""
    return sheets.write_csv(
        COLUMNS,
        (
            (
                row.series,
                row.on_date,
                plain(row.value),
                row.basis,
                row.unit,
                row.currency,
                "yes" if row.is_tax_included else "no",
                row.source,
            )
            for row in rows
        ),
    )
