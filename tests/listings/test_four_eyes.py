"""One administrator turns four eyes on; two turn them off, and the database holds to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings import four_eyes, memberships
from listings.errors import Forbidden, NotFound
from listings.parties import Kind, Role

LATER = NOW + timedelta(days=30)


@pytest.fixture
def firm(make):
    return make.organisation(Kind.SECOND_LIFE, has_four_eyes=True)


@pytest.fixture
def two(make, firm):
    return make.member(firm), make.member(firm)


def membership(session, firm, acting):
    found = memberships.of(session, firm.id)
    return next(one for one, user in found if user.id == acting.user_id)


def test_four_eyes_need_a_second_person(session, make):
    firm = make.organisation(Kind.SECOND_LIFE)
    admin = make.member(firm)
    make.member(firm, Role.VIEWER)
    with pytest.raises(four_eyes.FourEyesNeedTwo):
        four_eyes.turn_on(session, admin, at=NOW)
    make.member(firm, Role.CLERK)
    four_eyes.turn_on(session, admin, at=NOW)
    assert firm.has_four_eyes


def test_they_end_when_a_second_administrator_approves(session, firm, two):
    asks, approves = two
    request = four_eyes.ask_end(session, asks, at=LATER)
    assert firm.has_four_eyes
    four_eyes.approve_end(session, approves, at=LATER)
    session.refresh(firm)
    assert not firm.has_four_eyes
    assert request.closed_at == LATER
    assert four_eyes.waiting(session, firm.id) is None


def test_who_asks_does_not_approve(session, firm, two):
    four_eyes.ask_end(session, two[0], at=LATER)
    with pytest.raises(four_eyes.OwnRequest):
        four_eyes.approve_end(session, two[0], at=LATER)
    with pytest.raises(four_eyes.AskedAlready):
        four_eyes.ask_end(session, two[1], at=LATER)
    assert firm.has_four_eyes


def test_the_only_administrator_reads_what_to_do(session, make, firm):
    admin = make.member(firm)
    make.member(firm, Role.APPROVER)
    with pytest.raises(four_eyes.OnlyAdministrator, match="administrator under People"):
        four_eyes.ask_end(session, admin, at=LATER)


def test_only_administrators_ask_and_approve(session, make, firm, two):
    approver = make.member(firm, Role.APPROVER)
    with pytest.raises(Forbidden):
        four_eyes.ask_end(session, approver, at=LATER)
    four_eyes.ask_end(session, two[0], at=LATER)
    for act in (four_eyes.approve_end, four_eyes.keep):
        with pytest.raises(Forbidden):
            act(session, approver, at=LATER)
    with pytest.raises(NotFound):
        four_eyes.approve_end(session, make.member(make.organisation(Kind.LAB)), at=LATER)


def test_an_administrator_of_days_does_not_approve(session, make, firm, two):
    asks = two[0]
    clerk = make.member(firm, Role.CLERK)
    made = memberships.change_role(
        session, asks, membership(session, firm, clerk).id, Role.ADMIN, at=LATER
    )
    new = clerk.__class__(clerk.user_id, firm.id, made.role, clerk.kinds)
    four_eyes.ask_end(session, asks, at=LATER)
    week = LATER + timedelta(days=7)
    with pytest.raises(four_eyes.AdministratorTooNew):
        four_eyes.approve_end(session, new, at=week - timedelta(seconds=1))
    four_eyes.approve_end(session, new, at=week)
    assert not firm.has_four_eyes


def test_the_same_role_given_again_starts_no_week_anew(session, firm, two):
    asks, approves = two
    memberships.change_role(
        session, asks, membership(session, firm, approves).id, Role.ADMIN, at=LATER
    )
    four_eyes.ask_end(session, asks, at=LATER)
    four_eyes.approve_end(session, approves, at=LATER)


def test_a_request_of_somebody_who_left_lapses(session, make, firm, two):
    asks, approves = two
    third = make.member(firm)
    four_eyes.ask_end(session, asks, at=LATER)
    memberships.end(session, approves, membership(session, firm, asks).id, at=LATER)
    with pytest.raises(four_eyes.AskerGone):
        four_eyes.approve_end(session, approves, at=LATER)
    four_eyes.ask_end(session, third, at=LATER)
    four_eyes.approve_end(session, approves, at=LATER)
    assert not firm.has_four_eyes


def test_a_request_is_refused_or_taken_back(session, firm, two):
    for who in two:
        four_eyes.ask_end(session, two[0], at=LATER)
        four_eyes.keep(session, who, at=LATER)
        with pytest.raises(NotFound):
            four_eyes.approve_end(session, two[1], at=LATER)
    assert firm.has_four_eyes


def test_an_approval_works_once(session, firm, two):
    asks, approves = two
    four_eyes.ask_end(session, asks, at=LATER)
    four_eyes.approve_end(session, approves, at=LATER)
    with pytest.raises(four_eyes.FourEyesAreOff):
        four_eyes.ask_end(session, asks, at=LATER)
    four_eyes.turn_on(session, asks, at=LATER)
    session.flush()
    with pytest.raises(sa.exc.IntegrityError, match="second administrator"):
        session.execute(sa.text("UPDATE organisation SET has_four_eyes = false"))


def approve_by_hand(session, firm, asked_by, approved_by, at=LATER):
    session.execute(
        sa.insert(four_eyes.FourEyesRequest).values(
            organisation_id=firm.id,
            asked_by=asked_by,
            asked_at=NOW,
            approved_by=approved_by,
            approved_at=at,
        )
    )
    session.execute(
        sa.text("UPDATE organisation SET has_four_eyes = false WHERE id = :id"), {"id": firm.id}
    )


@pytest.mark.parametrize("how", ["nobody", "oneself", "a clerk", "a stranger", "too new"])
def test_the_database_refuses_the_end_without_a_second_administrator(session, make, firm, two, how):
    asks, approves = two
    session.flush()
    if how == "nobody":
        with pytest.raises(sa.exc.IntegrityError, match="second administrator"):
            session.execute(sa.text("UPDATE organisation SET has_four_eyes = false"))
        return
    approver = {
        "oneself": asks.user_id,
        "a clerk": make.member(firm, Role.CLERK).user_id,
        "a stranger": make.member(make.organisation(Kind.LAB)).user_id,
        "too new": approves.user_id,
    }[how]
    at = NOW + timedelta(days=6) if how == "too new" else LATER
    with pytest.raises(sa.exc.IntegrityError, match=r"second administrator|two_people"):
        approve_by_hand(session, firm, asks.user_id, approver, at)
