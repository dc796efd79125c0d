"""Files of every kind of trouble, each refused with its own sentence."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pytest

from listings.health.readers import read, sha256_of
from listings.health.recording import (
    DamagedFile,
    EmptyFile,
    FileTooLarge,
    NoDischarge,
    UnknownFile,
)

ROWS = "0,3.0,1.0\n3600,4.2,1.0\n7200,4.2,0.05\n7200,4.1,-1.0\n10000,3.0,-1.0\n"
MACHINE = "test_time_second,voltage_volt,current_ampere\n"


def written(tmp_path: Path, text: str | bytes, name: str = "test.bdf.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def zipped(tmp_path: Path, members: dict[str, bytes], name: str = "test.ndax") -> Path:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def test_a_bdf_csv_becomes_the_canonical_frame(tmp_path: Path) -> None:
    path = written(tmp_path, MACHINE + ROWS)
    found = read(path)
    assert found.reader == "bdf-csv"
    assert found.sha256 == sha256_of(path)
    assert found.frame.columns == ["test_time_second", "voltage_volt", "current_ampere"]
    assert set(found.frame.dtypes) == {pl.Float64}
    assert found.frame["current_ampere"].to_list() == [1.0, 1.0, 0.05, -1.0, -1.0]


def test_labels_with_other_units_are_converted(tmp_path: Path) -> None:
    header = "Cycle Count / 1,Test Time / h,Voltage / mV,Current / mA,Discharging Capacity / mAh\n"
    path = written(tmp_path, header + "3,1,4200,1000,0\n3,2,3000,-500,250\n")
    row = read(path).frame.row(1, named=True)
    assert row == {
        "cycle": 3.0,
        "test_time_second": 7200.0,
        "voltage_volt": 3.0,
        "current_ampere": -0.5,
        "tester_ah": 0.25,
    }


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + (MACHINE + ROWS).replace("\n", "\r\n").encode())
    assert read(path).frame.height == 5


def test_a_csv_is_known_by_its_header_and_not_by_its_name(tmp_path: Path) -> None:
    assert read(written(tmp_path, MACHINE + ROWS, "cell.ndax")).reader == "bdf-csv"
    assert read(written(tmp_path, MACHINE + ROWS, "0fa3")).reader == "bdf-csv"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyFile, match="is empty"):
        read(written(tmp_path, b""))


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"%PDF-1.7 and so on",
        b"time,volts\n1,2\n",
        b"test_time_second,voltage_volt\n1,2\n",
        "时间,电压\n1,2\n".encode("gb18030"),
        b"\n",
        bytes(1000),
    ],
)
def test_a_content_that_no_reader_knows_is_refused_whatever_its_name(
    tmp_path: Path, content: bytes
) -> None:
    for name in ("a.ndax", "a.bdf.csv"):
        with pytest.raises(UnknownFile, match="of no kind that can be read"):
            read(written(tmp_path, content, name))


def test_a_spreadsheet_disguised_as_ndax_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"})
    with pytest.raises(UnknownFile):
        read(path)


def test_an_archive_of_nonsense_with_the_right_names_is_damaged(tmp_path: Path) -> None:
    for content in (b"", b"\0" * 5000, b"nonsense" * 2000):
        path = zipped(tmp_path, {"data.ndc": content})
        with pytest.raises(DamagedFile, match="is damaged"):
            read(path)


def test_an_archive_that_lost_a_member_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"data\.ndc is missing"):
        read(zipped(tmp_path, {"data_step.ndc": b"x", "data_runInfo.ndc": b"x"}))
    with pytest.raises(DamagedFile, match=r"data_runInfo\.ndc is missing"):
        read(zipped(tmp_path, {"data.ndc": b"x", "data_step.ndc": b"x"}))


def test_an_encrypted_archive_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"data.ndc": b"x" * 100})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(DamagedFile, match="encrypted"):
        read(path)


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 99])
def test_an_archive_that_claims_another_compression_is_damaged(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path, {"data.ndc": b"x" * 100})
    raw = bytearray(path.read_bytes())
    raw[8] = method
    raw[raw.index(b"PK\x01\x02") + 10] = method
    path.write_bytes(raw)
    with pytest.raises(DamagedFile):
        read(path)


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    with path.open("r+b") as stream:
        stream.truncate(513 * 1024 * 1024)  # sparse: takes no room
    with pytest.raises(FileTooLarge, match=r"513\.0 MB and at most 512 MB"):
        read(path)


def test_a_zip_bomb_is_refused_by_what_it_would_unpack_to(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"data.ndc": bytes(3_000_000), "x.ndc": bytes(3_000_000)})
    assert path.stat().st_size < 20_000
    with pytest.raises(FileTooLarge, match=r"5\.7 MB"):
        read(path, max_bytes=5 * 1024 * 1024)


def test_a_zip_bomb_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"data.ndc": bytes(3_000_000)})
    lie = struct.pack("<I", 1000)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 3_000_000), lie))
    with pytest.raises(DamagedFile):
        read(path, max_bytes=1024 * 1024)


def test_a_file_without_a_discharge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoDischarge, match="holds no discharge"):
        read(written(tmp_path, MACHINE + "0,3.0,1.0\n3600,4.2,1.0\n"))
    with pytest.raises(NoDischarge):
        read(written(tmp_path, MACHINE))


def test_a_csv_that_was_cut_off_in_a_line_is_refused(tmp_path: Path) -> None:
    for text in (ROWS[:-6], ROWS + "10001,3", ROWS + "10001,3.1,-1.0,7"):
        with pytest.raises(DamagedFile, match="last line is cut off"):
            read(written(tmp_path, MACHINE + text))


def test_text_among_the_numbers_of_a_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile):
        read(written(tmp_path, MACHINE + "0,3.0,1.0\n1,drei,1.0\n2,3.0,-1.0\n"))


def test_a_refusal_names_no_path_of_the_server(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"data.ndc": zlib.compress(b"nonsense")})
    with pytest.raises(DamagedFile) as caught:
        read(path)
    assert str(tmp_path) not in str(caught.value)
    assert "/" not in str(caught.value.values["detail"])
