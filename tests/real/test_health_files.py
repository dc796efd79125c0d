"""Real tester files, with the values that they must give."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from listings.health.capacity import assess
from listings.health.convert import convert
from listings.health.examine import examine, grade_file
from listings.health.readers import read
from listings.health.readers.child import read_in_child
from listings.health.recording import FileRefused, NoDischarge, UnknownFile
from listings.health.segments import cut

Compare = Callable[..., None]

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


ARBIN = [1.7551, 1.5675, 1.5857]
"""mAh of the first discharges; the first has no charge before it, and the 18th is 0.2393."""
RATED_OF_THE_COIN_CELL = 0.0016


def of(shared: Path, pattern: str) -> Path:
    (path,) = shared.glob(pattern)
    return path


def moved(path: Path, rated_ah: float, sign: int, least: float = 0.1) -> list[float]:
    """Ampere hours of the larger charges (+1) or discharges (-1) of a file, read in a child."""
    recording = read_in_child(path)
    pieces = cut(recording.frame, rated_ah, sums=recording.is_sums).segments
    return [s.ah for s in pieces if s.sign == sign and s.ah > least * rated_ah]


def test_the_m50t_cell_gives_the_table(m50t: Path, compare: Compare) -> None:
    document = examine(m50t, 5)
    compare(
        m50t.name, "discharge 1, rejected [mAh]", 1297.27, document["discharges"][0]["ah"] * 1e3
    )
    for number, (expected, got) in enumerate(
        zip(M50T, document["discharges"][1:], strict=True), start=1
    ):
        compare(m50t.name, f"complete discharge {number} [mAh]", expected, got["ah"] * 1e3)
    compare(m50t.name, "SoH", 0.944, document["soh"])


def test_the_bdf_cell_gives_its_charge_and_discharge(sintef: Path, compare: Compare) -> None:
    compare(sintef.name, "charge [Ah]", 3.8386, sum(moved(sintef, 4.0, 1, 0.0)))
    compare(sintef.name, "discharge [Ah]", 3.8552, sum(moved(sintef, 4.0, -1, 0.0)))


def test_the_maccor_cell_gives_its_discharges(shared: Path, compare: Compare) -> None:
    path = of(shared, "maccor/*.022")
    found = examine(path, 4.84)
    ahs = [d["ah"] for d in found["discharges"]]
    for number, expected in enumerate([4.7148, 4.7087], start=1):
        compare(path.name, f"discharge {number} [Ah]", expected, ahs[number - 1])
    late = [d["ah"] for d in found["discharges"] if d["cycle"] == 36]
    compare(path.name, "discharge of cycle 36 [Ah]", 4.6115, max(late))
    assert found["reader"] == "maccor-text"
    assert found["discharges"][0]["complete"] is True


def test_the_maccor_cell_s_counter_agrees_with_the_integral(shared: Path) -> None:
    recording = read(of(shared, "maccor/*.022"))
    found = assess(recording.frame, 4.84)
    assert found.tester_difference is not None
    assert found.tester_difference < 1e-3


def test_the_arbin_coin_cell_gives_its_integrals(shared: Path, compare: Compare) -> None:
    path = of(shared, "arbin/*.res")
    found = examine(path, RATED_OF_THE_COIN_CELL, (0.05, 1.0))
    discharges = found["discharges"]
    # The document rounds to microampere hours; the frame does not.
    frame = read(path).frame
    exact = [
        d.ah * 1e3 for d in assess(frame, RATED_OF_THE_COIN_CELL, cutoffs=(0.05, 1.0)).discharges
    ]
    for number, expected in enumerate(ARBIN, start=1):
        compare(path.name, f"discharge {number} [mAh]", expected, exact[number - 1])
    compare(path.name, "discharge 18, rejected [mAh]", 0.2393, exact[17])
    assert len(discharges) == 18
    assert (discharges[0]["complete"], discharges[0]["reason"]) == (False, "no_charge_before")
    assert (discharges[17]["complete"], discharges[17]["reason"]) == (False, "ended_above_cutoff")
    assert all(d["complete"] for d in discharges[1:17])


def test_the_pec_cell_gives_its_charge_and_discharge(shared: Path, compare: Compare) -> None:
    path = shared / "pec/pec.csv"
    compare(path.name, "charge [Ah]", 44.425, moved(path, 43, 1)[0])
    compare(path.name, "discharge [Ah]", 44.352, moved(path, 43, -1)[1])
    first, second = examine(path, 43)["discharges"]
    assert (first["reason"], second["complete"]) == ("no_charge_before", True)


def test_the_retired_pouch_cell_gives_its_step(shared: Path, compare: Compare) -> None:
    path = of(shared, "pulsebat/*worksteps.xlsx")
    document = grade_file(path, 21)
    jsonschema.validate(
        document, json.loads(GRADE.read_text("utf-8")), cls=jsonschema.Draft202012Validator
    )
    compare(path.name, "discharge of step 4 [Ah]", 21.0443, document["discharges"][0]["ah"])
    assert document["reader"] == "nebula-xlsx"
    assert document["discharges"][0]["complete"] is True
    assert document["provisional"]
    assert document["reasons"][0] == "tester_sums"


def test_the_flat_export_agrees_with_the_tester_s_own_counts(
    shared: Path, compare: Compare
) -> None:
    path = shared / "neware/neware_uio.csv"
    recording = read(path)
    assert recording.reader == "neware-csv"
    for number, piece in enumerate(cut(recording.frame, 0.0024).segments, start=1):
        if piece.ah > 0.001:
            what = f"run {number}: integral against the tester's [mAh]"
            compare(path.name, what, (piece.tester_ah or 0.0) * 1e3, piece.ah * 1e3)


@pytest.mark.parametrize(
    ("pattern", "rated_ah"),
    [
        ("arbin/*.res", 0.0016),
        ("maccor/*.022", 4.84),
        ("pec/pec.csv", 43),
        ("neware/TESTCELL*.ndax", 5),
        ("neware/neware_uio.csv", 0.0024),
        ("bdf/*.bdf.csv", 4),
    ],
)
def test_a_real_file_written_as_bdf_gives_the_same(
    shared: Path, tmp_path: Path, pattern: str, rated_ah: float
) -> None:
    raw = of(shared, pattern)
    convert(raw, tmp_path / "out.csv")
    for sign in (1, -1):
        assert moved(tmp_path / "out.csv", rated_ah, sign) == pytest.approx(
            moved(raw, rated_ah, sign), rel=1e-9
        )


@pytest.mark.parametrize(
    "pattern", ["arbin/*.res", "maccor/*.022", "pec/pec.csv", "pulsebat/*worksteps.xlsx"]
)
def test_a_truncated_or_changed_real_file_is_refused_or_read(
    shared: Path, tmp_path: Path, pattern: str
) -> None:
    raw = of(shared, pattern).read_bytes()
    chance = random.Random(2026)
    path = tmp_path / "changed"
    for share in (0.001, 0.2, 0.8):
        path.write_bytes(raw[: int(len(raw) * share)])
        with contextlib.suppress(FileRefused):
            read(path)
    for _ in range(4):
        changed = bytearray(raw)
        for place in [chance.randrange(len(raw)) for _ in range(20)]:
            changed[place] = chance.randrange(256)
        path.write_bytes(changed)
        with contextlib.suppress(FileRefused):
            read(path)


def test_the_bdf_cell_s_odd_cycle_column_and_wrong_tester_figure_are_shown(sintef: Path) -> None:
    found = assess(read(sintef).frame, 4.0)
    (discharge,) = found.discharges
    assert (discharge.cycle, discharge.complete) == (1, True)
    assert set(found.flags) == {"cutoffs_assumed", "single_discharge", "tester_differs"}
    assert found.tester_difference == pytest.approx(0.0374, abs=1e-3)


def test_tables_of_cells_are_no_testers_files(shared: Path) -> None:
    others = [shared / "pulsebat/NMC_21Ah_W_5000.xlsx", shared / "pulsebat/LFP_35Ah_W_5000.xlsx"]
    others += [shared / "stripe/fixtures3.json", *(shared / "materials").iterdir()]
    for path in others:
        with pytest.raises(UnknownFile, match="of no kind that can be read"):
            read(path)
