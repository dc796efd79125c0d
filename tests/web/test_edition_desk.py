"""The valuer's desk with price points and spreadsheets, and what the public can fetch."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html import unescape

import pytest
from make import NOW

from listings import db, sheets
from listings.parties import Acting, Kind, Role
from pricing import editions, guides, indices, points
from pricing.guides import Edition
from pricing.rhythms import Rhythm

ATOM = "{http://www.w3.org/2005/Atom}"
POINT = {
    "code": "lfp-bm-li",
    "name": "LFP black mass, lithium point",
    "specification": "Li 2.5-4 %",
    "substance": "Li",
    "unit": "point",
    "currency": "CNY",
    "is_tax_included": "1",
    "delivery": "delivered, East China",
}


@dataclass
class Desk:
    """A valuer with a guide that has no edition yet."""

    assessor: Acting
    approver: Acting
    rival: Acting
    newcomer: Acting
    guide_id: int


@pytest.fixture
def desk(made) -> Desk:
    with made() as make:
        valuer = make.organisation(Kind.VALUER)
        assessor, approver = make.member(valuer, Role.CLERK), make.member(valuer, Role.APPROVER)
        indices.seed(make.session, at=NOW)
        guide = guides.create(
            make.session, assessor, name="Black mass", rhythm=Rhythm.WORKING_DAY, at=NOW
        )
        guides.methodology(make.session, assessor, guide.id, text="Quotes.", at=NOW)
        rival, newcomer = make.organisation(Kind.VALUER), make.organisation(Kind.VALUER)
        return Desk(assessor, approver, make.member(rival), make.member(newcomer), guide.id)


def fields_of(page: str) -> dict[str, str]:
    """The fields of the form of an edition as the page shows them."""
    main = page[page.index('class="form wide"') :]
    inputs = re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', main)
    named = {name: unescape(value) for name, value in inputs}
    chosen = re.search(r'name="methodology_id".*?value="(\d+)" selected', main, re.DOTALL)
    return named | {"methodology_id": chosen.group(1), "explanation": "n = 6 quotes."}


@pytest.fixture
def publish(desk, sign_in, clock):
    """``publish({"point.LFP-BM-LI.low": "2850", ...})``: through both people; the address."""

    def call(changes, day=NOW):
        clock.at = day
        assessor, approver = sign_in(desk.assessor), sign_in(desk.approver)
        address = f"/guides/{desk.guide_id}/editions/new"
        form = fields_of(assessor.get(address).text) | changes
        kept = assessor.post(address, data=form)
        assert kept.status_code == 303, kept.text
        edition = kept.headers["Location"]
        assert assessor.post(f"{edition}/propose").status_code == 303
        assert approver.post(f"{edition}/approve", data={}).status_code == 303
        return edition

    return call


@pytest.fixture
def point(desk, sign_in):
    answer = sign_in(desk.assessor).post(f"/guides/{desk.guide_id}/points", data=POINT)
    assert answer.status_code == 303
    return "LFP-BM-LI"


def stated(low, high, average=""):
    names = ("low", "high", "average")
    return {f"point.LFP-BM-LI.{n}": v for n, v in zip(names, (low, high, average), strict=True)}


def test_a_valuer_without_a_guide_is_led_to_open_one(desk, sign_in):
    page = sign_in(desk.newcomer)
    assert 'href="/guides/next"' in page.get("/").text
    assert page.get("/guides/next").headers["Location"] == "/guides/new"
    assert "You have no guide yet" in page.get("/guides").text
    form = page.get("/guides/new").text
    assert "concluded trades, then bids and offers" in form  # a methodology to start from
    own = sign_in(desk.assessor)
    assert own.get("/guides/next").headers["Location"].endswith("/editions/new")


def test_the_first_form_is_filled_in_and_its_draft_names_who_can_approve(desk, sign_in):
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions/new"
    page = own.get(address).text
    form = fields_of(page)
    assert (form["number"], form["priced_on"]) == ("2026-06-01", "2026-06-01")
    assert "most of them say that they are unverified" in page
    edition = own.post(address, data=form).headers["Location"]
    draft = own.get(edition).text
    assert "Who can approve it" in draft
    assert own.get("/guides/next").headers["Location"] == edition


def test_a_lone_valuer_is_told_to_invite_an_approver(desk, sign_in):
    alone = sign_in(desk.newcomer)
    opened = alone.post("/guides/new", data={"name": "Ours", "rhythm": "weekly", "text": "Trades."})
    address = opened.headers["Location"]
    form = fields_of(alone.get(address).text)
    assert form["number"] == "2026-W23"
    edition = alone.post(address, data=form).headers["Location"]
    assert "Nobody else in your organisation may approve it yet" in alone.get(edition).text


def test_prices_are_published_with_their_change_basis_and_history(desk, point, publish, client):
    publish(stated("2850", "2950"))
    edition = publish(stated("2,900", "3,000", "2958"), NOW.replace(day=2))
    page = client.get(edition).text
    assert "2,958" in page
    assert "(2.0%)" in page
    shown = client.get(f"/guides/{desk.guide_id}/points/{point}").text
    assert "delivered, East China" in shown
    assert "of Li2CO3 of" in shown  # the payable share that the point implies
    assert "pic-range" in shown
    table = sheets.read(client.get(f"/guides/{desk.guide_id}/prices.csv").data, "prices.csv")
    assert [row.cells[2:7] for row in table.rows] == [
        ["2026-06-01", "2026-06-01", "2850", "2950", "2900"],
        ["2026-06-02", "2026-06-02", "2900", "3000", "2958"],
    ]
    record = client.get(f"{edition}.json").json
    assert record["prices"][0]["basis"]["tax_included"] is True
    assert record["prices"][0]["average"] == "2958"


def test_prices_out_of_order_keep_what_was_typed(desk, point, sign_in):
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions/new"
    form = fields_of(own.get(address).text) | stated("2950", "2850")
    answer = own.post(address, data=form)
    assert answer.status_code == 422
    assert 'href="#f-point.LFP-BM-LI.low"' in answer.text
    assert 'value="2950"' in answer.text


def test_a_point_is_defined_once_and_ended_by_its_valuer_only(desk, point, sign_in):
    own, rival = sign_in(desk.assessor), sign_in(desk.rival)
    points_page = f"/guides/{desk.guide_id}/points"
    assert own.post(points_page, data=POINT).status_code == 422
    wrong = own.post(points_page, data=POINT | {"code": "X", "unit": "kWh"})
    assert wrong.status_code == 422
    assert 'href="#f-unit"' in wrong.text
    assert (
        "No edition in force has assessed this point yet" in own.get(f"{points_page}/{point}").text
    )
    assert rival.post(points_page, data=POINT | {"code": "X"}).status_code == 403
    assert rival.post(f"{points_page}/{point}/end").status_code == 403
    assert own.post(f"{points_page}/{point}/end").status_code == 303
    assert own.post(f"{points_page}/{point}/end").status_code == 409
    assert own.get(f"{points_page}/NONE").status_code == 404


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_template_comes_back_filled_into_the_form(desk, point, sign_in, kind):
    own = sign_in(desk.assessor)
    template = own.get(f"/guides/{desk.guide_id}/editions/template.{kind}")
    table = sheets.read(template.data, "edition")
    rows = []
    for row in table.rows:
        cells = list(row.cells)
        if cells[0] == "payable.LFP.Li":
            cells[3], cells[7] = 0.61, "Survey of June"
        if cells[0] == "price.LFP-BM-LI":
            cells[4:7] = [2850, 2950, 2905]
        rows.append(cells)
    write = sheets.write_xlsx if kind == "xlsx" else sheets.write_csv
    form = fields_of(own.get(f"/guides/{desk.guide_id}/editions/new").text)
    form |= {"number": "typed before", "sheet": (io.BytesIO(write(table.header, rows)), "e")}
    filled = own.post(f"/guides/{desk.guide_id}/editions/fill", data=form)
    assert filled.status_code == 200
    assert f"{len(rows)} rows of the file stand in the form" in filled.text
    found = fields_of(filled.text)
    assert (found["payable.LFP.Li"], found["payable.LFP.Li.source"]) == ("0.61", "Survey of June")
    assert found["point.LFP-BM-LI.average"] == "2905"
    assert found["number"] == "typed before"
    with db.transaction() as session:
        assert editions.every(session, desk.guide_id) == []  # nothing is kept yet
    assert own.post(f"/guides/{desk.guide_id}/editions/new", data=found).status_code == 303


def test_a_wrong_file_names_its_rows_and_keeps_what_was_typed(desk, sign_in):
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions"
    form = fields_of(own.get(f"{address}/new").text) | {"number": "typed before"}
    bad = io.BytesIO(b"name,value\npayable.LFP.Li,much\nnothing,1\n")
    answer = own.post(f"{address}/fill", data=form | {"sheet": (bad, "e.csv")})
    assert answer.status_code == 422
    assert "Row 2, value of “payable.LFP.Li”: “much” is not a number." in unescape(answer.text)
    assert "Row 3" in answer.text
    assert 'value="typed before"' in answer.text
    assert own.post(f"{address}/fill", data=form).status_code == 422  # no file
    assert own.get(f"{address}/template.pdf").status_code == 404


def test_one_source_serves_every_number_that_changed(desk, publish, client):
    edition = publish(
        {
            "distance_km": "450", "later_share": "0.7", "later_share.source": "Own survey",
            "common_source": "Tariffs of June",
        }
    )  # fmt: skip
    numbers = client.get(f"{edition}.json").json["coefficients"]
    assert numbers["distance_km"] == {"value": 450, "source": "Tariffs of June"}
    assert numbers["later_share"] == {"value": 0.7, "source": "Own survey"}
    assert numbers["tax_rate"]["source"] != "Tariffs of June"


def test_a_metal_can_be_priced_on_another_index_that_carries_it(desk, sign_in):
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions/new"
    page = own.get(address).text
    options = re.search(r'name="index_of.Li">(.*?)</select>', page, re.DOTALL).group(1)
    assert "LiOH.H2O" in options
    assert "NiSO4" not in options
    form = fields_of(page)
    wrong = own.post(address, data=form | {"index_of.Li": "Cu"})
    assert wrong.status_code == 422
    assert 'href="#f-index_of.Li"' in wrong.text
    edition = own.post(address, data=form | {"index_of.Li": "LiOH.H2O"}).headers["Location"]
    kept = own.get(f"{edition}.json").json["coefficients"]
    assert kept["index_of"]["Li"] == "LiOH.H2O"
    assert kept["index_of"]["Ni"] == "NiSO4.6H2O"


def test_a_changed_number_under_its_old_source_is_pointed_out(desk, publish, sign_in):
    publish({})
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions/new"
    form = fields_of(own.get(address).text)
    form |= {"number": "next", "priced_on": "", "distance_km": "450"}
    page = own.get(own.post(address, data=form).headers["Location"]).text
    assert "still name the old source: Distance where it is not known" in unescape(page)


def test_the_difference_of_two_editions_is_public(desk, point, publish, client):
    first = publish(stated("2850", "2950"))
    second = publish(
        stated("2900", "3000") | {"distance_km": "450", "distance_km.source": "Tariffs"},
        NOW.replace(day=2),
    )
    page = client.get(f"/guides/{desk.guide_id}/difference").text
    assert "Distance where it is not known" in page
    assert "50.0%" in page
    assert "before: House assumption" in page
    before, after = (address.rpartition("/")[2] for address in (second, first))
    back = client.get(f"/guides/{desk.guide_id}/difference?before={before}&after={after}")
    assert "−33.3%" in back.text
    same = client.get(f"/guides/{desk.guide_id}/difference?before={after}&after={after}").text
    assert "nothing changed" in same
    assert client.get(f"/guides/{desk.guide_id}/difference?before=x").status_code == 404


def test_the_feeds_tell_of_editions_that_were_announced(desk, point, publish, client):
    edition = publish(stated("2850", "2950"))
    for address in ("/guides/feed.atom", f"/guides/{desk.guide_id}/feed.atom"):
        answer = client.get(address)
        assert answer.mimetype == "application/atom+xml"
        [entry] = ET.fromstring(answer.data).findall(f"{ATOM}entry")
        assert entry.find(f"{ATOM}title").text == "Black mass · 2026-06-01"
        assert entry.find(f"{ATOM}id").text.endswith(edition)
        assert "2,900 CNY/point" in entry.find(f"{ATOM}summary").text
    assert "application/atom+xml" in client.get(f"/guides/{desk.guide_id}").text


def test_drafts_stand_in_no_feed_download_or_difference_of_others(desk, sign_in, client):
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions/new"
    edition = own.post(address, data=fields_of(own.get(address).text)).headers["Location"]
    assert b"<entry>" not in client.get("/guides/feed.atom").data
    assert client.get(f"/guides/{desk.guide_id}.json").json["editions"] == []
    number = edition.rpartition("/")[2]
    assert client.get(f"/guides/{desk.guide_id}/difference?after={number}").status_code == 404
    assert own.get(f"/guides/{desk.guide_id}/difference?after={number}").status_code == 200


def test_a_draft_that_somebody_else_changed_is_not_overwritten(desk, sign_in):
    own = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/editions/new"
    edition = own.post(address, data=fields_of(own.get(address).text)).headers["Location"]
    first = fields_of(own.get(f"{edition}/edit").text)
    assert own.post(f"{edition}/edit", data=first | {"distance_km": "1"}).status_code == 303
    late = own.post(f"{edition}/edit", data=first | {"distance_km": "2"})
    assert late.status_code == 409
    assert 'value="2"' in late.text
    with db.transaction() as session:
        kept = session.get(Edition, int(edition.rpartition("/")[2]))
        assert kept.coefficients["distance_km"]["value"] == 1


def test_a_guide_says_when_its_next_edition_is_due_and_late(desk, publish, client, clock):
    publish({})
    assert "The next edition is due by" in client.get(f"/guides/{desk.guide_id}").text
    clock.at = NOW.replace(day=8)
    page = client.get(f"/guides/{desk.guide_id}").text
    assert 'class="tag attention">late' in page
    with db.transaction() as session:
        assert points.of_guide(session, desk.guide_id) == []
