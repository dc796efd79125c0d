"""The register of types in the browser: search, a type's page, and edits that keep the past."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest

from listings import pack_types
from listings.pack_types import Chemistry, Rating
from listings.parties import Kind

FORM = {
    "chemistry": "LFP", "rated_capacity_ah": "202", "rated_voltage_v": "537.6",
    "rated_energy_kwh": "108.6", "mass_kg": "860", "cell_rated_capacity_ah": "202",
    "lower_cutoff_v": "2.5", "upper_cutoff_v": "3.65", "cells_in_series": "168",
    "cells_in_parallel": "1", "source": "铭牌 2021",
}  # fmt: skip
PDF = b"%PDF-1.7 how to open it"


@pytest.fixture
def place(made):
    class Place:
        pass

    with made() as make:
        here = Place()
        here.maker = make.member(
            make.organisation(Kind.BATTERY_MAKER, name="天目动力电池有限公司", name_en="Tianmu")
        )
        here.rival = make.member(make.organisation(Kind.BATTERY_MAKER, name="别家电池有限公司"))
        here.operator = make.member(make.organisation(Kind.OPERATOR))
        here.fleet = make.member(make.organisation(Kind.FLEET_OWNER))
        here.type = pack_types.add(
            make.session,
            here.maker,
            maker="天目动力",
            model="TM-1",
            rating=Rating(
                chemistry=Chemistry.LFP,
                **{n: Decimal(FORM[n]) for n in FORM if n.endswith(("_ah", "_v", "kwh", "_kg"))},
                cells_in_series=168,
            ),
            at=make.organisation(Kind.LAB).created_at,
        )
    return here


def edited(browser, place, **more):
    path = f"/pack-types/{place.type.id}/edit"
    return browser.post(path, data=FORM | {"revision": "1"} | more)


def test_a_maker_enters_a_type_with_its_guide_and_anybody_reads_it(place, sign_in):
    data = FORM | {
        "maker": "天目动力", "model": "TM-2", "modules_in_series": "14",
        "temperature_low_c": "-20", "temperature_high_c": "45",
        "guide": (io.BytesIO(PDF), "拆解手册.pdf"),
    }  # fmt: skip
    answer = sign_in(place.maker).post("/pack-types/new", data=data)
    assert answer.status_code == 303
    browser = sign_in(place.fleet)
    page = browser.get(answer.headers["Location"]).text
    assert "TM-2" in page
    assert "拆解手册.pdf" in page
    assert "108,600 Wh" in page
    assert "−20 … 45 °C" in page
    with browser.get(f"{answer.headers['Location']}/guide.pdf") as file:
        assert file.data == PDF
        assert file.headers["Content-Disposition"].startswith("attachment")


def test_an_edit_shows_in_the_history_beside_what_stood_before(place, sign_in):
    browser = sign_in(place.maker)
    answer = edited(browser, place, mass_kg="875", guide_url="https://tianmu.example/tm-1")
    assert answer.status_code == 303
    page = browser.get(f"/pack-types/{place.type.id}").text
    assert "860 kg → 875 kg" in page
    assert 'href="https://tianmu.example/tm-1"' in page
    assert len(re.findall(r'id="revision-\d+"', page)) == 2


def test_a_stranger_to_the_type_finds_no_form(place, sign_in):
    path = f"/pack-types/{place.type.id}/edit"
    assert sign_in(place.rival).get(path).status_code == 404
    assert edited(sign_in(place.rival), place, mass_kg="1").status_code == 404
    assert sign_in(place.fleet).get(path).status_code == 403
    assert "/edit" not in sign_in(place.rival).get(f"/pack-types/{place.type.id}").text
    assert sign_in(place.operator).get(path).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"guide_url": "javascript:alert(1)"},
        {"guide": (io.BytesIO(b"MZ no paper"), "guide.pdf")},
        {"temperature_low_c": "50", "temperature_high_c": "10"},
        {"modules_in_series": "200"},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_saved(place, sign_in, wrong):
    browser = sign_in(place.maker)
    assert edited(browser, place, **wrong).status_code == 422
    assert 'id="revision-2"' not in browser.get(f"/pack-types/{place.type.id}").text


def test_the_second_of_two_editors_is_told(place, sign_in):
    browser = sign_in(place.operator)
    assert edited(browser, place, mass_kg="870").status_code == 303
    assert edited(browser, place, mass_kg="880").status_code == 409


def test_a_thousand_types_are_searched_and_paged(place, sign_in, made):
    with made() as make:
        for number in range(1000):
            make.pack_type(maker="Wide", model=f"W-{number:04d}", chemistry=Chemistry.NCA)
    browser = sign_in(place.fleet)
    page = browser.get("/pack-types?q=wide&page=3").text
    assert "1000" in page
    assert "W-0200" in page
    assert "W-0100" not in page
    assert browser.get("/pack-types?q=wide&chemistry=LFP").text.count("W-") == 0
    assert "TM-1" in browser.get("/pack-types?chemistry=LFP&q=tm").text
