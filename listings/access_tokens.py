"""Access tokens: what a program of an organisation shows instead of signing in.

A token acts for the person who made it and ends with its membership, its password's change, a
year, or a click. Only its hash is kept.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal, users
from listings.errors import N_, NotFound, Refused
from listings.parties import Acting, Kind, acting_for, demand
from listings.users import User

LASTS = timedelta(days=365)
PREFIX = "pb_"
MOST_NAME = 80
ACT = "operator:decide"  # the interface enters index values, which operators decide on


class AccessToken(db.Base):
    """A program's way in, named by the person who made it."""

    __tablename__ = "access_token"

    id: Mapped[int] = db.key()
    user_id: Mapped[int] = db.refers("person.id")
    organisation_id: Mapped[int] = db.refers("organisation.id")
    name: Mapped[str]
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    session_number: Mapped[int]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)

    user: Mapped[User] = orm.relationship(init=False)


class TokenNameMissing(Refused):
    """A token without a name, or with an endless one."""

    message = N_("Say in at most 80 characters which program the token is for.")


def make(
    session: orm.Session, acting: Acting, name: str, *, at: datetime
) -> tuple[AccessToken, str]:
    """A token of the acting person; whoever calls shows it once, because it is kept nowhere."""
    demand(acting, ACT, Kind.OPERATOR)
    name = name.strip()
    if not name or len(name) > MOST_NAME:
        raise TokenNameMissing("name")
    token = PREFIX + secrets.token_urlsafe(32)
    row = AccessToken(
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        name=name,
        token_sha256=users.token_hash(token),
        session_number=session.get_one(User, acting.user_id).session_number,
        made_at=at,
        expires_at=at + LASTS,
    )
    session.add(row)
    session.flush()
    _note(session, "token:made", row, acting, at)
    return row, token


def of(session: orm.Session, acting: Acting) -> list[AccessToken]:
    """The organisation's tokens that were not revoked, newest first."""
    demand(acting, ACT, Kind.OPERATOR)
    rows = sa.select(AccessToken).where(
        AccessToken.organisation_id == acting.organisation_id, AccessToken.revoked_at.is_(None)
    )
    return list(session.scalars(rows.order_by(AccessToken.id.desc())))


def revoke(session: orm.Session, acting: Acting, token_id: int, *, at: datetime) -> AccessToken:
    """End a token of the organisation; ending it again changes nothing."""
    demand(acting, ACT, Kind.OPERATOR)
    row = db.lock(session, AccessToken, token_id)
    if row is None or row.organisation_id != acting.organisation_id:
        raise NotFound
    if row.revoked_at is None:
        row.revoked_at = at
        _note(session, "token:revoked", row, acting, at)
    return row


def acting_by(session: orm.Session, token: str, *, at: datetime) -> Acting | None:
    """Who acts by a token, or None where it is over, unknown, or its person is gone."""
    row = session.scalar(
        sa.select(AccessToken).where(
            AccessToken.token_sha256 == users.token_hash(token),
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > at,
        )
    )
    if row is None or not is_live(row):
        return None
    acting = acting_for(session, row.user_id, row.organisation_id)
    if acting is not None:
        row.used_at = at
    return acting


def is_live(row: AccessToken) -> bool:
    """Whether the person may still sign in by the password that stood when it was made."""
    return row.user.is_active and row.user.session_number == row.session_number


def _note(session: orm.Session, tag: str, row: AccessToken, acting: Acting, at: datetime) -> None:
    journal.record(
        session,
        tag,
        row,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        name=row.name,
    )
