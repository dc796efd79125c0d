from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from make import NOW, Make

from listings import db, invitations, parties, users
from listings.errors import Forbidden, NotFound
from listings.parties import Kind, Role


@pytest.fixture(autouse=True)
def _light(monkeypatch):
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")


@pytest.fixture
def admin(make):
    return make.member(make.organisation(Kind.LAB))


def accept_anew(session, token, at=NOW):
    return invitations.accept_anew(
        session, token, name="王芳", password="long enough 1", locale="en", at=at
    )


def test_a_new_person_gets_an_account_and_a_role(session, admin):
    _, token = invitations.send(session, admin, "New@Example.com", Role.SIGNER, at=NOW)
    membership = accept_anew(session, token)
    user = users.find(session, "new@example.com")
    assert user.locale == "en"
    acting = parties.acting_for(session, user.id, admin.organisation_id)
    assert acting.role is Role.SIGNER is membership.role


def test_a_person_with_an_account_joins_a_second_organisation(session, make, admin):
    other = make.member(make.organisation(Kind.VALUER), email="x@example.com")
    _, token = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    with pytest.raises(invitations.SignInFirst):
        accept_anew(session, token)
    invitations.accept(session, token, other.user_id, at=NOW)
    assert parties.acting_for(session, other.user_id, admin.organisation_id)
    assert parties.acting_for(session, other.user_id, other.organisation_id)


def test_an_invitation_is_for_the_one_it_names(session, make, admin):
    _, token = invitations.send(session, admin, "x@example.com", Role.ADMIN, at=NOW)
    with pytest.raises(invitations.InvitationForAnother):
        invitations.accept(session, token, make.user().id, at=NOW)


def test_an_invitation_works_once(session, admin):
    _, token = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    accept_anew(session, token)
    with pytest.raises(invitations.InvitationOver):
        invitations.find(session, token, at=NOW)


def test_an_invitation_is_over_after_fourteen_days(session, admin):
    _, token = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    invitations.find(session, token, at=NOW + timedelta(days=14) - timedelta(seconds=1))
    with pytest.raises(invitations.InvitationOver):
        accept_anew(session, token, at=NOW + timedelta(days=14))


def test_a_second_invitation_replaces_the_first(session, admin):
    _, first = invitations.send(session, admin, "x@example.com", Role.ADMIN, at=NOW)
    _, second = invitations.send(session, admin, "x@example.com", Role.VIEWER, at=NOW)
    with pytest.raises(invitations.InvitationOver):
        accept_anew(session, first)
    assert accept_anew(session, second).role is Role.VIEWER


def test_a_withdrawn_invitation_is_over(session, make, admin):
    sent, token = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    with pytest.raises(NotFound):
        invitations.withdraw(session, make.member(make.organisation(Kind.LAB)), sent.id, at=NOW)
    assert invitations.waiting(session, admin.organisation_id, at=NOW) == [sent]
    invitations.withdraw(session, admin, sent.id, at=NOW)
    assert invitations.waiting(session, admin.organisation_id, at=NOW) == []
    with pytest.raises(invitations.InvitationOver):
        accept_anew(session, token)


def test_only_administrators_invite_and_nobody_twice(session, make, admin):
    firm = session.get(parties.Organisation, admin.organisation_id)
    make.member(firm, Role.CLERK, email="here@example.com")
    with pytest.raises(parties.AlreadyMember):
        invitations.send(session, admin, "here@example.com", Role.ADMIN, at=NOW)
    with pytest.raises(Forbidden):
        invitations.send(session, make.member(firm, Role.TRADER), "x@b.cn", Role.ADMIN, at=NOW)


def test_two_who_accept_at_once_are_one_membership(database):
    with db.transaction() as session:
        make = Make(session)
        admin = make.member(make.organisation(Kind.LAB))
        user = make.user(email="x@example.com")
        _, token = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    gate, ended = threading.Barrier(2), []

    def accept():
        gate.wait()
        try:
            with db.transaction() as session:
                invitations.accept(session, token, user.id, at=NOW)
            ended.append("joined")
        except invitations.InvitationOver:
            ended.append("over")

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["joined", "over"]
