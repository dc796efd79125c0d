"""The journal: every act that changed something, by whom, for which organisation, in order."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Act(db.Base):
    """One act. ``tag`` is noun:verb (``bid:placed``), ``subject`` the row it concerns (``lot:12``).

    Actors are pseudonymous ids; rows are never changed or deleted (trigger).
    """

    __tablename__ = "act"
    __table_args__ = (sa.Index("ix_act_subject_id", "subject", "id"),)

    id: Mapped[int] = db.key()
    at: Mapped[datetime]
    tag: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(default=None)
    organisation_id: Mapped[int | None] = mapped_column(default=None)
    facts: Mapped[db.Facts] = mapped_column(default_factory=dict)


def record(
    session: orm.Session,
    tag: str,
    subject: db.Base,
    *,
    at: datetime,
    user_id: int | None = None,
    organisation_id: int | None = None,
    **facts: object,
) -> Act:
    """Write down an act about a row; ids of people, never their names."""
    session.flush()
    ident = ",".join(str(part) for part in sa.inspect(subject).identity or ())
    act = Act(
        at=at,
        tag=tag,
        subject=f"{subject.__tablename__}:{ident}",
        user_id=user_id,
        organisation_id=organisation_id,
        facts=facts,
    )
    session.add(act)
    return act


def about(session: orm.Session, subject: str) -> list[Act]:
    """All acts about a subject such as ``lot:12``, oldest first."""
    return list(session.scalars(sa.select(Act).where(Act.subject == subject).order_by(Act.id)))
