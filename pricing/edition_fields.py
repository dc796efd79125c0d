"""What the fields of an edition may be: number, day of the prices, review and methodology."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.errors import N_, Conflict, Refused
from pricing import corrections, guides
from pricing.guides import Edition, Methodology


class MethodologyUnknown(Refused):
    """The methodology is not one of this guide's."""

    message = N_("Choose a methodology of this guide.")


class ReviewDuePast(Refused):
    """The day of the next review is not after today."""

    message = N_("The review is due on %(review_due)s. Choose a day after today.")


class SameDay(Conflict):
    """A guide has an edition of that day already; two never overwrite one another."""

    message = N_(
        "Edition %(number)s is of %(day)s already. Change that one while it is a draft, "
        "or choose another day."
    )


def number_of(
    session: orm.Session, guide_id: int, number: str, edition_id: int | None = None
) -> str:
    """A number without its margins; refuses an empty one, and one of another edition."""
    number = guides.worded(number, "number", N_("number of the edition"))
    same = sa.select(Edition.id).where(
        Edition.guide_id == guide_id, Edition.number == number, Edition.id != (edition_id or 0)
    )
    if session.scalar(same) is not None:
        raise guides.NameTaken("number", what=N_("edition"), value=number)
    return number


def day_of(
    session: orm.Session, guide_id: int, priced_on: date | None, edition_id: int | None = None
) -> date | None:
    """The day of the prices; the guide is locked, so nobody takes it at the same time. A
    correction is of the day of what it corrects.
    """
    same = sa.select(Edition.number).where(
        Edition.guide_id == guide_id,
        Edition.priced_on == priced_on,
        Edition.id.not_in(_itself(session, edition_id)),
    )
    number = session.scalars(same).first() if priced_on else None
    if priced_on is not None and number is not None:
        raise SameDay("priced_on", number=number, day=priced_on.isoformat())
    return priced_on


def review_after(review_due_on: date, at: datetime) -> date:
    """A day of review that is still to come."""
    if review_due_on <= days.of(at):
        raise ReviewDuePast("review_due_on", review_due=review_due_on.isoformat())
    return review_due_on


def methodology_of(session: orm.Session, guide_id: int, methodology_id: int) -> Methodology:
    """A version of the guide's own methodology."""
    version = session.get(Methodology, methodology_id)
    if version is None or version.guide_id != guide_id:
        raise MethodologyUnknown("methodology_id")
    return version


def _itself(session: orm.Session, edition_id: int | None) -> list[int]:
    return [edition_id, *corrections.corrected(session, edition_id)] if edition_id else []
