"""Lots: packs and vehicles offered as a unit."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal, words
from listings.errors import N_, Conflict, NotFound, Refused
from listings.packs import Mounting, OriginEvent, Pack
from listings.parties import Acting, Organisation, by, demand
from listings.sites import Site
from listings.vehicles import Vehicle

LONGEST_TITLE = 120


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


class NoPacks(Refused):
    """A lot without goods."""

    message = N_("Choose at least one pack, or a vehicle with packs mounted on it.")


class TitleMissing(Refused):
    """A lot nobody could find."""

    message = N_("Give the lot a title of at most %(longest)s characters.")


class PackNotOwned(Refused):
    """A pack of somebody else, or none at all, in the lot."""

    message = N_("Pack %(pack)s does not belong to your organisation; leave it out.")


class VehicleNotOwned(Refused):
    """A vehicle of somebody else, or none at all, in the lot."""

    message = N_("Vehicle %(vehicle)s does not belong to your organisation; leave it out.")


class OriginMissing(Refused):
    """A pack is offered without the event that let it leave its vehicle."""

    message = N_("Pack %(pack)s has no origin event. Record why it left its vehicle first.")


class PackAlreadyOnSale(Conflict):
    """A pack stands in another lot that is on offer or sold."""

    message = N_("Pack %(pack)s already stands in lot %(lot)s, which is on offer or sold.")


class ChemistriesMixed(Refused):
    """Several chemistries without the seller saying so."""

    message = N_("The packs are of several chemistries (%(chemistries)s). Split them, or say so.")


class SiteUnknown(Refused):
    """The yard belongs neither to the seller nor to a holder of the packs."""

    message = N_("Choose a site of your organisation or of the holder of the packs.")


class LotNotDraft(Conflict):
    """After publication a lot is not edited."""

    message = N_("Lot %(lot)s is no longer a draft; it cannot be changed.")


def draft(
    session: orm.Session,
    acting: Acting,
    *,
    title: str,
    route: Route,
    pack_ids: Iterable[int],
    vehicle_ids: Iterable[int] = (),
    site_id: int | None = None,
    description: str = "",
    is_mixed: bool = False,
    at: datetime,
) -> Lot:
    """Group packs of the acting organisation; a vehicle brings the packs mounted on it.

    Refuses packs or vehicles of others, packs without an origin event or in another open sale,
    several chemistries unless ``is_mixed``, and a site that is not the seller's or a holder's.
    """
    acting = demand(acting, "lot:write")
    lot = Lot(
        seller_id=acting.organisation_id, title=title.strip(), route=Route(route), created_at=at
    )
    return _fill(
        session,
        acting,
        lot,
        goods=(pack_ids, vehicle_ids),
        site_id=site_id,
        description=description,
        is_mixed=is_mixed,
        act=("lot:drafted", at),
    )


def edit(
    session: orm.Session,
    acting: Acting,
    lot_id: int,
    *,
    title: str,
    route: Route,
    pack_ids: Iterable[int],
    vehicle_ids: Iterable[int] = (),
    site_id: int | None = None,
    description: str = "",
    is_mixed: bool = False,
    at: datetime,
) -> Lot:
    """Change a draft; refuses what ``draft`` refuses, and any lot that is no draft."""
    acting = demand(acting, "lot:write")
    lot = own(session, acting, lot_id)
    if lot.state is not LotState.DRAFT:
        raise LotNotDraft(lot=lot.id)
    lot.title, lot.route = title.strip(), Route(route)
    for rows in (LotPack, LotVehicle):
        session.execute(sa.delete(rows).where(rows.lot_id == lot.id))
    return _fill(
        session,
        acting,
        lot,
        goods=(pack_ids, vehicle_ids),
        site_id=site_id,
        description=description,
        is_mixed=is_mixed,
        act=("lot:edited", at),
    )


def withdraw(session: orm.Session, acting: Acting, lot_id: int, *, at: datetime) -> Lot:
    """Give up a draft. A lot on sale is withdrawn with its sale (market.auctions.withdraw)."""
    acting = demand(acting, "lot:write")
    lot = own(session, acting, lot_id)
    if lot.state is not LotState.DRAFT:
        raise LotNotDraft(lot=lot.id)
    lot.state = LotState.WITHDRAWN
    journal.record(session, "lot:withdrawn", lot, at=at, **by(acting))
    return lot


def own(session: orm.Session, acting: Acting, lot_id: int) -> Lot:
    """The acting organisation's lot, locked; ``NotFound`` where it is somebody else's."""
    lot = db.lock(session, Lot, lot_id)
    if lot is None or lot.seller_id != acting.organisation_id:
        raise NotFound
    return lot


def offer(session: orm.Session, lot: Lot, *, at: datetime) -> None:
    """Put a locked lot into the catalogue; from now on its packs stand in no other open lot.

    Called by the market when a sale is published. Refuses what ``draft`` refuses of its packs:
    they may have been sold or taken since.
    """
    packs = _locked(session, [pack.id for pack in lot.packs])
    _demand_offerable(session, lot, packs)
    lot.state, lot.catalogued_at = LotState.CATALOGUED, at
    _mark(session, lot, is_open=True)


def finish(session: orm.Session, lot: Lot, state: LotState) -> None:
    """What a sale came to, on a locked lot; packs of a lot that was not sold are free again."""
    lot.state = state
    if state is not LotState.AWARDED:
        _mark(session, lot, is_open=False)


def _mark(session: orm.Session, lot: Lot, *, is_open: bool) -> None:
    session.execute(sa.update(LotPack).where(LotPack.lot_id == lot.id).values(is_open=is_open))


def _fill(
    session: orm.Session,
    acting: Acting,
    lot: Lot,
    *,
    goods: tuple[Iterable[int], Iterable[int]],
    site_id: int | None,
    description: str,
    is_mixed: bool,
    act: tuple[str, datetime],
) -> Lot:
    if not lot.title or len(lot.title) > LONGEST_TITLE:
        raise TitleMissing(field="title", longest=LONGEST_TITLE)
    vehicles = _vehicles(session, acting, goods[1])
    packs = _locked(session, _with_mounted(session, goods[0], vehicles))
    if not packs:
        raise NoPacks(field="pack_ids")
    _demand_offerable(session, lot, packs)
    chemistries = sorted({pack.type.chemistry.value for pack in packs})
    if len(chemistries) > 1 and not is_mixed:
        raise ChemistriesMixed(field="is_mixed", chemistries=words.listed(chemistries))
    lot.site_id = _site(session, acting, packs, site_id)
    lot.description = description.strip()
    session.add(lot)
    session.flush()
    session.add_all([LotPack(lot_id=lot.id, pack_id=pack.id) for pack in packs])
    session.add_all([LotVehicle(lot_id=lot.id, vehicle_id=row.id) for row in vehicles])
    tag, at = act
    journal.record(session, tag, lot, at=at, **by(acting), pack_ids=[pack.id for pack in packs])
    session.expire(lot, ["packs", "vehicles", "site", "seller"])
    return lot


def _vehicles(session: orm.Session, acting: Acting, ids: Iterable[int]) -> list[Vehicle]:
    wanted = sorted(set(ids))
    rows = session.scalars(sa.select(Vehicle).where(Vehicle.id.in_(wanted)).order_by(Vehicle.id))
    found = {vehicle.id: vehicle for vehicle in rows}
    for ident in wanted:
        vehicle = found.get(ident)
        if vehicle is None or vehicle.owner_id != acting.organisation_id:
            name = vehicle.fleet_number if vehicle else ident
            raise VehicleNotOwned(field="vehicle_ids", vehicle=name)
    return list(found.values())


def _with_mounted(
    session: orm.Session, pack_ids: Iterable[int], vehicles: list[Vehicle]
) -> list[int]:
    mounted = session.scalars(
        sa.select(Pack.id).where(
            Pack.vehicle_id.in_([vehicle.id for vehicle in vehicles]),
            Pack.mounting == Mounting.MOUNTED,
        )
    )
    return sorted({*pack_ids, *mounted})


def _locked(session: orm.Session, ids: list[int]) -> list[Pack]:
    packs = db.lock_all(session, Pack, ids)
    missing = set(ids) - {pack.id for pack in packs}
    if missing:
        raise PackNotOwned(field="pack_ids", pack=min(missing))
    return packs


def _demand_offerable(session: orm.Session, lot: Lot, packs: list[Pack]) -> None:
    """The packs are locked, so that what is found here still holds at the commit."""
    ids = [pack.id for pack in packs]
    taken = session.execute(
        sa.select(LotPack.pack_id, LotPack.lot_id).where(LotPack.pack_id.in_(ids), LotPack.is_open)
    )
    elsewhere = {row.pack_id: row.lot_id for row in taken}
    with_origin = set(
        session.scalars(sa.select(OriginEvent.pack_id).where(OriginEvent.pack_id.in_(ids)))
    )
    for pack in packs:
        if pack.owner_id != lot.seller_id:
            raise PackNotOwned(field="pack_ids", pack=pack.name)
        if pack.id not in with_origin:
            raise OriginMissing(field="pack_ids", pack=pack.name)
        if pack.id in elsewhere:
            raise PackAlreadyOnSale(field="pack_ids", pack=pack.name, lot=elsewhere[pack.id])


def _site(
    session: orm.Session, acting: Acting, packs: list[Pack], site_id: int | None
) -> int | None:
    """The site asked for, or the one where all the packs stand."""
    if site_id is None:
        common = {pack.site_id for pack in packs}
        return common.pop() if len(common) == 1 else None
    site = session.get(Site, site_id)
    allowed = {acting.organisation_id, *(pack.holder_id for pack in packs)}
    if site is None or site.organisation_id not in allowed:
        raise SiteUnknown(field="site_id")
    return site_id
