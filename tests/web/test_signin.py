from __future__ import annotations

import html5lib
import pytest
import sqlalchemy as sa
from make import NOW

from listings import db, users
from listings.parties import Kind, Role
from listings.users import User
from market.notices import Notice

WORD = "long enough 密码"


@pytest.fixture(autouse=True)
def _light(monkeypatch):
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")


def read(response):
    """The text of a page that is strict HTML5."""
    text = response.get_data(as_text=True)
    html5lib.HTMLParser(strict=True).parse(text)
    return text


@pytest.fixture
def people(made):
    """A person of two organisations, with a password."""
    with made() as make:
        person = users.register(
            make.session, email="li@example.com", name="李娜", password=WORD, at=NOW
        )
        lab, firm = make.organisation(Kind.LAB), make.organisation(Kind.SECOND_LIFE)
        from listings.parties import join

        for organisation in (lab, firm):
            join(make.session, person.id, organisation.id, Role.ADMIN, at=NOW)
    return person, lab, firm


def test_signing_in_leads_through_the_choice_to_the_page_asked_for(client, people):
    _, lab, firm = people
    asked = client.get("/people?x=1")
    assert asked.status_code == 303
    assert asked.location == "/signin?next=/people?x%3D1"
    assert 'value="/people?x=1"' in read(client.get(asked.location))
    sent = {"email": "li@example.com", "password": WORD, "next": "/people"}
    entered = client.post("/signin", data=sent)
    assert entered.location == "/choose?next=/people"
    assert firm.name in read(client.get(entered.location))
    chosen = client.post("/choose", data={"organisation": firm.id, "next": "/people"})
    assert chosen.location == "/people"
    assert firm.name in read(client.get("/people"))
    assert lab.name not in read(client.get("/people"))


def test_nobody_chooses_an_organisation_of_others(client, people, made):
    with made() as make:
        other = make.organisation(Kind.LAB)
    client.post("/signin", data={"email": "li@example.com", "password": WORD})
    assert client.post("/choose", data={"organisation": other.id}).status_code == 403
    refused = client.post("/choose", data={"organisation": "x"})
    assert refused.status_code == 422
    assert "is not a number" in read(refused)


def test_a_sign_in_never_leads_to_another_site(client, people):
    sent = {"email": "li@example.com", "password": WORD, "next": "https://evil.example/x"}
    client.post("/signin", data=sent)
    for onward in ("//evil.example", "https://evil.example/", "/\\evil.example"):
        location = client.post("/choose", data={"organisation": people[1].id, "next": onward})
        assert "evil" not in location.location


def test_a_refused_sign_in_keeps_the_address_and_not_the_password(client, people):
    refused = client.post("/signin", data={"email": "li@example.com", "password": "wrong one"})
    assert refused.status_code == 422
    page = read(refused)
    assert 'value="li@example.com"' in page
    assert "do not belong together" in page
    assert "wrong one" not in page


def test_too_many_tries_are_told_to_wait(client, people):
    sent = {"email": "li@example.com", "password": "wrong one"}
    codes = [client.post("/signin", data=sent).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
    right = client.post("/signin", data=sent | {"password": WORD})
    assert "Wait 15 minutes" in read(right)


def test_signing_out_ends_the_session(client, people):
    client.post("/signin", data={"email": "li@example.com", "password": WORD})
    assert client.get("/account").status_code == 200
    client.post("/signout")
    assert client.get("/account").status_code == 303


def test_a_letter_sets_a_new_password_once(client, people):
    answers = [
        client.post("/reset", data={"email": email}, follow_redirects=True)
        for email in ("li@example.com", "nobody@example.com")
    ]
    assert read(answers[0]) == read(answers[1])
    with db.transaction() as session:
        (letter,) = session.scalars(sa.select(Notice).where(Notice.is_letter)).all()
    assert "At least 10" in read(client.get(letter.link))
    short = client.post(letter.link, data={"password": "short"})
    assert short.status_code == 422
    assert "at least 10 characters; this one has 5" in read(short)
    client.post(letter.link, data={"password": "another password"})
    assert client.get(letter.link).status_code == 404
    sent = {"email": "li@example.com", "password": "another password"}
    assert client.post("/signin", data=sent).status_code == 303


def test_a_reset_asks_for_a_mail_address(client):
    refused = client.post("/reset", data={"email": "nonsense"})
    assert refused.status_code == 422
    assert "“nonsense” is not a mail address" in read(refused)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app, client, people, sign_in):
    from listings.parties import Acting

    person, lab, _ = people
    other = sign_in(Acting(person.id, lab.id, Role.ADMIN, lab.kinds))
    client.post("/signin", data={"email": "li@example.com", "password": WORD})
    client.post("/choose", data={"organisation": lab.id})
    wrong = client.post("/account", data={"current": "x", "password": "another password"})
    assert wrong.status_code == 422
    assert "This is not your password." in read(wrong)
    client.post("/account", data={"current": WORD, "password": "another password"})
    assert "kept; your other sessions ended" in read(client.get("/account"))
    assert other.get("/account").status_code == 303


def test_a_visitor_registers_an_organisation_and_waits_for_the_operator(client, made):
    from make import credit_code

    with made() as make:
        operator = make.organisation(Kind.OPERATOR)
        desk = make.member(operator)
    assert "Register your organisation" in read(client.get("/organisations/new"))
    sent = {
        "name": "新能源有限公司",
        "credit_code": credit_code(777)[:-1],
        "nature": "private",
        "province": "安徽",
        "kinds": ["second_life", "operator"],
        "person": "王强",
        "email": "wang@example.com",
        "password": WORD,
    }
    refused = client.post("/organisations/new", data=sent)
    assert refused.status_code == 422
    page = read(refused)
    assert "“operator” is not one of the choices" in page
    assert 'value="新能源有限公司"' in page
    assert 'value="second_life" checked' in page
    assert "18 characters; this one has 17" in page
    sent["kinds"] = ["second_life"]
    sent["credit_code"] = credit_code(777)
    assert client.post("/organisations/new", data=sent).location == "/"
    page = read(client.get("/"))
    assert "The operator has not approved your organisation yet" in page
    with db.transaction() as session:
        told = session.scalars(sa.select(Notice).where(Notice.user_id == desk.user_id)).all()
        assert [notice.link for notice in told] == ["/desk"]
        assert session.scalar(sa.select(User.email).where(User.name == "王强"))


def test_a_form_that_registers_nobody_leaves_no_organisation_behind(client, made):
    from make import credit_code

    with made() as make:
        make.organisation(Kind.OPERATOR)
    sent = {
        "name": "甲",
        "credit_code": credit_code(778),
        "nature": "private",
        "province": "安徽",
        "kinds": ["lab"],
        "person": "王强",
        "email": "wang@example.com",
        "password": "short",
    }
    assert client.post("/organisations/new", data=sent).status_code == 422
    sent["password"] = WORD
    assert client.post("/organisations/new", data=sent).status_code == 303


def test_everything_wrong_with_a_registration_is_said_at_once(client, made):
    with made() as make:
        make.organisation(Kind.OPERATOR)
    sent = {"name": "甲", "credit_code": "123", "email": "nonsense", "password": "short"}
    page = read(client.post("/organisations/new", data=sent))
    for field in ("credit_code", "nature", "province", "kinds", "person", "email", "password"):
        assert f'href="#f-{field}"' in page
