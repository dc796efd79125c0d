"""A fleet's spreadsheet into the register: every problem of every row, then all or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import orm

from listings import blobs, days, journal, packs, sites, vehicles
from listings.blobs import Blob
from listings.errors import N_, Conflict, DomainError, Refused
from listings.identity.problems import normalise
from listings.import_reading import ImportRefused, Line, Reading, read
from listings.import_register import Known
from listings.packs import Mounting, Pack
from listings.parties import Acting, Kind, Organisation, demand

OWNERS = (
    Kind.FLEET_OWNER,
    Kind.VEHICLE_MAKER,
    Kind.BATTERY_MAKER,
    Kind.DISMANTLER,
    Kind.REPAIR_SHOP,
    Kind.SWAP_OPERATOR,
    Kind.SECOND_LIFE,
    Kind.REGENERATION,
    Kind.OUTLET,
)


class Needed(Refused):
    """A cell that may not be empty in this row."""

    message = N_("This cell is needed.")


class OriginNeeded(Refused):
    """A removed pack whose lawful origin is not said."""

    message = N_("A removed pack needs its origin.")


class VehicleNeeded(Refused):
    """A mounted pack, or a cell about a vehicle, without the vehicle's number."""

    message = N_("Give the fleet number or the plate of the vehicle.")


class RowsDisagree(Refused):
    """Two rows say different things of one vehicle."""

    message = N_("Row %(row)s says “%(other)s” of the same vehicle.")


class TwiceInFile(Refused):
    """What names one thing stands in two rows."""

    message = N_("Row %(row)s has the same value; it may stand only once.")


class AlreadyImported(Conflict):
    """The same bytes were imported before."""

    message = N_("Your organisation has already imported this very file.")


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import will create, or created: counts, and the names of new sites."""

    packs: int
    coded: int
    vehicles: int
    sites: tuple[str, ...]
    holders: dict[str, int]
    origins: int
    warnings: int
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """The packs that an import wrote, in the order of the rows."""

    summary: Summary
    packs: list[Pack]


def check(session: orm.Session, acting: Acting, reading: Reading, *, at: datetime) -> Summary:
    """Compare what was read with itself and with the register; say what it would create.

    Raises ``ImportRefused`` with every problem, those of reading too; writes nothing.
    """
    return _checked(session, acting, reading, at)[0]


def apply(
    session: orm.Session, acting: Acting, content: bytes, filename: str, *, at: datetime
) -> Imported:
    """Register the vehicles, packs, new sites and origins of a spreadsheet, all or nothing.

    The owner is the acting organisation. Refuses what `read` and `check` refuse, and a file that
    the organisation imported before.
    """
    blob = blobs.store(
        session,
        content,
        name=filename,
        media_type="application/octet-stream",
        at=at,
        organisation_id=acting.organisation_id,
    )
    _demand_new(session, acting, blob)
    reading = read(content, filename)
    summary, known = _checked(session, acting, reading, at)
    _add_sites(session, acting, known, summary.sites, at)
    _add_vehicles(session, acting, reading, known, at)
    written = []
    for line in reading.lines:
        try:
            written.append(_add_pack(session, acting, line, known, at))
        except DomainError as error:
            reading.complain(line, error.field or "type", error)
            raise ImportRefused(reading.problems) from error
    journal.record(
        session,
        "import:applied",
        blob,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        packs=summary.packs,
        vehicles=summary.vehicles,
    )
    return Imported(summary, written)


def _checked(
    session: orm.Session, acting: Acting, reading: Reading, at: datetime
) -> tuple[Summary, Known]:
    demand(acting, "register:write", *OWNERS)
    known = Known.of(session, acting.organisation_id, [line.values for line in reading.lines])
    today = days.of(at)
    for line in reading.lines:
        _check_line(line, reading, known, today)
    _check_vehicles(reading, known)
    for key in ("code", "maker_number"):
        _check_once(reading, key)
    if reading.problems:
        reading.problems.sort(key=lambda problem: problem.row)
        raise ImportRefused(reading.problems)
    return _summary(reading, known), known


def _check_line(line: Line, reading: Reading, known: Known, today: date) -> None:
    mounted = line.values.get("mounting") is Mounting.MOUNTED
    if not line.vehicle and (mounted or line.values.keys() & {"vin", "asset_card"}):
        reading.complain(line, "fleet_number", VehicleNeeded())
    if not mounted and "origin" not in line.raw:
        reading.complain(line, "origin", OriginNeeded())
    if "origin" in line.raw and "origin_on" not in line.raw:
        reading.complain(line, "origin_on", Needed())
    if "type" not in line.raw:
        reading.complain(line, "type", Needed())
    for key, error in known.problems(line.values, today):
        reading.complain(line, key, error)


def _check_once(reading: Reading, key: str) -> None:
    """A code names one pack; a maker's number one pack of its type."""
    first: dict[tuple[str, str], int] = {}
    for line in reading.lines:
        value = str(line.values.get(key, ""))
        if not value or (key == "maker_number" and line.values.get("code")):
            continue
        kind = str(line.values.get("type", "")) if key == "maker_number" else ""
        name = (normalise(value), kind)
        if name in first:
            reading.complain(line, key, TwiceInFile(row=first[name]))
        first.setdefault(name, line.number)


