"""Announced delays: the edition that was due, by when it comes instead, and why."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped

from listings import days, db
from listings.errors import N_, Refused
from listings.parties import Acting
from pricing import guides


class Delay(db.Base):
    """One announcement that an edition comes later; immutable."""

    __tablename__ = "delay"
    __table_args__ = (sa.CheckConstraint("expected_on > was_due_on", name="later"),)

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id")
    was_due_on: Mapped[date]
    expected_on: Mapped[date]
    reason: Mapped[str]
    announced_by: Mapped[int] = db.refers("person.id")
    announced_at: Mapped[datetime]


class NotLater(Refused):
    """The new day is not after the day that was due, or is past."""

    message = N_("%(expected_on)s is not a later day: choose one after %(after)s.")


def announce(
    session: orm.Session,
    acting: Acting,
    guide_id: int,
    *,
    was_due_on: date,
    expected_on: date,
    reason: str,
    at: datetime,
) -> Delay:
    """Say in public that an edition of the acting valuer's guide is late. Refuses no reason and a
    new day that is past or not after the one that was due.
    """
    guide = guides.own(session, acting, guide_id, "guide:write")
    today = days.of(at)
    if expected_on <= was_due_on or expected_on < today:
        after = max(was_due_on, today) if expected_on <= was_due_on else today
        raise NotLater("expected_on", expected_on=expected_on.isoformat(), after=after.isoformat())
    row = Delay(
        guide_id=guide.id,
        was_due_on=was_due_on,
        expected_on=expected_on,
        reason=guides.worded(reason, "reason", N_("reason")),
        announced_by=acting.user_id,
        announced_at=at,
    )
    session.add(row)
    guides.note(session, "edition:delayed", row, acting, at, reason=row.reason)
    return row


def of_guide(session: orm.Session, guide_id: int) -> list[Delay]:
    """Every delay that was announced, newest first."""
    rows = sa.select(Delay).where(Delay.guide_id == guide_id)
    return list(session.scalars(rows.order_by(Delay.id.desc())))


def standing(session: orm.Session, guide_id: int, last: datetime | None) -> Delay | None:
    """The delay that still holds: the newest one, unless an edition took effect (``last``) after
    it was announced.
    """
    newest = next(iter(of_guide(session, guide_id)), None)
    if newest is None or (last is not None and last >= newest.announced_at):
        return None
    return newest
