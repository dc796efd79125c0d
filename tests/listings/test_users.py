from __future__ import annotations

import threading
from datetime import timedelta
from email import policy
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st
from make import NOW

from listings import db, users
from listings.journal import Act

WORD = "correct horse 电池"


@pytest.fixture(autouse=True)
def _light(monkeypatch):
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")


@pytest.fixture
def person(session):
    return users.register(session, email=" Li.Na@Example.com ", name="李娜", password=WORD, at=NOW)


def test_a_person_signs_in_however_the_address_is_written(session, person):
    assert person.email == "li.na@example.com"
    found = users.sign_in(session, "LI.NA@example.com ", WORD, "10.0.0.1", at=NOW)
    assert found is person


def test_the_hash_is_argon2id_and_holds_no_password(person):
    assert person.password_hash.startswith("$argon2id$")
    assert WORD not in person.password_hash


def test_a_password_is_right_in_either_unicode_form(session):
    users.register(session, email="a@b.cn", name="A", password="café-café-1", at=NOW)
    assert users.sign_in(session, "a@b.cn", "cafe\u0301-cafe\u0301-1", "::1", at=NOW)


@pytest.mark.parametrize("email", ["li.na@example.com", "nobody@example.com", "", "\x00"[:0]])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(session, person, email):
    with pytest.raises(users.SignInRefused) as caught:
        users.sign_in(session, email, "wrong password", "10.0.0.1", at=NOW)
    assert str(caught.value) == "This mail address and this password do not belong together."


def test_an_unknown_address_costs_a_verification_too(session, person, monkeypatch):
    verified = []
    fits = users._fits
    monkeypatch.setattr(
        users, "_fits", lambda known, given: verified.append(1) or fits(known, given)
    )
    for email in ("li.na@example.com", "nobody@example.com"):
        with pytest.raises(users.SignInRefused):
            users.sign_in(session, email, "wrong password", "10.0.0.1", at=NOW)
    assert len(verified) == 2


def test_an_ended_account_cannot_sign_in(session, person):
    person.is_active = False
    with pytest.raises(users.SignInRefused):
        users.sign_in(session, person.email, WORD, "10.0.0.1", at=NOW)


def test_an_empty_hash_fits_no_password(session, make):
    assert not users.is_password(make.user(), "")


def test_a_weaker_hash_is_made_anew_at_the_next_sign_in(session, person, monkeypatch):
    monkeypatch.delenv("PACKBOURSE_LIGHT_PASSWORDS")
    before = person.password_hash
    users.sign_in(session, person.email, WORD, "10.0.0.1", at=NOW)
    assert person.password_hash != before
    assert "m=65536" in person.password_hash
    assert users.is_password(person, WORD)


@pytest.mark.parametrize("length", [0, 9])
def test_a_short_password_is_refused_with_its_length(session, length):
    with pytest.raises(users.PasswordTooShort) as caught:
        users.register(session, email="a@b.cn", name="A", password="x" * length, at=NOW)
    assert caught.value.field == "password"
    assert f"this one has {length}" in str(caught.value)


def test_an_endless_password_is_refused(session):
    with pytest.raises(users.PasswordTooLong):
        users.register(session, email="a@b.cn", name="A", password="x" * 257, at=NOW)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@",
        "@b.cn",
        "a b@c.cn",
        "a@b@c.cn",
        "a@b.cn\r\nBcc: x@y.cn",
        "<a@b.cn>",
        "x" * 250 + "@b.cn",
    ],
)
def test_what_is_no_mail_address_is_refused(session, email):
    with pytest.raises(users.EmailRefused) as caught:
        users.register(session, email=email, name="A", password=WORD, at=NOW)
    assert caught.value.field == "email"


def test_a_taken_address_is_refused_in_any_case(session, person):
    with pytest.raises(users.EmailTaken):
        users.register(session, email="LI.NA@EXAMPLE.COM", name="B", password=WORD, at=NOW)


def test_a_new_password_ends_older_sessions_and_older_letters(session, person):
    _, token = users.request_reset(session, person.email, at=NOW)
    before = person.session_number
    users.change_password(session, person.id, "another password", at=NOW)
    assert person.session_number == before + 1
    with pytest.raises(users.ResetOver):
        users.reset_password(session, token, "a third password", at=NOW)


