"""Lots: packs and vehicles offered as a unit."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.packs import Pack
from listings.parties import Organisation
from listings.sites import Site
from listings.vehicles import Vehicle


class Route(enum.StrEnum):
    """Second life or material recovery."""

    CASCADE = "cascade"
    REGENERATION = "regeneration"


class LotState(enum.StrEnum):
    """draft -> catalogued -> withdrawn | awarded | passed; the last two are set by the market."""

    DRAFT = "draft"
    CATALOGUED = "catalogued"
    WITHDRAWN = "withdrawn"
    AWARDED = "awarded"
    PASSED = "passed"


class Lot(db.Base):
    """One or more packs of one seller, offered as a unit for one route."""

    __tablename__ = "lot"

    id: Mapped[int] = db.key()
    seller_id: Mapped[int] = db.refers("organisation.id")
    title: Mapped[str]
    route: Mapped[Route] = db.choice(Route)
    description: Mapped[str] = mapped_column(default="")
    site_id: Mapped[int | None] = db.refers("site.id", default=None)
    state: Mapped[LotState] = db.choice(LotState, default=LotState.DRAFT)
    created_at: Mapped[datetime]
    catalogued_at: Mapped[datetime | None] = mapped_column(default=None)

    seller: Mapped[Organisation] = orm.relationship(init=False)
    site: Mapped[Site | None] = orm.relationship(init=False)
    packs: Mapped[list[Pack]] = orm.relationship(
        secondary="lot_pack",
        viewonly=True,
        init=False,
        order_by="Pack.id",
    )
    vehicles: Mapped[list[Vehicle]] = orm.relationship(
        secondary="lot_vehicle",
        viewonly=True,
        init=False,
        order_by="Vehicle.id",
    )


class LotPack(db.Base):
    """A pack stands in a lot. ``is_open`` while the lot is on offer or sold: one such at a time."""

    __tablename__ = "lot_pack"
    __table_args__ = (
        sa.Index(
            "uq_lot_pack_open",
            "pack_id",
            unique=True,
            postgresql_where=sa.text("is_open"),
        ),
    )

    lot_id: Mapped[int] = db.refers("lot.id", primary_key=True)
    pack_id: Mapped[int] = db.refers("pack.id", primary_key=True)
    is_open: Mapped[bool] = mapped_column(default=False)


class LotVehicle(db.Base):
    """A vehicle is offered with the packs mounted on it."""

    __tablename__ = "lot_vehicle"

    lot_id: Mapped[int] = db.refers("lot.id", primary_key=True)
    vehicle_id: Mapped[int] = db.refers("vehicle.id", primary_key=True)


class LotPhoto(db.Base):
    """A picture of the goods, in the order shown."""

    __tablename__ = "lot_photo"

    lot_id: Mapped[int] = db.refers("lot.id", primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    blob_sha256: Mapped[str] = db.refers("blob.sha256")
