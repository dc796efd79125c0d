"""Index values by file and by a program, and the charts of the series."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings import access_tokens, db
from listings.journal import Act
from listings.parties import Kind, Role
from listings.users import User
from market.web.app import create_app
from pricing import indices

DAY = (NOW - timedelta(days=1)).date().isoformat()
HEAD = "series,date,value,basis,unit,currency,tax_included,source\n"
COPPER = {"series": "Cu", "date": DAY, "value": "86000", "source": "An agency"}


@pytest.fixture
def operator(made):
    """An operator of a market with the seeded indices."""
    with made() as make:
        indices.seed(make.session, at=NOW)
        return make.member(make.organisation(Kind.OPERATOR))


@pytest.fixture
def token(operator):
    with db.transaction() as session:
        return access_tokens.make(session, operator, "nightly quotes", at=NOW)[1]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def copper():
    with db.transaction() as session:
        return indices.standing(session, "Cu", NOW.date()).value


def upload(browser, text, name="levels.csv"):
    sent = {"file": (io.BytesIO(text.encode()), name)}
    return browser.post("/indices/file", data=sent, content_type="multipart/form-data")


def test_a_table_is_entered_and_the_page_says_what_became_of_it(operator, sign_in):
    browser = sign_in(operator)
    answer = upload(browser, f"{HEAD}Cu,{DAY},86000,Cu,t,CNY,yes,An agency\n")
    assert answer.status_code == 303
    assert "Entered: 1. Held for a look: 0." in browser.get("/indices").text
    assert copper() == 86000


def test_a_table_with_a_problem_enters_nothing_and_names_the_row(operator, sign_in):
    text = f"{HEAD}Cu,{DAY},86000,Cu,t,CNY,yes,x\nCu,soon,1,Cu,t,CNY,yes,x\n"
    answer = upload(sign_in(operator), text)
    assert answer.status_code == 422
    assert "Rows with problems" in answer.text
    assert "“soon” cannot be the date of an index value" in answer.text
    assert copper() == 85815


def test_a_program_enters_values_with_a_token(client, token):
    answer = client.post("/api/indices", json={"values": [COPPER]}, headers=bearer(token))
    assert answer.status_code == 200
    assert [row["value"] for row in answer.json["entered"]] == ["86000"]
    assert answer.json["held"] == []
    assert copper() == 86000
    again = client.post("/api/indices", json=[COPPER], headers=bearer(token))
    assert again.json == {"entered": [], "held": [], "unchanged": 1}


def test_a_misprint_of_a_program_is_held(client, token):
    answer = client.post("/api/indices", json=[COPPER | {"value": "860000"}], headers=bearer(token))
    assert [row["value"] for row in answer.json["held"]] == ["860000"]
    assert copper() == 85815


def test_a_program_may_send_the_csv_itself(client, token):
    answer = client.post(
        "/api/indices",
        data=f"series,date,value,source\nCu,{DAY},86000,An agency\n",
        content_type="text/csv",
        headers=bearer(token),
    )
    assert len(answer.json["entered"]) == 1


def test_problems_are_told_to_a_program_by_row(client, token):
    rows = [COPPER, COPPER | {"series": "gold"}, {"series": "Cu"}]
    answer = client.post("/api/indices", json=rows, headers=bearer(token))
    assert answer.status_code == 422
    named = {(row["row"], row["column"]) for row in answer.json["problems"]}
    assert named == {(2, "basis"), (3, "date"), (3, "value"), (3, "source")}
    assert copper() == 85815


@pytest.mark.parametrize(
    "given",
    [
        {"value": "1e400"},
        {"value": "NaN"},
        {"value": True},
        {"value": []},
        {"date": 5},
        {"date": {}},
        {"series": {"a": 1}},
        {"source": "\x00"},
        {"basis": ["Cu"]},
        {"unit": "\x00"},
        {"tax_included": 2},
        {"currency": "X" * 9000},
    ],
)
def test_nonsense_from_a_program_is_a_problem_and_no_accident(client, token, given):
    answer = client.post("/api/indices", json=[COPPER | given], headers=bearer(token))
    assert answer.status_code == 422
    assert answer.json["problems"]


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'{"values": 1}'])
def test_another_document_is_refused(client, token, body):
    answer = client.post(
        "/api/indices", data=body, content_type="application/json", headers=bearer(token)
    )
    assert answer.status_code == 422
    assert "error" in answer.json


def test_without_a_token_or_with_one_that_is_over_nothing_is_entered(client, token, operator):
    assert client.post("/api/indices", json=[COPPER]).status_code == 401
    assert client.post("/api/indices", json=[COPPER], headers=bearer("pb_x")).status_code == 401
    with db.transaction() as session:
        (row,) = access_tokens.of(session, operator)
        access_tokens.revoke(session, operator, row.id, at=NOW)
    assert client.post("/api/indices", json=[COPPER], headers=bearer(token)).status_code == 401


def test_a_token_ends_after_a_year_and_with_a_new_password(operator, token):
    def acting(at=NOW):
        with db.transaction() as session:
            return access_tokens.acting_by(session, token, at=at)

    assert acting() == operator
    assert acting(NOW + timedelta(days=366)) is None
    with db.transaction() as session:
        session.get_one(User, operator.user_id).session_number += 1
    assert acting() is None


def test_the_session_of_an_operator_enters_too_but_not_without_the_forms_token(
    app, operator, sign_in
):
    assert sign_in(operator).post("/api/indices", json=[COPPER]).status_code == 200
    app.config["WTF_CSRF_ENABLED"] = True
    guarded = create_app(TESTING=True, SECRET_KEY="test", CLOCK=lambda: NOW)
    browser = guarded.test_client()
    with browser.session_transaction() as session, db.transaction() as reading:
        user = reading.get_one(User, operator.user_id)
        session["_user_id"] = f"{user.id}.{user.session_number}"
        session["organisation"] = operator.organisation_id
        session["language"] = "en"
    assert browser.post("/api/indices", json=[COPPER]).status_code == 400
    token = re.search(r'csrf_token" value="([^"]+)"', browser.get("/indices/file").text)[1]
    sent = browser.post("/api/indices", json=[COPPER], headers={"X-CSRFToken": token})
    assert sent.status_code == 200


def test_who_may_not_decide_enters_nothing_by_session(made, sign_in):
    with made() as make:
        clerk = make.member(make.organisation(Kind.OPERATOR), Role.CLERK)
        valuer = make.member(make.organisation(Kind.VALUER))
    for acting in (clerk, valuer):
        assert sign_in(acting).post("/api/indices", json=[COPPER]).status_code == 403


def test_a_token_is_shown_once_and_kept_as_its_hash(operator, sign_in):
    browser = sign_in(operator)
    page = browser.post("/indices/tokens", data={"name": "nightly quotes"})
    token = re.search(r"pb_[\w-]{30,}", page.text)[0]
    assert page.headers["Cache-Control"] == "no-store"
    assert token not in browser.get("/indices/tokens").text
    with db.transaction() as session:
        (row,) = access_tokens.of(session, operator)
        acts = session.scalars(sa.select(Act).where(Act.tag == "token:made")).all()
        assert token not in str([act.facts for act in acts])
    assert browser.post(f"/indices/tokens/{row.id}/revoke").status_code == 303
    assert "No program has a token yet." in browser.get("/indices/tokens").text


def test_values_come_out_as_csv_and_json(operator, client):
    text = client.get("/indices/values.csv?series=Cu").data.decode("utf-8-sig")
    assert text.splitlines()[1].startswith('"Cu","2025-11-21","85815"')
    rows = client.get("/api/indices?series=USD/CNY").json["values"]
    assert [(row["value"], row["unit"], row["tax_included"]) for row in rows] == [
        ("7.09", "USD", False)
    ]
    assert client.get("/api/indices?series=gold").status_code == 404
    assert client.get("/indices/template.csv").status_code == 200


def test_the_page_groups_materials_cells_and_currencies(operator, client):
    page = client.get("/indices").text
    places = [page.index(title) for title in ("Metals and salts", "New cells", "Currencies")]
    assert places == sorted(places)
    assert "Lithium carbonate (Li2CO3)" in page


def test_a_lithium_series_shows_the_band_of_its_usual_moves(operator, client):
    page = client.get("/indices/series/Li2CO3").text
    assert page.count("pic-usual") == 4  # the key and the band ahead, inner and outer
    assert "+32.3% / −24.4%" in page
    assert "what lithium carbonate did from 2017 to 2024" in page


def test_of_a_short_series_no_band_is_invented(operator, client):
    page = client.get("/indices/series/Cu").text
    assert "pic-usual" not in page
    assert "not known yet" in page
    assert client.get("/indices/series/USD/CNY").status_code == 200
