"""Declared interests: what ties a valuer to others, in public, and the form to declare one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request

from listings import db
from listings.errors import N_, NotFound
from listings.lots import Lot, LotState
from listings.parties import Kind, Organisation, may
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, public
from pricing import conflicts
from pricing.conflicts import Interest

blueprint = Blueprint("conflicts", __name__)

MOST_TEXT = 500


@blueprint.get("/valuers/<int:valuer_id>/interests")
@public
def show(valuer_id: int) -> Any:
    """What a valuer declared, standing and ended; for itself the form as well."""
    with db.transaction() as session:
        valuer = session.get(Organisation, valuer_id)
        if valuer is None or Kind.VALUER not in valuer.effective_kinds:
            raise NotFound
        acting = guard.acting_or_none()
        is_mine = acting is not None and acting.organisation_id == valuer_id
        may_write = is_mine and may(acting, "guide:write")
        return render_template(
            "conflicts/show.html",
            valuer=valuer,
            rows=[
                row for row in conflicts.of_valuer(session, valuer_id) if is_mine or _open(row.lot)
            ],
            may_write=may_write,
            interests=list(Interest),
            organisations=[
                (one.id, one.called)
                for one in session.scalars(sa.select(Organisation).order_by(Organisation.name))
                if one.id != valuer_id
            ]
            if may_write
            else [],
        )


@blueprint.post("/valuers/interests")
@again(lambda: show(guard.acting().organisation_id))
@guarded("guide:write", Kind.VALUER)
def declare() -> Any:
    """Declare one."""
    form = Form(request.form)
    organisation_id = form.integer("organisation_id", most=2**62)
    lot_id = form.integer("lot_id", most=2**62)
    interest = form.choice("interest", Interest)
    note = form.text("note", required=True, most=MOST_TEXT)
    form.check()
    assert interest is not None
    acting = guard.acting()
    with db.transaction() as session:
        lot = session.get(Lot, lot_id) if lot_id else None
        if lot_id and (lot is None or not _open(lot)):
            raise NotFound
        conflicts.declare(
            session,
            acting,
            organisation_id=organisation_id,
            lot_id=lot_id,
            interest=interest,
            note=note,
            at=guard.now(),
        )
    flash(gettext(N_("Declared. From now on your guides give no value where this interest lies.")))
    return go("conflicts.show", valuer_id=acting.organisation_id)


@blueprint.post("/valuers/interests/<int:declaration_id>/end")
@again(lambda **_: show(guard.acting().organisation_id))
@guarded("guide:write", Kind.VALUER)
def end(declaration_id: int) -> Any:
    """The interest is over."""
    acting = guard.acting()
    with db.transaction() as session:
        conflicts.end(session, acting, declaration_id, at=guard.now())
    flash(gettext(N_("Ended. It counts for the time in which it stood.")))
    return go("conflicts.show", valuer_id=acting.organisation_id)


def _open(lot: Lot | None) -> bool:
    """Whether everybody may know of a lot, or there is none."""
    return lot is None or lot.state not in {LotState.DRAFT, LotState.WITHDRAWN}