def _check_vehicles(reading: Reading, known: Known) -> None:
    said: dict[tuple[str, str], tuple[int, Any]] = {}
    vins: dict[str, tuple[str, int]] = {}
    for line in reading.lines:
        if not line.vehicle:
            continue
        for key in ("plate", "vin", "asset_card", "vehicle_model", "first_registered_on"):
            value = line.values.get(key)
            if value is None:
                continue
            row, other = said.setdefault((line.vehicle, key), (line.number, value))
            if other != value:
                reading.complain(line, key, RowsDisagree(row=row, other=other))
        vin = normalise(str(line.values.get("vin", "")))
        if vin:
            vehicle, row = vins.setdefault(vin, (line.vehicle, line.number))
            if vehicle != line.vehicle:
                reading.complain(line, "vin", TwiceInFile(row=row))
            elif row == line.number:
                for error in known.vin_problems(line.vehicle, vin):
                    reading.complain(line, "vin", error)


def _summary(reading: Reading, known: Known) -> Summary:
    lines = reading.lines
    named = {line.vehicle for line in lines if line.vehicle}
    yards = dict.fromkeys(str(line.values["site"]) for line in lines if "site" in line.values)
    holders = Counter(known.holder(line.values).called for line in lines)
    return Summary(
        packs=len(lines),
        coded=sum("code" in line.values for line in lines),
        vehicles=len(named - known.vehicles.keys()),
        sites=tuple(name for name in yards if name not in known.sites),
        holders=dict(holders),
        origins=sum("origin" in line.values for line in lines),
        warnings=sum(bool(known.warnings(line.values)) for line in lines),
        ignored=tuple(reading.ignored),
    )


def _demand_new(session: orm.Session, acting: Acting, blob: Blob) -> None:
    before = journal.about(session, f"blob:{blob.sha256}")
    if any(
        act.tag == "import:applied" and act.organisation_id == acting.organisation_id
        for act in before
    ):
        raise AlreadyImported(field="file")


def _add_sites(
    session: orm.Session, acting: Acting, known: Known, names: tuple[str, ...], at: datetime
) -> None:
    province = session.get_one(Organisation, acting.organisation_id).province
    for name in names:
        known.sites[name] = sites.add(session, acting, name=name, province=province, at=at)


def _add_vehicles(
    session: orm.Session, acting: Acting, reading: Reading, known: Known, at: datetime
) -> None:
    """Each vehicle with what any of its rows says of it."""
    merged: dict[str, dict[str, Any]] = {}
    for line in reading.lines:
        if line.vehicle and line.vehicle not in known.vehicles:
            merged.setdefault(line.vehicle, {}).update(line.values)
    for number, values in merged.items():
        site = known.sites.get(str(values.get("site")))
        known.vehicles[number] = vehicles.add(
            session,
            acting,
            at=at,
            fleet_number=number,
            plate=values.get("plate", ""),
            vin=values.get("vin"),
            asset_card=values.get("asset_card", ""),
            model=values.get("vehicle_model", ""),
            first_registered_on=values.get("first_registered_on"),
            site_id=site.id if site and site.organisation_id == acting.organisation_id else None,
        )
    session.flush()


def _add_pack(session: orm.Session, acting: Acting, line: Line, known: Known, at: datetime) -> Pack:
    values = line.values
    vehicle = known.vehicles.get(line.vehicle)
    site = known.sites.get(str(values.get("site")))
    mass: Decimal | None = values.get("mass_kg")
    pack = packs.add(
        session,
        acting,
        type_id=known.type(values).id,
        owner_id=acting.organisation_id,
        holder_id=known.holder(values).id,
        at=at,
        code=values.get("code"),
        maker_number=values.get("maker_number", ""),
        vehicle_id=vehicle.id if vehicle else None,
        site_id=site.id if site else None,
        mounting=values.get("mounting", Mounting.REMOVED),
        mass_kg=mass,
        position=values.get("position", ""),
    )
    if "origin" in values:
        packs.record_origin(
            session, acting, pack.id, kind=values["origin"], occurred_on=values["origin_on"], at=at
        )
    return pack
