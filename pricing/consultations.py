"""What others say of a proposed edition before it is announced, and what its valuer answers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped

from listings import db
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import Acting, Organisation, demand
from pricing import guides
from pricing.guides import Edition, EditionState


class Comment(db.Base):
    """One public comment on a proposed edition, or the valuer's answer to one; immutable."""

    __tablename__ = "consultation_comment"

    id: Mapped[int] = db.key()
    edition_id: Mapped[int] = db.refers("edition.id")
    answers_id: Mapped[int | None] = db.refers("consultation_comment.id", default=None)
    organisation_id: Mapped[int] = db.refers("organisation.id")
    user_id: Mapped[int] = db.refers("person.id")
    text: Mapped[str]
    at: Mapped[datetime]

    organisation: Mapped[Organisation] = orm.relationship(init=False)


class ConsultationClosed(Conflict):
    """The edition is not open for comments."""

    message = N_("Edition %(number)s is not in consultation, so it takes no comments.")


class NotTheCommented(Refused):
    """An answer to a comment on another edition."""

    message = N_("Answer a comment on this edition.")


def comment(
    session: orm.Session,
    acting: Acting,
    edition_id: int,
    *,
    text: str,
    answers_id: int | None = None,
    at: datetime,
) -> Comment:
    """Say something of a proposed edition in public, for the acting organisation.

    An answer (``answers_id``) is the valuer's, and may come after the consultation ended. Refuses
    an empty text, and a comment on an edition that is not in consultation.
    """
    edition = session.get(Edition, edition_id)
    if edition is None or edition.state is EditionState.DRAFT:
        raise NotFound
    if answers_id is None:
        demand(acting, "comment:write")
        db.lock(session, guides.Guide, edition.guide_id)
        session.refresh(edition)
        if edition.state is not EditionState.CONSULTATION:
            raise ConsultationClosed(number=edition.number)
    else:
        guides.own(session, acting, edition.guide_id, "guide:write")
        answered = session.get(Comment, answers_id)
        if answered is None or answered.edition_id != edition_id:
            raise NotTheCommented
    row = Comment(
        edition_id=edition_id,
        answers_id=answers_id,
        organisation_id=acting.organisation_id,
        user_id=acting.user_id,
        text=guides.worded(text, "text", N_("comment")),
        at=at,
    )
    session.add(row)
    guides.note(session, "edition:commented", row, acting, at)
    return row


def of_edition(session: orm.Session, edition_id: int) -> list[tuple[Comment, list[Comment]]]:
    """Every comment with its answers, oldest first."""
    rows = session.scalars(
        sa.select(Comment).where(Comment.edition_id == edition_id).order_by(Comment.id)
    ).all()
    return [
        (row, [other for other in rows if other.answers_id == row.id])
        for row in rows
        if row.answers_id is None
    ]
