from __future__ import annotations

import datetime as dt
import io
import tracemalloc
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings import sheets

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
text = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.just("\n"),
    min_size=1,
    max_size=20,
).filter(str.strip) | st.sampled_from(
    [
        "=1+1",
        "+86",
        "-5",
        "@a",
        "'=x",
        "''-",
        "'",
        "_x0041_",
        "00123",
        "1e5",
        "a;b,c",
        '"q"',
        "http://a.b",
    ]
)
names = st.lists(
    text.map(str.strip).filter(bool).filter(lambda name: not name.isdigit()),
    min_size=2,
    max_size=6,
    unique=True,
)
cells = (
    st.none()
    | text
    | st.integers(-(10**14), 10**14)
    | st.integers(-(10**9), 10**9).map(lambda n: (2 * n + 1) / 4)
    | st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1))
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[sheets.Cell]]]:
    header = draw(names)
    row: st.SearchStrategy[list[sheets.Cell]] = st.lists(
        cells, min_size=len(header), max_size=len(header)
    ).filter(lambda r: any(c is not None for c in r))
    return header, draw(st.lists(row, max_size=8))


def workbook(**parts: str) -> bytes:
    """A workbook with parts put in place of its own, by the last word of their names."""
    old = zipfile.ZipFile(io.BytesIO(sheets.write_xlsx(["a", "b"], [["x", 1]])))
    new = io.BytesIO()
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as out:
        for name in old.namelist():
            out.writestr(name, parts.get(Path(name).stem) or old.read(name))
    return new.getvalue()


def sheet_xml(body: str) -> str:
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'


@given(tables())
def test_a_workbook_reads_back_as_it_was_written(
    table: tuple[list[str], list[list[sheets.Cell]]],
) -> None:
    header, rows = table
    sheet = sheets.read(sheets.write_xlsx(header, rows), "t.xlsx")
    assert sheet.header == header
    assert [row.cells for row in sheet.rows] == rows
    assert [row.number for row in sheet.rows] == list(range(2, len(rows) + 2))


@given(tables())
def test_text_reads_back_as_it_was_written(
    table: tuple[list[str], list[list[sheets.Cell]]],
) -> None:
    header, rows = table
    sheet = sheets.read(sheets.write_csv(header, rows), "t.csv")
    assert sheet.header == header
    assert [row.cells for row in sheet.rows] == [
        [None if c is None else str(c) for c in row] for row in rows
    ]


@given(st.lists(text, min_size=1))
def test_no_cell_of_a_csv_starts_as_a_formula(values: list[str]) -> None:
    raw = sheets.write_csv(["n"], [[value] for value in values]).decode("utf-8-sig")
    assert not any(line.strip('"').startswith(("=", "+", "@")) for line in raw.split("\r\n"))


def test_a_formula_is_written_to_a_workbook_as_text() -> None:
    content = sheets.write_xlsx(["a"], [["=HYPERLINK(1)"], ["+1"], ["-1"], ["@x"]])
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert [row.cells for row in sheets.read(content, "t").rows] == [
        ["=HYPERLINK(1)"],
        ["+1"],
        ["-1"],
        ["@x"],
    ]


def test_a_number_in_a_csv_stays_a_number_and_a_long_decimal_keeps_its_digits() -> None:
    assert b",-5\r\n" in sheets.write_csv(["a", "b"], [["x", -5]])
    long = Decimal("12345678901234567.89")
    assert sheets.read(sheets.write_xlsx(["a"], [[long]]), "t").rows[0].cells == [str(long)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encoding_and_separator_are_found(encoding: str, delimiter: str) -> None:
    lines = [
        ["车牌号", "电池编码", "容量"],
        ["粤B12345D", "001", "1,5" if delimiter == ";" else "1.5"],
    ]
    content = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    sheet = sheets.read(content, "台账.csv")
    assert [sheet.header, sheet.rows[0].cells] == lines


def test_a_title_above_the_header_and_blank_rows_keep_their_numbers() -> None:
    content = "某公司电池台账,,\n,,\n车牌号,编码,\n粤B1,01,\n,,\n粤B2,02,\n".encode()
    sheet = sheets.read(content, "t.csv")
    assert sheet.header == ["车牌号", "编码"]
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (4, ["粤B1", "01"]),
        (6, ["粤B2", "02"]),
    ]


