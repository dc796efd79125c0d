"""Packs, their modules and cells, the codes they go by, and where they come from."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.pack_types import PackType
from listings.parties import Organisation
from listings.sites import Site
from listings.vehicles import Vehicle


class Mounting(enum.StrEnum):
    """Whether a pack still hangs on its vehicle."""

    MOUNTED = "mounted"
    REMOVED = "removed"


class Condition(enum.StrEnum):
    """What the last safety check said."""

    UNKNOWN = "unknown"
    INTACT = "intact"
    DAMAGED = "damaged"
    CRITICAL = "critical"


class Origin(enum.StrEnum):
    """How a pack lawfully left its vehicle (Interim Measures, in force 2026-04-01)."""

    REPAIR_REPLACEMENT = "repair_replacement"
    SWAP_RETIREMENT = "swap_retirement"
    DISMANTLING = "dismantling"
    PRODUCTION_SCRAP = "production_scrap"


class Pack(db.Base):
    """A battery pack. ``code`` is its GB/T 34014 code; without one it has a ``provisional_id``.

    Owner and holder are two facts: whose it is, and who physically has it.
    """

    __tablename__ = "pack"
    __table_args__ = (
        sa.CheckConstraint("code IS NOT NULL OR provisional_id IS NOT NULL", name="named"),
    )

    id: Mapped[int] = db.key()
    code: Mapped[str | None] = mapped_column(unique=True, default=None)
    provisional_id: Mapped[str | None] = mapped_column(unique=True, default=None)
    maker_number: Mapped[str] = mapped_column(default="")
    type_id: Mapped[int] = db.refers("pack_type.id")
    vehicle_id: Mapped[int | None] = db.refers("vehicle.id", default=None)
    owner_id: Mapped[int] = db.refers("organisation.id")
    holder_id: Mapped[int] = db.refers("organisation.id")
    site_id: Mapped[int | None] = db.refers("site.id", default=None)
    mounting: Mapped[Mounting] = db.choice(Mounting, default=Mounting.REMOVED)
    condition: Mapped[Condition] = db.choice(Condition, default=Condition.UNKNOWN)
    mass_kg: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3), default=None)
    made_on: Mapped[date | None] = mapped_column(default=None)
    position: Mapped[str] = mapped_column(default="")
    warnings: Mapped[list[str]] = mapped_column(default_factory=list)
    # The QR label carries this token, never the code: codes can be enumerated.
    public_token: Mapped[str] = mapped_column(unique=True)
    derived_from_id: Mapped[int | None] = db.refers("pack.id", default=None)
    created_at: Mapped[datetime]

    type: Mapped[PackType] = orm.relationship(init=False)
    vehicle: Mapped[Vehicle | None] = orm.relationship(init=False)
    site: Mapped[Site | None] = orm.relationship(init=False)
    owner: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[owner_id])
    holder: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[holder_id])
    origin: Mapped[OriginEvent | None] = orm.relationship(init=False, uselist=False)

    @property
    def name(self) -> str:
        """The code, or the provisional id where there is none."""
        return self.code or self.provisional_id or ""


class PackAlias(db.Base):
    """Another code that the same pack goes or went by."""

    __tablename__ = "pack_alias"

    code: Mapped[str] = mapped_column(primary_key=True)
    pack_id: Mapped[int] = db.refers("pack.id")


class Module(db.Base):
    """A module of a pack, by position; ``code`` where it carries one."""

    __tablename__ = "module"
    __table_args__ = (sa.UniqueConstraint("pack_id", "position"),)

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    position: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True, default=None)


class Cell(db.Base):
    """A cell of a module, by position; ``code`` where it carries one."""

    __tablename__ = "cell"
    __table_args__ = (sa.UniqueConstraint("module_id", "position"),)

    id: Mapped[int] = db.key()
    module_id: Mapped[int] = db.refers("module.id")
    position: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True, default=None)


class OriginEvent(db.Base):
    """Why a pack is lawfully off its vehicle; a listing needs one."""

    __tablename__ = "origin_event"

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id", unique=True)
    kind: Mapped[Origin] = db.choice(Origin)
    occurred_on: Mapped[date]
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    evidence: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
