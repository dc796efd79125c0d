"""People, their passwords and their ways back in."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.parties import Role


class User(db.Base):
    """A person who signs in. ``locale`` is a language of `listings.words`."""

    __tablename__ = "person"

    id: Mapped[int] = db.key()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    locale: Mapped[str] = mapped_column(default="zh_Hans_CN")
    is_active: Mapped[bool] = mapped_column(default=True)
    # Raised by a password change, so that older sessions end.
    session_number: Mapped[int] = mapped_column(default=1)


class Invitation(db.Base):
    """A letter that lets one person join one organisation once. Only its token's hash is kept."""

    __tablename__ = "invitation"

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id")
    email: Mapped[str]
    role: Mapped[Role] = db.choice(Role)
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    invited_by: Mapped[int] = db.refers("person.id")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)


class PasswordReset(db.Base):
    """A letter that lets a person choose a new password once."""

    __tablename__ = "password_reset"

    id: Mapped[int] = db.key()
    user_id: Mapped[int] = db.refers("person.id")
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class Throttle(db.Base):
    """How often something was tried in a window, by a key such as ``signin:address``."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    window_started_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(sa.Integer, default=0)
