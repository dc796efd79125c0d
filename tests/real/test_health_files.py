"""Real tester files, with the values that they must give."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest

from listings.health.capacity import assess
from listings.health.examine import examine, grade_file
from listings.health.readers import read
from listings.health.readers.child import read_in_child
from listings.health.recording import FileRefused, NoDischarge, UnknownFile
from listings.health.segments import cut

GRADE = Path(__file__).resolve().parents[2] / "docs/commands/health-grade.json"
M50T = [4717.55, 4720.47, 4722.80, 4721.87, 4723.80, 4722.43, 4719.03]


@pytest.fixture
def m50t(shared: Path) -> Path:
    (path,) = (shared / "neware").glob("TESTCELL0001*.ndax")
    return path


@pytest.fixture
def sintef(shared: Path) -> Path:
    (path,) = (shared / "bdf").glob("*.bdf.csv")
    return path


def test_the_m50t_cell_gives_its_seven_discharges_and_its_state(m50t: Path) -> None:
    document = grade_file(m50t, 5)
    jsonschema.validate(
        document, json.loads(GRADE.read_text("utf-8")), cls=jsonschema.Draft202012Validator
    )
    first, *rest = document["discharges"]
    assert first["ah"] == pytest.approx(1.29727, rel=1e-3)
    assert (first["complete"], first["reason"]) == (False, "no_charge_before")
    assert [d["ah"] * 1000 for d in rest] == pytest.approx(M50T, rel=1e-3)
    assert all(d["complete"] for d in rest)
    assert [d["cycle"] for d in rest] == [1, 2, 3, 4, 5, 6, 7]
    assert round(document["soh"], 3) == 0.944
    assert (document["grade"], document["evidence_level"]) == ("A", "L1")


def test_the_m50t_file_tells_its_own_program_and_temperature(m50t: Path) -> None:
    recording = read_in_child(m50t)
    assert recording.program is not None
    assert (recording.program.low, recording.program.high) == (2.5, 4.2)
    assert (recording.program.charge, recording.program.taper_ampere) == ("cccv", 0.25)
    found = assess(recording.frame, 5.0, program=recording.program)
    assert found.cutoffs.source == "program"
    assert found.flags == ()
    assert found.rate_c == pytest.approx(1.0, rel=1e-3)
    assert found.temperature == pytest.approx(26.9, abs=0.1)
    assert found.tester_difference is not None
    assert found.tester_difference < 1e-5


def test_a_file_under_another_name_gives_the_same(m50t: Path, tmp_path: Path) -> None:
    disguised = tmp_path / "0123abcd"
    disguised.write_bytes(m50t.read_bytes())
    assert examine(disguised, 5) == examine(m50t, 5)


def test_the_archive_of_rest_rows_with_broken_metadata_is_refused(shared: Path) -> None:
    with pytest.raises(NoDischarge, match="holds no discharge"):
        examine(shared / "neware/Unit27_Example_Corrupt.ndax", 5)


@pytest.mark.parametrize("share", [0.0001, 0.1, 0.5, 0.9, 0.99, 0.99999])
def test_a_truncated_archive_is_refused(m50t: Path, tmp_path: Path, share: float) -> None:
    raw = m50t.read_bytes()
    cut_off = tmp_path / "cut.ndax"
    cut_off.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(FileRefused):
        read(cut_off)


def test_a_flipped_bit_is_refused_or_changes_no_number(m50t: Path, tmp_path: Path) -> None:
    raw = m50t.read_bytes()
    good = read(m50t)
    chance = random.Random(34014)
    # Half of the flips in the directory at the end, where a checksum does not reach.
    places = [chance.randrange(len(raw)) for _ in range(30)]
    places += [chance.randrange(len(raw) - 800, len(raw)) for _ in range(30)]
    refused = 0
    for place in places:
        flipped = bytearray(raw)
        flipped[place] ^= 1 << chance.randrange(8)
        path = tmp_path / "flipped.ndax"
        path.write_bytes(flipped)
        try:
            found = read(path)
        except FileRefused:
            refused += 1
        else:
            assert found.frame.select("test_time_second", "voltage_volt", "current_ampere").equals(
                good.frame.select("test_time_second", "voltage_volt", "current_ampere")
            ), place
            assert assess(found.frame, 5, cutoffs=(2.5, 4.2)).capacity_ah == pytest.approx(
                4.72173, rel=1e-5
            ), place
    assert refused > 30


def test_the_bdf_cell_gives_its_charge_and_discharge(sintef: Path) -> None:
    recording = read_in_child(sintef)
    pieces = cut(recording.frame, 4.0).segments
    assert sum(p.ah for p in pieces if p.sign > 0) == pytest.approx(3.8386, rel=1e-3)
    assert sum(p.ah for p in pieces if p.sign < 0) == pytest.approx(3.8552, rel=1e-3)


def test_the_bdf_cell_s_odd_cycle_column_and_wrong_tester_figure_are_shown(sintef: Path) -> None:
    found = assess(read(sintef).frame, 4.0)
    (discharge,) = found.discharges
    assert (discharge.cycle, discharge.complete) == (1, True)
    assert set(found.flags) == {"cutoffs_assumed", "single_discharge", "tester_differs"}
    assert found.tester_difference == pytest.approx(0.0374, abs=1e-3)


def test_real_files_of_other_kinds_are_refused_as_unknown(shared: Path) -> None:
    others = [*(shared / "arbin").iterdir(), *(shared / "pulsebat").iterdir()]
    others += [*(shared / "maccor").iterdir(), shared / "neware/neware_uio.csv"]
    for path in others:
        with pytest.raises(UnknownFile):
            read(path)