def test_the_place_of_a_table_in_a_workbook_is_kept() -> None:
    body = '<row r="3"><c r="B3" t="str"><v>a</v></c></row><row r="4"><c r="B4"><v>5</v></c></row>'
    sheet = sheets.read(workbook(sheet1=sheet_xml(body)), "t.xlsx")
    assert sheet.header == ["", "a"]
    assert sheet.rows == [sheets.Row(4, [None, 5])]


def test_a_workbook_may_be_read_from_a_path_and_under_a_wrong_name(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(sheets.write_xlsx(["a"], [["x"]]))
    assert sheets.read(path, "x.csv").rows[0].cells == ["x"]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", sheets.EmptySheet),
        (b" \r\n,,\r\n", sheets.EmptySheet),
        (sheets.write_xlsx([], []), sheets.EmptySheet),
        (b"\x89PNG\r\n\x1a\n\x00\x00", sheets.NotATable),
        (b"%PDF-1.7\n", sheets.NotATable),
        (b"<html><table><tr><td>1", sheets.NotATable),
        (b"PK\x03\x04 and no more", sheets.NotATable),
        (workbook(sheet1="<worksheet><sheetData><row"), sheets.NotATable),
        (workbook(workbook="no xml"), sheets.NotATable),
        (OLE + b"\0" * 600, sheets.OldWorkbook),
        (OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), sheets.LockedWorkbook),
        (b"1,2\n3,4\n", None),
        (sheets.write_xlsx([], [[1, 2], [3, 4]]), sheets.NoHeader),
        (b"a,b,a\n1,2,3\n", sheets.ColumnTwice),
        (b'a,b\n"1,2\n', sheets.NotATable),
        (b"a\n" * 100_002, sheets.TooManyRows),
    ],
)
def test_what_is_not_a_table_is_refused_with_its_name(
    content: bytes, refusal: type[Exception] | None
) -> None:
    if refusal is None:
        assert sheets.read(content, "t").header == ["1", "2"]
        return
    with pytest.raises(refusal) as caught:
        sheets.read(content, "电池.xlsx")
    assert "电池.xlsx" in str(caught.value)


def test_a_workbook_that_unpacks_to_too_much_is_refused_early() -> None:
    content = workbook(styles=" " * (sheets.MAX_UNPACKED + 1))
    assert len(content) < 2**20
    with pytest.raises(sheets.TooLargeUnpacked):
        sheets.read(content, "bomb.xlsx")


FAR = '<c r="XFD1048576"><v>1</v></c>'


@pytest.mark.parametrize(
    "cell",
    [
        FAR,
        "<c t='n' r='XFD1048576'><v>1</v></c>",
        '<c s="1" r="xfd1048576"><v>1</v></c>',
        FAR.replace(" r", " s='a>b' r"),
        f'<!-- <c " -->{FAR}<!-- "/> -->',
        '<c r="XFC1048576"/><c><v>1</v></c>',
    ],
)
def test_two_cells_far_apart_are_refused_before_the_space_between_is_laid_out(cell: str) -> None:
    body = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">{cell}</row>'
    tracemalloc.start()
    with pytest.raises(sheets.TooManyRows):
        sheets.read(workbook(sheet1=sheet_xml(body)), "far.xlsx")
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()


def test_formatted_but_empty_cells_to_the_end_of_a_sheet_do_no_harm() -> None:
    body = '<row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert sheets.read(workbook(sheet1=sheet_xml(body)), "t.xlsx").header == ["a"]


def test_a_text_that_no_cell_holds_is_not_cut_but_refused() -> None:
    with pytest.raises(sheets.CellTooLong) as caught:
        sheets.write_xlsx(["note"], [["x"], ["y" * 40_000]])
    assert "note" in str(caught.value)
