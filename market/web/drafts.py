"""Making a lot: choosing packs and vehicles, changing a draft, giving it up."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm
from werkzeug.datastructures import ImmutableMultiDict

from listings import db, lots
from listings.errors import N_
from listings.lots import Lot, LotPack, LotState, LotVehicle, Route
from listings.packs import OriginEvent, Pack
from listings.sites import Site
from listings.vehicles import Vehicle
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("drafts", __name__)


@blueprint.get("/lots/new")
@guarded("lot:write")
def new() -> Any:
    """Packs that can be offered, with groups that belong together suggested."""
    chosen = set(Form(ImmutableMultiDict(request.args)).identifiers("pack_ids"))
    with db.transaction() as session:
        return render_template("lots/edit.html", lot=None, chosen=chosen, **_choices(session))


@blueprint.post("/lots/new")
@again(new)
@guarded("lot:write")
def create() -> Any:
    """Keep the draft and go on to its terms."""
    values = _values()
    with db.transaction() as session:
        lot = lots.draft(session, guard.acting(), at=guard.now(), **values)
    flash(gettext(N_("The draft is kept. Set the terms of its sale next.")))
    return go("sales.terms", lot_id=lot.id)


@blueprint.get("/lots/<int:lot_id>/edit")
@guarded("lot:write")
def edit(lot_id: int) -> Any:
    """The same form for a draft."""
    with db.transaction() as session:
        lot = own(session, lot_id)
        chosen = {pack.id for pack in lot.packs}
        return render_template("lots/edit.html", lot=lot, chosen=chosen, **_choices(session, lot))


@blueprint.post("/lots/<int:lot_id>/edit")
@again(edit)
@guarded("lot:write")
def change(lot_id: int) -> Any:
    """Change the draft."""
    values = _values()
    with db.transaction() as session:
        lots.edit(session, guard.acting(), lot_id, at=guard.now(), **values)
    flash(gettext(N_("The draft is changed.")))
    return go("lots.show", lot_id=lot_id)


@blueprint.post("/lots/<int:lot_id>/discard")
@guarded("lot:write")
def discard(lot_id: int) -> Any:
    """Give the draft up."""
    with db.transaction() as session:
        lots.withdraw(session, guard.acting(), lot_id, at=guard.now())
    flash(gettext(N_("The draft is given up.")))
    return go("lots.mine")


def own(session: orm.Session, lot_id: int) -> Lot:
    """A lot of the acting organisation; `NotFound` for anybody else's."""
    lot = session.get(Lot, lot_id)
    is_own = lot is not None and lot.seller_id == guard.acting().organisation_id
    found: Lot = guard.visible(lot if is_own else None)
    return found


def _values() -> dict[str, Any]:
    form = Form(request.form)
    values = {
        "title": form.text("title", required=True, most=lots.LONGEST_TITLE),
        "route": form.choice("route", Route),
        "pack_ids": form.identifiers("pack_ids"),
        "vehicle_ids": form.identifiers("vehicle_ids"),
        "site_id": form.integer("site_id", least=1, most=2**62),
        "description": form.text("description", most=5000),
        "is_mixed": form.flag("is_mixed"),
    }
    form.check()
    return values


def _choices(session: orm.Session, lot: Lot | None = None) -> dict[str, Any]:
    """Own packs that stand in no open lot, in groups of one type; own vehicles; yards."""
    mine = guard.acting().organisation_id
    taken = sa.select(LotPack.pack_id).where(LotPack.is_open)
    packs = session.scalars(
        sa.select(Pack)
        .join(OriginEvent, OriginEvent.pack_id == Pack.id)
        .where(Pack.owner_id == mine, Pack.id.not_in(taken))
        .order_by(Pack.type_id, Pack.vehicle_id, Pack.id)
        .options(orm.joinedload(Pack.type), orm.joinedload(Pack.vehicle), orm.joinedload(Pack.site))
    ).all()
    groups: dict[int, list[Pack]] = defaultdict(list)
    for pack in packs:
        groups[pack.type_id].append(pack)
    vehicles = session.scalars(
        sa.select(Vehicle).where(Vehicle.owner_id == mine).order_by(Vehicle.fleet_number)
    ).all()
    drafted = set()
    if lot is not None and lot.state is LotState.DRAFT:
        drafted = set(
            session.scalars(sa.select(LotVehicle.vehicle_id).where(LotVehicle.lot_id == lot.id))
        )
    holders = {mine, *(pack.holder_id for pack in packs)}
    sites = session.scalars(
        sa.select(Site).where(Site.organisation_id.in_(holders)).order_by(Site.name)
    ).all()
    return {
        "groups": list(groups.values()),
        "vehicles": vehicles,
        "chosen_vehicles": drafted,
        "sites": sites,
        "routes": Route,
    }
