"""Packs, their modules and cells, the codes they go by, and where they come from."""

from __future__ import annotations

import enum
import secrets
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal
from listings.custody.log import Holding
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.identity import gbt34014
from listings.identity.problems import normalise
from listings.identity.refusals import refuse_errors
from listings.pack_types import PackType
from listings.parties import Acting, Kind, Organisation, demand
from listings.sites import Site
from listings.vehicles import Vehicle

PROVISIONAL_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that are taken for another
PROVISIONAL_LENGTH = 8
WARNINGS = {
    "chemistry_conflict": N_("The battery code and the type name different chemistries."),
    "kind_conflict": N_("The battery code says that it was given to a module or a cell."),
}
"""What is doubtful about a pack's identity, by the codes kept in ``Pack.warnings``."""


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


class TypeUnknown(Refused):
    """The type is not in the register of pack types."""

    message = N_("Choose a type from the register of pack types.")


class VehicleUnknown(Refused):
    """The vehicle is not the owner's."""

    message = N_("Choose one of the owner's vehicles, or register the vehicle first.")


class SiteUnknown(Refused):
    """The yard belongs neither to the owner nor to the holder."""

    message = N_("Choose a site of the owner or of the holder.")


class HolderUnknown(Refused):
    """Nobody of that number is a party here."""

    message = N_("The holder is not registered here.")


class PackKnown(Conflict):
    """A battery code names one pack."""

    message = N_("The battery code %(code)s is already in the register.")


class MassNotPositive(Refused):
    """A mass of zero or less."""

    message = N_("The mass must be above 0 kg, and %(mass_kg)s is not.")


class MountedNowhere(Refused):
    """A mounted pack without the vehicle it is mounted on."""

    message = N_("A mounted pack needs the vehicle that it is mounted on.")


class OriginKnown(Conflict):
    """A pack leaves its vehicle once."""

    message = N_("The origin of this pack is already on record.")


class OriginInFuture(Refused):
    """An origin event that is still to come."""

    message = N_("The origin event on %(day)s is still to come.")


def add(
    session: orm.Session,
    acting: Acting,
    *,
    type_id: int,
    owner_id: int,
    holder_id: int,
    at: datetime,
    code: str | None = None,
    maker_number: str = "",
    vehicle_id: int | None = None,
    site_id: int | None = None,
    mounting: Mounting = Mounting.REMOVED,
    condition: Condition = Condition.UNKNOWN,
    mass_kg: Decimal | None = None,
    position: str = "",
    derived_from_id: int | None = None,
) -> Pack:
    """Register a pack of the acting organisation, or of anybody where the operator acts.

    The battery code is decoded: one with errors is refused with each of them, a conflict with the
    type stays on the pack as a warning, and a pack without a code gets a provisional id. Refuses
    a known code, an unknown type or holder, and a vehicle or site of somebody else.
    """
    demand(acting, "register:write")
    if owner_id != acting.organisation_id and not acting.is_any(Kind.OPERATOR):
        raise Forbidden
    pack_type = session.get(PackType, type_id)
    if pack_type is None:
        raise TypeUnknown(field="type_id")
    _demand_holder(session, holder_id)
    _demand_sound(mass_kg, mounting, vehicle_id)
    vehicle = _vehicle(session, owner_id, vehicle_id)
    _demand_site(session, site_id, owner_id, holder_id)
    read = _read_code(session, code, vehicle, at)
    pack = Pack(
        code=read.text if read else None,
        provisional_id=None if read else provisional_id(),
        maker_number=maker_number.strip(),
        type_id=type_id,
        vehicle_id=vehicle_id,
        owner_id=owner_id,
        holder_id=holder_id,
        site_id=site_id if site_id is not None or vehicle is None else vehicle.site_id,
        mounting=mounting,
        condition=condition,
        mass_kg=mass_kg,
        made_on=read.made_on if read else None,
        position=position.strip(),
        warnings=warnings(read, pack_type) if read else [],
        public_token=secrets.token_urlsafe(16),
        derived_from_id=derived_from_id,
        created_at=at,
    )
    session.add(pack)
    session.flush()
    session.add(Holding(pack_id=pack.id, what="owner", organisation_id=owner_id, since=at))
    session.add(Holding(pack_id=pack.id, what="holder", organisation_id=holder_id, since=at))
    _journal(session, "pack:added", pack, acting, at, owner_id=owner_id, holder_id=holder_id)
    return pack


def _demand_holder(session: orm.Session, holder_id: int) -> None:
    if session.get(Organisation, holder_id) is None:
        raise HolderUnknown(field="holder_id")


def _demand_sound(mass_kg: Decimal | None, mounting: Mounting, vehicle_id: int | None) -> None:
    if mass_kg is not None and mass_kg <= 0:
        raise MassNotPositive(field="mass_kg", mass_kg=mass_kg)
    if mounting is Mounting.MOUNTED and vehicle_id is None:
        raise MountedNowhere(field="vehicle_id")


