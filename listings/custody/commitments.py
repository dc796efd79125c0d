"""Personal data beside the log: bound to a record by a salted hash, and erasable without it.

A record carries SHA-256 over a random salt and the data. Who has the row can show what was meant;
once the row is deleted, nobody can, and the record and its signatures still hold.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db

_SALT_BYTES = 32


class PersonalCommitment(db.Base):
    """What a commitment (hex) in a record stands for. Deleting the row erases the data."""

    __tablename__ = "personal_commitment"

    commitment: Mapped[str] = mapped_column(primary_key=True)
    handover_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid, index=True, default=None)
    user_id: Mapped[int | None] = db.refers("person.id", default=None)
    content: Mapped[str]
    salt: Mapped[bytes]


def commit(
    session: orm.Session,
    content: str,
    *,
    user_id: int | None = None,
    handover_id: uuid.UUID | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> str:
    """The commitment to a text under a fresh salt, kept so that it can be opened later.

    ``random`` gives the bytes of the salt.
    """
    salt = random(_SALT_BYTES)
    row = PersonalCommitment(
        commitment=digest(salt, content),
        handover_id=handover_id,
        user_id=user_id,
        content=content,
        salt=salt,
    )
    session.add(row)
    session.flush()
    return row.commitment


def opened(session: orm.Session, commitment: str) -> str | None:
    """The text behind a commitment; None where it was erased or does not fit."""
    row = session.get(PersonalCommitment, commitment)
    if row is None or digest(row.salt, row.content) != commitment:
        return None
    return row.content


def erase(session: orm.Session, user_id: int) -> int:
    """Forget what commitments say about a person; how many were opened no more."""
    gone = session.execute(
        sa.delete(PersonalCommitment)
        .where(PersonalCommitment.user_id == user_id)
        .returning(PersonalCommitment.commitment),
    )
    return len(gone.all())


def digest(salt: bytes, content: str) -> str:
    """SHA-256 of salt and UTF-8 text, in hexadecimal."""
    return hashlib.sha256(salt + content.encode()).hexdigest()
