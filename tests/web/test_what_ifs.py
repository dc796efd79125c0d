"""A pack's value page, and supposing other figures, through the browser's eyes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings import db
from listings.health.reports import HealthReport, Subject
from listings.parties import Acting, Kind, Role
from pricing import editions, indices, values
from pricing.coefficients import GuideCoefficients
from pricing.guides import GuideValue


@dataclass
class Market:
    """The seeded guide and indices, a graded pack in a lot on sale, and one at home."""

    seller: Acting
    stranger: Acting
    edition_id: int
    pack_id: int
    home_id: int
    lot_id: int


@pytest.fixture
def market(made) -> Market:
    with made() as make:
        valuer, seller = make.organisation(Kind.VALUER), make.organisation(Kind.FLEET_OWNER)
        indices.seed(make.session, at=NOW)
        edition = editions.seed(
            make.session,
            valuer_id=valuer.id,
            assessor=make.member(valuer, Role.CLERK),
            approver=make.member(valuer, Role.APPROVER),
            at=NOW,
        )
        pack, home = (make.pack(seller, made_on=date(2018, 3, 1)) for _ in range(2))
        make.session.add(
            HealthReport(
                pack_id=pack.id,
                subject=Subject.PACK,
                lab_id=make.organisation(Kind.LAB).id,
                examined_on=date(2026, 5, 20),
                rated_capacity_ah=pack.type.rated_capacity_ah,
                soh_q=Decimal("0.8"),
                grade="B",
                evidence_level="L1",
                policy_version=1,
                reported_at=NOW,
                valid_until=date(2026, 11, 20),
            )
        )
        return Market(
            make.member(seller),
            make.member(make.organisation(Kind.SECOND_LIFE)),
            edition.id,
            pack.id,
            home.id,
            make.lot(seller, [pack]).id,
        )


def figure(page: str) -> Decimal:
    """The answer's figure, in yuan."""
    part = page[page.index('id="supposed"') :] if 'id="supposed"' in page else page
    found = re.search(r'class="figure">(−?)¥([\d,.]+)', part)
    assert found is not None
    return Decimal(found[2].replace(",", "")) * (-1 if found[1] else 1)


def test_a_pack_shows_its_value_and_both_waterfalls(market, sign_in):
    browser = sign_in(market.seller)
    assert f"/packs/{market.pack_id}/value" in browser.get(f"/packs/{market.pack_id}").text
    page = browser.get(f"/packs/{market.pack_id}/value").text
    assert page.count("pic-waterfall") == 2
    assert "Guide value of Test firm" in page
    assert 'name="level.Li2CO3"' in page


def test_a_pack_without_a_report_has_an_indicative_second_life_only(market, sign_in):
    page = sign_in(market.seller).get(f"/packs/{market.home_id}/value").text
    assert page.count("pic-waterfall") == 1
    assert "As an indication only" in page


def test_who_may_not_see_a_pack_sees_no_value_of_it(market, sign_in):
    stranger = sign_in(market.stranger)
    for ending in ("", f"/{market.edition_id}.json", "/what-if"):
        assert stranger.get(f"/packs/{market.home_id}/value{ending}").status_code == 404
        assert stranger.get(f"/packs/{market.pack_id}/value{ending}").status_code == 200


def test_the_record_of_a_packs_value_computes_again(market, sign_in):
    answer = sign_in(market.seller).get(f"/packs/{market.pack_id}/value/{market.edition_id}.json")
    record = json.loads(answer.text)
    again = values.compute(record["inputs"], GuideCoefficients.from_json(record["coefficients"]))
    assert again == record["result"]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_lot_at_a_lower_state_of_health_is_worth_less_and_nothing_is_kept(market, client):
    address = f"/values/lot/{market.lot_id}/what-if"
    with db.transaction() as session:
        before = session.scalar(sa.select(sa.func.count()).select_from(GuideValue))
    good = figure(client.get(address, query_string={"soh": "85"}).text)
    poor = figure(client.get(address, query_string={"soh": "75"}).text)
    assert poor < good
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(GuideValue)) == before


def test_an_empty_form_answers_with_what_stands(market, client):
    page = client.get(f"/values/lot/{market.lot_id}").text
    stands = figure(page[page.index('class="value"') :].split('id="what-if"')[0])
    assert figure(client.get(f"/values/lot/{market.lot_id}/what-if").text) == stands


def test_lithium_at_three_times_its_level_moves_the_material_line(market, client):
    with db.transaction() as session:
        level = indices.standing(session, "Li2CO3", NOW.date()).value
    asked = {"level.Li2CO3": str(level * 3)}
    page = client.get(f"/values/lot/{market.lot_id}/what-if", query_string=asked).text
    assert f'value="{level * 3}"' in page  # what was typed stays
    lithium = re.search(r'row">Lithium</th>(.*?)</tr>', page, re.DOTALL)[1]
    now, then = (
        Decimal(found.replace(",", "")) for found in re.findall(r">¥([\d,.]+)<", lithium)[:2]
    )
    assert abs(then - 3 * now) <= Decimal("0.02")


def test_a_script_gets_the_answer_alone(market, client):
    answer = client.get(
        f"/values/lot/{market.lot_id}/what-if?distance_km=900", headers={"HX-Request": "true"}
    )
    assert "<html" not in answer.text
    assert "difference −¥" in answer.text


@pytest.mark.parametrize(
    "asked",
    [{"soh": "800"}, {"soh": "x"}, {"distance_km": "99999"}, {"level.Li2CO3": "5"}],
)
def test_a_figure_out_of_range_is_refused_and_stays_in_its_field(market, client, asked):
    answer = client.get(f"/values/lot/{market.lot_id}/what-if", query_string=asked)
    assert answer.status_code == 422
    ((name, value),) = asked.items()
    assert f'name="{name}" type="number" step="any" value="{value}"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_an_edition_that_says_nothing_here_is_not_found(market, client):
    assert client.get(f"/values/lot/{market.lot_id}/what-if?edition=999").status_code == 404
