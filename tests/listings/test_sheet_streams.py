from __future__ import annotations

import contextlib
import zipfile

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from listings import sheet_streams, sheets
from listings.errors import Refused

HEADER = ["id", "chemistry", "note"]


def is_header(names) -> bool:
    return "chemistry" in names


def read(path) -> tuple[list[int], list[list[str | None]]]:
    """Every row with its number."""
    numbers, rows = [], []
    for block in sheet_streams.stream(path, is_header):
        numbers += block.numbers
        rows += [list(row) for row in block.frame.rows()]
    return numbers, rows


def put(path, content: str | bytes, encoding: str = "utf-8"):
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def workbook(path, rows) -> None:
    with xlsxwriter.Workbook(path) as book:
        hidden, sheet = book.add_worksheet("hidden"), book.add_worksheet("packs")
        hidden.hide()
        hidden.write(0, 0, "not this one")
        sheet.activate()
        for number, cells in enumerate(rows):
            for column, value in enumerate(cells):
                sheet.write(number, column, value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_text_is_read_in_every_encoding_and_with_every_separator(tmp_path, encoding, mark):
    lines = [HEADER, ["甲", "LFP", "x"], ["乙", "三元", ""]]
    content = "\r\n".join(mark.join(line) for line in lines)
    path = put(tmp_path / "a.csv", content, encoding)
    assert read(path) == ([2, 3], [["甲", "LFP", "x"], ["乙", "三元", None]])


def test_rows_are_numbered_as_a_spreadsheet_counts_whatever_stands_above_and_between(tmp_path):
    content = 'packs of 2025\n\nid,chemistry,note\n1,LFP,"two\nlines"\n\n2,LCO,x\n'
    numbers, rows = read(put(tmp_path / "a.csv", content))
    assert numbers == [4, 5, 6]
    assert rows == [["1", "LFP", "two\nlines"], [None] * 3, ["2", "LCO", "x"]]


def test_rows_longer_or_shorter_than_the_header_are_cut_or_filled(tmp_path):
    path = put(tmp_path / "a.csv", "id,chemistry,note\n1\n2,LFP,x,y,z\n")
    assert read(path)[1] == [["1", None, None], ["2", "LFP", "x"]]


def test_a_nameless_column_is_left_out(tmp_path):
    assert read(put(tmp_path / "a.csv", "id,,chemistry\n1,2,3\n"))[1] == [["1", "3"]]


@given(rows=st.lists(st.lists(st.text(st.sampled_from('ab,"\n ;x'), max_size=6), min_size=2, max_size=2), min_size=1, max_size=40), size=st.integers(30, 90))  # fmt: skip
def test_blocks_of_any_size_hold_the_same_rows(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("stream") / "a.csv"
    frame = pl.DataFrame(rows, schema=["chemistry", "note"], orient="row")
    frame = frame.with_columns(pl.lit("x").alias("end"))
    frame.write_csv(path, quote_style="always")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheet_streams, "BLOCK_BYTES", size)
        found = read(path)[1]
    assert [[cell or "" for cell in row[:2]] for row in found] == rows


def test_a_workbook_and_a_csv_of_the_same_rows_read_the_same(tmp_path):
    rows = [["title"], HEADER, ["a", "LFP", 0.8], [], ["b", "NMC622", 1]]
    workbook(tmp_path / "a.xlsx", rows)
    assert read(tmp_path / "a.xlsx") == ([3, 5], [["a", "LFP", "0.8"], ["b", "NMC622", "1"]])


def test_a_workbook_is_read_as_the_reader_of_small_ones_reads_it(tmp_path):
    rows = [HEADER, *([f"P{i}", "LFP", i / 7] for i in range(300))]
    workbook(tmp_path / "a.xlsx", rows)
    sheet = sheets.read(tmp_path / "a.xlsx", "a.xlsx")
    numbers, found = read(tmp_path / "a.xlsx")
    assert numbers == [row.number for row in sheet.rows]
    assert [[a, b, float(c)] for a, b, c in found] == [row.cells for row in sheet.rows]


def test_rich_text_is_put_together_and_columns_far_away_are_passed_over(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.write_row(0, 0, HEADER)
        sheet.write_rich_string(1, 0, "pack ", bold, "seven")
        sheet.write(1, 1, "LFP")
        sheet.write(1, 16_000, "far")
        sheet.write(900_000, 1, "LCO")
    assert read(path) == ([2, 900_001], [["pack seven", "LFP", None], [None, "LCO", None]])


def test_parquet_keeps_its_types(tmp_path):
    pl.DataFrame({"chemistry": ["LFP", None], "soh": [0.8, None]}).write_parquet(tmp_path / "a.pq")
    assert read(tmp_path / "a.pq") == ([2, 3], [["LFP", 0.8], [None, None]])


def test_a_parquet_file_that_broke_is_refused_and_ends_nothing(tmp_path):
    path = tmp_path / "a.pq"
    pl.DataFrame({"chemistry": ["LFP", None] * 50, "soh": [0.8, None] * 50}).write_parquet(path)
    whole = path.read_bytes()
    for place in range(4, len(whole) - 8, 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(Refused):
            read(path)
    path.write_bytes(whole[:-40])
    with pytest.raises(sheet_streams.TableDamaged):
        read(path)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", sheets.EmptySheet),
        (b" \n ", sheets.EmptySheet),
        (b"chemistry,energy\n", sheets.EmptySheet),
        (b"a,b\n1,2\n", sheets.NoHeader),
        (b"chemistry,x,x\n", sheets.ColumnTwice),
        (b"\x00\x01\x02\x03", sheets.NotATable),
        (b"\xff\xfa\xff\xff", sheets.NotATable),
        (b"PK\x03\x04 nothing", sheets.NotATable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", sheets.OldWorkbook),
        (b"PAR1 nothing", sheet_streams.TableDamaged),
    ],
)
def test_what_is_no_table_is_refused_by_its_name(tmp_path, content, refusal):
    with pytest.raises(refusal) as refused:
        read(put(tmp_path / "a.csv", content))
    assert "a.csv" in str(refused.value)


def test_an_open_quotation_mark_does_not_swallow_the_file(tmp_path):
    content = 'id,chemistry\n1,"LFP\n' + "2,LFP\n" * 1_500_000
    with pytest.raises(sheet_streams.RowTooLong):
        read(put(tmp_path / "a.csv", content))


def test_a_document_type_in_a_workbook_is_refused(tmp_path):
    workbook(tmp_path / "a.xlsx", [HEADER, ["a", "LFP", "x"]])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:  # fmt: skip
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/sharedStrings.xml":
                content = content.replace(b"<sst", b"<!DOCTYPE sst [<!ENTITY a 'a'>]><sst", 1)
            new.writestr(name, content)
    with pytest.raises(Refused):
        read(tmp_path / "b.xlsx")
