"""A signed report from a real tester file: the numbers that its publishers' files must give."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from make import NOW

from listings import blobs
from listings.health import examinations, reports
from listings.health.recording import FileRefused
from listings.health.reports import Subject
from listings.parties import Kind


def test_a_report_on_an_m50t_cell_says_944_per_mille(session, make, shared):
    path = next(
        path
        for path in sorted((shared / "neware").glob("*M50T*.ndax"))
        if "Corrupt" not in path.name
    )
    pack_type = make.pack_type(
        rated_capacity_ah=Decimal(5),
        rated_voltage_v=Decimal("3.63"),
        rated_energy_kwh=Decimal("0.018"),
        cell_rated_capacity_ah=Decimal(5),
        upper_cutoff_v=Decimal("4.2"),
        cells_in_series=1,
    )
    pack = make.pack(make.organisation(Kind.FLEET_OWNER), pack_type)
    blob = blobs.store(
        session, path.read_bytes(), name=path.name, media_type="application/zip", at=NOW
    )
    examination = examinations.examine(
        blobs.path(blob.sha256), examinations.rated(pack_type, "cell")
    )
    report = reports.store(
        session,
        make.member(make.organisation(Kind.LAB)),
        pack_id=pack.id,
        examination=examination,
        blob_sha256=blob.sha256,
        examined_on=date(2026, 5, 30),
        at=NOW,
        subject=Subject.CELL,
        subject_position="1",
    )
    assert round(report.soh_q, 3) == Decimal("0.944")
    assert report.grade == "A"
    assert [found["complete"] for found in report.discharges] == [False, *[True] * 7]
    assert report.discharges[0]["ah"] == pytest.approx(1.29727, abs=0.0005)
    assert reports.pack_grade(session, pack.id, date(2026, 6, 1)).letter is None


def test_the_damaged_archive_becomes_no_report(shared):
    rated = examinations.Rated("cell", 5.0, None, None)
    with pytest.raises(FileRefused):
        examinations.examine(shared / "neware" / "Unit27_Example_Corrupt.ndax", rated)
