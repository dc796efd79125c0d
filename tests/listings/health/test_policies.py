"""Policies in the database: drafted, published from a day, final."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden
from listings.health import policies, policy_tables
from listings.health.grade import policy
from listings.health.policies import GradingPolicy
from listings.parties import Kind, Role

TOMORROW = date(2026, 6, 2)
NOTE = "Retired packs are graded more strictly."
STRICTER = replace(policy(1), version=0, bands=(("A", 0.85), ("B", 0.75), ("C", 0.65), ("D", 0.45)))


@pytest.fixture
def operator(make):
    return make.member(make.organisation(Kind.OPERATOR))


@pytest.fixture
def drafted(session, operator):
    return policies.draft(session, operator, policy=STRICTER, note=NOTE, at=NOW)


def publish(session, operator, row, day=TOMORROW):
    return policies.publish(session, operator, row.id, in_force_from=day, at=NOW)


def test_every_database_begins_with_the_shipped_policy(session):
    (row,) = policies.published(session)
    assert row.as_policy() == policy(1)
    assert policies.in_force(session, date(1999, 1, 1)) == policy(1)
    assert policies.in_force(session, date(2026, 6, 1)) == policy(1)
    assert row.content == policy_tables.document(policy(1))


def test_a_draft_grades_nothing(session, drafted):
    assert drafted.is_draft
    assert policies.drafts(session) == [drafted]
    assert policies.in_force(session, date(2030, 1, 1)).version == 1


def test_a_published_policy_grades_from_its_day(session, operator, drafted):
    publish(session, operator, drafted)
    assert policies.in_force(session, TOMORROW - timedelta(days=1)) == policy(1)
    assert policies.in_force(session, TOMORROW) == replace(STRICTER, version=2)
    assert policies.of_version(session, 1) == policy(1)


@pytest.mark.parametrize("day", [date(2026, 6, 1), date(2026, 5, 1)])
def test_a_policy_grades_no_day_that_began(session, operator, drafted, day):
    with pytest.raises(policies.InForceTooEarly, match="2026-06-02"):
        publish(session, operator, drafted, day)


def test_a_policy_comes_after_the_one_before(session, operator, drafted):
    publish(session, operator, drafted, date(2026, 7, 1))
    following = policies.draft(session, operator, policy=policy(1), note=NOTE, at=NOW)
    with pytest.raises(policies.InForceTooEarly, match="2026-07-02"):
        publish(session, operator, following, date(2026, 7, 1))
    assert publish(session, operator, following, date(2026, 7, 2)).version == 3


def test_a_published_policy_is_neither_changed_nor_discarded_nor_published_again(
    session, operator, drafted
):
    publish(session, operator, drafted)
    with pytest.raises(policies.PolicyPublished):
        policies.change(session, operator, drafted.id, policy=policy(1), note=NOTE, at=NOW)
    with pytest.raises(policies.PolicyPublished):
        policies.discard(session, operator, drafted.id, at=NOW)
    with pytest.raises(policies.PolicyPublished):
        publish(session, operator, drafted, date(2027, 1, 1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE grading_policy SET note = 'x' WHERE version = 1",
        "UPDATE grading_policy SET in_force_from = '2030-01-01' WHERE version = 1",
        "UPDATE grading_policy SET version = NULL, in_force_from = NULL WHERE version = 1",
        "DELETE FROM grading_policy WHERE version = 1",
    ],
)
def test_the_database_itself_keeps_a_published_policy(session, statement):
    with pytest.raises(sa.exc.DBAPIError, match="never edited"):
        session.execute(sa.text(statement))


@pytest.mark.parametrize(
    "changed",
    [
        "version = 3, in_force_from = '2026-06-02'",
        "version = 2, in_force_from = '1999-01-01'",
        "version = 2, in_force_from = '2026-06-01'",
        "version = 2, in_force_from = '2026-06-02', published_at = NULL, published_by = NULL",
    ],
)
def test_the_database_itself_refuses_a_version_out_of_turn(session, drafted, operator, changed):
    published = f"published_at = '{NOW.isoformat()}', published_by = {operator.user_id}, "
    if "published_at" in changed:
        published = ""
    with pytest.raises(sa.exc.DBAPIError, match="not the next one"):
        session.execute(
            sa.text(f"UPDATE grading_policy SET {published}{changed} WHERE id = {drafted.id}")
        )


def test_the_database_itself_refuses_letters_for_claims(session, drafted):
    content = {**drafted.content, "lettered": ["L1", "L4"]}
    with pytest.raises(sa.exc.IntegrityError, match="ck_grading_policy_lettered"):
        session.execute(
            sa.update(GradingPolicy).where(GradingPolicy.id == drafted.id).values(content=content)
        )


def test_a_draft_is_changed_and_discarded(session, operator, drafted):
    policies.change(session, operator, drafted.id, policy=policy(1), note=NOTE, at=NOW)
    assert drafted.as_policy(1) == policy(1)
    policies.discard(session, operator, drafted.id, at=NOW)
    assert policies.drafts(session) == []


def test_a_policy_says_what_it_changes(session, operator):
    with pytest.raises(policies.NoteMissing):
        policies.draft(session, operator, policy=STRICTER, note=" ok ", at=NOW)


@pytest.mark.parametrize(("kind", "role"), [(Kind.LAB, Role.ADMIN), (Kind.OPERATOR, Role.CLERK)])
def test_only_the_operator_decides_on_policies(session, make, kind, role):
    acting = make.member(make.organisation(kind), role)
    with pytest.raises(Forbidden):
        policies.draft(session, acting, policy=STRICTER, note=NOTE, at=NOW)
