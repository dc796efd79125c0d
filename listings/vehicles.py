"""Buses and cars that packs come from."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.sites import Site


class Vehicle(db.Base):
    """A vehicle by fleet number or plate, VIN and asset card; several pack boxes hang on it."""

    __tablename__ = "vehicle"
    __table_args__ = (
        sa.UniqueConstraint("owner_id", "fleet_number"),
        sa.CheckConstraint("fleet_number <> ''", name="named"),
    )

    id: Mapped[int] = db.key()
    owner_id: Mapped[int] = db.refers("organisation.id")
    fleet_number: Mapped[str]
    plate: Mapped[str] = mapped_column(default="")
    vin: Mapped[str | None] = mapped_column(unique=True, default=None)
    asset_card: Mapped[str] = mapped_column(default="")
    model: Mapped[str] = mapped_column(default="")
    first_registered_on: Mapped[date | None] = mapped_column(default=None)
    site_id: Mapped[int | None] = db.refers("site.id", default=None)
    created_at: Mapped[datetime]

    site: Mapped[Site | None] = orm.relationship(init=False)
