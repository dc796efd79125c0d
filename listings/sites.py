"""Yards and counters: where vehicles and packs stand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Site(db.Base):
    """A place with its limits. Masses in tonnes, energy in kWh of nameplate."""

    __tablename__ = "site"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id")
    name: Mapped[str]
    province: Mapped[str]
    city: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    mass_limit_t: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3), default=None)
    energy_limit_kwh: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 3), default=None)
    opening_hours: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
