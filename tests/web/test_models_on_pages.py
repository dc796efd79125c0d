"""Pulse tables as reports, and remaining life, on the pages where people meet them."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from make import NOW

from listings import db, packs, sheets
from listings.custody import canonical
from listings.health.readers import pulses
from listings.health.reports import HealthReport
from listings.health.synthetic import write_bdf
from listings.pack_types import Chemistry
from listings.parties import Kind

VOLTS = [
    3.3041, 3.3503, 3.3666, 3.3206, 3.3071, 3.2611, 3.2453, 3.2913, 3.3055, 3.3982, 3.4316,
    3.3390, 3.3083, 3.2158, 3.1861, 3.2781, 3.3046, 3.4444, 3.4944, 3.3559, 3.3092,
]  # fmt: skip
"""A cell of 35 Ah at 35 %, with responses as the fitted ones have them."""


@pytest.fixture
def place(made):
    """A fleet with one LFP and one NMC pack, each of one cell of 35 Ah, and a lab."""

    class Place:
        pass

    with made() as make:
        here = Place()
        fleet = make.organisation(Kind.FLEET_OWNER)
        here.lab = make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L1"))
        here.packs = []
        for chemistry in (Chemistry.LFP, Chemistry.NMC532):
            kind = make.pack_type(
                maker="Maker",
                model=chemistry.value,
                chemistry=chemistry,
                rated_capacity_ah=Decimal(35),
                rated_voltage_v=Decimal("3.2"),
                rated_energy_kwh=Decimal("0.112"),
                cell_rated_capacity_ah=Decimal(35),
                lower_cutoff_v=Decimal("2.5"),
                upper_cutoff_v=Decimal("4.2"),
                cells_in_series=1,
            )
            here.packs.append(
                packs.add(
                    make.session,
                    make.member(fleet),
                    type_id=kind.id,
                    owner_id=fleet.id,
                    holder_id=fleet.id,
                    at=NOW,
                )
            )
    return here


def table(*cells, soc=35):
    rows = [[cell, 35, soc, 5, 25, *VOLTS] for cell in cells]
    return sheets.write_xlsx(pulses.HEADER, rows)


def upload(browser, pack, content, **more):
    data = {
        "pack": pack.name,
        "subject": "cell",
        "subject_position": "1",
        "file": (io.BytesIO(content), "pulses.xlsx"),
    }
    return browser.post("/reports/new", data=data | more)


def test_a_pulse_table_becomes_a_signed_report_of_level_2_with_its_error(place, sign_in):
    browser = sign_in(place.lab)
    review = upload(browser, place.packs[0], table("1")).headers["Location"]
    page = browser.get(review)
    assert "each left out of the fit, it erred by 2.2 %" in page.text
    assert "no capacity was measured" in page.text
    data = {"examined_on": "2026-06-01", "coverage": "one cell", "safety_check": "passed"}
    address = browser.post(review, data=data).headers["Location"]
    report = browser.get(address)
    assert "evidence level L2" in report.text
    assert "77.2 to 84.1 %" in report.text
    assert "%%" not in report.text
    assert browser.get(f"{address}.pdf").data.startswith(b"%PDF")
    with db.transaction() as session:
        row = session.query(HealthReport).one()
        assert (row.evidence_level, row.reader, row.discharges) == ("L2", "pulse-table", [])
        record = canonical.parse(row.record)
        assert float(record["rapid"]["leave_out_rmse"]) == pytest.approx(0.0221, abs=1e-4)
        assert record["rapid"]["flags"] == ["model_estimate", "soc_from_empty"]
        assert float(row.soh_q) == pytest.approx(0.806, abs=1e-3)


@pytest.mark.parametrize(
    ("pack", "content", "more", "sentence"),
    [
        (0, table("1"), {"subject": "pack", "subject_position": ""}, "is read for a cell"),
        (0, table("1", "2"), {}, "holds 2 cells"),
        (0, table("1", soc=20), {}, "too little to publish"),
        (0, table("1", soc=70), {}, "and these pulses were made at 70 %"),
        (1, table("1"), {}, "fitted on cells of 21 Ah"),
        (0, table(), {}, "holds no row"),
    ],
)
def test_what_the_model_does_not_know_is_refused_in_words(
    place, sign_in, *, pack, content, more, sentence
):
    answer = upload(sign_in(place.lab), place.packs[pack], content, **more)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_the_template_of_pulses_reads_as_a_pulse_table(place, sign_in, tmp_path):
    browser = sign_in(place.lab)
    assert "/reports/pulses.xlsx" in browser.get("/reports/new").text
    path = tmp_path / "x"
    path.write_bytes(browser.get("/reports/pulses.xlsx").data)
    assert pulses.is_table(path)


@pytest.mark.parametrize(("place_of", "said"), [(0, "Model, not measured."), (1, "only LFP has")])
def test_remaining_life_stands_on_report_and_pack_or_says_why_not(
    place, sign_in, tmp_path, place_of, said
):
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=35, soh=0.75)
    browser, pack = sign_in(place.lab), place.packs[place_of]
    more = {"subject": "pack", "subject_position": ""}
    review = upload(browser, pack, path.read_bytes(), **more).headers["Location"]
    data = {"examined_on": "2026-06-01", "coverage": "whole", "safety_check": "passed"}
    address = browser.post(review, data=data).headers["Location"]
    page = browser.get(address).text
    assert said in page
    assert ("pic-life" in page) == (place_of == 0)
    assert said in browser.get(f"/packs/{pack.id}").text
    if place_of == 0:
        assert "Commercial peak shaving" in page
        assert "330 cycles a year of 80 %" in page
