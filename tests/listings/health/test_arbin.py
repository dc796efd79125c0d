"""Arbin's database pages: rows in any order, of several tests, deleted or with nothing in them."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tester_files

from listings.health.capacity import assess
from listings.health.readers import arbin, read
from listings.health.recording import DamagedFile, SeveralTests, UnknownFile

ROWS = tester_files.log()
NAMES = ("Test_ID", "Data_Point", "Step_Index", "Cycle_Index", "Test_Time", "Voltage", "Current")
FORMS = "iiiiddd"
Values = tuple[float, ...]


def values(rows: list[tester_files.Row], test: int = 1, before: int = 0) -> list[Values]:
    return [
        (test, before + i, r.step, r.cycle, r.total, r.volts, r.amperes)
        for i, r in enumerate(rows, start=1)
    ]


def page(rows: list[Values], *, deleted: frozenset[int] = frozenset(), nulls: int = 0) -> bytes:
    """A data page of Jet 4: places of rows from the front, rows from the back."""
    raw = bytearray(4096)
    raw[0:2] = b"\x01\x01"
    raw[12:14] = struct.pack("<H", len(rows))
    end = len(raw)
    for number, row in enumerate(rows):
        record = struct.pack("<H", len(row)) + struct.pack("<" + FORMS, *row)
        record += bytes([0x7F & ~nulls])
        end -= len(record)
        raw[end : end + len(record)] = record
        mark = 0x8000 if number in deleted else 0
        raw[14 + 2 * number : 16 + 2 * number] = struct.pack("<H", end | mark)
    return bytes(raw)


class Database:
    """The parts of access-parser that the reader asks."""

    catalog: dict[str, int] = {"Channel_Normal_Table": 30}  # noqa: RUF012 - as the library has it

    def __init__(self, pages: list[bytes], channels: tuple[int, ...] = (3,)) -> None:
        sizes = struct.Struct("<i").size, struct.Struct("<d").size
        offset, columns = 0, {}
        for place, (name, form) in enumerate(zip(NAMES, FORMS, strict=True)):
            kind, size = (4, sizes[0]) if form == "i" else (7, sizes[1])
            columns[place] = SimpleNamespace(
                col_name_str=name, type=kind, fixed_offset=offset, column_id=place
            )
            offset += size
        self.channels = channels
        self.table = SimpleNamespace(
            version=4,
            columns=columns,
            table=SimpleNamespace(linked_pages=pages),
            table_header=SimpleNamespace(column_count=len(NAMES)),
        )

    def get_table(self, name: str) -> Any:
        assert name == "Channel_Normal_Table"
        return self.table

    def parse_table(self, name: str) -> dict[str, list[int]]:
        assert name == "Global_Table"
        return {"Channel_Index": list(self.channels)}


@pytest.fixture
def res(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(pages: list[bytes], channels: tuple[int, ...] = (3,)) -> Path:
        monkeypatch.setattr(arbin, "AccessParser", lambda path: Database(pages, channels))
        return tester_files.saved(tmp_path, arbin.MAGIC[0] + bytes(100), "a.res")

    return give


def pages(rows: list[Values]) -> list[bytes]:
    return [page(rows[i : i + 60]) for i in range(0, len(rows), 60)]


def test_rows_are_put_in_order_whatever_the_order_of_the_pages(res: Any) -> None:
    path = res(list(reversed(pages(values(ROWS)))))
    frame = read(path).frame
    assert frame["test_time_second"].is_sorted()
    assert assess(frame, 10.0, cutoffs=(3.0, 4.2)).capacity_ah == pytest.approx(9.0, rel=1e-9)


def test_tests_of_one_channel_follow_one_another(res: Any) -> None:
    first, second = tester_files.log(cycles=1), tester_files.log(cycles=1, hours=1.79)
    path = res(pages(values(second, test=2)) + pages(values(first, test=1)), channels=(3, 3))
    frame = read(path).frame
    assert frame["test_time_second"].is_sorted()
    found = assess(frame, 10.0, cutoffs=(3.0, 4.2))
    assert [d.ah for d in found.discharges] == pytest.approx([9.0, 8.95])


def test_tests_of_several_channels_are_refused(res: Any) -> None:
    with pytest.raises(SeveralTests, match="2 test objects"):
        read(res(pages(values(ROWS)), channels=(3, 4)))


def test_deleted_rows_are_left_out(res: Any) -> None:
    rows = values(ROWS[:50])
    path = res([page(rows, deleted=frozenset({3, 4})), *pages(values(ROWS)[50:])])
    assert read(path).frame.height == len(ROWS) - 2


def test_a_value_that_is_missing_is_no_zero(res: Any) -> None:
    some = page(values(ROWS[:50]), nulls=1 << NAMES.index("Voltage"))
    frame = read(res([some, *pages(values(ROWS)[50:])])).frame
    assert int(frame["voltage_volt"].is_nan().sum()) == 50


def test_a_row_that_is_shorter_than_its_columns_is_damaged(res: Any) -> None:
    raw = bytearray(page(values(ROWS[:2])))
    raw[14:16] = struct.pack("<H", 4096 - 10)
    with pytest.raises(DamagedFile, match="shorter than its columns"):
        read(res([bytes(raw)]))


def test_a_database_without_arbin_s_table_is_unknown(
    res: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = res(pages(values(ROWS)))
    monkeypatch.setattr(Database, "catalog", {"Customers": 30})
    with pytest.raises(UnknownFile):
        read(path)
