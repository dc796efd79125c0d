"""Corrections: a new edition with a reason takes the place of a wrong one, which stays visible."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from pricing.guides import Edition, EditionState

_PUBLISHED = (EditionState.EFFECTIVE, EditionState.SUPERSEDED)


class Correction(db.Base):
    """Which edition corrects which, and why; immutable."""

    __tablename__ = "correction"

    edition_id: Mapped[int] = mapped_column(
        sa.ForeignKey("edition.id", ondelete="RESTRICT"), primary_key=True
    )
    corrects_id: Mapped[int] = db.refers("edition.id")
    reason: Mapped[str]
    begun_by: Mapped[int] = db.refers("person.id")
    begun_at: Mapped[datetime]

    edition: Mapped[Edition] = orm.relationship(init=False, foreign_keys="Correction.edition_id")
    corrects: Mapped[Edition] = orm.relationship(init=False, foreign_keys="Correction.corrects_id")


def of(session: orm.Session, edition_id: int) -> Correction | None:
    """What an edition corrects; None for an ordinary one."""
    return session.get(Correction, edition_id)


def to(session: orm.Session, edition_id: int) -> list[Correction]:
    """The corrections of an edition that were begun, oldest first."""
    rows = sa.select(Correction).where(Correction.corrects_id == edition_id)
    return list(session.scalars(rows.order_by(Correction.edition_id)))


def corrected(session: orm.Session, edition_id: int) -> list[int]:
    """The editions that an edition corrects: the last one, and what that one corrected."""
    found: list[int] = []
    row = of(session, edition_id)
    while row is not None:
        found.append(row.corrects_id)
        row = of(session, row.corrects_id)
    return found


def replaced(session: orm.Session, guide_id: int) -> set[int]:
    """The editions of a guide that a published correction took the place of."""
    rows = (
        sa.select(Correction.corrects_id)
        .join(Edition, Edition.id == Correction.edition_id)
        .where(Edition.guide_id == guide_id, Edition.state.in_(_PUBLISHED))
    )
    return set(session.scalars(rows))
