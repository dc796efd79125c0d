"""Notices to people: written with the change, shown at home, mailed by the worker."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Notice(db.Base):
    """A sentence for one person: message id and values, and the address it is about."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index("ix_notice_unsent", "id", postgresql_where=sa.text("mailed_at IS NULL")),
    )

    id: Mapped[int] = db.key()
    user_id: Mapped[int] = db.refers("person.id")
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    message: Mapped[str]
    values: Mapped[db.Facts] = mapped_column(default_factory=dict)
    link: Mapped[str] = mapped_column(default="")
    # A letter is mailed and not shown at home: it carries a secret such as a reset token.
    is_letter: Mapped[bool] = mapped_column(default=False)
    noticed_at: Mapped[datetime]
    read_at: Mapped[datetime | None] = mapped_column(default=None)
    mailed_at: Mapped[datetime | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)


class Change(db.Base):
    """The outbox of live pages: a sale changed; written in the change's own transaction."""

    __tablename__ = "change"

    id: Mapped[int] = db.key()
    topic: Mapped[str]
    at: Mapped[datetime]
    facts: Mapped[db.Facts] = mapped_column(default_factory=dict)


class Heartbeat(db.Base):
    """Bidding was available at this second (UTC); gaps say when it was not."""

    __tablename__ = "heartbeat"

    at: Mapped[datetime] = mapped_column(primary_key=True)
