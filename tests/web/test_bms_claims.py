"""Declared readings and permitted destinations, on the pages of a pack and of its report."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from make import NOW

from listings.health.reports import HealthReport, Subject
from listings.parties import Kind, Organisation

READING = {
    "soh": "80", "capacity_ah": "160", "read_on": "2026-05-01", "firmware": "V3.2", "tool": "CAN 4",
    "reader": "Wang",
}  # fmt: skip


@pytest.fixture
def place(made):
    """A fleet's pack of 200 Ah, measured at 160 Ah, graded A; a lab that did, and a stranger."""

    class Place:
        pass

    with made() as make:
        here = Place()
        fleet, lab = make.organisation(Kind.FLEET_OWNER), make.organisation(Kind.LAB)
        here.fleet, here.lab = make.member(fleet), make.member(lab)
        here.stranger = make.member(make.organisation(Kind.FLEET_OWNER))
        here.pack = make.pack(fleet)
        report = HealthReport(
            pack_id=here.pack.id,
            subject=Subject.PACK,
            lab_id=lab.id,
            examined_on=date(2026, 5, 20),
            rated_capacity_ah=Decimal(200),
            capacity_ah=Decimal(160),
            soh_q=Decimal("0.8"),
            cutoffs={"low": 2.5, "high": 3.65, "source": "given"},
            grade="A",
            evidence_level="L1",
            policy_version=1,
            reported_at=NOW,
            valid_until=date(2026, 8, 18),
        )
        make.session.add(report)
        make.session.flush()
        here.page, here.report = f"/packs/{here.pack.id}", f"/reports/{report.id}"
        here.form = f"{here.page}/bms-claims"
    return here


def test_a_reading_that_agrees_stands_without_an_alarm(place, sign_in):
    browser = sign_in(place.fleet)
    assert browser.post(place.form, data=READING).headers["Location"] == place.page
    page = browser.get(place.page).text
    assert "Declared by the management system" in page
    assert "Wang" in page
    assert "differ" not in page.replace("differences are shares", "")


def test_a_reset_is_marked_and_raises_the_alarm_on_pack_and_report(place, sign_in):
    browser = sign_in(place.fleet)
    browser.post(place.form, data=READING)
    browser.post(place.form, data=READING | {"soh": "100", "read_on": "2026-05-25"})
    for address in (place.page, place.report):
        page = browser.get(address).text
        assert "1 declared reading differs by more than 3 % from what report" in page
        assert "reset to 100%" in page
        assert "its own Ah say 80.0%" in page
        assert "Measured: 80.0%" in page
        assert "%%" not in page


def test_a_lab_of_the_pack_records_with_the_tools_file(place, sign_in):
    lab = sign_in(place.lab)
    data = READING | {"file": (io.BytesIO(b"raw frames"), "frames.asc")}
    assert lab.post(place.form, data=data).status_code == 303
    for acting in (place.lab, place.fleet):
        with sign_in(acting).get(f"{place.form}/1/file") as file:
            assert (file.status_code, file.data) == (200, b"raw frames")
    assert sign_in(place.stranger).get(f"{place.form}/1/file").status_code == 404


def test_a_refused_reading_says_what_is_missing_and_keeps_the_rest(place, sign_in):
    browser = sign_in(place.fleet)
    refused = browser.post(place.form, data=READING | {"soh": "", "capacity_ah": "", "tool": "T9"})
    assert refused.status_code == 422
    assert "Enter the declared state of health" in refused.text
    assert 'value="T9"' in refused.text
    browser.post(place.form, data=READING)
    assert browser.post(place.form, data=READING).status_code == 409


def test_a_stranger_neither_sees_nor_records(place, sign_in):
    assert sign_in(place.stranger).get(place.form).status_code == 404
    assert sign_in(place.stranger).post(place.form, data=READING).status_code == 404


def test_pack_and_report_say_where_the_pack_may_go_and_by_which_rule(place, sign_in):
    browser = sign_in(place.fleet)
    for address in (place.page, place.report):
        page = browser.get(address).text
        assert "Permitted destinations on 2026-06-01" in page
        assert "Interim Measures (six ministries, Order 73)" in page
        assert "unverified" in page


def test_a_report_that_expired_opens_no_use_by_its_letter(place, sign_in, clock):
    clock.at = clock.at.replace(month=9)
    page = sign_in(place.fleet).get(place.report).text
    assert "its letter is none that the rule names" in page


def test_anybody_reads_the_rules(client, place):
    page = client.get("/destinations").text
    assert "Electric bicycle" in page
    assert "unverified" in page


def test_a_claim_without_a_report_is_evidence_l4_and_no_letter(place, made, sign_in):
    with made() as make:
        owner = make.session.get(Organisation, place.fleet.organisation_id)
        address = f"/packs/{make.pack(owner).id}"
    browser = sign_in(place.fleet)
    browser.post(f"{address}/bms-claims", data=READING | {"soh": "100"})
    page = browser.get(address).text
    assert "No grade: indicative only (evidence L4)" in page
    assert "No report of the whole pack to compare with" in page
