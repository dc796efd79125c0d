"""A lab's table of modules and cells: read confined, all or nothing, each problem by its cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from listings import sheets
from listings.confined import Limits
from listings.errors import N_, DomainError, Refused, Several
from listings.health import composition
from listings.health.composition import Layout, Part, Place
from listings.health.readers import child
from listings.identity import gbt34014
from listings.identity.refusals import refuse_errors
from listings.import_columns import Column, plain, text
from listings.import_reading import ColumnMissing, HeaderTwice, RowProblem

READER: Final = "part-table"
VERSION: Final = "1"
MOST_PARTS: Final = 5_000
MOST_BYTES: Final = 20 * 2**20
MOST_TEXT: Final = 200
LIMITS: Final = Limits(memory_mb=1024, cpu_s=30, wall_s=60)
PLACES: Final = Decimal("0.000001")
HIGHEST: Final = Decimal("1.5")
"""Times the rated capacity: above it the unit or the position is wrong."""


class PartsRefused(Refused):
    """A table with problems: nothing of it was taken."""

    message = N_("The table of parts has %(count)s problems, so nothing of it was taken.")

    def __init__(self, problems: list[RowProblem]) -> None:
        super().__init__("parts", count=len(problems))
        self.problems = problems


class TooManyParts(Refused):
    """More rows than a pack has parts."""

    message = N_("The table has %(count)s rows; a pack has at most %(most)s parts here.")


class PositionNeeded(Refused):
    """A row that does not say which part it is of."""

    message = N_("Say which module or cell this row is of.")


class PositionTwice(Refused):
    """Two rows of one place."""

    message = N_("Row %(row)s is of the same position. Keep one of them.")


class NothingMeasured(Refused):
    """A row without a capacity and without a voltage."""

    message = N_("The row has neither a capacity nor a voltage at rest.")


class NotAReading(Refused):
    """A cell of a measured column that is no number in its range."""

    message = N_("“%(value)s” is not a number of %(unit)s above %(least)s and up to %(most)s.")


class PartImplausible(Refused):
    """A capacity that no such part has."""

    message = N_(
        "%(value)s Ah is more than 1.5 times the rated %(rated)s Ah. Check the unit and the "
        "position."
    )


class NotAHash(Refused):
    """A cell of the hash column that is no SHA-256."""

    message = N_("“%(value)s” is not a SHA-256: 64 digits and letters a to f.")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a table is read against: the layout, the rated Ah of a module and of a cell, the day."""

    layout: Layout
    rated_ah: Mapping[composition.Level, Decimal]
    today: date


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a measured column takes: above ``least``, up to ``most``."""

    unit: str
    least: int
    most: int


BOUNDS: Final[dict[str, Bounds]] = {
    "capacity_ah": Bounds("Ah", 0, 100_000),
    "dcir_mohm": Bounds("mΩ", 0, 100_000),
    "rest_v": Bounds("V", 0, 1_500),
    "temperature_c": Bounds("°C", -60, 100),
}
COLUMNS: Final = (
    Column(
        "position",
        "位置",
        "Position",
        N_("M3 for a module; S12, S12P2 or M3-12 for a cell. Required."),
        ("编号", "模块号", "电芯号", "位置编号", "部件位置", "module", "cell", "part"),
    ),
    Column(
        "code",
        "电池编码",
        "Code",
        N_("GB/T 34014 code of the module or cell, where it carries one."),
        ("动力电池编码", "编码", "国标编码", "battery code"),
    ),
    Column(
        "capacity_ah",
        "容量(Ah)",
        "Capacity (Ah)",
        N_("As measured, in Ah. Empty where it was not."),
        ("容量", "实测容量", "放电容量", "放电容量(Ah)", "capacity", "measured capacity"),
    ),
    Column(
        "dcir_mohm",
        "直流内阻(mΩ)",
        "DCIR (mOhm)",
        N_("In milliohm."),
        ("直流内阻", "内阻", "内阻(mΩ)", "DCIR", "DCIR (mΩ)", "resistance", "resistance (mOhm)"),
    ),
    Column(
        "rest_v",
        "静置电压(V)",
        "Rest voltage (V)",
        N_("At rest, in V, all at the same state of charge."),
        ("静置电压", "开路电压", "开路电压(V)", "电压(V)", "电压", "OCV", "OCV (V)", "voltage"),
    ),
    Column(
        "temperature_c",
        "温度(℃)",
        "Temperature (°C)",
        N_("During the measurement."),
        ("温度", "temperature", "temperature (C)"),
    ),
    Column(
        "file_sha256",
        "测试文件SHA-256",
        "Tester file SHA-256",
        N_("Of the part's own tester file, where the lab keeps one."),
        ("文件SHA-256", "测试文件", "sha256", "sha-256", "file"),
    ),
)
BY_HEADER: Final = {
    plain(spelling): column
    for column in COLUMNS
    for spelling in (column.chinese, column.english, column.key, *column.spellings)
}
TABLE_REFUSALS: Final[dict[str, type[Refused]]] = {
    kind.__name__: kind
    for kind in (
        sheets.NotATable, sheets.OldWorkbook, sheets.LockedWorkbook, sheets.EmptySheet,
        sheets.NoHeader, sheets.ColumnTwice, sheets.TooManyRows, sheets.TooLargeUnpacked,
        TooManyParts,
    )
}  # fmt: skip


@dataclass(slots=True)
class _Reading:
    """A table while it is read: its header names, its parts and its problems."""

    names: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    rows: dict[Place, int] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)

    def complain(self, row: int, key: str, value: str, error: DomainError) -> None:
        name = self.names.get(key) or next(one.english for one in COLUMNS if one.key == key)
        for one in error.errors if isinstance(error, Several) else [error]:
            self.problems.append(RowProblem(row, name, value, one))


def template(locale: str) -> bytes:
    """An empty workbook with the headers in a language."""
    return sheets.write_xlsx([column.name(locale) for column in COLUMNS], [])


def read(path: Path, filename: str, expected: Expected) -> tuple[Part, ...]:
    """The parts of an .xlsx or .csv, in its order, read in a confined process.

    Refuses what ``sheets.read`` and ``child.called`` refuse, and with ``PartsRefused`` every cell
    that cannot be.
    """
    order: dict[str, object] = {"path": str(path.resolve()), "filename": filename}
    answer = child.called("listings.health.part_tables:answer", order, LIMITS).value
    if "table_refusal" in answer:
        raise TABLE_REFUSALS[answer["table_refusal"]](field="parts", **answer["values"])
    return parse(answer["header"], answer["rows"], expected)


def answer(order: dict[str, Any]) -> dict[str, object]:
    """Read the cells of a table as text. Runs in the confined process only."""
    try:
        sheet = sheets.read(Path(order["path"]), order["filename"])
        if len(sheet.rows) > MOST_PARTS:
            raise TooManyParts(count=len(sheet.rows), most=MOST_PARTS)
    except Refused as refusal:
        return {"table_refusal": type(refusal).__name__, "values": refusal.values}
    rows = [
        [row.number, [text(cell)[:MOST_TEXT] for cell in row.cells[:100]]] for row in sheet.rows
    ]
    return {"header": [name[:MOST_TEXT] for name in sheet.header[:100]], "rows": rows}


def parse(
    header: list[str], rows: list[tuple[int, list[str]]], expected: Expected
) -> tuple[Part, ...]:
    """The parts that rows of text name; `PartsRefused` with each problem."""
    reading = _Reading()
    places = _places(header, reading)
    for number, cells in rows if "position" in places else []:
        raw = {key: cells[place] for key, place in places.items() if cells[place]}
        if raw:
            _row(number, raw, reading, expected)
    if reading.problems:
        raise PartsRefused(reading.problems)
    return tuple(reading.parts)


def _places(header: list[str], reading: _Reading) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        column = BY_HEADER.get(plain(name))
        if column is None:
            continue
        if column.key in places:
            error = HeaderTwice(other=reading.names[column.key])
            reading.problems.append(RowProblem(0, name, "", error))
        places[column.key] = place
        reading.names[column.key] = name
    if "position" not in places:
        name = f"{COLUMNS[0].chinese} / {COLUMNS[0].english}"
        reading.problems.append(RowProblem(0, name, "", ColumnMissing(column=name)))
    return places


def _row(number: int, raw: dict[str, str], reading: _Reading, expected: Expected) -> None:
    values: dict[str, Any] = {}
    for column in COLUMNS:
        value = raw.get(column.key, "")
        try:
            values[column.key] = _value(column.key, value, expected)
        except DomainError as error:
            reading.complain(number, column.key, value, error)
    place, ah = values.get("position"), values.get("capacity_ah")
    if not raw.keys() & {"capacity_ah", "rest_v"}:
        reading.complain(number, "capacity_ah", "", NothingMeasured())
    if place is None:
        return
    if place in reading.rows:
        reading.complain(
            number, "position", raw["position"], PositionTwice(row=reading.rows[place])
        )
    reading.rows.setdefault(place, number)
    rated = expected.rated_ah.get(place.level)
    if ah is not None and rated is not None and ah > HIGHEST * rated:
        too_much = PartImplausible(value=raw["capacity_ah"], rated=f"{rated.normalize():f}")
        reading.complain(number, "capacity_ah", raw["capacity_ah"], too_much)
    reading.parts.append(
        Part(
            place=place,
            code=values.get("code") or "",
            capacity_ah=ah,
            dcir_mohm=values.get("dcir_mohm"),
            rest_v=values.get("rest_v"),
            temperature_c=values.get("temperature_c"),
            sha256=values.get("file_sha256"),
        )
    )


def _value(key: str, value: str, expected: Expected) -> Place | Decimal | str | None:
    if key == "position":
        if not value:
            raise PositionNeeded
        return composition.place(value, expected.layout)
    if not value:
        return None
    if key == "code":
        code = gbt34014.decode(value, today=expected.today)
        refuse_errors("code", code.problems)
        return code.text
    if key == "file_sha256":
        if not re.fullmatch(r"[0-9a-f]{64}", value.lower()):
            raise NotAHash(value=value)
        return value.lower()
    return _reading(value, BOUNDS[key])


def _reading(value: str, bounds: Bounds) -> Decimal:
    """A number with its unit or without: text itself says nothing but digits and one point."""
    bare = re.sub(r"\s*(ah|mω|mohm|v|°c|℃|c)$", "", value.strip().lower())
    try:
        number = Decimal(bare).quantize(PLACES)
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and bounds.least < number <= bounds.most):
        raise NotAReading(
            value=value, unit=bounds.unit, least=bounds.least, most=f"{bounds.most:,}"
        )
    return number
