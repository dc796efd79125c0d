"""Uploads, kept by their SHA-256."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, NotFound, Refused

PIECE = 1024 * 1024


class BlobLost(NotFound):
    """A file is known by its hash, but its bytes are not in the store."""

    message = N_("The file %(sha256)s is not in the store.")


class FileOverLimit(Refused):
    """More bytes than are taken."""

    message = N_("The file is larger than %(limit_mb)s MB, the most that is taken. Send a part.")


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes in the store: their SHA-256 (hex) and how many they are."""

    sha256: str
    size: int


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
    return keep_stream(io.BytesIO(content), most=len(content)).sha256


def keep_stream(stream: IO[bytes], *, most: int) -> Kept:
    """Write a stream into the store piece by piece, in bounded memory; its hash and its size.

    Refuses a stream of over ``most`` bytes (`FileOverLimit`) and leaves nothing of it behind.
    """
    folder().mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder(), prefix="partial-", delete=False) as partial:
        try:
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > most:
                    raise FileOverLimit(field="file", limit_mb=most // 2**20)
                digest.update(piece)
                partial.write(piece)
            partial.flush()
            os.fsync(partial.fileno())
            target = path(digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            Path(partial.name).replace(target)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise
    return Kept(digest.hexdigest(), size)


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
    return record(
        session,
        Kept(keep(content), len(content)),
        name=name,
        media_type=media_type,
        at=at,
        organisation_id=organisation_id,
        is_public=is_public,
    )


def record(
    session: orm.Session,
    kept: Kept,
    *,
    name: str,
    media_type: str,
    at: datetime,
    organisation_id: int | None = None,
    is_public: bool = False,
) -> Blob:
    """The row of bytes that are in the store; the first one where they came before."""
    found = session.get(Blob, kept.sha256)
    if found is not None:
        return found
    blob = Blob(
        sha256=kept.sha256,
        size=kept.size,
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
