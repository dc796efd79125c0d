"""An edition's numbers as one spreadsheet: a template to download, and the same sheet read back.

One row a number: coefficients by their dotted names with value and source, price points by their
codes with low, high and average. A sheet may hold only the rows that change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from listings import sheets
from listings.errors import N_, DomainError, Refused, Several
from listings.sheets import Written
from pricing.coefficients import GuideCoefficients, Number

POINT = "price."
MOST_SOURCE = 600
COLUMNS = ("name", "for", "unit", "value", "low", "high", "average", "source")
_CALLED = {
    "name": {"name", "名称", "编码"},
    "value": {"value", "数值"},
    "low": {"low", "最低", "最低价"},
    "high": {"high", "最高", "最高价"},
    "average": {"average", "均价", "平均"},
    "source": {"source", "来源"},
}
Label = Callable[[str], tuple[str, str]]


class ColumnMissing(Refused):
    """A sheet without the column that says what its rows are."""

    message = N_("“%(filename)s” has no column “%(column)s”. Start from the template.")


class RowUnknown(Refused):
    """A row names nothing that this guide has."""

    message = N_("Row %(row)s: this guide has nothing called “%(name)s”.")


class RowTwice(Refused):
    """Two rows name the same number."""

    message = N_("Row %(row)s: “%(name)s” stands in the sheet twice.")


class RowNotANumber(Refused):
    """A cell that should hold a number does not."""

    message = N_("Row %(row)s, %(column)s of “%(name)s”: “%(value)s” is not a number.")


class RowWithoutSource(Refused):
    """A coefficient whose source is empty or endless."""

    message = N_("Row %(row)s: say where “%(name)s” comes from, in at most %(most)s characters.")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a sheet says: coefficients in plain form, prices by code, and what its rows name."""

    coefficients: dict[str, Any]
    prices: dict[str, dict[str, str]]
    names: frozenset[str]


def rows(
    coefficients: Mapping[str, Any],
    prices: Mapping[str, Mapping[str, str]],
    codes: Iterable[str],
    label: Label,
) -> list[Sequence[Written]]:
    """The sheet's rows: price points, then coefficients; ``label`` gives words and unit."""
    found: list[Sequence[Written]] = []
    for code in codes:
        words, unit = label(POINT + code)
        stated = prices.get(code, {})
        three = [_decimal(stated.get(name)) for name in ("low", "high", "average")]
        found.append([POINT + code, words, unit, None, *three, None])
    for name, number in GuideCoefficients.from_json(dict(coefficients)).sources():
        words, unit = label(name)
        found.append([name, words, unit, number.value, None, None, None, number.source])
    return found


def read(
    source: Path | bytes,
    filename: str,
    coefficients: Mapping[str, Any],
    prices: Mapping[str, Mapping[str, str]],
    codes: Iterable[str],
) -> Filled:
    """The coefficients and prices with what a sheet says in their place; other rows stay.

    Refuses every row that is unknown, doubled, without a number or without a source, all at once.
    """
    table = sheets.read(source, filename)
    places = _places(table.header, filename)
    content = copy.deepcopy(dict(coefficients))
    filled = {code: dict(stated) for code, stated in prices.items()}
    leaves = _leaves(content)
    known, seen, problems = set(codes), set[str](), list[DomainError]()
    for row in table.rows:
        cells = {name: row.cells[place] for name, place in places.items()}
        name = _text(cells["name"])
        try:
            if name in seen:
                raise RowTwice("sheet", row=row.number, name=name)
            seen.add(name)
            if name in leaves:
                leaves[name].update(_coefficient(row.number, name, cells, leaves[name]))
            elif name.startswith(POINT) and name.removeprefix(POINT) in known:
                _put(filled, name.removeprefix(POINT), _price(row.number, name, cells))
            else:
                raise RowUnknown("sheet", row=row.number, name=name)
        except DomainError as problem:
            problems.append(problem)
    if problems:
        raise Several(problems)
    return Filled(content, filled, frozenset(seen))


def _places(header: list[str], filename: str) -> dict[str, int]:
    found = {
        name: place
        for name, called in _CALLED.items()
        for place, column in enumerate(header)
        if column.strip().lower() in called
    }
    if "name" not in found:
        raise ColumnMissing("sheet", filename=filename, column="name")
    return found


def _leaves(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every number of the plain form by its dotted name, to be changed in place."""
    found: dict[str, dict[str, Any]] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict) and set(value) == {"value", "source"}:
            found[name] = value
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name}.{key}", inner)
        elif isinstance(value, list):
            for place, step in enumerate(value):
                at, inner = step if isinstance(step, list) else (place, step)
                walk(f"{name}.{at:g}", inner)

    for name, value in content.items():
        walk(name, value)
    return found


def _coefficient(
    row: int, name: str, cells: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """An empty cell leaves what stood; a number is never without a source."""
    value = _number(row, name, cells, "value")
    source = _text(cells.get("source")) or str(before["source"])
    if len(source) > MOST_SOURCE:
        raise RowWithoutSource("sheet", row=row, name=name, most=MOST_SOURCE)
    number = Number(float(before["value"] if value is None else value), source)
    return {"value": number.value, "source": number.source}


def _price(row: int, name: str, cells: Mapping[str, Any]) -> dict[str, str]:
    found = {column: _number(row, name, cells, column) for column in ("low", "high", "average")}
    return {column: f"{value:f}" for column, value in found.items() if value is not None}


def _put(prices: dict[str, dict[str, str]], code: str, stated: dict[str, str]) -> None:
    """A row without a price says that the point was not assessed."""
    if stated:
        prices[code] = stated
    else:
        prices.pop(code, None)


def _number(row: int, name: str, cells: Mapping[str, Any], column: str) -> Decimal | None:
    text = _text(cells.get(column)).replace(",", "").replace("，", "")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise RowNotANumber("sheet", row=row, column=column, name=name, value=text)
    return value


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()
