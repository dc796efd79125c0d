"""The public page of a report and the check with its raw file, without an account."""

from __future__ import annotations

import io
import tempfile
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from make import NOW

from listings import blobs, db
from listings.health import examinations, openings, reports
from listings.health.synthetic import write_bdf
from listings.parties import Kind


@pytest.fixture
def content(tmp_path):
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.85)
    return path.read_bytes()


@pytest.fixture
def report(made, content):
    """A signed report: its token, its rows' ids, and who is who."""
    with made() as make:
        pack_type = make.pack_type(
            rated_capacity_ah=Decimal(5), rated_voltage_v=Decimal("3.6"),
            rated_energy_kwh=Decimal("0.018"), cell_rated_capacity_ah=Decimal(5),
            upper_cutoff_v=Decimal("4.2"), cells_in_series=1,
        )  # fmt: skip
        fleet = make.organisation(Kind.FLEET_OWNER)
        lab = make.member(
            make.organisation(Kind.LAB, accreditation_number="CNAS L7", name="Bench Lab")
        )
        pack = make.pack(fleet, pack_type)
        blob = blobs.store(make.session, content, name="x.csv", media_type="text/csv", at=NOW)
        rated = examinations.rated(pack_type, "pack")
        examination = examinations.examine(blobs.path(blob.sha256), rated)

        def sign(**more):
            return reports.store(
                make.session, lab, pack_id=pack.id, examination=examination,
                blob_sha256=blob.sha256, examined_on=NOW.date(), at=NOW, coverage="整包", **more,
            )  # fmt: skip

        row = sign()
        return SimpleNamespace(
            token=row.public_token, id=row.id, number=row.number, pack=pack.name,
            owner=make.member(fleet), lab=lab, pack_id=pack.id, examination=examination,
            sha256=blob.sha256,
        )  # fmt: skip


def compare(client, report, content, **more):
    data = {"file": (io.BytesIO(content), "raw.csv")}
    return client.post(f"/r/{report.token}", data=data, **more)


def test_anyone_reads_what_the_report_says_and_no_code_nor_person(client, report):
    page = client.get(f"/r/{report.token}").text
    assert "Genuine: signed with the key of" in page
    assert "CNAS L7" in page
    assert report.number in page
    assert report.pack not in page
    with db.transaction() as reading:
        from listings.users import User

        for user_id in (report.owner.user_id, report.lab.user_id):
            assert reading.get_one(User, user_id).name not in page


def test_a_token_nobody_gave_shows_nothing(client):
    assert client.get("/r/no-such-token").status_code == 404


def test_the_examined_file_gives_every_number_again(client, report, content):
    page = compare(client, report, content).text
    assert "gives every number of the report again" in page
    assert '<span class="tag bad">No</span></td></tr>' not in page.split("Discharges:")[0]


def test_nothing_of_the_file_is_kept(client, report, content, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = sorted(path for path in blobs.folder().rglob("*"))
    compare(client, report, content + b"\n")
    assert sorted(path for path in blobs.folder().rglob("*")) == before
    assert not [path for path in tmp_path.rglob("*") if path.name == "file"]


def test_another_file_of_the_same_test_is_said_to_be_one(client, report, content):
    page = compare(client, report, content + b"\n").text
    assert "another file than the one examined, of the same test" in page
    assert "within 0.1 % of" in page


def test_the_file_of_another_test_shows_both_numbers(client, report, tmp_path):
    path = tmp_path / "synthetic-worse.csv"
    write_bdf(path, rated_ah=5, soh=0.7)
    page = compare(client, report, path.read_bytes()).text
    assert "it gives other numbers" in page
    assert '<span class="tag bad">No</span>' in page


def test_a_file_of_no_tester_is_refused_in_words(client, report):
    answer = compare(client, report, b"nothing")
    assert answer.status_code == 422
    assert 'href="#f-file"' in answer.text
    assert client.post(f"/r/{report.token}").status_code == 422


def test_a_large_file_is_refused(client, report, monkeypatch):
    monkeypatch.setattr("market.web.report_checks.MOST", 1000)
    assert compare(client, report, b"x" * 1001).status_code == 422
    answer = compare(client, report, b"x" * 200_000)
    assert answer.status_code == 413


def test_one_address_does_not_ask_for_ever(client, report):
    for _ in range(10):
        compare(client, report, b"nothing")
    answer = compare(client, report, b"nothing")
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    other = compare(client, report, b"nothing", environ_base={"REMOTE_ADDR": "10.9.8.7"})
    assert other.status_code == 422


def test_the_superseded_one_names_the_newer(client, report, made):
    with made() as make:
        newer = reports.store(
            make.session, report.lab, pack_id=report.pack_id, examination=report.examination,
            blob_sha256=report.sha256, examined_on=NOW.date(), at=NOW, coverage="整包",
        )  # fmt: skip
        token, number = newer.public_token, newer.number
    page = client.get(f"/r/{report.token}").text
    assert f"Report {number} of" in page
    assert f"/r/{token}" in page
    assert "it no longer counts" in page


def test_expired_and_opened_are_said(client, report, clock, made):
    clock.at = NOW + timedelta(days=91)
    assert "This report expired on" in client.get(f"/r/{report.token}").text
    clock.at = NOW
    with made() as make:
        openings.opened(make.session, report.owner, report.pack_id, opened_on=NOW.date(), at=NOW)
    assert "was opened on" in client.get(f"/r/{report.token}").text


def test_a_report_whose_signature_does_not_hold_is_not_genuine(client, report, monkeypatch):
    monkeypatch.setattr(reports, "signer", lambda *_: None)
    page = client.get(f"/r/{report.token}").text
    assert "does not hold. Do not rely" in page
    assert "Genuine" not in page


def test_the_page_and_its_answers_speak_chinese(client, report, content):
    with client.session_transaction() as session:
        session["language"] = "zh_Hans_CN"
    assert "Genuine" not in client.get(f"/r/{report.token}").text
    assert "gives every number" not in compare(client, report, content).text
