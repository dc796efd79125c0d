"""Stored health reports: signed by their lab, superseded and never edited."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.packs import Pack


class Subject(enum.StrEnum):
    """What was examined."""

    PACK = "pack"
    MODULE = "module"
    CELL = "cell"


class HealthReport(db.Base):
    """Findings of one examination of a pack, or of a module or cell of it.

    SoH is a fraction of the type's rated capacity (Q) or energy (E). ``grade`` is the letter for
    the subject examined; a cell's letter is not its pack's.
    """

    __tablename__ = "health_report"
    __table_args__ = (
        sa.CheckConstraint("grade IN ('A','B','C','D','R')", name="grade"),
        sa.CheckConstraint("evidence_level IN ('L1','L2','L3','L4','L5')", name="evidence_level"),
        sa.Index(
            "uq_health_report_standing",
            "pack_id",
            "subject",
            "subject_position",
            unique=True,
            postgresql_where=sa.text("superseded_by_id IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    subject: Mapped[Subject] = db.choice(Subject)
    subject_position: Mapped[str] = mapped_column(default="")
    coverage: Mapped[str] = mapped_column(default="")
    lab_id: Mapped[int] = db.refers("organisation.id")
    examined_on: Mapped[date]
    blob_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    reader: Mapped[str] = mapped_column(default="")
    reader_version: Mapped[str] = mapped_column(default="")
    rated_capacity_ah: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    capacity_ah: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 6), default=None)
    energy_wh: Mapped[Decimal | None] = mapped_column(sa.Numeric(16, 6), default=None)
    soh_q: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 6), default=None)
    soh_e: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 6), default=None)
    rate_c: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 4), default=None)
    temperature_c: Mapped[Decimal | None] = mapped_column(sa.Numeric(6, 2), default=None)
    cutoffs: Mapped[db.Facts] = mapped_column(default_factory=dict)
    grade: Mapped[str | None] = mapped_column(default=None)
    is_provisional: Mapped[bool] = mapped_column(default=False)
    evidence_level: Mapped[str]
    policy_version: Mapped[int] = mapped_column(sa.Integer)
    reasons: Mapped[list[str]] = mapped_column(default_factory=list)
    flags: Mapped[list[str]] = mapped_column(default_factory=list)
    discharges: Mapped[list[db.Facts]] = mapped_column(default_factory=list)
    curve: Mapped[db.Facts] = mapped_column(default_factory=dict)
    record: Mapped[bytes | None] = mapped_column(default=None)
    reported_at: Mapped[datetime]
    valid_until: Mapped[date]
    superseded_by_id: Mapped[int | None] = db.refers("health_report.id", default=None)

    pack: Mapped[Pack] = orm.relationship(init=False)
