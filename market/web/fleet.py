"""My fleet: vehicles with their packs, filtered, counted and as csv; registering a vehicle."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, render_template, request
from sqlalchemy import orm

from listings import days, db, sheets, sight, sites, vehicles
from listings.errors import N_
from listings.health import reports
from listings.health.reports import HealthReport, PackGrade, Subject
from listings.packs import Mounting, OriginEvent, Pack
from listings.parties import Acting
from listings.vehicles import Vehicle
from listings.words import gettext
from market.web import formats, guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("fleet", __name__)

PAGE = 100
GRADES = ("A", "B", "C", "D", "R", "none")
HEADER = (
    N_("Pack"),
    N_("Vehicle"),
    N_("Plate"),
    N_("VIN"),
    N_("Type"),
    N_("Chemistry"),
    N_("Rated energy (kWh)"),
    N_("Mounted or removed"),
    N_("Site"),
    N_("Owner"),
    N_("Holder"),
    N_("Origin"),
    N_("Grade"),
    N_("Evidence level"),
    N_("State of health (Ah)"),
)


@blueprint.get("/fleet")
@member()
def show() -> Any:
    """Packs one a row, with the vehicle each hangs on."""
    acting = guard.acting()
    page = max(1, request.args.get("page", 1, type=int))
    with db.transaction() as reading:
        query = _query(acting)
        count = reading.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        found = _packs(reading, query.limit(PAGE).offset((min(page, 10**6) - 1) * PAGE))
        grades = _grades(reading, found)
        mine = sites.of(reading, acting.organisation_id)
        totals = _totals(reading, acting)
    return render_template(
        "fleet/show.html",
        packs=found,
        grades=grades,
        count=count,
        page=page,
        pages=max(1, -(-count // PAGE)),
        sites=mine,
        totals=totals,
        mountings=Mounting,
        letters=GRADES,
        filters={key: value for key, value in request.args.items() if key != "page" and value},
    )


@blueprint.get("/fleet.csv")
@member()
def table() -> Any:
    """The same packs, all of them, as csv."""
    with db.transaction() as reading:
        found = _packs(reading, _query(guard.acting()).limit(sheets.MAX_ROWS))
        grades = _grades(reading, found)
        rows = [_row(pack, grades[pack.id]) for pack in found]
    content = sheets.write_csv([gettext(name) for name in HEADER], rows)
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=fleet.csv"},
    )


@blueprint.get("/fleet/vehicles/new")
@guarded("register:write")
def new() -> Any:
    """The form of a vehicle."""
    with db.transaction() as reading:
        mine = sites.of(reading, guard.acting().organisation_id)
    return render_template("fleet/new.html", sites=[(site.id, site.name) for site in mine])


@blueprint.post("/fleet/vehicles/new")
@again(new)
@guarded("register:write")
def add() -> Any:
    """Register a vehicle."""
    form = Form(request.form)
    texts = {
        name: form.text(name, most=100)
        for name in ("fleet_number", "plate", "vin", "asset_card", "model")
    }
    registered = form.date("first_registered_on")
    site_id = form.integer("site_id", most=2**62)
    form.check()
    with db.transaction() as writing:
        vehicle = vehicles.add(
            writing,
            guard.acting(),
            first_registered_on=registered,
            site_id=site_id,
            at=guard.now(),
            **texts,
        )
        writing.flush()
    flash(gettext(N_("The vehicle %(number)s is registered."), number=vehicle.fleet_number))
    return go("fleet.vehicle", vehicle_id=vehicle.id)


@blueprint.get("/fleet/vehicles/<int:vehicle_id>")
@member()
def vehicle(vehicle_id: int) -> Any:
    """One vehicle with its packs."""
    acting = guard.acting()
    with db.transaction() as reading:
        own = sa.or_(
            Vehicle.owner_id == acting.organisation_id,
            Vehicle.id.in_(sa.select(Pack.vehicle_id).where(sight.own_packs(acting))),
            sa.literal(acting.is_any(*sight.SEES_ALL)),
        )
        found = guard.visible(
            reading.scalar(
                sa.select(Vehicle)
                .where(Vehicle.id == vehicle_id, own)
                .options(orm.joinedload(Vehicle.site))
            )
        )
        query = sa.select(Pack).where(Pack.vehicle_id == vehicle_id, sight.packs(acting))
        boxes = _packs(reading, query)
        grades = _grades(reading, boxes)
    return render_template("fleet/vehicle.html", vehicle=found, packs=boxes, grades=grades)


def _query(acting: Acting) -> sa.Select[Any]:
    """The packs that the address asks for."""
    query = sa.select(Pack).outerjoin(Vehicle, Vehicle.id == Pack.vehicle_id)
    query = query.where(sight.own_packs(acting))
    wanted = request.args.get("q", "").strip()[:80]
    if wanted:
        names = (
            Pack.code,
            Pack.provisional_id,
            Pack.maker_number,
            Vehicle.fleet_number,
            Vehicle.plate,
            Vehicle.vin,
            Vehicle.asset_card,
        )
        query = query.where(sa.or_(*(name.icontains(wanted, autoescape=True) for name in names)))
    mounting = request.args.get("mounting", "")
    if mounting in set(Mounting):
        query = query.where(Pack.mounting == mounting)
    site = request.args.get("site", "")
    if site.isdecimal() and int(site) < 2**62:
        query = query.where(Pack.site_id == int(site))
    if request.args.get("origin") == "missing":
        query = query.where(Pack.id.not_in(sa.select(OriginEvent.pack_id)))
    return _with_grade(query, request.args.get("grade", ""))


def _with_grade(query: sa.Select[Any], grade: str) -> sa.Select[tuple[Pack]]:
    if grade not in GRADES:
        return query
    graded = sa.select(HealthReport.pack_id).where(
        HealthReport.subject == Subject.PACK,
        reports.counts(days.of(guard.now())),
        HealthReport.grade.is_not(None) if grade == "none" else HealthReport.grade == grade,
    )
    return query.where(Pack.id.not_in(graded) if grade == "none" else Pack.id.in_(graded))


def _packs(reading: orm.Session, query: sa.Select[Any]) -> list[Pack]:
    shown = query.order_by(Pack.vehicle_id.nulls_last(), Pack.position, Pack.id).options(
        orm.joinedload(Pack.type),
        orm.joinedload(Pack.vehicle),
        orm.joinedload(Pack.site),
        orm.joinedload(Pack.origin),
        orm.joinedload(Pack.owner),
        orm.joinedload(Pack.holder),
    )
    return list(reading.scalars(shown))


def _grades(reading: orm.Session, found: list[Pack]) -> dict[int, PackGrade]:
    return reports.pack_grades(reading, [pack.id for pack in found], days.of(guard.now()))


def _totals(reading: orm.Session, acting: Acting) -> dict[str, int]:
    own = sight.own_packs(acting)

    def count(*where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(Pack)
        return reading.scalar(query.where(own, *where)) or 0

    fleet = sa.select(sa.func.count()).select_from(Vehicle)
    if not acting.is_any(*sight.SEES_ALL):
        fleet = fleet.where(Vehicle.owner_id == acting.organisation_id)
    return {
        "vehicles": reading.scalar(fleet) or 0,
        "packs": count(),
        "mounted": count(Pack.mounting == Mounting.MOUNTED),
        "without_origin": count(Pack.id.not_in(sa.select(OriginEvent.pack_id))),
    }


def _row(pack: Pack, grade: PackGrade) -> list[sheets.Written]:
    bus = pack.vehicle
    return [
        pack.name,
        bus.fleet_number if bus else "",
        bus.plate if bus else "",
        (bus.vin or "") if bus else "",
        f"{pack.type.maker} {pack.type.model}",
        pack.type.chemistry.value,
        pack.type.rated_energy_kwh,
        formats.word(pack.mounting),
        pack.site.name if pack.site else "",
        pack.owner.called,
        pack.holder.called,
        formats.word(pack.origin.kind) if pack.origin else "",
        grade.letter or "",
        grade.evidence_level,
        grade.report.soh_q if grade.report else None,
    ]
