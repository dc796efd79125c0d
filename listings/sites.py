"""Yards and counters: where vehicles and packs stand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, Refused
from listings.parties import Acting, demand


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


class SiteUnnamed(Refused):
    """A site without a name cannot be told from the others."""

    message = N_("Give the site a name.")


class SiteKnown(Conflict):
    """The organisation has a site of this name."""

    message = N_("Your organisation already has a site named “%(name)s”.")


class LimitNotPositive(Refused):
    """A limit of stock that is zero or less."""

    message = N_("A limit must be above 0, and %(value)s is not.")


def add(
    session: orm.Session,
    acting: Acting,
    *,
    name: str,
    province: str,
    at: datetime,
    city: str = "",
    address: str = "",
    mass_limit_t: Decimal | None = None,
    energy_limit_kwh: Decimal | None = None,
    opening_hours: str = "",
) -> Site:
    """Register a yard or counter of the acting organisation, with its limits of stock (t, kWh).

    Refuses an empty name, a name the organisation already uses, and a limit not above 0.
    """
    demand(acting, "register:write")
    name = name.strip()
    if not name:
        raise SiteUnnamed(field="name")
    for field, limit in (
        ("mass_limit_t", mass_limit_t),
        ("energy_limit_kwh", energy_limit_kwh),
    ):
        if limit is not None and limit <= 0:
            raise LimitNotPositive(field=field, value=limit)
    if by_name(session, acting.organisation_id, name) is not None:
        raise SiteKnown(field="name", name=name)
    site = Site(
        organisation_id=acting.organisation_id,
        name=name,
        province=province,
        city=city,
        address=address,
        mass_limit_t=mass_limit_t,
        energy_limit_kwh=energy_limit_kwh,
        opening_hours=opening_hours,
        created_at=at,
    )
    session.add(site)
    journal.record(
        session,
        "site:added",
        site,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
    )
    return site


def by_name(session: orm.Session, organisation_id: int, name: str) -> Site | None:
    """The site of that name of an organisation, or None."""
    return session.scalar(
        sa.select(Site).where(Site.organisation_id == organisation_id, Site.name == name)
    )


def of(session: orm.Session, organisation_id: int) -> list[Site]:
    """The sites of an organisation by name."""
    return list(
        session.scalars(
            sa.select(Site).where(Site.organisation_id == organisation_id).order_by(Site.name)
        )
    )
