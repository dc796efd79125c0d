"""The operator's desk: organisations and documents that wait for a decision."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request

from listings import db, licences, parties
from listings.errors import N_
from listings.licences import Licence, LicenceState
from listings.parties import Kind, Organisation
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("desk", __name__)

APPROVED = N_("Your organisation is approved. It may publish sales and bid.")
DOCUMENT_APPROVED = N_("Document %(number)s is approved.")
DOCUMENT_REJECTED = N_("Document %(number)s was rejected: %(reason)s")


@blueprint.get("/desk")
@member(Kind.OPERATOR)
def show() -> Any:
    """What waits, oldest first."""
    with db.transaction() as reading:
        founded = reading.scalars(
            sa.select(Organisation)
            .where(Organisation.approved_at.is_(None))
            .order_by(Organisation.id)
        ).all()
        submitted = reading.execute(
            sa.select(Licence, Organisation)
            .join(Organisation, Organisation.id == Licence.organisation_id)
            .where(Licence.state == LicenceState.SUBMITTED)
            .order_by(Licence.id)
        ).all()
    return render_template("desk/show.html", organisations=founded, submitted=submitted)


@blueprint.post("/desk/organisations/<int:organisation_id>")
@again(lambda **_: show())
@guarded("operator:decide", Kind.OPERATOR)
def approve(organisation_id: int) -> Any:
    """Let an organisation publish and bid."""
    with db.transaction() as writing:
        organisation = parties.approve(writing, guard.acting(), organisation_id, at=guard.now())
        notices.tell(writing, organisation.id, APPROVED, at=guard.now(), link="/")
    flash(gettext(N_("%(organisation)s is approved."), organisation=organisation.called))
    return go("desk.show")


@blueprint.get("/desk/licences/<int:licence_id>")
@member(Kind.OPERATOR)
def licence(licence_id: int) -> Any:
    """One document with the decision on it."""
    with db.transaction() as reading:
        found = guard.visible(reading.get(Licence, licence_id))
        organisation = reading.get_one(Organisation, found.organisation_id)
    return render_template("desk/licence.html", licence=found, organisation=organisation)


@blueprint.post("/desk/licences/<int:licence_id>")
@again(licence)
@guarded("operator:decide", Kind.OPERATOR)
def decide(licence_id: int) -> Any:
    """Approve or reject it."""
    form = Form(request.form)
    is_approved = form.text("decision") == "approve"
    reason = form.text("reason")
    form.check()
    with db.transaction() as writing:
        decided = licences.decide(
            writing,
            guard.acting(),
            licence_id,
            approve=is_approved,
            reason=reason,
            at=guard.now(),
        )
        notices.tell(
            writing,
            decided.organisation_id,
            DOCUMENT_APPROVED if is_approved else DOCUMENT_REJECTED,
            at=guard.now(),
            link="/licences",
            act="licence:submit",
            number=decided.number,
            reason=reason,
        )
    flash(gettext(N_("Decided.")))
    return go("desk.show")
