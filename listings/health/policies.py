"""Grading policies as rows: drafted, compared, published from a date, and never edited after."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.health import policy_tables
from listings.health.grade import Policy
from listings.parties import Acting, Kind, by, demand

SHORTEST_NOTE = 10


class GradingPolicy(db.Base):
    """One table of letters. Without a version it is a draft; with one it is published for good.

    ``content`` is `policy_tables.document`. The first version is shipped: nobody published it.
    A trigger refuses to change or delete a published row.
    """

    __tablename__ = "grading_policy"
    __table_args__ = (
        sa.CheckConstraint("(version IS NULL) = (in_force_from IS NULL)", name="published"),
        sa.CheckConstraint("(published_by IS NULL) = (published_at IS NULL)", name="publisher"),
        sa.CheckConstraint(
            "NOT content -> 'lettered' @> '[\"L4\"]' AND NOT content -> 'lettered' @> '[\"L5\"]'",
            name="lettered",
        ),
        sa.Index(
            "uq_grading_policy_in_force_from",
            "in_force_from",
            unique=True,
        ),
    )

    id: Mapped[int] = db.key()
    version: Mapped[int | None] = mapped_column(sa.Integer, unique=True, default=None)
    content: Mapped[db.Facts]
    note: Mapped[str]
    drafted_by: Mapped[int | None] = db.refers("person.id", default=None)
    drafted_at: Mapped[datetime | None] = mapped_column(default=None)
    published_by: Mapped[int | None] = db.refers("person.id", default=None)
    published_at: Mapped[datetime | None] = mapped_column(default=None)
    in_force_from: Mapped[date | None] = mapped_column(default=None)

    @property
    def is_draft(self) -> bool:
        """Whether it may still be changed and grades nothing."""
        return self.version is None

    def as_policy(self, version: int = 0) -> Policy:
        """What `grade.grade` takes; a draft bears the version it is told, by default 0."""
        return policy_tables.of_document(self.version or version, self.content)


class NoteMissing(Refused):
    """A policy that does not say what it changes."""

    message = N_("Say in a sentence what changes and why: it is published with the policy.")


class PolicyPublished(Conflict):
    """A published policy stays as it is."""

    message = N_("Policy %(version)s is published, so it is followed by a new one, never edited.")


class InForceTooEarly(Refused):
    """A policy that would grade the past, or come before the one published last."""

    message = N_(
        "A policy is in force from a day after today and after the day of the one before it: from "
        "%(earliest)s at the earliest."
    )


def published(session: orm.Session) -> list[GradingPolicy]:
    """Every published policy, the newest first."""
    rows = sa.select(GradingPolicy).where(GradingPolicy.version.is_not(None))
    return list(session.scalars(rows.order_by(GradingPolicy.version.desc())))


def drafts(session: orm.Session) -> list[GradingPolicy]:
    """Every draft, the newest first."""
    rows = sa.select(GradingPolicy).where(GradingPolicy.version.is_(None))
    return list(session.scalars(rows.order_by(GradingPolicy.id.desc())))


def in_force(session: orm.Session, on: date) -> Policy:
    """The policy that grades what is signed on a day; before all others the first one did."""
    rows = sa.select(GradingPolicy).where(GradingPolicy.version.is_not(None))
    begun = rows.where(GradingPolicy.in_force_from <= on)
    found = session.scalar(begun.order_by(GradingPolicy.in_force_from.desc()).limit(1))
    if found is None:
        found = session.scalars(rows.order_by(GradingPolicy.version).limit(1)).one()
    return found.as_policy()


def of_version(session: orm.Session, version: int) -> Policy:
    """The published policy of a version; `NotFound` where there is none."""
    found = session.scalar(sa.select(GradingPolicy).where(GradingPolicy.version == version))
    if found is None:
        raise NotFound
    return found.as_policy()


def one(session: orm.Session, policy_id: int) -> GradingPolicy:
    """The row; `NotFound` where there is none."""
    found = session.get(GradingPolicy, policy_id)
    if found is None:
        raise NotFound
    return found


def draft(
    session: orm.Session, acting: Acting, *, policy: Policy, note: str, at: datetime
) -> GradingPolicy:
    """The operator writes down a policy to be compared; it grades nothing yet.

    Refuses what `policy_tables.check` refuses, and a policy without a note.
    """
    demand(acting, "operator:decide", Kind.OPERATOR)
    row = GradingPolicy(
        content=policy_tables.document(policy_tables.check(policy)),
        note=_noted(note),
        drafted_by=acting.user_id,
        drafted_at=at,
    )
    session.add(row)
    journal.record(session, "policy:drafted", row, at=at, **by(acting))
    return row


def change(
    session: orm.Session, acting: Acting, policy_id: int, *, policy: Policy, note: str, at: datetime
) -> GradingPolicy:
    """Change a draft; refuses a published policy."""
    row = _draft(session, acting, policy_id)
    row.content = policy_tables.document(policy_tables.check(policy))
    row.note = _noted(note)
    journal.record(session, "policy:changed", row, at=at, **by(acting))
    return row


def discard(session: orm.Session, acting: Acting, policy_id: int, *, at: datetime) -> None:
    """Throw a draft away; refuses a published policy."""
    row = _draft(session, acting, policy_id)
    journal.record(session, "policy:discarded", row, at=at, **by(acting), content=row.content)
    session.delete(row)
    session.flush()


def earliest(session: orm.Session, at: datetime) -> date:
    """The first day from which a policy published now may be in force."""
    last = session.scalar(sa.select(sa.func.max(GradingPolicy.in_force_from)))
    return max(days.of(at), last or date.min) + timedelta(days=1)


def publish(
    session: orm.Session, acting: Acting, policy_id: int, *, in_force_from: date, at: datetime
) -> GradingPolicy:
    """Give a draft the next version, in force from a day to come; it is final.

    A day is graded by one policy, so the day is after today and after that of the policy before.
    """
    row = _draft(session, acting, policy_id)
    first = earliest(session, at)
    if in_force_from < first:
        raise InForceTooEarly(field="in_force_from", earliest=first)
    row.as_policy()
    last = session.scalar(sa.select(sa.func.max(GradingPolicy.version)))
    row.version = (last or 0) + 1
    row.in_force_from = in_force_from
    row.published_by, row.published_at = acting.user_id, at
    journal.record(
        session,
        "policy:published",
        row,
        at=at,
        **by(acting),
        version=row.version,
        in_force_from=in_force_from.isoformat(),
    )
    return row


def _draft(session: orm.Session, acting: Acting, policy_id: int) -> GradingPolicy:
    demand(acting, "operator:decide", Kind.OPERATOR)
    row = db.lock(session, GradingPolicy, policy_id)
    if row is None:
        raise NotFound
    if not row.is_draft:
        raise PolicyPublished(version=row.version)
    return row


def _noted(note: str) -> str:
    text = note.strip()
    if len(text) < SHORTEST_NOTE:
        raise NoteMissing(field="note")
    return text
