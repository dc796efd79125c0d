"""From files of telemetry to what they say of each vehicle, in the browser."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW
from telemetry_rows import as_text, charge

from listings import blobs, db
from listings.parties import Kind, Role
from listings.telemetry import synthetic
from listings.telemetry.uploads import TelemetryUpload
from listings.vehicles import Vehicle
from market import telemetry_queue

VIN, OTHER = synthetic.vin(2), synthetic.vin(1)


@pytest.fixture
def place(made):
    class Place:
        pass

    with made() as make:
        here = Place()
        firm = make.organisation(Kind.FLEET_OWNER)
        here.fleet = make.member(firm)
        here.viewer = make.member(firm, Role.VIEWER)
        here.other = make.member(make.organisation(Kind.FLEET_OWNER))
        here.carrier = make.member(make.organisation(Kind.CARRIER))
        here.type = make.pack_type(rated_capacity_ah=Decimal(200))
        vehicle = Vehicle(owner_id=firm.id, fleet_number="12", vin=VIN, created_at=NOW)
        make.session.add(vehicle)
        make.session.flush()
        here.pack = make.pack(firm, here.type, vehicle_id=vehicle.id)
    return here


@pytest.fixture(scope="module")
def export():
    made = synthetic.make(synthetic.Fleet(vehicles=2, days=62, cadence_s=110))
    content = io.BytesIO()
    made.rows.write_parquet(content)
    return content.getvalue()


def send(browser, *files, key="form"):
    chosen = [(io.BytesIO(content), name) for name, content in files]
    return browser.post("/telemetry", data={"form_key": key, "files": chosen})


def one_charge(**how) -> bytes:
    return as_text(charge(**how)).write_csv().encode()


def read_all():
    while telemetry_queue.read_next(lambda: NOW):
        pass


def test_a_fleet_sends_its_export_and_reads_what_each_vehicle_holds(place, sign_in, export):
    browser = sign_in(place.fleet)
    assert "/telemetry" in browser.get("/fleet").text
    answer = send(browser, ("fleet.parquet", export))
    assert answer.status_code == 303, answer.text
    address = answer.headers["Location"]
    waiting = browser.get(address).text
    assert "Waiting for its turn" in waiting
    assert f'data-fragment="{address}/status"' in waiting
    read_all()
    page = browser.get(address)
    assert "data-live" not in page.text
    known, unknown = (row for row in page.text.split("<tr")[1:] if VIN in row or OTHER in row)
    assert ">12<" in known
    assert "not registered" in unknown
    assert "±" in known
    assert 'class="tag good">L3' in known
    assert browser.get(f"{address}/status").text.count(VIN) == page.text.count(VIN)


def test_a_vehicle_has_two_pictures_each_with_its_table(place, sign_in, export):
    browser = sign_in(place.fleet)
    address = send(browser, ("fleet.parquet", export)).headers["Location"]
    read_all()
    page = browser.get(f"{address}/vehicles/1").text
    assert page.count("<figure") == page.count("<table") == 2
    assert 'class="pic pic-windows"' in page
    assert 'class="pic pic-months"' in page
    assert 'class="pic-range"' in page
    months = ("2026-01", "2026-02", "2026-03")
    assert all(f">{name}</th>" in page for name in months)
    assert "Rated 200.0 Ah" in page
    without = browser.get(f"{address}/vehicles/2").text
    assert "not told: the vehicle does not carry exactly one registered pack" in without


def test_narrow_windows_alone_are_indicative_and_say_so(place, sign_in):
    browser = sign_in(place.fleet)
    files = ("a.csv", one_charge(vehicle=VIN, soc=(30, 60)))
    address = send(browser, files).headers["Location"]
    read_all()
    assert "indicative" in browser.get(address).text
    page = browser.get(f"{address}/vehicles/1").text
    assert "No charge covered 60 % of the range" in page
    assert "L3" not in page.split("<main", 1)[1]


def test_a_charge_that_does_not_count_is_a_cross_with_its_reason(place, sign_in):
    browser = sign_in(place.fleet)
    good, bad = as_text(charge(vehicle=VIN)), as_text(charge(vehicle=VIN, at=86_400))
    bad = bad.with_columns(soc=bad["soc"] + 8.0 * (bad["soc"] > 50))
    content = good.vstack(bad.filter(bad["soc"] <= 100)).write_csv().encode()
    address = send(browser, ("a.csv", content)).headers["Location"]
    read_all()
    page = browser.get(f"{address}/vehicles/1").text
    assert page.count('class="pic-rejected"') == 2, "one mark and its key"
    assert "leapt by over 5 % between two rows" in page


def test_a_refused_file_shows_its_sentence_and_is_kept(place, sign_in):
    browser = sign_in(place.fleet)
    content = b"VIN,current\nA,-60\n"
    address = send(browser, ("mine.csv", content)).headers["Location"]
    read_all()
    page = browser.get(address).text
    assert "mine.csv” has no column for the" in page
    assert "%%" not in page
    with db.transaction() as session:
        upload = session.scalars(sa.select(TelemetryUpload)).one()
    assert blobs.read(upload.files[0].blob_sha256) == content


def test_progress_is_shown_on_the_page_and_in_its_fragment(place, sign_in):
    browser = sign_in(place.fleet)
    address = send(browser, ("a.csv", one_charge())).headers["Location"]
    with db.transaction() as session:
        upload = telemetry_queue.uploads.claim(session, at=NOW)
        upload.stage, upload.done, upload.of = "reading", 1, 3
    for page in (browser.get(address).text, browser.get(f"{address}/status").text):
        assert "Reading the files · 1 of 3" in page
        assert 'value="1" max="3"' in page


def test_the_same_form_sent_twice_is_one_upload(place, sign_in):
    browser = sign_in(place.fleet)
    first = send(browser, ("a.csv", one_charge())).headers["Location"]
    assert send(browser, ("a.csv", one_charge())).headers["Location"] == first
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count(TelemetryUpload.id))) == 1


def test_without_a_file_the_form_comes_again(place, sign_in):
    answer = send(sign_in(place.fleet))
    assert answer.status_code == 422
    assert "Choose a file." in answer.text


def test_others_see_nothing_of_it_and_viewers_send_nothing(place, sign_in):
    address = send(sign_in(place.fleet), ("a.csv", one_charge())).headers["Location"]
    read_all()
    for path in (address, f"{address}/status", f"{address}/vehicles/1"):
        assert sign_in(place.other).get(path).status_code == 404
        assert sign_in(place.carrier).get(path).status_code == 403
        assert sign_in(place.viewer).get(path).status_code == 200
    assert send(sign_in(place.viewer), ("a.csv", one_charge())).status_code == 403
    assert "/telemetry" not in sign_in(place.carrier).get("/fleet").text


def test_the_pages_speak_chinese(place, sign_in, export):
    browser = sign_in(place.fleet)
    address = send(browser, ("fleet.parquet", export)).headers["Location"]
    read_all()
    with browser.session_transaction() as session:
        session["language"] = "zh_Hans_CN"
    for path in ("/telemetry", address, f"{address}/vehicles/1"):
        page = browser.get(path).text.split("<main", 1)[1]
        for english in ("Capacity", "Charges", "indicative", "Month", "Telemetry", "Vehicle"):
            assert english not in page, (path, english)