def provisional_id() -> str:
    """A random name for a pack without a code, to be written on it by hand."""
    letters = (secrets.choice(PROVISIONAL_LETTERS) for _ in range(PROVISIONAL_LENGTH))
    return "PB-" + "".join(letters)


def warnings(code: gbt34014.BatteryCode, pack_type: PackType) -> list[str]:
    """Codes of ``WARNINGS`` where a valid code and the type, or its own letter, disagree."""
    found = [problem.code for problem in gbt34014.conflicts(code, _family(pack_type))]
    return found + (["kind_conflict"] if code.kind != "pack" else [])


def find(session: orm.Session, text: str) -> Pack | None:
    """The pack that goes by this code, former code, provisional id or label token, or None."""
    name = normalise(text)
    alias = sa.select(PackAlias.pack_id).where(PackAlias.code == name)
    return session.scalar(
        sa.select(Pack).where(
            sa.or_(
                Pack.code == name,
                Pack.provisional_id == name,
                Pack.public_token == text.strip(),
                Pack.id.in_(alias),
            )
        )
    )


def record_origin(
    session: orm.Session,
    acting: Acting,
    pack_id: int,
    *,
    kind: Origin,
    occurred_on: date,
    at: datetime,
    organisation_id: int | None = None,
    evidence: str = "",
) -> OriginEvent:
    """Record once how a pack lawfully left its vehicle; its owner, holder or the operator may.

    ``organisation_id`` is who replaced, retired or dismantled it, ``evidence`` its paper. Refuses a
    second event and a day that is still to come.
    """
    pack = own(session, acting, pack_id)
    if occurred_on > days.of(at):
        raise OriginInFuture(field="occurred_on", day=occurred_on)
    if session.scalar(sa.select(OriginEvent.id).where(OriginEvent.pack_id == pack_id)) is not None:
        raise OriginKnown(field="kind")
    event = OriginEvent(
        pack_id=pack_id,
        kind=kind,
        occurred_on=occurred_on,
        organisation_id=organisation_id,
        evidence=evidence,
        recorded_at=at,
    )
    session.add(event)
    session.flush()
    session.expire(pack, ["origin"])
    _journal(session, "pack:origin_recorded", pack, acting, at, kind=kind.value)
    return event


def own(session: orm.Session, acting: Acting, pack_id: int) -> Pack:
    """The pack, locked, where its owner, its holder or the operator acts; else `NotFound`."""
    demand(acting, "register:write")
    pack = db.lock(session, Pack, pack_id)
    if pack is None:
        raise NotFound
    own = {pack.owner_id, pack.holder_id}
    if acting.organisation_id not in own and not acting.is_any(Kind.OPERATOR):
        raise NotFound
    return pack


def decode(
    code: str | None, first_registered_on: date | None, at: datetime
) -> gbt34014.BatteryCode | None:
    """The decoded code, or None where nothing was typed; refuses one with errors."""
    if not normalise(code or ""):
        return None
    read = gbt34014.decode(code or "", today=days.of(at), first_registered_on=first_registered_on)
    refuse_errors("code", read.problems)
    return read


def _read_code(
    session: orm.Session, code: str | None, vehicle: Vehicle | None, at: datetime
) -> gbt34014.BatteryCode | None:
    read = decode(code, vehicle.first_registered_on if vehicle else None, at)
    if read is None:
        return None
    alias = session.get(PackAlias, read.text)
    known = session.scalar(sa.select(Pack.id).where(Pack.code == read.text))
    if alias is not None or known is not None:
        raise PackKnown(field="code", code=read.text)
    return read


def _family(pack_type: PackType) -> str | None:
    """The chemistry as a datasheet would name it to `gbt34014.conflicts`."""
    name = pack_type.chemistry.value
    return "ternary" if name.startswith("NMC") else name


def _vehicle(session: orm.Session, owner_id: int, vehicle_id: int | None) -> Vehicle | None:
    if vehicle_id is None:
        return None
    vehicle = session.get(Vehicle, vehicle_id)
    if vehicle is None or vehicle.owner_id != owner_id:
        raise VehicleUnknown(field="vehicle_id")
    return vehicle


def _demand_site(session: orm.Session, site_id: int | None, owner_id: int, holder_id: int) -> None:
    if site_id is None:
        return
    site = session.get(Site, site_id)
    if site is None or site.organisation_id not in {owner_id, holder_id}:
        raise SiteUnknown(field="site_id")


def _journal(
    session: orm.Session, tag: str, pack: Pack, acting: Acting, at: datetime, **facts: object
) -> None:
    journal.record(
        session,
        tag,
        pack,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        **facts,
    )
