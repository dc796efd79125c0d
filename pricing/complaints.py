"""Complaints about one version of a guide value, each with a deadline for the valuer's answer.

The version that the complaint is about is never changed: a complaint that is right leads to a
correction, which is a new edition.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.lots import Lot
from listings.parties import Acting, Kind, Organisation, by, demand
from pricing import guides
from pricing.guides import Edition, Guide, GuideValue

ANSWERED_WITHIN = timedelta(days=28)  # the house's own rule: no published source


class Complaint(db.Base):
    """What an organisation objects to in one kept value; immutable."""

    __tablename__ = "complaint"

    id: Mapped[int] = db.key()
    guide_value_id: Mapped[int] = db.refers("guide_value.id")
    organisation_id: Mapped[int] = db.refers("organisation.id")
    user_id: Mapped[int] = db.refers("person.id")
    text: Mapped[str]
    filed_at: Mapped[datetime]
    due_on: Mapped[date]

    guide_value: Mapped[GuideValue] = orm.relationship(init=False)
    organisation: Mapped[Organisation] = orm.relationship(init=False)
    answer: Mapped[ComplaintAnswer | None] = orm.relationship(init=False)

    def is_overdue(self, on: date) -> bool:
        """Whether the deadline passed without an answer."""
        return self.answer is None and on > self.due_on


class ComplaintAnswer(db.Base):
    """The valuer's answer; immutable, one for each complaint."""

    __tablename__ = "complaint_answer"

    complaint_id: Mapped[int] = mapped_column(
        sa.ForeignKey("complaint.id", ondelete="RESTRICT"), primary_key=True
    )
    is_upheld: Mapped[bool]
    text: Mapped[str]
    answered_by: Mapped[int] = db.refers("person.id")
    answered_at: Mapped[datetime]


class OwnValue(Refused):
    """A valuer complains about its own value."""

    message = N_("This is your own value. Correct the edition instead.")


class AnsweredAlready(Conflict):
    """Somebody answered first."""

    message = N_("This complaint was answered already.")


class AssessorAnswers(Refused):
    """Who assessed the edition wants to judge the complaint about it."""

    message = N_("You assessed this edition yourself. Somebody else must answer the complaint.")


def file(
    session: orm.Session, acting: Acting, guide_value_id: int, *, text: str, at: datetime
) -> Complaint:
    """Object to one kept value, for the acting organisation. It is public, and so is the answer.

    Refuses the valuer itself, and no reason.
    """
    demand(acting, "comment:write")
    kept = session.get(GuideValue, guide_value_id)
    if kept is None:
        raise NotFound
    if kept.edition.guide.valuer_id == acting.organisation_id:
        raise OwnValue
    row = Complaint(
        guide_value_id=kept.id,
        organisation_id=acting.organisation_id,
        user_id=acting.user_id,
        text=guides.worded(text, "text", N_("reason for the complaint")),
        filed_at=at,
        due_on=days.of(at + ANSWERED_WITHIN),
    )
    session.add(row)
    journal.record(session, "complaint:filed", row, at=at, **by(acting))
    return row


def answer(
    session: orm.Session,
    acting: Acting,
    complaint_id: int,
    *,
    is_upheld: bool,
    text: str,
    at: datetime,
) -> ComplaintAnswer:
    """The valuer's answer, by another person than the assessor of the edition.

    Refuses other organisations, no text, the assessor, and a second answer.
    """
    row = session.get(Complaint, complaint_id)
    if row is None:
        raise NotFound
    edition = row.guide_value.edition
    guides.own(session, acting, edition.guide_id, "guide:approve")
    text = guides.worded(text, "text", N_("answer"))
    if edition.assessor_id == acting.user_id:
        raise AssessorAnswers
    if session.get(ComplaintAnswer, row.id, populate_existing=True) is not None:
        raise AnsweredAlready
    found = ComplaintAnswer(
        complaint_id=row.id,
        is_upheld=is_upheld,
        text=text,
        answered_by=acting.user_id,
        answered_at=at,
    )
    session.add(found)
    journal.record(session, "complaint:answered", row, at=at, is_upheld=is_upheld, **by(acting))
    session.expire(row, ["answer"])
    return found


def of_value(session: orm.Session, guide_value_id: int) -> list[Complaint]:
    """The complaints about one kept value, newest first."""
    return list(session.scalars(_all().where(Complaint.guide_value_id == guide_value_id)))


def of_lot(session: orm.Session, lot_id: int) -> list[Complaint]:
    """The complaints about any version of any value of a lot, newest first."""
    return list(session.scalars(_all().where(GuideValue.lot_id == lot_id)))


def of_guide(session: orm.Session, guide_id: int) -> list[Complaint]:
    """The complaints about values of a guide, newest first."""
    return list(session.scalars(_all().where(Edition.guide_id == guide_id)))


def seen_by(session: orm.Session, acting: Acting) -> list[Complaint]:
    """What concerns an organisation: complaints about its guides and its own ones; all of them
    for the operator and a regulator. Unanswered ones first, by deadline.
    """
    rows = _all()
    if not acting.is_any(Kind.OPERATOR, Kind.REGULATOR):
        own = acting.organisation_id
        rows = rows.where(sa.or_(Guide.valuer_id == own, Complaint.organisation_id == own))
    found = list(session.scalars(rows))
    return sorted(found, key=lambda row: (row.answer is not None, row.due_on, row.id))


def lot_of(session: orm.Session, complaint: Complaint) -> Lot:
    """The lot whose value is complained about."""
    return session.get_one(Lot, complaint.guide_value.lot_id)


def _all() -> sa.Select[Complaint]:
    return (
        sa.select(Complaint)
        .join(GuideValue, GuideValue.id == Complaint.guide_value_id)
        .join(Edition, Edition.id == GuideValue.edition_id)
        .join(Guide, Guide.id == Edition.guide_id)
        .order_by(Complaint.id.desc())
    )
