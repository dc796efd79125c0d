"""What others may do with a guide's figures: the rights that its valuer states, in versions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped

from listings import db
from listings.errors import N_, Refused
from listings.parties import Acting
from pricing import guides


class Redistribution(db.Base):
    """The rights as stated from ``stated_at`` on; immutable, the newest counts."""

    __tablename__ = "redistribution"

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id")
    text: Mapped[str]
    stated_by: Mapped[int] = db.refers("person.id")
    stated_at: Mapped[datetime]


class RightsUnchanged(Refused):
    """The text is the one that stands."""

    message = N_("These are word for word the rights that stand. Nothing changed.")


def state(
    session: orm.Session, acting: Acting, guide_id: int, *, text: str, at: datetime
) -> Redistribution:
    """State what others may do with the acting valuer's guide; refuses no text and the same."""
    guide = guides.own(session, acting, guide_id, "guide:write")
    text = guides.worded(text.replace("\r\n", "\n"), "text", N_("rights of redistribution"))
    current = stated(session, guide.id)
    if current is not None and current.text == text:
        raise RightsUnchanged("text")
    row = Redistribution(guide_id=guide.id, text=text, stated_by=acting.user_id, stated_at=at)
    session.add(row)
    guides.note(session, "redistribution:stated", row, acting, at)
    return row


def stated(
    session: orm.Session, guide_id: int, at: datetime | None = None
) -> Redistribution | None:
    """The rights that stand (or stood at an instant); None where nothing was stated."""
    rows = sa.select(Redistribution).where(Redistribution.guide_id == guide_id)
    if at is not None:
        rows = rows.where(Redistribution.stated_at <= at)
    return session.scalar(rows.order_by(Redistribution.id.desc()).limit(1))
