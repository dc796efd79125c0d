"""The register's pages: fleet, packs, types, sites, imports and health reports."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from make import NOW

from listings import blobs, db, packs, sheets
from listings.health.reports import HealthReport
from listings.health.synthetic import write_bdf
from listings.packs import Mounting, Pack
from listings.parties import Kind, Role
from listings.sites import Site
from market.notices import Notice

HEADER = ("车辆自编号", "电池型号", "安装状态", "停放场地")


@pytest.fixture
def place(made):
    """A fleet with one pack of 5 Ah, a lab, a buyer and another fleet."""

    class Place:
        pass

    with made() as make:
        here = Place()
        here.fleet = make.organisation(Kind.FLEET_OWNER)
        here.type = make.pack_type(
            maker="LG",
            model="M50T",
            rated_capacity_ah=Decimal(5),
            rated_voltage_v=Decimal("3.6"),
            rated_energy_kwh=Decimal("0.018"),
            cell_rated_capacity_ah=Decimal(5),
            upper_cutoff_v=Decimal("4.2"),
            cells_in_series=1,
        )
        here.clerk = make.member(here.fleet, Role.CLERK)
        here.viewer = make.member(here.fleet, Role.VIEWER)
        here.lab = make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L1"))
        here.other = make.member(make.organisation(Kind.FLEET_OWNER))
        here.buyer = make.member(make.recycler())
        here.regulator = make.member(make.organisation(Kind.REGULATOR))
        here.operator = make.member(make.organisation(Kind.OPERATOR))
        here.pack = packs.add(
            make.session,
            here.clerk,
            type_id=here.type.id,
            owner_id=here.fleet.id,
            holder_id=here.fleet.id,
            at=NOW,
        )
    return here


@pytest.fixture
def tester_file(tmp_path):
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.75)
    return path.read_bytes()


def upload(client, place, content, **more):
    data = {
        "pack": place.pack.name,
        "subject": "pack",
        "file": (io.BytesIO(content), "synthetic.bdf.csv"),
    }
    return client.post("/reports/new", data=data | more)


def sign(client, place, content, **more):
    review = upload(client, place, content).headers["Location"]
    data = {"examined_on": "2026-06-01", "coverage": "整包", "safety_check": "passed"}
    return client.post(review, data=data | more)


def test_a_spreadsheet_goes_from_file_to_fleet_in_three_steps(place, sign_in):
    browser = sign_in(place.clerk)
    content = sheets.write_xlsx(
        HEADER, [["K-1", "M50T", "在车", "东郊"], ["K-1", "M50T", "在车", ""]]
    )
    answer = browser.post("/imports", data={"file": (io.BytesIO(content), "车辆.xlsx")})
    assert answer.status_code == 303
    preview = browser.get(answer.headers["Location"])
    assert preview.status_code == 200
    assert "东郊" in preview.text
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Pack)) == 1
    done = browser.post(answer.headers["Location"], follow_redirects=True)
    assert "Registered. Packs: 2, new vehicles: 1." in done.text
    assert "K-1" in done.text


def test_a_wrong_spreadsheet_is_told_by_row_and_kept(place, sign_in):
    browser = sign_in(place.clerk)
    content = sheets.write_xlsx(HEADER, [["K-1", "M99", "在车", ""]])
    answer = browser.post("/imports", data={"file": (io.BytesIO(content), "车辆.xlsx")})
    preview = browser.get(answer.headers["Location"])
    assert preview.status_code == 422
    assert "“M99” is not in the register of pack types." in preview.text
    assert "电池型号" in preview.text
    assert "Register all of it" not in preview.text
    assert browser.post(answer.headers["Location"]).status_code == 422


def test_a_file_that_is_no_table_is_told_so(place, sign_in):
    browser = sign_in(place.clerk)
    answer = browser.post("/imports", data={"file": (io.BytesIO(b"%PDF-1.7"), "x.xlsx")})
    preview = browser.get(answer.headers["Location"])
    assert preview.status_code == 422
    assert "is not a table" in preview.text


def test_another_fleet_does_not_see_an_upload(place, sign_in):
    content = sheets.write_xlsx(HEADER, [["K-1", "M50T", "在车", ""]])
    answer = sign_in(place.clerk).post("/imports", data={"file": (io.BytesIO(content), "x.xlsx")})
    assert sign_in(place.other).get(answer.headers["Location"]).status_code == 404


def test_the_template_comes_in_both_languages(place, sign_in):
    browser = sign_in(place.clerk)
    for language, name in (("zh", "电池型号"), ("en", "Battery type")):
        content = browser.get(f"/imports/template/{language}.xlsx").data
        assert name in sheets.read(content, "x").header


def test_a_lab_goes_from_tester_file_to_signed_report(place, sign_in, tester_file):
    browser = sign_in(place.lab)
    review = upload(browser, place, tester_file).headers["Location"]
    page = browser.get(review)
    assert page.status_code == 200
    assert "No charge before it is on record." in page.text
    assert page.text.count("<svg") >= 2
    answer = browser.post(
        review,
        data={
            "examined_on": "2026-06-01",
            "coverage": "整包",
            "safety_check": "passed",
            "capacity_spread": "2.5",
        },
    )
    assert answer.status_code == 303
    report = browser.get(answer.headers["Location"])
    assert "holds, by the lab’s key" in report.text
    assert "Grade B, evidence level L1" in report.text
    for words in (
        "Coulombic efficiency",
        "The accuracy of the tester is assumed: 0.05 %",
        "No charge or discharge ran at C/10 or slower.",
        "every tenth of the discharge",
    ):
        assert words in report.text
    address = answer.headers["Location"]
    with db.transaction() as session:
        told = session.scalars(sa.select(Notice)).all()
        assert {notice.link for notice in told} == {address}
    assert browser.get(f"{address}.pdf").data.startswith(b"%PDF")
    assert browser.get(f"{address}.json").json["grade"] == "B"
    with browser.get(f"{address}/file") as file:
        assert file.data == tester_file


def test_the_standing_report_shows_on_the_pack_and_in_the_fleet(place, sign_in, tester_file):
    sign(sign_in(place.lab), place, tester_file)
    owner = sign_in(place.clerk)
    assert "Grade B, evidence level L1" in owner.get(f"/packs/{place.pack.id}").text
    assert place.pack.name in owner.get("/fleet?grade=B").text
    assert place.pack.name not in owner.get("/fleet?grade=A").text
    assert place.pack.name not in owner.get("/fleet?grade=none").text
    assert place.pack.name in owner.get("/reports?standing=1&grade=B").text
    assert ',"B",' in owner.get("/fleet.csv").text
    assert "HR-2026-" in owner.get("/reports.csv").text


def test_the_owner_says_that_a_pack_was_opened(place, sign_in, tester_file):
    report = sign(sign_in(place.lab), place, tester_file).headers["Location"]
    owner, page = sign_in(place.clerk), f"/packs/{place.pack.id}"
    assert "The pack was opened" in owner.get(page).text
    assert owner.post(f"{page}/opened", data={"opened_on": "2026-06-02"}).status_code == 422
    done = owner.post(f"{page}/opened", data={"opened_on": "2026-06-01"}, follow_redirects=True)
    assert "Reports that no longer count: 1." in done.text
    assert '<span class="tag bad">opened</span>' in done.text
    assert "was opened on" in owner.get(report).text
    stranger = sign_in(place.other).post(f"{page}/opened", data={"opened_on": "2026-06-01"})
    assert stranger.status_code == 404


def test_a_damaged_file_is_refused_with_a_sentence_and_kept(place, sign_in):
    answer = upload(sign_in(place.lab), place, b"PK\x03\x04 nothing of use")
    assert answer.status_code == 422
    assert "damaged" in answer.text
    assert place.pack.name in answer.text
    with db.transaction() as session:
        from listings.blobs import Blob

        assert session.scalar(sa.select(sa.func.count()).select_from(Blob)) == 1


def test_what_the_lab_typed_stays_when_a_field_is_wrong(place, sign_in, tester_file):
    browser = sign_in(place.lab)
    answer = sign(browser, place, tester_file, examined_on="2026-06-02", coverage="整包经主端子")
    assert answer.status_code == 422
    assert "still to come" in answer.text
    assert "整包经主端子" in answer.text
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(HealthReport)) == 0


def test_signing_asks_for_the_password_when_the_sign_in_is_old(place, sign_in, tester_file):
    browser = sign_in(place.lab, is_recent=False)
    answer = sign(browser, place, tester_file)
    assert answer.status_code == 422
    assert "Enter your password to confirm." in answer.text


def test_an_unknown_pack_and_a_missing_file_are_told_at_their_fields(place, sign_in, tester_file):
    browser = sign_in(place.lab)
    answer = upload(browser, place, tester_file, pack="NOTHING")
    assert answer.status_code == 422
    assert 'href="#f-pack"' in answer.text
    answer = browser.post("/reports/new", data={"pack": "", "subject": "pack"})
    assert 'href="#f-pack"' in answer.text
    assert 'href="#f-file"' in answer.text


def test_a_file_is_chosen_once_even_when_other_fields_are_wrong(place, sign_in, tester_file):
    browser = sign_in(place.lab)
    answer = upload(browser, place, tester_file, pack="NOTHING", subject="module")
    assert answer.status_code == 422
    assert 'href="#f-subject_position"' in answer.text
    assert "Your file synthetic.bdf.csv is kept" in answer.text
    kept = re.search(r'name="kept" value="([0-9a-f]{64})"', answer.text)[1]
    right = {"pack": place.pack.name, "subject": "pack", "kept": kept}
    answer = browser.post("/reports/new", data=right)
    assert answer.status_code == 303
    assert "The whole pack, through its main terminals." in browser.get(answer.location).text


def test_a_kept_file_is_the_labs_that_uploaded_it(place, sign_in, tester_file, made):
    upload(sign_in(place.lab), place, tester_file)
    with made() as make:
        other = make.member(make.organisation(Kind.LAB))
    kept = hashlib.sha256(tester_file).hexdigest()
    answer = sign_in(other).post(
        "/reports/new", data={"pack": place.pack.name, "subject": "pack", "kept": kept}
    )
    assert answer.status_code == 422
    assert 'href="#f-file"' in answer.text


def test_a_file_that_cannot_be_read_is_to_be_chosen_anew(place, sign_in):
    answer = upload(sign_in(place.lab), place, b"PK\x03\x04 nothing of use")
    assert 'name="kept"' not in answer.text


def test_a_file_over_the_limit_is_refused_and_what_was_typed_stays(
    place, sign_in, tester_file, monkeypatch
):
    browser = sign_in(place.lab)
    assert f'data-most="{512 * 2**20}"' in browser.get("/reports/new").text
    monkeypatch.setattr("market.web.reporting.MAX_BYTES", 2**20)
    answer = upload(browser, place, b" " * (2**20 + 1), subject="module", subject_position="M3-too")
    # The test client leaves the body that it sent open where it is large.
    answer.request.environ["wsgi.input"].close()
    assert answer.status_code == 422
    assert "The file is larger than 1 MB, the most that is taken." in answer.text
    assert 'value="M3-too"' in answer.text
    assert f'value="{place.pack.name}"' in answer.text
    assert not [path for path in blobs.folder().rglob("*") if path.is_file()]


def test_who_may_see_a_pack_and_its_reports(place, sign_in, tester_file, made):
    report = sign(sign_in(place.lab), place, tester_file).headers["Location"]
    pack = f"/packs/{place.pack.id}"

    def seen(acting):
        browser = sign_in(acting)
        codes = []
        for path in (pack, report, f"{report}/file"):
            with browser.get(path) as answer:
                codes.append(answer.status_code)
        return codes

    assert seen(place.viewer) == [200, 200, 200]
    assert seen(place.regulator) == [200, 200, 200]
    assert seen(place.lab) == [200, 200, 200]
    assert seen(place.other) == [404, 404, 404]
    assert seen(place.buyer) == [404, 404, 404]
    with made() as make:
        make.lot(place.fleet, [make.session.get_one(Pack, place.pack.id)])
    assert seen(place.buyer) == [200, 200, 403]


def test_only_writers_of_the_register_reach_its_forms(place, sign_in):
    pages = ("/fleet/vehicles/new", "/packs/new", "/sites/new", "/imports")
    assert {sign_in(place.viewer).get(page).status_code for page in pages} == {403}
    assert {sign_in(place.clerk).get(page).status_code for page in pages} == {200}
    assert sign_in(place.clerk).get("/reports/new").status_code == 403
    assert sign_in(place.clerk).get("/pack-types/new").status_code == 403
    assert sign_in(place.operator).get("/pack-types/new").status_code == 200


def test_visitors_are_led_to_the_sign_in(client):
    for page in ("/fleet", "/fleet.csv", "/packs/1", "/reports", "/reports/1.pdf", "/pack-types"):
        answer = client.get(page)
        assert answer.status_code == 303
        assert "/signin" in answer.headers["Location"]


def test_a_vehicle_and_its_pack_are_registered_by_form(place, sign_in):
    browser = sign_in(place.clerk)
    answer = browser.post("/fleet/vehicles/new", data={"fleet_number": "K-9"})
    page = browser.get(answer.headers["Location"]).text
    assert "Vehicle K-9" in page
    vehicle = urlsplit(answer.headers["Location"]).path.rsplit("/", 1)[1]
    answer = browser.post(
        "/packs/new",
        data={
            "type_id": place.type.id,
            "vehicle_id": vehicle,
            "mounting": "mounted",
            "condition": "unknown",
            "code": "",
        },
    )
    with db.transaction() as session:
        pack = session.scalar(sa.select(Pack).order_by(Pack.id.desc()))
        assert (pack.vehicle_id, pack.mounting) == (int(vehicle), Mounting.MOUNTED)
    assert "No origin event is on record" in browser.get(answer.headers["Location"]).text


def test_a_wrong_code_is_told_at_its_field_and_stays(place, sign_in):
    answer = sign_in(place.clerk).post(
        "/packs/new",
        data={
            "type_id": place.type.id,
            "mounting": "removed",
            "condition": "unknown",
            "code": "001PB24",
            "holder": "",
        },
    )
    assert answer.status_code == 422
    assert "24 characters" in answer.text
    assert 'value="001PB24"' in answer.text


def test_an_unknown_holder_is_told_at_its_field(place, sign_in):
    answer = sign_in(place.clerk).post(
        "/packs/new",
        data={
            "type_id": place.type.id,
            "mounting": "removed",
            "condition": "unknown",
            "holder": "某修理厂",
        },
    )
    assert answer.status_code == 422
    assert 'href="#f-holder"' in answer.text


def test_an_origin_is_recorded_on_the_packs_page(place, sign_in):
    browser = sign_in(place.clerk)
    address = f"/packs/{place.pack.id}/origin"
    wrong = browser.post(address, data={"kind": "dismantling", "occurred_on": "2026-06-09"})
    assert wrong.status_code == 422
    assert "still to come" in wrong.text
    browser.post(address, data={"kind": "dismantling", "occurred_on": "2026-05-09"})
    with db.transaction() as session:
        pack = session.get_one(Pack, place.pack.id)
        assert pack.origin.occurred_on == date(2026, 5, 9)
    assert (
        sign_in(place.other)
        .post(address, data={"kind": "dismantling", "occurred_on": "2026-05-09"})
        .status_code
        == 404
    )


def test_a_pack_is_opened_by_its_exact_name_only_where_it_may_be_seen(place, sign_in):
    found = sign_in(place.clerk).get(f"/packs/find?name={place.pack.name}")
    assert found.headers["Location"].endswith(f"/packs/{place.pack.id}")
    for_lab = sign_in(place.lab).get(f"/packs/find?name={place.pack.name}")
    assert for_lab.headers["Location"].endswith(f"/reports/new?pack={place.pack.name}")
    assert sign_in(place.other).get(f"/packs/find?name={place.pack.name}").status_code == 404


def test_a_site_is_registered_by_form(place, sign_in):
    browser = sign_in(place.clerk)
    browser.post("/sites/new", data={"name": "东郊", "province": "安徽", "mass_limit_t": "120"})
    assert "东郊" in browser.get("/sites").text
    wrong = browser.post("/sites/new", data={"name": "东郊", "province": "某省"})
    assert wrong.status_code == 422
    with db.transaction() as session:
        assert session.scalar(sa.select(Site.mass_limit_t)) == 120


def test_the_review_names_the_part_in_its_address(place, sign_in, tester_file):
    browser = sign_in(place.lab)
    answer = upload(browser, place, tester_file, subject="cell", subject_position="M1-3")
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["position"] == ["M1-3"]
    page = browser.get(answer.headers["Location"])
    assert "Cell M1-3" in page.text
    assert browser.get(answer.headers["Location"].split("?")[0]).status_code == 404
