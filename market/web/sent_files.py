"""Files that people send in: recorded with who sent them and what for, handed back unchanged."""

from __future__ import annotations

from typing import Final

from flask import Response, send_file
from sqlalchemy import orm

from listings import blobs, journal
from listings.blobs import Blob
from listings.errors import NotFound
from listings.parties import Acting
from market.web import guard

FOR_IMPORT: Final = "import:uploaded"
FOR_REPORT: Final = "report:file_uploaded"
BYTES: Final = "application/octet-stream"


def record(
    writing: orm.Session, kept: blobs.Kept, name: str, *, purpose: str, media_type: str = BYTES
) -> Blob:
    """The row of a file that is in the store, and the note of who sent it in for what."""
    acting, at = guard.acting(), guard.now()
    blob = blobs.record(
        writing,
        kept,
        name=name,
        media_type=media_type,
        at=at,
        organisation_id=acting.organisation_id,
    )
    journal.record(
        writing,
        purpose,
        blob,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
    )
    return blob


def own(reading: orm.Session, acting: Acting, sha256: str, *, purpose: str) -> Blob | None:
    """The file where this organisation itself sent it in for that, else None."""
    is_own = any(
        act.tag == purpose and act.organisation_id == acting.organisation_id
        for act in journal.about(reading, f"blob:{sha256}")
    )
    return reading.get(Blob, sha256) if is_own else None


def download(blob: Blob) -> Response:
    """The file byte for byte under its own name; `NotFound` where the store lost it."""
    path = blobs.path(blob.sha256)
    if not path.exists():
        raise NotFound
    return send_file(path.resolve(), mimetype=BYTES, as_attachment=True, download_name=blob.name)
