"""One pack: what it is, whose, in whose hands, in what state; registering one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db, packs, parties, sight, sites, type_search, vehicles
from listings.custody import holdings
from listings.errors import N_, NotFound, Refused
from listings.health import bms_claims, openings, reports
from listings.health.reports import Subject
from listings.identity import gbt34014
from listings.import_register import Known
from listings.packs import Condition, Mounting, Origin, Pack
from listings.parties import Acting, Kind, Organisation
from listings.words import gettext
from market.web import agreed, destinations, findings, guard, lives
from market.web import bms_claims as declared
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member
from pricing import pack_values
from pricing.pack_values import Worked

blueprint = Blueprint("packs", __name__)


@blueprint.get("/packs/<int:pack_id>")
@member()
def show(pack_id: int) -> Any:
    """Identity, type, origin, owner and holder, and what its reports found."""
    acting, today = guard.acting(), days.of(guard.now())
    with db.transaction() as reading:
        pack = guard.visible(sight.pack(reading, acting, pack_id))
        standing = reports.standing_of_all(reading, [pack_id])
        grade = reports.pack_grade(reading, pack_id, today)
        whole = reports.standing(reading, [pack_id]).get(pack_id)
        best = grade.report or grade.hint or (standing[0] if standing else None)
        held = holdings.of_pack(reading, pack_id)
        names = {
            row.organisation_id: reading.get_one(Organisation, row.organisation_id).called
            for row in held
        }
        return render_template(
            "packs/show.html",
            pack=pack,
            code=gbt34014.decode(pack.code, today=today) if pack.code else None,
            warnings=findings.said(packs.WARNINGS, pack.warnings),
            standing=standing,
            given=grade,
            best=best,
            found=findings.of_report(best) if best else None,
            life=lives.of_report(best) if best else None,
            **_worths(reading, pack, guard.now()),
            destinations=destinations.of_pack(reading, pack, grade, today),
            claims=declared.of_pack(reading, pack, whole),
            may_claim=bms_claims.may_record(reading, acting, pack),
            holdings=held,
            names=names,
            today=today,
            is_own=acting.organisation_id in {pack.owner_id, pack.holder_id},
            may_write=parties.may(acting, "register:write"),
            may_report=parties.may(acting, "report:write") and acting.is_any(Kind.LAB),
            origins=Origin,
            subjects=Subject,
        )


@blueprint.post("/packs/<int:pack_id>/origin")
@again(show)
@guarded("register:write")
def record_origin(pack_id: int) -> Any:
    """Record how the pack lawfully left its vehicle."""
    form = Form(request.form)
    kind = form.choice("kind", Origin)
    occurred_on = form.date("occurred_on", required=True)
    evidence = form.text("evidence", most=500)
    form.check()
    assert kind is not None
    assert occurred_on is not None
    with db.transaction() as writing:
        packs.record_origin(
            writing,
            guard.acting(),
            pack_id,
            kind=kind,
            occurred_on=occurred_on,
            evidence=evidence,
            at=guard.now(),
        )
    flash(gettext(N_("The origin is on record.")))
    return go("packs.show", pack_id=pack_id)


@blueprint.post("/packs/<int:pack_id>/opened")
@again(show)
@guarded("register:write")
def record_opening(pack_id: int) -> Any:
    """Record that the pack was opened, which ends the reports of what was examined before."""
    form = Form(request.form)
    opened_on = form.date("opened_on", required=True)
    form.check()
    assert opened_on is not None
    acting = guard.acting()
    with db.transaction() as writing:
        guard.visible(sight.pack(writing, acting, pack_id))
        ended = openings.opened(writing, acting, pack_id, opened_on=opened_on, at=guard.now())
    flash(gettext(N_("Reports that no longer count: %(count)s."), count=len(ended)))
    return go("packs.show", pack_id=pack_id)


@blueprint.get("/packs/find")
@member()
def find() -> Any:
    """From an exact code, former code, provisional id or label token to the pack's page.

    A lab that has the pack on its bench comes to the form of a report.
    """
    wanted = request.args.get("name", "")[:200]
    acting = guard.acting()
    with db.transaction() as reading:
        found = packs.find(reading, wanted)
        is_seen = found is not None and sight.pack(reading, acting, found.id) is not None
    if found is None or not (is_seen or acting.is_any(Kind.LAB)):
        raise NotFound
    if is_seen:
        return go("packs.show", pack_id=found.id)
    return go("reporting.new", pack=found.name)


@blueprint.get("/packs/new")
@guarded("register:write")
def new() -> Any:
    """The form of a pack, on a vehicle where the address names one."""
    acting = guard.acting()
    with db.transaction() as reading:
        return render_template(
            "packs/new.html",
            **_choices(reading, acting),
            vehicle_id=request.args.get("vehicle", ""),
        )


@blueprint.post("/packs/new")
@again(new)
@guarded("register:write")
def add() -> Any:
    """Register a pack of my organisation."""
    form = Form(request.form)
    type_id = form.integer("type_id", required=True, most=2**62)
    mounting = form.choice("mounting", Mounting)
    condition = form.choice("condition", Condition)
    numbers: dict[str, Any] = {
        "vehicle_id": form.integer("vehicle_id", most=2**62),
        "site_id": form.integer("site_id", most=2**62),
    }
    mass_kg = form.decimal("mass_kg", most=10**6)
    texts: dict[str, Any] = {
        name: form.text(name, most=100) for name in ("code", "maker_number", "position")
    }
    holder = form.text("holder", most=200)
    form.check()
    acting, at = guard.acting(), guard.now()
    with db.transaction() as writing:
        pack = packs.add(
            writing,
            acting,
            type_id=type_id or 0,
            owner_id=acting.organisation_id,
            holder_id=_holder(writing, acting, holder),
            mounting=mounting or Mounting.REMOVED,
            condition=condition or Condition.UNKNOWN,
            mass_kg=mass_kg,
            at=at,
            **numbers,
            **texts,
        )
    flash(gettext(N_("The pack %(name)s is registered."), name=pack.name))
    return go("packs.show", pack_id=pack.id)


def _worths(reading: orm.Session, pack: Pack, at: datetime) -> dict[str, Any]:
    said = pack_values.statements(reading, pack, at=at)
    return {
        "worths": [worked for _, worked in said if isinstance(worked, Worked)],
        "reference": agreed.of_pack(reading, said, at=at),
    }


def _holder(writing: orm.Session, acting: Acting, named: str) -> int:
    """The holder by name or credit code; my organisation where the field is empty."""
    values = {"holder": named} if named else {}
    try:
        return Known.of(writing, acting.organisation_id, [values]).holder(values).id
    except Refused as error:
        error.field = "holder"
        raise


def _choices(reading: orm.Session, acting: Acting) -> dict[str, Any]:
    types = type_search.every(reading)
    mine = sites.of(reading, acting.organisation_id)
    buses = vehicles.of(reading, acting.organisation_id)
    return {
        "types": [(row.id, f"{row.maker} {row.model} · {row.chemistry.value}") for row in types],
        "sites": [(site.id, site.name) for site in mine],
        "vehicles": [(bus.id, bus.fleet_number) for bus in buses],
        "mountings": Mounting,
        "conditions": Condition,
    }
