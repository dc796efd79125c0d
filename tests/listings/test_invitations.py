from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW, Make

from listings import db, invitations, memberships, parties, users
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


def test_an_invitation_sent_again_has_another_token_and_another_fortnight(session, make, admin):
    sent, first = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    later = NOW + timedelta(days=10)
    with pytest.raises(NotFound):
        invitations.resend(session, make.member(make.organisation(Kind.LAB)), sent.id, at=later)
    again, second = invitations.resend(session, admin, sent.id, at=later)
    assert again is sent
    with pytest.raises(invitations.InvitationOver):
        invitations.find(session, first, at=later)
    assert accept_anew(session, second, at=NOW + timedelta(days=20)).role is Role.CLERK
    with pytest.raises(invitations.InvitationOver):
        invitations.resend(session, admin, sent.id, at=later)


def test_only_the_hash_of_a_token_is_kept(session, admin):
    _, token = invitations.send(session, admin, "x@example.com", Role.CLERK, at=NOW)
    session.flush()
    kept = session.execute(sa.text("SELECT row_to_json(i)::text FROM invitation i")).scalar_one()
    assert token not in kept
    assert users.token_hash(token).hex() in kept


@pytest.mark.parametrize("how", ["ended", "demoted"])
def test_an_invitation_falls_with_the_administrator_who_sent_it(session, make, admin, how):
    firm = session.get(parties.Organisation, admin.organisation_id)
    other = make.member(firm)
    _, token = invitations.send(session, other, "x@example.com", Role.ADMIN, at=NOW)
    membership = next(m for m, u in memberships.of(session, firm.id) if u.id == other.user_id)
    if how == "ended":
        memberships.end(session, admin, membership.id, at=NOW)
    else:
        memberships.change_role(session, admin, membership.id, Role.CLERK, at=NOW)
    session.flush()
    with pytest.raises(invitations.InvitationOver):
        accept_anew(session, token)
    assert invitations.waiting(session, firm.id, at=NOW) == []


def test_who_joined_meanwhile_keeps_the_role_it_has(session, make, admin):
    firm = session.get(parties.Organisation, admin.organisation_id)
    _, token = invitations.send(session, admin, "x@example.com", Role.ADMIN, at=NOW)
    clerk = make.member(firm, Role.CLERK, email="x@example.com")
    with pytest.raises(parties.AlreadyMember):
        invitations.accept(session, token, clerk.user_id, at=NOW)
    assert parties.acting_for(session, clerk.user_id, firm.id).role is Role.CLERK


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