def test_a_reset_letter_works_once_within_the_hour(session, person):
    _, token = users.request_reset(session, person.email, at=NOW)
    users.check_reset(session, token, at=NOW)
    users.reset_password(session, token, "another password", at=NOW + timedelta(minutes=59))
    assert users.is_password(person, "another password")
    with pytest.raises(users.ResetOver):
        users.reset_password(session, token, "a third password", at=NOW)


def test_a_reset_letter_is_over_after_an_hour(session, person):
    _, token = users.request_reset(session, person.email, at=NOW)
    with pytest.raises(users.ResetOver):
        users.reset_password(session, token, "another password", at=NOW + timedelta(hours=1))
    assert users.is_password(person, WORD)


def test_a_refused_new_password_leaves_the_letter_usable(session, person):
    _, token = users.request_reset(session, person.email, at=NOW)
    with pytest.raises(users.PasswordTooShort):
        users.reset_password(session, token, "short", at=NOW)
    users.reset_password(session, token, "another password", at=NOW)


def test_nobody_gets_no_letter(session, person):
    assert users.request_reset(session, "nobody@example.com", at=NOW) is None
    person.is_active = False
    assert users.request_reset(session, person.email, at=NOW) is None


def test_the_token_itself_is_kept_nowhere(session, person):
    _, token = users.request_reset(session, person.email, at=NOW)
    kept = session.scalars(sa.select(users.PasswordReset.token_sha256)).all()
    assert token.encode() not in kept


def test_the_journal_knows_people_by_number_only(session, person):
    users.sign_in(session, person.email, WORD, "10.0.0.1", at=NOW)
    acts = session.scalars(sa.select(Act).where(Act.tag.like("user:%"))).all()
    assert acts
    assert all("li.na" not in str(act.facts) and "李" not in str(act.facts) for act in acts)


def test_the_eleventh_try_is_refused_though_each_refusal_rolled_back(database):
    with db.transaction() as session:
        users.register(session, email="a@b.cn", name="A", password=WORD, at=NOW)

    def attempt(password, at):
        users.count_attempt("a@b.cn", "10.0.0.1", at=at)
        with db.transaction() as session:
            users.sign_in(session, "a@b.cn", password, "10.0.0.1", at=at)

    for _ in range(10):
        with pytest.raises(users.SignInRefused):
            attempt("wrong password", NOW)
    with pytest.raises(users.TooManyAttempts) as caught:
        attempt(WORD, NOW + timedelta(minutes=5))
    assert str(caught.value) == "Too many tries. Wait 10 minutes and try again."
    assert caught.value.status == 429
    attempt(WORD, NOW + timedelta(minutes=15))


def test_a_sign_in_lets_the_address_start_anew(database):
    with db.transaction() as session:
        users.register(session, email="a@b.cn", name="A", password=WORD, at=NOW)
    for _ in range(80):
        users.count_attempt("a@b.cn", "10.0.0.1", at=NOW)
        with db.transaction() as session:
            users.sign_in(session, "a@b.cn", WORD, "10.0.0.1", at=NOW)


def test_one_network_address_cannot_try_many_accounts(database):
    for number in range(users.MOST_ATTEMPTS_BY_ADDRESS):
        users.count_attempt(f"a{number}@b.cn", "10.0.0.1", at=NOW)
    with pytest.raises(users.TooManyAttempts):
        users.count_attempt("fresh@b.cn", "10.0.0.1", at=NOW)
    users.count_attempt("fresh@b.cn", "10.0.0.2", at=NOW)


def test_tries_at_once_are_all_counted(database):
    refused = []

    def attempt():
        try:
            users.count_attempt("a@b.cn", "10.0.0.1", at=NOW)
        except users.TooManyAttempts:
            refused.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 16 - users.MOST_ATTEMPTS_BY_EMAIL


def test_signing_out_everywhere_raises_the_session_number(session, person):
    session.flush()
    before = person.session_number
    assert users.end_sessions(session, person.id, at=NOW).session_number == before + 1


@given(st.text(alphabet="ab.-_[]()é中@\x00\n,^+", max_size=12), st.text("ab.[-é", max_size=6))
@example("*", "[")
def test_every_address_that_passes_can_be_written_to(local, domain):
    try:
        email = users.normalise_email(f"{local}@{domain}.cn")
    except users.EmailRefused:
        return
    mail = EmailMessage()
    mail["To"] = email
    assert mail["To"].addresses
    mail.as_bytes(policy=policy.SMTP)
