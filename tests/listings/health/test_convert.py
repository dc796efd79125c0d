"""Any file written as Battery Data Format csv says the same when it is read."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import tester_files

from listings.health.capacity import assess
from listings.health.convert import OutputExists, OutputNotWritten, convert
from listings.health.readers import read
from listings.health.recording import OnlySums, UnknownFile

ROWS = tester_files.log()
SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "docs/commands/health-convert.json").read_text("utf-8")
)


@pytest.mark.parametrize("form", ["neware nested", "maccor", "pec", "bdf with labels"])
def test_what_was_written_gives_the_same_numbers(tmp_path: Path, form: str) -> None:
    raw = tester_files.saved(tmp_path, tester_files.SERIES[form](ROWS))
    out = tmp_path / "out.bdf.csv"
    done = convert(raw, out)
    jsonschema.validate(done, SCHEMA, cls=jsonschema.Draft202012Validator)
    before, after = read(raw).frame, read(out).frame
    same = ["test_time_second", "voltage_volt", "current_ampere"]
    assert after.select(same).equals(before.select(same))
    was, now = (assess(frame, 10.0, cutoffs=(3.0, 4.2)) for frame in (before, after))
    assert now.capacity_ah == was.capacity_ah
    assert [d.cycle for d in now.discharges] == [d.cycle for d in was.discharges]
    assert [d.tester_ah for d in now.discharges] == pytest.approx(
        [d.tester_ah for d in was.discharges]
    )
    assert done["rows"] == len(ROWS)


def test_writing_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    raw = tester_files.saved(tmp_path, tester_files.pec(ROWS))
    convert(raw, tmp_path / "once.csv")
    convert(tmp_path / "once.csv", tmp_path / "twice.csv")
    assert (tmp_path / "once.csv").read_bytes() == (tmp_path / "twice.csv").read_bytes()


def test_charging_is_positive_in_what_is_written(tmp_path: Path) -> None:
    text = tester_files.bdf_labels(
        [tester_files.Row(**{**row.__dict__, "amperes": -row.amperes}) for row in ROWS]
    )
    done = convert(tester_files.saved(tmp_path, text), tmp_path / "out.csv")
    assert done["sign_turned"]
    found = assess(read(tmp_path / "out.csv").frame, 10.0, cutoffs=(3.0, 4.2))
    assert (found.flags, found.capacity_ah) == ((), pytest.approx(9.0))


def test_a_sheet_of_sums_is_not_made_into_measurements(tmp_path: Path) -> None:
    raw = tester_files.saved(tmp_path, tester_files.nebula(ROWS))
    with pytest.raises(OnlySums, match="only sums per step"):
        convert(raw, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_file_that_stands_there_is_not_overwritten(tmp_path: Path) -> None:
    raw = tester_files.saved(tmp_path, tester_files.pec(ROWS))
    with pytest.raises(OutputExists, match="exists already"):
        convert(raw, raw)
    assert raw.read_bytes() == tester_files.pec(ROWS)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    raw = tester_files.saved(tmp_path, tester_files.pec(ROWS))
    with pytest.raises(OutputNotWritten, match="cannot be written"):
        convert(raw, tmp_path / "none" / "out.csv")


def test_what_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    raw = tester_files.saved(tmp_path, b"MZ not a tester's file")
    with pytest.raises(UnknownFile):
        convert(raw, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]
