"""Measures of real files and published tables: what they must give."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from listings import sheets
from listings.health.capacity import assess
from listings.health.incremental import IncrementalCurve
from listings.health.measures import Measure, measured
from listings.health.readers import read
from listings.health.resistance import of_readings


def taken(path: Path, rated: float) -> tuple[list[Measure], tuple[IncrementalCurve, ...]]:
    recording = read(path)
    found = assess(recording.frame, rated, program=recording.program)
    whole = measured(recording.frame, found, rated)
    return list(whole.measures), whole.curves


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [("NMC_21Ah_W_5000.xlsx", 52, 2.845), ("LFP_35Ah_W_5000.xlsx", 56, 3.174)],
)
def test_the_published_pulses_give_their_mean_resistance(
    shared: Path, name: str, cells: int, expected: float
) -> None:
    # U9: end of the rest, U11: end of the 5 s charge pulse; 1 C of the rated capacity Qn.
    table = sheets.read(shared / "pulsebat" / name, name)
    rows = [dict(zip(table.header, row.cells, strict=True)) for row in table.rows]
    half = [row for row in rows if float(str(row["SOC"])) == 50]
    assert {float(str(row["Pt"])) for row in half} == {5.0}
    rest, loaded, rated = ([float(str(row[c])) for row in half] for c in ("U9", "U11", "Qn"))
    found = [ohm * 1000 for ohm in of_readings(rest, loaded, rated)]
    assert len(found) == cells
    assert math.fsum(found) / cells == pytest.approx(expected, rel=0.005)


def test_the_m50t_cell_gives_plausible_efficiencies_and_resistances(shared: Path) -> None:
    (path,) = (shared / "neware").glob("TESTCELL0001*.ndax")
    found, curves = taken(path, 5.0)
    by_code = {one.code: one for one in found}
    assert by_code["coulombic_efficiency"].conditions["cycles"] == 6
    assert by_code["coulombic_efficiency"].value == pytest.approx(0.9993, abs=5e-4)
    assert by_code["energy_efficiency"].value == pytest.approx(0.918, abs=2e-3)
    assert by_code["equivalent_full_cycles"].value == pytest.approx(6.746, rel=1e-3)
    full = {
        one.conditions["after_s"]: one.value or 0
        for one in found
        if one.code == "dcir" and one.conditions.get("pulses") == 6
        and one.conditions["direction"] == "discharge"
    }  # fmt: skip
    # By hand from the rows 300 s and 305 s of a step: 1000 (4.184198 - 4.072787 .. ) / 5.0 A.
    assert list(full) == [1.0, 5.0, 10.0]
    assert full[5.0] == pytest.approx(22.2, rel=0.005)
    assert full[1.0] < full[5.0] < full[10.0]
    assert curves == ()
    assert by_code["incremental_peak"].absence == "rate_too_high"


def test_the_slow_cell_gives_both_incremental_curves_and_no_resistance(shared: Path) -> None:
    (path,) = (shared / "bdf").glob("*.bdf.csv")
    found, curves = taken(path, 4.95)
    assert [curve.charging for curve in curves] == [False, True]
    for curve, ah in zip(curves, (3.8552, 3.8386), strict=True):
        area = math.fsum(curve.ah_per_volt.tolist()) * float(curve.volts[1] - curve.volts[0])
        assert area == pytest.approx(ah, rel=0.02)
    assert {one.absence for one in found if one.code == "dcir"} == {"current_too_small"}
    highest = max(curves[1].peaks, key=lambda peak: peak.ah_per_volt)
    assert highest.volts == pytest.approx(3.835, abs=0.01)
