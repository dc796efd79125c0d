"""Files that are not what they are called: one clear sentence each, naming what can be read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import tester_files
import xlsxwriter

from listings.health.readers import read
from listings.health.recording import DamagedFile, FileRefused, FileTooLarge, UnknownFile

ROWS = tester_files.log()
KINDS = ("Neware", "BTSDA", "Arbin .res", "Maccor", "PEC", "NEBULA", "Battery Data Format")
NAMES = ("test.ndax", "test.nda", "test.res", "test.001", "test.csv", "test.xlsx", "test")


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def workbook(header: tuple[str, ...], rows: int = 3) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    for number in range(rows):
        sheet.write_row(number, 0, header if number == 0 else [1.0] * len(header))
    book.close()
    return target.getvalue()


DISGUISED = {
    "a program": b"MZ\x90\x00\x03\x00\x00\x00" + bytes(500),
    "a program for Linux": b"\x7fELF\x02\x01\x01" + bytes(500),
    "a page": b"<!DOCTYPE html><html><head><title>Voltage(V),Current(A)</title></head></html>",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200),
    "a document": zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}),
    "an archive of archives": zipped({"a.zip": zipped({"b.zip": zipped({"c": b"x"})})}),
    "a list of packs": workbook(("battery code", "SoH")),
    "an empty workbook": workbook((), rows=0),
    "an old Excel file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000),
    "mail": b"From: a@example.com\nSubject: Voltage and current\n\nHello\n",
    "numbers": b"1,2,3\n4,5,6\n",
    "nothing but zeros": bytes(5000),
}


@pytest.mark.parametrize("what", DISGUISED)
@pytest.mark.parametrize("name", NAMES)
def test_something_else_under_a_tester_s_name_is_refused(
    tmp_path: Path, what: str, name: str
) -> None:
    with pytest.raises(UnknownFile) as caught:
        read(tester_files.saved(tmp_path, DISGUISED[what], name))
    assert all(kind in str(caught.value) for kind in KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_tester_s_file_is_known_under_any_name(tmp_path: Path, name: str) -> None:
    assert (
        read(tester_files.saved(tmp_path, tester_files.maccor(ROWS), name)).reader == "maccor-text"
    )
    assert (
        read(tester_files.saved(tmp_path, tester_files.nebula(ROWS), name)).reader == "nebula-xlsx"
    )


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_workbook_is_damaged(tmp_path: Path, share: float) -> None:
    content = tester_files.nebula(ROWS)
    with pytest.raises(DamagedFile):
        read(tester_files.saved(tmp_path, content[: int(len(content) * share)]))


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    content = zipped({"xl/workbook.xml": b"<workbook/>", "xl/media/a": bytes(3_000_000)})
    with pytest.raises(FileTooLarge):
        read(tester_files.saved(tmp_path, content), max_bytes=1_000_000)


def test_an_access_database_of_something_else_is_refused(tmp_path: Path) -> None:
    content = b"\x00\x01\x00\x00Standard Jet DB\x00\x01\x00\x00\x00" + bytes(4096 * 3)
    with pytest.raises(FileRefused):
        read(tester_files.saved(tmp_path, content, "test.res"))


@pytest.mark.parametrize("form", [*tester_files.SERIES])
def test_a_header_without_rows_has_no_discharge(tmp_path: Path, form: str) -> None:
    content = tester_files.SERIES[form](ROWS[:1])
    with pytest.raises(FileRefused):
        read(tester_files.saved(tmp_path, content))
    with pytest.raises(FileRefused):
        read(tester_files.saved(tmp_path, content.rstrip(b"\r\n").rsplit(b"\n", 1)[0] + b"\n"))
