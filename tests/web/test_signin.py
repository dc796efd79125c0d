from __future__ import annotations

import re

import html5lib
import pytest
import sqlalchemy as sa
from make import NOW

from listings import db, users
from listings.parties import Acting, Kind, Role, join
from listings.users import User
from market import letters, mails
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
    assert firm.name_en in read(client.get(entered.location))
    chosen = client.post("/choose", data={"organisation": firm.id, "next": "/people"})
    assert chosen.location == "/people"
    assert firm.name_en in read(client.get("/people"))
    assert lab.name_en not in read(client.get("/people"))


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


@pytest.fixture
def box(monkeypatch):
    """The mails that left, with a mail server configured."""
    taken = []
    monkeypatch.setenv("MAIL_SERVER", "mail.example")
    monkeypatch.setattr(mails, "hand_over", taken.append)
    return taken


def way_in(mail):
    """The path that a letter leads to."""
    return re.search(r"http://[^/]+(/\w+/[\w-]{43})", mail.get_content()).group(1)


def test_a_letter_sets_a_new_password_once(client, people, box):
    answers = [
        client.post("/reset", data={"email": email}, follow_redirects=True)
        for email in ("li@example.com", "nobody@example.com")
    ]
    assert read(answers[0]) == read(answers[1])
    assert letters.deliver(at=NOW) == 1
    path = way_in(box[0])
    page = client.get(path)
    assert "At least 10" in read(page)
    assert page.headers["Cache-Control"] == "no-store"
    short = client.post(path, data={"password": "short"})
    assert short.status_code == 422
    assert "at least 10 characters; this one has 5" in read(short)
    client.post(path, data={"password": "another password"})
    assert client.get(path).status_code == 404
    sent = {"email": "li@example.com", "password": "another password"}
    assert client.post("/signin", data=sent).status_code == 303


def test_asking_for_a_letter_does_the_same_work_for_every_address(client, people, box, database):
    done = []

    def listen(_c, _cursor, statement, *_):
        done[-1].append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        for email in ("li@example.com", "nobody@example.com"):
            done.append([])
            client.post("/reset", data={"email": email})
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)
    assert done[0] == done[1] != []


def test_without_a_mail_server_the_page_says_whom_to_ask(client, people, monkeypatch):
    monkeypatch.delenv("MAIL_SERVER", raising=False)
    assert "No mail server is set up here" in read(client.get("/reset"))
    client.post("/reset", data={"email": "li@example.com"})
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(letters.Letter)) == 0


def test_a_reset_asks_for_a_mail_address(client, box):
    refused = client.post("/reset", data={"email": "nonsense"})
    assert refused.status_code == 422
    assert "“nonsense” is not a mail address" in read(refused)


def test_a_new_password_by_letter_ends_every_session(client, people, sign_in, box):
    person, lab, _ = people
    others = [sign_in(Acting(person.id, lab.id, Role.ADMIN, lab.kinds)) for _ in range(2)]
    client.post("/reset", data={"email": "li@example.com"})
    letters.deliver(at=NOW)
    client.post(way_in(box[0]), data={"password": "another password"})
    assert {other.get("/account").status_code for other in others} == {303}


def test_signing_out_everywhere_ends_every_session_even_a_copied_one(people, sign_in):
    person, lab, _ = people
    here, there = (sign_in(Acting(person.id, lab.id, Role.ADMIN, lab.kinds)) for _ in range(2))
    copied = here.get_cookie("packbourse").value
    assert "Sign out everywhere" in read(here.get("/account"))
    answer = here.post("/account/signout", follow_redirects=True)
    assert "You are signed out on every device." in read(answer)
    here.set_cookie("packbourse", copied)
    for browser in (here, there):
        assert browser.get("/account").status_code == 303


def test_a_session_given_before_the_sign_in_is_not_taken_over(client, people):
    with client.session_transaction() as session:
        session["confirmed_at"], session["organisation"], session["planted"] = 1e12, 1, 1
    client.post("/signin", data={"email": "li@example.com", "password": WORD})
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["confirmed_at"] == NOW.timestamp()


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app, client, people, sign_in):
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


def test_founding_another_organisation_proves_no_password(people, sign_in, made):
    from make import credit_code

    person, lab, _ = people
    with made() as make:
        make.organisation(Kind.OPERATOR)
    browser = sign_in(Acting(person.id, lab.id, Role.ADMIN, lab.kinds), is_recent=False)
    sent = {
        "name": "新能源有限公司",
        "credit_code": credit_code(779),
        "nature": "private",
        "province": "安徽",
        "kinds": ["second_life"],
    }
    assert browser.post("/organisations/new", data=sent).location == "/"
    assert "新能源有限公司" in read(browser.get("/organisation"))
    refused = browser.post("/organisation/bank", data={"bank_name": "行", "bank_account": "6" * 12})
    assert refused.status_code == 422
    assert "Enter your password to confirm." in read(refused)
