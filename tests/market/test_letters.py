"""Letters carry the only readable copy of a token, and leave once."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa
from make import NOW, Make

from listings import db, invitations, users
from listings.parties import Kind, Role
from market import cli, letters, mails
from market.letters import Letter

TOP = Path(__file__).parents[2]
SITE = "https://market.example"


@pytest.fixture
def box(database, monkeypatch):
    """What the mail server took."""
    taken = []
    monkeypatch.setenv("MAIL_SERVER", "mail.example")
    monkeypatch.setenv("PUBLIC_URL", SITE)
    monkeypatch.setattr(mails, "hand_over", taken.append)
    return taken


def token_of(mail, kind):
    """The token in a letter: the last part of the one address in it."""
    (found,) = re.findall(rf"{SITE}/{kind}/([\w-]{{43}})\s", mail.get_content())
    return found


def everything():
    """All that the database keeps, as text."""
    with db.transaction() as session:
        names = [table.name for table in db.Base.metadata.sorted_tables]
        return "".join(
            session.scalar(
                sa.text(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {name} t")
            )
            for name in names
        )


@pytest.fixture
def person(database):
    with db.transaction() as session:
        return Make(session).user(email="li@example.com", locale="en")


def ask(email, at=NOW):
    with db.transaction() as session:
        letters.ask_reset(session, email, at=at)


def left():
    with db.transaction() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Letter))


def test_a_reset_letter_opens_a_new_password_and_nothing_stored_does(box, person):
    ask("li@example.com")
    assert letters.deliver(at=NOW) == 1
    assert box[0]["To"] == "li@example.com"
    token = token_of(box[0], "reset")
    assert token not in everything()
    with db.transaction() as session:
        users.reset_password(session, token, "another password", at=NOW)
    assert left() == 0
    assert letters.deliver(at=NOW + timedelta(minutes=30)) == 0


def test_an_address_without_an_account_waits_alike_and_gets_nothing(box, person):
    ask("li@example.com")
    ask("nobody@example.com")
    assert left() == 2
    assert letters.deliver(at=NOW) == 1
    assert [mail["To"] for mail in box] == ["li@example.com"]
    assert left() == 0


def test_a_letter_the_server_did_not_take_is_tried_again_with_another_token(
    box, person, monkeypatch
):
    lost = []

    def refuse(mail):
        lost.append(mail)
        raise OSError("no route")

    ask("li@example.com")
    monkeypatch.setattr(mails, "hand_over", refuse)
    assert letters.deliver(at=NOW) == 0
    assert letters.deliver(at=NOW + timedelta(minutes=1)) == 0
    assert len(lost) == 1
    monkeypatch.setattr(mails, "hand_over", box.append)
    assert letters.deliver(at=NOW + timedelta(minutes=2)) == 1
    assert token_of(box[0], "reset") != token_of(lost[0], "reset")


def test_a_reset_letter_older_than_an_hour_is_dropped(box, person):
    ask("li@example.com")
    assert letters.deliver(at=NOW + timedelta(hours=1)) == 0
    assert (box, left()) == ([], 0)


def test_without_a_mail_server_nothing_leaves(person, monkeypatch):
    monkeypatch.delenv("MAIL_SERVER", raising=False)
    ask("li@example.com")
    assert letters.deliver(at=NOW) == 0
    assert left() == 1


@pytest.fixture
def invited(database):
    """An administrator, an open invitation and the token that was made with it."""
    with db.transaction() as session:
        make = Make(session)
        admin = make.member(make.organisation(Kind.LAB, name_en="Harbour Laboratory"))
        sent, token = invitations.send(session, admin, "new@example.com", Role.SIGNER, at=NOW)
        letters.invite(session, sent, at=NOW)
    return admin, sent.id, token


def test_an_invitation_is_mailed_to_whom_it_invites(box, invited):
    _, ident, first = invited
    assert letters.deliver(at=NOW) == 1
    assert box[0]["To"] == "new@example.com"
    assert "Harbour Laboratory invites you" in box[0].get_content()
    token = token_of(box[0], "invitations")
    assert token != first
    assert token not in everything()
    with db.transaction() as session:
        with pytest.raises(invitations.InvitationOver):
            invitations.find(session, first, at=NOW)
        found = invitations.find(session, token, at=NOW)
        assert (found.id, found.mailed_at) == (ident, NOW)


def test_the_letter_of_a_withdrawn_invitation_does_not_leave(box, invited):
    admin, ident, _ = invited
    with db.transaction() as session:
        invitations.withdraw(session, admin, ident, at=NOW)
    assert letters.deliver(at=NOW + timedelta(seconds=1)) == 0
    assert (box, left()) == ([], 0)


def test_an_invitation_sent_again_leaves_once_more(box, invited):
    admin, ident, _ = invited
    letters.deliver(at=NOW)
    later = NOW + timedelta(days=1)
    with db.transaction() as session:
        sent, _ = invitations.resend(session, admin, ident, at=later)
        letters.invite(session, sent, at=later)
        letters.invite(session, sent, at=later)
    assert letters.deliver(at=later) == 1
    with db.transaction() as session, pytest.raises(invitations.InvitationOver):
        invitations.find(session, token_of(box[0], "invitations"), at=later)


def test_the_operator_makes_a_way_to_a_new_password_without_mail(
    person, database, monkeypatch, capsys
):
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PUBLIC_URL", SITE)
    assert cli.main(["reset-link", "Li@example.com", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    schema = json.loads((TOP / "docs" / "commands" / "reset-link.json").read_text())
    jsonschema.validate(said, schema)
    token = said["address"].rpartition("/")[2]
    engine = db.connect(database)
    assert token not in everything()
    with db.transaction() as session:
        until = datetime.fromisoformat(said["expires_at"])
        users.reset_password(session, token, "another password", at=until - timedelta(seconds=1))
    engine.dispose()
    assert cli.main(["reset-link", "nobody@example.com"]) == 1
    assert "There is no account for nobody@example.com." in capsys.readouterr().err
