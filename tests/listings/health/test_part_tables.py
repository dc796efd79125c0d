"""A lab's table of parts: both languages, every problem by its cell, and nothing half taken."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from listings import sheets
from listings.errors import Refused
from listings.health import part_tables
from listings.health.composition import Layout
from listings.health.part_tables import Expected, PartsRefused

EXPECTED = Expected(Layout(4, 2, 2), {"module": Decimal(10), "cell": Decimal(5)}, date(2026, 6, 1))
HEADER = [column.chinese for column in part_tables.COLUMNS]


def read(tmp_path, header, rows, *, name="parts.xlsx"):
    path = tmp_path / name
    path.write_bytes(
        sheets.write_xlsx(header, rows) if name.endswith("x") else sheets.write_csv(header, rows)
    )
    return part_tables.read(path, name, EXPECTED)


@pytest.mark.parametrize("name", ["parts.xlsx", "parts.csv"])
@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en"])
def test_the_template_of_either_language_is_read(tmp_path, name, locale):
    header = [column.name(locale) for column in part_tables.COLUMNS]
    rows = [["S1P1", "", 4.75, 1.25, 3.301, 25, "a" * 64], ["M2-1-2", "", "4.8 Ah", "", "", "", ""]]
    first, second = read(tmp_path, header, rows, name=name)
    assert (first.place.name(EXPECTED.layout), first.capacity_ah) == ("S1P1", Decimal("4.75"))
    assert (first.dcir_mohm, first.rest_v) == (Decimal("1.25"), Decimal("3.301"))
    assert (first.temperature_c, first.sha256) == (25, "a" * 64)
    assert (second.place.name(EXPECTED.layout), second.capacity_ah) == ("S3P2", Decimal("4.8"))
    assert not first.is_recomputed


def test_the_template_itself_has_the_headers_and_no_rows():
    sheet = sheets.read(part_tables.template("en"), "t.xlsx")
    assert sheet.header[0] == "Position"
    assert sheet.rows == []


def test_every_problem_is_named_by_row_column_value_and_reason(tmp_path):
    rows = [
        ["S1P1", "", 4.7, "", "", "", ""],
        ["S1P1", "", 4.7, "", "", "", ""],
        ["S9", "", 4.7, "", "", "", ""],
        ["S2P1", "x", 4700, "", 65535, 25, "zz"],
        ["S3P1", "", "", 1.2, "", "", ""],
        ["", "", "-4", "", "", "", ""],
    ]
    with pytest.raises(PartsRefused) as refusal:
        read(tmp_path, HEADER, rows)
    found = {(problem.row, problem.column) for problem in refusal.value.problems}
    assert found == {
        (3, "位置"), (4, "位置"), (5, "电池编码"), (5, "容量(Ah)"), (5, "静置电压(V)"),
        (5, "测试文件SHA-256"), (6, "容量(Ah)"), (7, "位置"), (7, "容量(Ah)"),
    }  # fmt: skip
    worst = next(one for one in refusal.value.problems if one.value == "4700")
    assert "1.5" in worst.reason


def test_a_table_without_positions_and_one_with_a_column_twice_are_refused(tmp_path):
    with pytest.raises(PartsRefused):
        read(tmp_path, ["容量"], [[1]])
    with pytest.raises(PartsRefused):
        read(tmp_path, ["位置", "容量", "capacity"], [["S1P1", 1, 1]])


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"\xd0\xcf\x11\xe0", b"PK\x03\x04 broken", b""])
def test_what_is_no_table_ends_in_one_refusal(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(Refused):
        part_tables.read(path, "x.xlsx", EXPECTED)
