"""Contracts between seller and buyer, signed by uploading the sealed scan."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from market.awards import Award


class Contract(db.Base):
    """The asset transfer contract of one award; in force once both sealed scans are here."""

    __tablename__ = "contract"

    id: Mapped[int] = db.key()
    number: Mapped[str] = mapped_column(unique=True)
    award_id: Mapped[int] = db.refers("award.id", unique=True)
    drawn_up_at: Mapped[datetime]
    seller_scan_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    seller_signed_at: Mapped[datetime | None] = mapped_column(default=None)
    seller_signer_id: Mapped[int | None] = db.refers("person.id", default=None)
    buyer_scan_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    buyer_signed_at: Mapped[datetime | None] = mapped_column(default=None)
    buyer_signer_id: Mapped[int | None] = db.refers("person.id", default=None)
    in_force_at: Mapped[datetime | None] = mapped_column(default=None)

    award: Mapped[Award] = orm.relationship(init=False)
