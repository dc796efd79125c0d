"""Telemetry that was sent in is read once, outside of transactions, and its progress is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW, Make
from telemetry_rows import as_text, charge

from listings import blobs, db
from listings.errors import Forbidden
from listings.parties import Kind
from listings.telemetry import reading, synthetic, uploads
from listings.telemetry.examine import findings
from listings.telemetry.uploads import TelemetryUpload, TelemetryVehicle, UploadState
from listings.vehicles import Vehicle
from market import telemetry_queue
from market.notices import Change


@pytest.fixture
def fleet(database):
    with db.transaction() as session:
        make = Make(session)
        return make.member(make.organisation(Kind.FLEET_OWNER))


def clock():
    return NOW


def sent(acting, *files, key="form"):
    with db.transaction() as session:
        rows = [
            (
                blobs.store(session, content, name=name, media_type="text/csv", at=NOW),
                name,
            )
            for name, content in files
        ]
        return uploads.add(session, acting, rows, form_key=key, at=NOW).id


def one_charge(**how) -> bytes:
    return as_text(charge(**how)).write_csv().encode()


def found(upload_id):
    with db.transaction() as session:
        upload = session.get_one(TelemetryUpload, upload_id)
        return upload, uploads.vehicles(session, upload_id)


def test_several_files_are_read_together_and_matched_by_vin_plate_and_number(fleet):
    vin = synthetic.vin(1)
    with db.transaction() as session:
        for values in (
            {"fleet_number": "1", "vin": vin},
            {"fleet_number": "2", "plate": "皖B·12345D"},
            {"fleet_number": "bus-7"},
        ):
            session.add(Vehicle(owner_id=fleet.organisation_id, created_at=NOW, **values))
    names = (vin, "皖B12345D", "BUS-7", "nobody's")
    files = [(f"{n}.csv", one_charge(vehicle=name)) for n, name in enumerate(names)]
    ident = sent(fleet, *files)
    assert telemetry_queue.read_next(clock)
    upload, rows = found(ident)
    assert upload.state is UploadState.DONE
    matched = {row.name: row.vehicle and row.vehicle.fleet_number for row in rows}
    assert matched == {vin: "1", "皖B12345D": "2", "BUS-7": "bus-7", "NOBODY'S": None}
    assert not telemetry_queue.read_next(clock)


def test_what_is_kept_of_a_fleet_gives_the_findings_of_the_command(fleet, tmp_path):
    made = synthetic.make(synthetic.Fleet(vehicles=3, days=20, cadence_s=60))
    path = tmp_path / "fleet.parquet"
    made.rows.write_parquet(path)
    ident = sent(fleet, ("fleet.parquet", path.read_bytes()))
    telemetry_queue.read_next(clock)
    _, rows = found(ident)
    read = reading.read([reading.File(path, path.name)])
    assert [row.finding(200.0) for row in rows] == findings(read, 200.0)
    for row in rows:
        finding = row.finding(200.0)
        assert finding.capacity_ah == pytest.approx(made.true_ah[row.name], rel=finding.uncertainty)


def test_a_vehicle_of_somebody_else_is_not_matched(fleet):
    with db.transaction() as session:
        other = Make(session).organisation(Kind.FLEET_OWNER)
        session.add(Vehicle(owner_id=other.id, fleet_number="A", created_at=NOW))
    ident = sent(fleet, ("a.csv", one_charge(vehicle="A")))
    telemetry_queue.read_next(clock)
    assert [row.vehicle_id for row in found(ident)[1]] == [None]


def test_a_refused_file_keeps_its_sentence_and_the_file(fleet):
    ident = sent(fleet, ("a.csv", b"VIN,time\nA,2026-01-01 00:00:00\n"))
    assert telemetry_queue.read_next(clock)
    upload, rows = found(ident)
    assert (upload.state, rows) == (UploadState.REFUSED, [])
    assert upload.refusal["values"]["file"] == "a.csv"
    assert blobs.read(upload.files[0].blob_sha256).startswith(b"VIN")


def test_one_refused_upload_does_not_hold_up_the_next(fleet):
    first = sent(fleet, ("a.csv", b"nothing"), key="1")
    second = sent(fleet, ("b.csv", one_charge()), key="2")
    assert [telemetry_queue.read_next(clock) for _ in range(3)] == [True, True, False]
    assert [found(ident)[0].state for ident in (first, second)] == [
        UploadState.REFUSED,
        UploadState.DONE,
    ]


def test_the_same_form_is_one_upload(fleet):
    first = sent(fleet, ("a.csv", one_charge()))
    assert sent(fleet, ("a.csv", one_charge())) == first
    assert sent(fleet, ("a.csv", one_charge()), key="another") != first


def test_a_reading_whose_worker_died_is_taken_up_again_and_the_old_one_is_not_heard(fleet):
    ident = sent(fleet, ("a.csv", one_charge()))
    with db.transaction() as session:
        assert uploads.claim(session, at=NOW).id == ident
    with db.transaction() as session:
        assert uploads.claim(session, at=NOW + uploads.LEASE) is None
    later = NOW + uploads.LEASE + timedelta(seconds=1)
    with db.transaction() as session:
        assert uploads.claim(session, at=later).attempts == 2
    old = telemetry_queue.Claim(ident, 1, (), clock)
    old.progress("reading", 1, 1)
    assert found(ident)[0].stage == ""


def test_a_file_that_ends_its_worker_three_times_is_refused(fleet):
    ident = sent(fleet, ("a.csv", one_charge()))
    for turn in range(uploads.ATTEMPTS + 1):
        with db.transaction() as session:
            upload = uploads.claim(session, at=NOW + turn * 2 * uploads.LEASE)
        assert (upload is None) == (turn == uploads.ATTEMPTS)
    assert found(ident)[0].state is UploadState.REFUSED


def test_watchers_hear_of_each_step(fleet):
    ident = sent(fleet, ("a.csv", one_charge()))
    telemetry_queue.read_next(clock)
    with db.transaction() as session:
        topics = session.scalars(sa.select(Change.topic)).all()
    assert topics.count(f"telemetry:{ident}") >= 2


def test_a_buyer_without_a_register_sends_nothing_in(database):
    with db.transaction() as session:
        make = Make(session)
        carrier = make.member(make.organisation(Kind.CARRIER))
    with pytest.raises(Forbidden):
        sent(carrier, ("a.csv", one_charge()))
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count(TelemetryVehicle.id))) == 0
