"""Uploads, kept by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, NotFound


class BlobLost(NotFound):
    """A file is known by its hash, but its bytes are not in the store."""

    message = N_("The file %(sha256)s is not in the store.")


class Blob(db.Base):
    """An uploaded file as it came. The bytes lie in the store under ``sha256`` (hex)."""

    __tablename__ = "blob"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    media_type: Mapped[str]
    name: Mapped[str]
    uploaded_at: Mapped[datetime]
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    is_public: Mapped[bool] = mapped_column(default=False)


def folder() -> Path:
    """The store: ``uploads`` in PACKBOURSE_DATA, which is ``.data`` where nobody set it."""
    return Path(os.environ.get("PACKBOURSE_DATA", ".data")) / "uploads"


def path(sha256: str) -> Path:
    """Where the bytes of a hash lie, whether or not they do."""
    return folder() / sha256[:2] / sha256


def keep(content: bytes) -> str:
    """Write bytes into the store and return their hash; the same bytes are kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = path(sha256)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
            partial.write(content)
            partial.flush()
            os.fsync(partial.fileno())
        Path(partial.name).replace(target)
    return sha256


def store(
    session: orm.Session,
    content: bytes,
    *,
    name: str,
    media_type: str,
    at: datetime,
    organisation_id: int | None = None,
    is_public: bool = False,
) -> Blob:
    """Keep an upload and its row. The same bytes sent again give the first row."""
    sha256 = keep(content)
    found = session.get(Blob, sha256)
    if found is not None:
        return found
    blob = Blob(
        sha256=sha256,
        size=len(content),
        media_type=media_type,
        name=name[:200],
        uploaded_at=at,
        organisation_id=organisation_id,
        is_public=is_public,
    )
    session.add(blob)
    session.flush()
    return blob


def read(sha256: str) -> bytes:
    """The bytes of a hash; `BlobLost` where the store has none."""
    try:
        return path(sha256).read_bytes()
    except FileNotFoundError:
        raise BlobLost(sha256=sha256) from None
