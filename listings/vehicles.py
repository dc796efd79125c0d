"""Buses and cars that packs come from."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal
from listings.errors import N_, Conflict, Refused
from listings.identity import vin as vins
from listings.identity.problems import normalise
from listings.identity.refusals import refuse_errors
from listings.parties import Acting, demand
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


class VehicleUnnamed(Refused):
    """Neither fleet number nor plate."""

    message = N_("Give the vehicle a fleet number or a plate.")


class VehicleKnown(Conflict):
    """The fleet has a vehicle of this number."""

    message = N_("The vehicle %(fleet_number)s is already in your register.")


class VinKnown(Conflict):
    """A VIN belongs to one vehicle."""

    message = N_("The VIN %(vin)s is already in the register, on another vehicle.")


class RegisteredInFuture(Refused):
    """A first registration that is still to come."""

    message = N_("The first registration on %(day)s is still to come.")


class SiteUnknown(Refused):
    """The yard is not one of the organisation's."""

    message = N_("Choose one of your own sites, or register the site first.")


def add(
    session: orm.Session,
    acting: Acting,
    *,
    at: datetime,
    fleet_number: str = "",
    plate: str = "",
    vin: str | None = None,
    asset_card: str = "",
    model: str = "",
    first_registered_on: date | None = None,
    site_id: int | None = None,
) -> Vehicle:
    """Register a vehicle of the acting organisation; without a fleet number its plate names it.

    Refuses a vehicle without either, one that is known by number or VIN, a VIN whose length,
    characters or (for Chinese makers) check digit are wrong, a registration still to come, and a
    site of somebody else.
    """
    demand(acting, "register:write")
    number = fleet_number.strip() or plate.strip()
    if not number:
        raise VehicleUnnamed(field="fleet_number")
    if first_registered_on is not None and first_registered_on > days.of(at):
        raise RegisteredInFuture(field="first_registered_on", day=first_registered_on)
    code = normalise(vin or "") or None
    if code is not None:
        refuse_errors("vin", vins.check(code))
    _demand_new(session, acting.organisation_id, number, code)
    _demand_own_site(session, acting.organisation_id, site_id)
    vehicle = Vehicle(
        owner_id=acting.organisation_id,
        fleet_number=number,
        plate=plate.strip(),
        vin=code,
        asset_card=asset_card.strip(),
        model=model.strip(),
        first_registered_on=first_registered_on,
        site_id=site_id,
        created_at=at,
    )
    session.add(vehicle)
    journal.record(
        session,
        "vehicle:added",
        vehicle,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
    )
    return vehicle


def by_number(session: orm.Session, owner_id: int, fleet_number: str) -> Vehicle | None:
    """The vehicle of that number in a fleet, or None."""
    return session.scalar(
        sa.select(Vehicle).where(Vehicle.owner_id == owner_id, Vehicle.fleet_number == fleet_number)
    )


def _demand_new(session: orm.Session, owner_id: int, number: str, vin: str | None) -> None:
    if by_number(session, owner_id, number) is not None:
        raise VehicleKnown(field="fleet_number", fleet_number=number)
    if vin is None:
        return
    if session.scalar(sa.select(Vehicle.id).where(Vehicle.vin == vin)) is not None:
        raise VinKnown(field="vin", vin=vin)


def _demand_own_site(session: orm.Session, organisation_id: int, site_id: int | None) -> None:
    if site_id is None:
        return
    site = session.get(Site, site_id)
    if site is None or site.organisation_id != organisation_id:
        raise SiteUnknown(field="site_id")


def of(session: orm.Session, owner_id: int) -> list[Vehicle]:
    """The vehicles of a fleet by number."""
    return list(
        session.scalars(
            sa.select(Vehicle).where(Vehicle.owner_id == owner_id).order_by(Vehicle.fleet_number)
        )
    )
