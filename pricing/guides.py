"""A valuer's guide, its methodology versions and editions, and the values computed from them."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.parties import Organisation


class EditionState(enum.StrEnum):
    """draft -> consultation -> announced -> effective -> superseded."""

    DRAFT = "draft"
    CONSULTATION = "consultation"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    SUPERSEDED = "superseded"


class Guide(db.Base):
    """A named series of editions published by one valuer."""

    __tablename__ = "guide"
    __table_args__ = (sa.UniqueConstraint("valuer_id", "name"),)

    id: Mapped[int] = db.key()
    valuer_id: Mapped[int] = db.refers("organisation.id")
    name: Mapped[str]
    created_at: Mapped[datetime]

    valuer: Mapped[Organisation] = orm.relationship(init=False)


class Methodology(db.Base):
    """An immutable version of how a guide is made; its hash stands in every value."""

    __tablename__ = "methodology"
    __table_args__ = (sa.UniqueConstraint("guide_id", "version"),)

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id")
    version: Mapped[int] = mapped_column(sa.Integer)
    text: Mapped[str]
    sha256: Mapped[str]
    announced_at: Mapped[datetime]


class Edition(db.Base):
    """A dated, immutable set of coefficients on an index; assessed and approved by two people."""

    __tablename__ = "edition"
    __table_args__ = (
        sa.UniqueConstraint("guide_id", "number"),
        sa.CheckConstraint("approver_id IS NULL OR approver_id <> assessor_id", name="four_eyes"),
        sa.CheckConstraint(
            "state IN ('draft', 'consultation') OR approver_id IS NOT NULL",
            name="approved",
        ),
        sa.Index(
            "uq_edition_effective",
            "guide_id",
            unique=True,
            postgresql_where=sa.text("state = 'effective'"),
        ),
    )

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id")
    methodology_id: Mapped[int] = db.refers("methodology.id")
    number: Mapped[str]
    state: Mapped[EditionState] = db.choice(EditionState, default=EditionState.DRAFT)
    coefficients: Mapped[db.Facts]
    explanation: Mapped[str]
    review_due_on: Mapped[date]
    assessor_id: Mapped[int] = db.refers("person.id")
    approver_id: Mapped[int | None] = db.refers("person.id", default=None)
    created_at: Mapped[datetime]
    announced_at: Mapped[datetime | None] = mapped_column(default=None)
    effective_from: Mapped[datetime | None] = mapped_column(default=None)

    guide: Mapped[Guide] = orm.relationship(init=False)
    methodology: Mapped[Methodology] = orm.relationship(init=False)


class GuideValue(db.Base):
    """What one edition says a lot is worth, with its inputs, so that it can be computed again.

    ``inputs`` and ``result`` are canonical JSON bytes: computing again gives the same bytes.
    """

    __tablename__ = "guide_value"
    __table_args__ = (sa.Index("ix_guide_value_lot_id_id", "lot_id", "id"),)

    id: Mapped[int] = db.key()
    lot_id: Mapped[int] = db.refers("lot.id", index=False)
    edition_id: Mapped[int] = db.refers("edition.id")
    computed_at: Mapped[datetime]
    index_date: Mapped[date]
    inputs: Mapped[bytes]
    result: Mapped[bytes]
    value_minor: Mapped[int]
    low_minor: Mapped[int]
    high_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    route: Mapped[str]
    is_indifferent: Mapped[bool] = mapped_column(default=False)

    edition: Mapped[Edition] = orm.relationship(init=False)
