from __future__ import annotations

import csv
import io
import re
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from listings.parties import Kind
from listings.provinces import CODES, PROVINCES
from market.web import outlook_pictures
from market.web.outlook import thousands
from pricing import registrations
from pricing.outlook import forecast

NS = "{http://www.w3.org/2000/svg}"


def page(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"/outlook{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def table(client: FlaskClient, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/outlook.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))


def headline(text: str) -> str:
    found = re.search(r'class="figure">(.*?)</span>', text)
    assert found
    return found[1]


def total(rows: list[dict[str, str]], year: int, column: str = "tonnes") -> float:
    return sum(float(row[column]) for row in rows if row["year"] == str(year))


def test_a_visitor_sees_where_packs_will_come_from(client):
    text = page(client, "?year=2027")
    found = forecast(registrations.table().carried_to(2033), [2027])
    whole = found.of(found.provinces)[0]
    assert headline(text) == f"{thousands(whole.tonnes)} thousand t"
    assert "Guangdong, Zhejiang and Jiangsu" in text
    assert text.count('class="short"><a href="/outlook?') == 31


def test_the_year_after_this_one_is_shown_first(client, clock):
    clock.at = clock.at.replace(year=2024)
    assert 'value="2025" selected' in page(client)
    clock.at = clock.at.replace(year=2060)
    assert 'value="2033" selected' in page(client)


def test_a_shorter_life_brings_packs_sooner(client):
    short = page(client, "?year=2025&car_lfp=6&car_ternary=6&commercial=4")
    long = page(client, "?year=2025&car_lfp=12&car_ternary=12&commercial=9")
    assert float(headline(short).split()[0].replace(",", "")) > 3 * float(
        headline(long).split()[0].replace(",", "")
    )


def test_the_csv_holds_what_the_page_shows(client):
    rows = table(client, "?car_lfp=8")
    assert len(rows) == 31 * 16
    assert headline(page(client, "?year=2029&car_lfp=8")) == (
        f"{thousands(total(rows, 2029))} thousand t"
    )
    parts = sum(
        total(rows, 2029, f"{group}_tonnes") for group in ("car_lfp", "car_ternary", "commercial")
    )
    assert parts == pytest.approx(total(rows, 2029))


def test_later_vehicles_are_left_out_when_asked(client):
    with_later, without = table(client), table(client, "?later=none")
    assert total(without, 2030) == total(with_later, 2030, "tonnes_from_table_alone")
    assert total(without, 2030) < total(with_later, 2030)
    assert "The dashed line" in page(client)
    assert "The dashed line" not in page(client, "?later=none")


def test_the_mass_of_a_vehicle_is_an_input(client):
    light, heavy = (table(client, f"?kg_car={kg}&kg_commercial={kg}") for kg in (200, 400))
    assert total(heavy, 2026) == pytest.approx(2 * total(light, 2026), rel=1e-6)
    assert total(heavy, 2026, "gwh") == total(light, 2026, "gwh")


def test_a_province_has_its_own_curve_and_a_frame_on_the_map(client):
    text = page(client, "?year=2027&province=安徽")
    (anhui,) = (row for row in table(client) if (row["province"], row["year"]) == ("安徽", "2027"))
    assert headline(text) == f"{thousands(float(anhui['tonnes']))} thousand t"
    assert text.count("pic-tile-chosen") == 1
    assert "in Anhui in 2027" in text


@pytest.mark.parametrize(
    "query",
    ["?car_lfp=1", "?band=9", "?province=Mars", "?year=1999", "?kg_car=x", "?car_lfp=2&band=1.5"],
)
def test_what_no_vehicle_lives_is_said_on_the_page_and_refused_as_csv(client, query):
    assert 'id="problems"' in page(client, query)
    assert client.get(f"/outlook.csv{query}").status_code == 422


def test_the_form_alone_is_answered_with_a_fragment(client):
    answer = client.get("/outlook?year=2028", headers={"HX-Request": "true"})
    text = answer.get_data(as_text=True)
    assert "<main" not in text
    assert "thousand t" in headline(text)


def test_the_plan_of_2018_stands_beside_the_forecast(client):
    text = page(client)
    for figure in ("3,466", "6,483", "10,446", "2,220", "1,810"):
        assert figure in text
    assert "2018 itself cannot be reproduced" in text


def test_lots_on_sale_in_a_province_are_one_step_away(client, made):
    assert "/catalogue?province=" not in page(client)
    with made() as make:
        seller = make.organisation(Kind.FLEET_OWNER, province="湖北")
        make.auction(make.lot(seller))
    text = page(client)
    (address,) = re.findall(r'href="(/catalogue\?province=[^"]*)">1</a>', text)
    assert "1 lot" in client.get(address).get_data(as_text=True)


def test_the_source_of_the_vehicles_is_named_with_its_licence(client):
    text = page(client)
    assert "CC BY 4.0" in text
    assert "Miffyfei/EOL-power-battery" in text


def test_every_province_has_a_tile_of_its_own_and_letters():
    assert set(outlook_pictures.TILES) == set(PROVINCES) == set(CODES)
    assert len(set(outlook_pictures.TILES.values())) == len(PROVINCES)
    assert len(set(CODES.values())) == len(PROVINCES)


def test_a_tile_says_its_value_in_words_and_its_shade_in_steps_of_two():
    drawn = outlook_pictures.tile_map(
        {"广东": 800.0, "江苏": 399.0, "西藏": 1.0},
        {name: name for name in PROVINCES},
        title="Map",
        text=lambda value: f"{value:g}",
        nothing="–",
    )
    root = ET.fromstring(str(drawn))
    texts = [element.text for element in root.iter(f"{NS}text")]
    assert "800" in texts
    assert texts.count("–") == len(PROVINCES) - 3
    shades = [outlook_pictures.shade(value, 800) for value in (1, 50, 100, 200, 399, 400, 800)]
    assert shades == [0, 1, 2, 3, 3, 4, 4]


def test_no_text_of_the_map_leaves_its_tile():
    from market.web.drawing import text_width

    for names in (dict(zip(PROVINCES, PROVINCES, strict=True)), CODES):
        assert max(text_width(name) for name in names.values()) < outlook_pictures.SIDE
