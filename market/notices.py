"""Notices to people: written with the change, shown at home, mailed by the worker."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, names, words
from listings.parties import ACTS, Membership, Role
from listings.users import User
from market import mails

CHANNEL = "packbourse"
MOST_ATTEMPTS = 10

_log = logging.getLogger(__name__)


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


def tell(
    session: orm.Session,
    organisation_id: int,
    message: str,
    *,
    at: datetime,
    link: str = "",
    act: str | None = None,
    **values: object,
) -> list[Notice]:
    """Leave a sentence for each person of an organisation whose role may do ``act`` (or for all).

    ``message`` is a message id (``N_``); ``values`` must be JSON (ids, numbers, text, the
    ``names`` of an organisation).
    """
    roles = ACTS[act] if act else frozenset(Role)
    people = session.scalars(
        sa.select(Membership.user_id)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.ended_at.is_(None),
            Membership.role.in_(roles),
        )
        .order_by(Membership.user_id),
    )
    told = [
        Notice(
            user_id=user_id,
            organisation_id=organisation_id,
            message=message,
            values=dict(values),
            link=link,
            noticed_at=at,
        )
        for user_id in people
    ]
    session.add_all(told)
    return told


def changed(session: orm.Session, topic: str, *, at: datetime, **facts: object) -> Change:
    """Say that a topic such as ``auction:7`` changed; watchers hear of it after the commit."""
    change = Change(topic=topic, at=at, facts=dict(facts))
    session.add(change)
    session.flush()
    payload = json.dumps({"topic": topic, "id": change.id, **facts})
    session.execute(sa.select(sa.func.pg_notify(CHANNEL, payload)))
    return change


def unread(session: orm.Session, user_id: int, organisation_id: int) -> list[Notice]:
    """A person's unread notices for the organisation it acts for, newest first."""
    return list(
        session.scalars(
            sa.select(Notice)
            .where(
                Notice.user_id == user_id,
                Notice.organisation_id == organisation_id,
                Notice.read_at.is_(None),
            )
            .order_by(Notice.noticed_at.desc(), Notice.id.desc())
            .limit(50),
        ),
    )


def mark_read(session: orm.Session, user_id: int, *, at: datetime) -> None:
    """All notices of a person were seen."""
    session.execute(
        sa.update(Notice)
        .where(Notice.user_id == user_id, Notice.read_at.is_(None), Notice.noticed_at <= at)
        .values(read_at=at),
    )


def sentence(notice: Notice) -> str:
    """What a notice says, in the current language."""
    return words.gettext(notice.message, **names.said(notice.values))


def mail_unsent(session: orm.Session, *, at: datetime, most: int = 50) -> int:
    """Mail what has not been mailed yet; how many letters left. Without MAIL_SERVER none does.

    A letter counts as mailed when the server took it; a crash between the two sends it twice,
    never not at all.
    """
    if not mails.is_configured():
        return 0
    waiting = session.scalars(
        sa.select(Notice)
        .where(
            Notice.mailed_at.is_(None),
            Notice.attempts < MOST_ATTEMPTS,
            Notice.noticed_at > at - timedelta(days=2),
        )
        .order_by(Notice.id)
        .limit(most)
        .with_for_update(skip_locked=True),
    ).all()
    return sum(_mail(notice, session.get_one(User, notice.user_id), at=at) for notice in waiting)


def _mail(notice: Notice, user: User, *, at: datetime) -> bool:
    notice.attempts += 1
    with words.speaking(user.locale):
        mail = mails.compose(user.email, user.name, sentence(notice), link=notice.link)
    try:
        mails.hand_over(mail)
    except OSError:
        _log.warning("the mail server did not take notice %s", notice.id)
        return False
    notice.mailed_at = at
    return True
