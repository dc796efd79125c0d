"""The valuer's desk, the indices and the value page, through the browser's eyes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from make import NOW

from listings import db, words
from listings.health.reports import HealthReport, Subject
from listings.lots import LotState
from listings.parties import Acting, Kind, Role
from market.web.coefficients import groups
from pricing import editions, indices, seeded, values
from pricing.guides import Edition, EditionState, GuideValue


@dataclass
class Market:
    """A seeded guide and indices, a lot of two graded packs and a draft, and people."""

    assessor: Acting
    approver: Acting
    operator: Acting
    seller: Acting
    rival: Acting
    edition_id: int
    guide_id: int
    lot_id: int
    draft_lot_id: int


@pytest.fixture
def market(made) -> Market:
    with made() as make:
        valuer, seller = make.organisation(Kind.VALUER), make.organisation(Kind.FLEET_OWNER)
        lab = make.organisation(Kind.LAB)
        assessor, approver = make.member(valuer, Role.CLERK), make.member(valuer, Role.APPROVER)
        indices.seed(make.session, at=NOW)
        edition = editions.seed(
            make.session, valuer_id=valuer.id, assessor=assessor, approver=approver, at=NOW
        )
        kind = make.pack_type()
        packs = [make.pack(seller, kind, made_on=date(2018, 3, 1)) for _ in range(2)]
        for pack in packs:
            make.session.add(
                HealthReport(
                    pack_id=pack.id,
                    subject=Subject.PACK,
                    lab_id=lab.id,
                    examined_on=date(2026, 5, 20),
                    rated_capacity_ah=kind.rated_capacity_ah,
                    soh_q=Decimal("0.8"),
                    grade="B",
                    evidence_level="L1",
                    policy_version=1,
                    reported_at=NOW,
                    valid_until=date(2026, 11, 20),
                )
            )
        return Market(
            assessor,
            approver,
            make.member(make.organisation(Kind.OPERATOR)),
            make.member(seller),
            make.member(make.organisation(Kind.VALUER)),
            edition.id,
            edition.guide_id,
            make.lot(seller, packs, title="Two bus packs").id,
            make.lot(seller, state=LotState.DRAFT).id,
        )


def fields_of(page: str) -> dict[str, str]:
    """The names and values of the inputs of the main form of a page."""
    main = page[page.index('class="form wide"') :]
    named = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', main)
    }
    chosen = re.search(r'name="methodology_id".*?value="(\d+)" selected', main, re.DOTALL)
    return named | {"methodology_id": chosen.group(1)}


def test_anyone_reads_a_guide_with_every_source_and_downloads_it(client, market):
    assert "2025-11" in client.get("/guides").text
    page = client.get(f"/guides/{market.guide_id}").text
    assert "0.63016" in page
    assert "103619897" in page  # the address of a review that a coefficient rests on
    record = client.get(f"/guides/editions/{market.edition_id}.json")
    with db.transaction() as session:
        edition = session.get(Edition, market.edition_id)
        assert record.json["coefficients"] == edition.coefficients
        assert record.json["methodology"]["sha256"] == edition.methodology.sha256
    sheet = client.get(f"/guides/editions/{market.edition_id}.csv").text
    assert "payable.LFP.Li" in sheet


def test_every_number_of_a_guide_stands_on_its_page_and_in_the_form_once():
    found = seeded.edition().coefficients
    with words.speaking("en"):
        shown = [row.name for group in groups(found.to_json()) for row in group.rows]
    assert sorted(shown) == sorted(name for name, _ in found.sources())


def test_the_next_edition_goes_from_a_copy_over_a_preview_to_a_second_person(
    sign_in, client, market
):
    desk = sign_in(market.assessor)
    form = fields_of(desk.get(f"/guides/{market.guide_id}/editions/new").text)
    form |= {
        "number": "2026-06",
        "explanation": "Repurposing is dearer.",
        "repurposing_per_kwh": "26",
    }
    kept = desk.post(f"/guides/{market.guide_id}/editions/new", data=form)
    assert kept.status_code == 303
    address = kept.headers["Location"]
    page = desk.get(address).text
    assert "Of 1 lots on sale, 1 change their value" in page
    assert client.get(address).status_code == 404  # a draft is the valuer's own
    assert desk.post(f"{address}/propose").status_code == 303
    assert client.get(address).status_code == 200
    assert desk.get(f"{address}/approve").status_code == 403
    other = sign_in(market.approver)
    assert "Two bus packs" in other.get(f"{address}/approve").text
    assert other.post(f"{address}/approve", data={"effective_from": ""}).status_code == 303
    with db.transaction() as session:
        edition = editions.effective(session, market.guide_id)
        assert (edition.number, edition.state) == ("2026-06", EditionState.EFFECTIVE)
        assert edition.coefficients["repurposing_per_kwh"]["value"] == 26
        old = session.get(Edition, market.edition_id)
        assert old.state is EditionState.SUPERSEDED
        untouched = dict(edition.coefficients) | {"repurposing_per_kwh": 0}
        assert untouched == dict(old.coefficients) | {"repurposing_per_kwh": 0}


def test_a_wrong_coefficient_keeps_what_was_typed_and_names_the_field(sign_in, market):
    desk = sign_in(market.assessor)
    address = f"/guides/{market.guide_id}/editions/new"
    form = fields_of(desk.get(address).text)
    form |= {"explanation": "A try.", "payable.LFP.Li": "most", "distance_km.source": ""}
    answer = desk.post(address, data=form)
    assert answer.status_code == 422
    assert "“most” is not a number." in answer.text
    assert 'href="#f-payable.LFP.Li"' in answer.text
    assert 'href="#f-distance_km.source"' in answer.text
    assert 'value="most"' in answer.text
    assert "A try." in answer.text


def test_an_approver_sends_an_edition_back_and_the_assessor_hears_of_it(sign_in, market):
    desk, other = sign_in(market.assessor), sign_in(market.approver)
    form = fields_of(desk.get(f"/guides/{market.guide_id}/editions/new").text)
    form |= {"number": "2026-06", "explanation": "A try."}
    address = desk.post(f"/guides/{market.guide_id}/editions/new", data=form).headers["Location"]
    desk.post(f"{address}/propose")
    assert other.post(f"{address}/return", data={"reason": ""}).status_code == 422
    assert other.post(f"{address}/return", data={"reason": "Copper?"}).status_code == 303
    assert "Copper?" in desk.get(address).text
    assert "Keep the draft" in desk.get(f"{address}/edit").text


def test_a_new_guide_begins_with_its_methodology_and_the_packaged_numbers(sign_in, market):
    desk = sign_in(market.rival)
    assert desk.post("/guides/new", data={"name": "", "text": "x"}).status_code == 422
    opened = desk.post("/guides/new", data={"name": "Ours", "text": "Trades first."})
    form = fields_of(desk.get(opened.headers["Location"]).text)
    assert form["payable.LFP.Li"] == "0.63016"
    assert desk.get(f"/guides/{market.guide_id}/editions/new").status_code == 403
    theirs = opened.headers["Location"].removesuffix("/editions/new")
    same = desk.post(f"{theirs}/methodology", data={"text": "Trades first."})
    assert same.status_code == 422
    assert desk.post(f"{theirs}/methodology", data={"text": "Bids first."}).status_code == 303


def test_the_value_page_explains_both_routes_and_the_record_computes_again(client, market):
    page = client.get(f"/values/lot/{market.lot_id}").text
    assert "Remaining energy at the discounted price of new cells" in page
    assert "2025-11-10" in page  # the oldest level that it rests on
    assert "times as wide on this day" in page
    with db.transaction() as session:
        kept = session.query(GuideValue).one()
        again = json.loads(values.recompute(kept))
        ident = kept.id
    record = client.get(f"/values/{ident}.json").json
    assert record["result"] == again
    assert client.get(f"/values/lot/{market.draft_lot_id}").status_code == 404
    assert client.get("/values/lot/999999").status_code == 404


def test_the_owner_of_a_draft_lot_sees_its_value(sign_in, market):
    page = sign_in(market.seller).get(f"/values/lot/{market.draft_lot_id}")
    assert page.status_code == 200
    assert "As an indication only" in page.text


def test_a_guide_that_gives_no_value_says_why(client, clock, market):
    clock.at = clock.at.replace(year=2028)
    page = client.get(f"/values/lot/{market.lot_id}").text
    assert "was to be reviewed by 2027-06-01" in page


def test_an_operator_enters_a_value_and_decides_on_a_held_one(sign_in, client, market):
    desk = sign_in(market.operator)
    form = {
        "series": "Li2CO3",
        "on_date": "2026-06-01",
        "value": "91,000",
        "basis": "Li2CO3",
        "unit": "t",
        "currency": "CNY",
        "is_tax_included": "1",
        "source": "A price agency",
    }
    assert 'value="Li2CO3" selected' in desk.get("/indices/new?series=Li2CO3").text
    assert desk.post("/indices/new", data=form).status_code == 303
    assert "91,000.00" in client.get("/indices").text
    desk.post("/indices/new", data=form | {"value": "910000"})
    assert "910,000.00" in desk.get("/indices").text
    assert "910,000.00" not in client.get("/indices").text
    with db.transaction() as session:
        [held] = indices.held(session)
    assert desk.post(f"/indices/{held.id}/discard").status_code == 303
    assert desk.post(f"/indices/{held.id}/release").status_code == 409
    page = client.get("/indices/series/Li2CO3").text
    assert "Corrected or discarded" in page
    assert "910,000.00" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("value", "much"), ("unit", "lb"), ("source", ""), ("on_date", "2027-01-01")],
)
def test_a_wrong_index_value_names_its_field(sign_in, market, field, value):
    form = {
        "series": "Li2CO3",
        "on_date": "2026-06-01",
        "value": "91000",
        "basis": "Li2CO3",
        "unit": "t",
        "currency": "CNY",
        "source": "A price agency",
    }
    answer = sign_in(market.operator).post("/indices/new", data=form | {field: value})
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text


@pytest.mark.parametrize("series", ["LiOH.H2O", "cell LFP"])
def test_a_series_has_a_page_of_its_own(client, market, series):
    assert client.get(f"/indices/series/{series}").status_code == 200
    assert client.get("/indices/series/unheard").status_code == 404


def test_strangers_and_others_stay_out_of_the_desk(sign_in, client, market):
    desk = f"/guides/{market.guide_id}/editions/new"
    assert client.get(desk).status_code == 303
    assert sign_in(market.seller).get(desk).status_code == 403
    assert sign_in(market.seller).get("/indices/new").status_code == 403
    assert client.post("/indices/1/release").status_code == 303
