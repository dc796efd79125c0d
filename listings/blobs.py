"""Uploads, kept by their SHA-256."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from listings import db


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
