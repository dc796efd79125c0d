"""Panel, consultation, corrections, delays, complaints and interests, through the browser's eyes."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import pytest
from make import NOW

from listings import db
from listings.lots import LotState
from listings.parties import Acting, Kind, Role
from pricing import complaints, editions, guides, indices, panels, points, submissions, values
from pricing.guides import Edition, EditionState
from pricing.panels import Side
from pricing.parameters import Parameters


@dataclass
class Desk:
    """The seeded guide with one price point and one panelist, and a lot that it values."""

    assessor: Acting
    approver: Acting
    reporter: Acting
    stranger: Acting
    regulator: Acting
    guide_id: int
    edition_id: int
    point_id: int
    panelist_id: int
    lot_id: int
    draft_lot_id: int
    value_id: int

    @property
    def panel(self) -> str:
        return f"/guides/{self.guide_id}/panel"


@pytest.fixture
def desk(made) -> Desk:
    with made() as make:
        session, valuer = make.session, make.organisation(Kind.VALUER)
        assessor, approver = make.member(valuer, Role.CLERK), make.member(valuer, Role.APPROVER)
        reporter = make.member(make.organisation(Kind.REGENERATION), Role.TRADER)
        indices.seed(session, at=NOW)
        people = {"assessor": assessor, "approver": approver}
        edition = editions.seed(session, valuer_id=valuer.id, at=NOW, **people)
        point = points.open_point(
            session,
            assessor,
            edition.guide_id,
            code="LFP-LI",
            name="Lithium point of LFP black mass",
            specification="Li 2-4 %",
            substance="Li",
            unit="point",
            is_tax_included=True,
            delivery="works, collected",
            at=NOW,
        )
        panelist = panels.register(
            session,
            assessor,
            edition.guide_id,
            organisation_id=reporter.organisation_id,
            side=Side.BUYS,
            at=NOW,
        )
        seller = make.organisation(Kind.FLEET_OWNER)
        lot, draft = make.lot(seller, title="Bus packs"), make.lot(seller, state=LotState.DRAFT)
        return Desk(
            assessor,
            approver,
            reporter,
            make.member(make.organisation(Kind.REGENERATION)),
            make.member(make.organisation(Kind.REGULATOR), Role.VIEWER),
            edition.guide_id,
            edition.id,
            point.id,
            panelist.id,
            lot.id,
            draft.id,
            values.for_lot(session, lot.id, at=NOW).id,
        )


@pytest.fixture
def report(desk):
    """The fields of a report of 2 700 yuan a point."""
    return {
        "panelist_id": str(desk.panelist_id),
        "point_id": str(desk.point_id),
        "kind": "trade",
        "on_date": "2026-06-01",
        "price": "2,700",
        "volume": "12",
    }


@pytest.fixture
def proposed(desk) -> str:
    """The address of an edition in consultation."""
    with db.transaction() as session:
        current = session.get(Edition, desk.edition_id)
        edition = editions.draft(
            session,
            desk.assessor,
            desk.guide_id,
            number="2026-06",
            coefficients=current.coefficients,
            explanation="n = 3.",
            review_due_on=current.review_due_on,
            methodology_id=current.methodology_id,
            at=NOW,
        )
        editions.propose(session, desk.assessor, edition.id, at=NOW)
        return f"/guides/editions/{edition.id}"


def test_a_panelist_reports_and_the_edition_shows_what_it_adds_up_to(sign_in, client, desk, report):
    browser = sign_in(desk.reporter)
    for price in ("2,650", "2,700", "2,750", "27,000"):
        answer = browser.post(
            f"/guides/{desk.guide_id}/submissions", data=report | {"price": price}
        )
        assert answer.status_code == 303
    assert "27,000" in browser.get(desk.panel).text
    form = sign_in(desk.assessor).get(f"/guides/{desk.guide_id}/editions/new").text
    assert "What the panel reported lately" in form
    assert "2,700.00" in form
    with db.transaction() as session:
        current = session.get(Edition, desk.edition_id)
        draft = editions.draft(
            session,
            desk.assessor,
            desk.guide_id,
            number="2026-06",
            coefficients=current.coefficients,
            explanation="n = 3.",
            review_due_on=current.review_due_on,
            methodology_id=current.methodology_id,
            at=NOW,
        )
        editions.propose(session, desk.assessor, draft.id, at=NOW)
        draft_id = draft.id
    page = client.get(f"/guides/editions/{draft_id}").text
    assert "concluded trade 3 (100%)" in page
    assert "1 far off" in page
    assert "too few to keep the cap" in page  # one firm alone weighs everything


def test_who_sees_what_was_reported(sign_in, client, desk, report):
    sign_in(desk.reporter).post(f"/guides/{desk.guide_id}/submissions", data=report)
    sheet = f"/guides/{desk.guide_id}/submissions.csv"
    for acting in (desk.assessor, desk.regulator, desk.reporter):
        assert sign_in(acting).get(desk.panel).status_code == 200
        [row] = csv.DictReader(io.StringIO(sign_in(acting).get(sheet).text.lstrip("\ufeff")))
        assert (row["point"], row["price"], row["volume"]) == ("LFP-LI", "2700.000000", "12.000000")
    assert sign_in(desk.stranger).get(desk.panel).status_code == 404
    assert sign_in(desk.stranger).get(sheet).status_code == 404
    assert client.get(desk.panel).status_code == 303
    assert "1 firms report to it" in client.get(f"/guides/{desk.guide_id}").text


def test_a_wrong_report_keeps_what_was_typed_and_names_the_field(sign_in, desk, report):
    browser = sign_in(desk.reporter)
    answer = browser.post(
        f"/guides/{desk.guide_id}/submissions", data=report | {"on_date": "2026-06-02", "note": "x"}
    )
    assert answer.status_code == 422
    assert "which is after today" in answer.text
    assert 'href="#f-on_date"' in answer.text


def test_a_report_is_left_out_with_a_reason_and_stays_readable(sign_in, desk, report):
    browser = sign_in(desk.reporter)
    browser.post(f"/guides/{desk.guide_id}/submissions", data=report)
    with db.transaction() as session:
        [row] = submissions.of_guide(session, desk.guide_id)
    address = f"/guides/{desk.guide_id}/submissions/{row.id}/exclude"
    assert browser.post(address, data={"reason": ""}).status_code == 422
    assert sign_in(desk.stranger).post(address, data={"reason": "x"}).status_code == 404
    assert browser.post(address, data={"reason": "a slip"}).status_code == 303
    assert "a slip" in sign_in(desk.assessor).get(desk.panel).text


def test_a_valuer_takes_firms_on_and_off_its_panel(sign_in, desk):
    browser = sign_in(desk.assessor)
    taken = browser.post(desk.panel, data={"name": "A trader", "side": "both"})
    assert taken.status_code == 303
    assert browser.post(desk.panel, data={"name": "A trader", "side": "both"}).status_code == 422
    firm = {"organisation_id": str(desk.stranger.organisation_id), "side": "sells"}
    assert browser.post(desk.panel, data=firm).status_code == 303
    other = sign_in(desk.stranger)
    assert "You are on the panel" in other.get("/").text
    assert f"/guides/{desk.guide_id}/panel" in other.get("/guides/panels").text
    assert browser.post(f"{desk.panel}/{desk.panelist_id}/end").status_code == 303
    assert sign_in(desk.reporter).get(desk.panel).status_code == 200  # its own reports stay its


def test_the_rules_of_a_methodology_are_typed_and_published_with_it(sign_in, client, desk):
    browser = sign_in(desk.assessor)
    address = f"/guides/{desk.guide_id}/methodology"
    fields = {
        "text": "Trades first.",
        "hierarchy": "trade > bid, offer > other",
        "minimum_count": "5",
        "window_days": "14",
        "cap_percent": "25",
        "cut": "4",
        "exclusions": "related parties\ndefaults",
    }
    wrong = browser.post(address, data=fields | {"hierarchy": "trade > rumour"})
    assert wrong.status_code == 422
    assert 'href="#f-hierarchy"' in wrong.text
    assert browser.post(address, data=fields).status_code == 303
    page = client.get(f"/guides/{desk.guide_id}").text
    assert "related parties" in page
    with db.transaction() as session:
        newest = guides.newest_methodology(session, desk.guide_id)
    rules = Parameters.from_json(newest.parameters)
    assert (rules.minimum_count, rules.window_days, str(rules.cap)) == (5, 14, "0.25")
    assert newest.sha256 in page


def test_a_proposed_edition_is_commented_in_public_and_answered(sign_in, client, desk, proposed):
    browser = sign_in(desk.stranger)
    assert browser.post(f"{proposed}/comments", data={"comment": ""}).status_code == 422
    sent = browser.post(f"{proposed}/comments", data={"comment": "Copper is high."})
    assert sent.status_code == 303
    assert "Copper is high." in client.get(proposed).text
    valuer = sign_in(desk.assessor)
    assert "commented on edition 2026-06" in valuer.get("/").text
    address = re.search(rf"{proposed}/comments/\d+/answer", valuer.get(proposed).text).group()
    assert browser.post(address, data={"answer": "Yes."}).status_code == 403
    assert valuer.post(address, data={"answer": "It was measured."}).status_code == 303
    assert "It was measured." in client.get(proposed).text
    closed = f"/guides/editions/{desk.edition_id}/comments"
    assert browser.post(closed, data={"comment": "Late."}).status_code == 409


def test_a_wrong_edition_is_corrected_with_a_reason_and_both_pages_say_so(sign_in, client, desk):
    wrong = f"/guides/editions/{desk.edition_id}"
    browser = sign_in(desk.assessor)
    assert "Correct this edition" in browser.get(wrong).text
    assert browser.post(f"{wrong}/correct", data={"reason": ""}).status_code == 422
    begun = browser.post(f"{wrong}/correct", data={"reason": "A slipped point."})
    right = begun.headers["Location"].removesuffix("/edit")
    assert "A slipped point." not in client.get(wrong).text  # a draft is the valuer's own
    assert browser.post(f"{right}/propose").status_code == 303
    assert sign_in(desk.approver).post(f"{right}/approve", data={}).status_code == 303
    assert "Corrects edition 2025-11" in client.get(right).text
    old = client.get(wrong).text
    assert "Corrected by edition 2025-11-C1" in old
    assert "A slipped point." in old
    with db.transaction() as session:
        assert session.get(Edition, desk.edition_id).state is EditionState.SUPERSEDED


def test_a_delay_and_the_rights_stand_on_the_page_of_the_guide(sign_in, client, desk):
    browser, address = sign_in(desk.assessor), f"/guides/{desk.guide_id}"
    late = {"was_due_on": "2026-06-30", "expected_on": "2026-06-30", "reason": "Too few trades."}
    assert browser.post(f"{address}/delay", data=late).status_code == 422
    told = browser.post(f"{address}/delay", data=late | {"expected_on": "2026-07-03"})
    assert told.status_code == 303
    assert (
        browser.post(f"{address}/rights", data={"text": "Quote with our name."}).status_code == 303
    )
    assert (
        browser.post(f"{address}/rights", data={"text": "Quote with our name."}).status_code == 422
    )
    page = client.get(address).text
    assert "Too few trades." in page
    assert "Quote with our name." in page


def test_a_complaint_about_a_value_is_answered_by_another_than_its_assessor(sign_in, client, desk):
    browser, address = sign_in(desk.stranger), f"/values/{desk.value_id}/complaint"
    assert address in browser.get(f"/values/lot/{desk.lot_id}").text
    assert address not in sign_in(desk.approver).get(f"/values/lot/{desk.lot_id}").text
    assert browser.post(address, data={"text": ""}).status_code == 422
    filed = browser.post(address, data={"text": "The level of copper is old."})
    page = filed.headers["Location"]
    assert "The level of copper is old." in client.get(page).text
    assert "The level of copper is old." not in client.get(f"/values/lot/{desk.lot_id}").text
    assert page in client.get(f"/values/lot/{desk.lot_id}").text
    answered = {"verdict": "rejected", "text": "It is of yesterday."}
    assert browser.post(f"{page}/answer", data=answered).status_code == 403
    valuer = sign_in(desk.approver)
    assert "complains about your value" in valuer.get("/").text
    assert page in valuer.get("/complaints").text
    assert valuer.post(f"{page}/answer", data=answered).status_code == 303
    assert valuer.post(f"{page}/answer", data=answered).status_code == 409
    assert "It is of yesterday." in client.get(page).text
    record = client.get(f"/values/{desk.value_id}.json").json
    assert record["complaints"][0]["answer"]["text"] == "It is of yesterday."


def test_a_complaint_about_a_value_nobody_may_see_is_not_there(sign_in, client, desk):
    with db.transaction() as session:
        hidden = values.for_lot(session, desk.draft_lot_id, at=NOW).id
        complaint = complaints.file(session, desk.stranger, hidden, text="Low.", at=NOW)
        session.flush()
        page = f"/complaints/{complaint.id}"
    assert client.get(page).status_code == 404
    assert sign_in(desk.stranger).get(f"/values/{hidden}/complaint").status_code == 404
    assert page not in client.get(f"/guides/{desk.guide_id}").text


def test_a_declared_interest_is_public_and_silences_the_valuer(sign_in, client, desk):
    browser = sign_in(desk.assessor)
    page = f"/valuers/{desk.assessor.organisation_id}/interests"
    fields = {
        "lot_id": str(desk.lot_id),
        "interest": "owns",
        "note": "We hold a tenth of the seller.",
    }
    assert browser.post("/valuers/interests", data=fields | {"lot_id": ""}).status_code == 422
    hidden = fields | {"lot_id": str(desk.draft_lot_id)}
    assert browser.post("/valuers/interests", data=hidden).status_code == 404
    assert browser.post("/valuers/interests", data=fields).status_code == 303
    assert "We hold a tenth of the seller." in client.get(page).text
    assert "declared an interest" in client.get(f"/values/lot/{desk.lot_id}").text
    ending = re.search(r"/valuers/interests/\d+/end", browser.get(page).text).group()
    assert sign_in(desk.stranger).post(ending).status_code == 403
    assert browser.post(ending).status_code == 303
    assert "declared an interest" not in client.get(f"/values/lot/{desk.lot_id}").text
    assert client.get(f"/valuers/{desk.stranger.organisation_id}/interests").status_code == 404
