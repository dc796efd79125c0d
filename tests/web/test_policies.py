"""The operator's page of grading policies: draft, compare, publish."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings import db, words
from listings.health.policies import GradingPolicy
from listings.health.reports import HealthReport, Subject
from listings.parties import Kind, Role
from market.web import findings

FORM = {
    "band_A": "85", "band_B": "75", "band_C": "60", "band_D": "40",
    "cap_1": "6.5", "cap_letter_1": "C",
    "required": ["safety_check", "origin"], "undivided": ["cell"], "lettered": ["L1", "L3"],
    "note": "Second-life makers ask for more in A and B.",
}  # fmt: skip


@pytest.fixture
def place(made):
    """An operator with a viewer, a lab, and three reports of whole packs."""

    class Place:
        pass

    with made() as make:
        here = Place()
        firm = make.organisation(Kind.OPERATOR)
        here.operator, here.viewer = make.member(firm), make.member(firm, Role.VIEWER)
        lab = make.organisation(Kind.LAB)
        here.lab = make.member(lab)
        fleet = make.organisation(Kind.FLEET_OWNER)
        for soh in ("0.90", "0.82", "0.65"):
            make.session.add(
                HealthReport(
                    pack_id=make.pack(fleet).id,
                    subject=Subject.PACK,
                    lab_id=lab.id,
                    examined_on=date(2026, 5, 1),
                    rated_capacity_ah=Decimal(200),
                    soh_q=Decimal(soh),
                    grade="A",
                    evidence_level="L1",
                    policy_version=1,
                    reported_at=NOW,
                    valid_until=date(2026, 8, 1),
                )
            )
    return here


def draft(browser, **changed):
    return browser.post("/policies/new", data=FORM | changed)


def test_a_draft_shows_letter_by_letter_what_it_would_change(place, sign_in):
    browser = sign_in(place.operator)
    page = browser.get(draft(browser).headers["Location"]).text
    assert "1 report would bear another letter" in page
    assert "A → B" in page
    assert "of 3 that are stored" in page
    assert "A capacity spread over 6.5% lowers the letter to C at best." in page
    assert "to C at best" in page
    assert "%%" not in page


def test_a_draft_is_changed_published_from_a_day_and_then_final(place, sign_in):
    browser = sign_in(place.operator)
    address = draft(browser).headers["Location"]
    edited = browser.post(f"{address}/edit", data=FORM | {"band_A": "90"})
    assert edited.status_code == 303
    early = browser.post(f"{address}/publish", data={"in_force_from": "2026-06-01"})
    assert early.status_code == 422
    assert "2026-06-02" in early.text
    assert (
        browser.post(f"{address}/publish", data={"in_force_from": "2026-07-01"}).status_code == 303
    )
    page = browser.get("/policies").text
    assert "House policy 2" in page
    assert "to come" in page
    again = browser.post(f"{address}/publish", data={"in_force_from": "2026-08-01"})
    assert again.status_code == 409
    assert browser.post(f"{address}/discard").status_code == 409
    assert browser.get(f"{address}/edit").status_code == 404
    with db.transaction() as reading:
        assert set(reading.scalars(sa.select(HealthReport.policy_version))) == {1}


def test_publishing_asks_for_the_password_again(place, sign_in):
    address = draft(sign_in(place.operator)).headers["Location"]
    late = sign_in(place.operator, is_recent=False)
    refused = late.post(f"{address}/publish", data={"in_force_from": "2026-07-01"})
    assert refused.status_code == 422
    assert "Enter your password" in refused.text
    with db.transaction() as reading:
        assert reading.scalar(sa.select(sa.func.max(GradingPolicy.version))) == 1


def test_every_contradiction_of_a_draft_is_said_at_once_and_kept(place, sign_in):
    browser = sign_in(place.operator)
    refused = draft(browser, band_B="90", cap_letter_1="", lettered=[])
    assert refused.status_code == 422
    refused = draft(browser, band_B="90", lettered=[])
    assert "A must begin above B" in refused.text
    assert "Letters rest on measurements" in refused.text
    assert 'value="90"' in refused.text


def test_a_draft_is_discarded(place, sign_in):
    browser = sign_in(place.operator)
    address = draft(browser).headers["Location"]
    assert browser.post(f"{address}/discard").status_code == 303
    assert browser.get(address).status_code == 404


def test_others_read_what_is_published_and_no_draft(place, sign_in):
    address = draft(sign_in(place.operator)).headers["Location"]
    lab = sign_in(place.lab)
    page = lab.get("/policies").text
    assert "House policy 1" in page
    assert "Second-life makers" not in page
    assert "Draft a policy" not in page
    assert lab.get(address).status_code == 403
    viewer = sign_in(place.viewer)
    assert viewer.get(address).status_code == 200
    assert draft(viewer).status_code == 403


def test_a_reason_of_a_new_cap_is_said_in_words(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        words.speak("en")
        said = findings.sentence(findings.REASONS, "spread_over_6.5_C")
    assert said == "The capacity spread is over 6.5%, so the letter is at most C."
