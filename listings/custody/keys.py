"""Signing keys: public halves in the database, secret halves in files of the deployment."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class KeyUse(enum.StrEnum):
    """What a key signs."""

    LOG = "log"
    PLATFORM = "platform"
    LAB = "lab"
    PERSON = "person"


class SigningKey(db.Base):
    """A public key with the time in which it counted. ``public_key`` is Multikey text (z6Mk...)."""

    __tablename__ = "signing_key"

    id: Mapped[int] = db.key()
    use: Mapped[KeyUse] = db.choice(KeyUse)
    public_key: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    user_id: Mapped[int | None] = db.refers("person.id", default=None)
    # Held on the person's own device; otherwise the platform attests for the person.
    is_on_device: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
