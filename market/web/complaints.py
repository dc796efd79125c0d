"""Complaints about values: filed on the value's page, answered by its valuer, public both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db
from listings.errors import N_
from listings.lots import Lot
from listings.parties import Kind, may
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member, public
from market.web.values import visible_lot
from pricing import complaints
from pricing.complaints import Complaint
from pricing.guides import GuideValue

blueprint = Blueprint("complaints", __name__)

MOST_TEXT = 5_000
FILED = N_("%(organisation)s complains about your value of “%(lot)s”. Answer by %(due)s.")
ANSWERED = N_("The valuer answered your complaint about the value of “%(lot)s”.")


@blueprint.app_template_global("complaints_of_lot")
def of_lot(lot: Lot) -> list[Complaint]:
    """The complaints about any value of a lot, newest first."""
    session = orm.object_session(lot)
    assert session is not None
    return complaints.of_lot(session, lot.id)


@blueprint.app_template_global("may_complain")
def may_complain(guide_value: GuideValue) -> bool:
    """Whether this person may complain about a value: anybody's but one's own."""
    acting = guard.acting_or_none()
    is_own = acting is not None and acting.organisation_id == guide_value.edition.guide.valuer_id
    return may(acting, "comment:write") and not is_own


@blueprint.get("/complaints")
@member()
def index() -> Any:
    """What concerns one's organisation; all of them for the operator and a regulator."""
    with db.transaction() as session:
        return render_template(
            "complaints/index.html",
            complaints=complaints.seen_by(session, guard.acting()),
            today=days.of(guard.now()),
        )


@blueprint.get("/values/<int:value_id>/complaint")
@guarded("comment:write")
def new(value_id: int) -> Any:
    """The form for a complaint about one version of a value."""
    with db.transaction() as session:
        kept, lot = _readable(session, value_id)
        due = days.of(guard.now() + complaints.ANSWERED_WITHIN)
        return render_template("complaints/new.html", kept=kept, lot=lot, due=due)


@blueprint.post("/values/<int:value_id>/complaint")
@again(new)
@guarded("comment:write")
def file(value_id: int) -> Any:
    """File it."""
    form = Form(request.form)
    text = form.text("text", required=True, most=MOST_TEXT)
    form.check()
    at = guard.now()
    with db.transaction() as session:
        kept, lot = _readable(session, value_id)
        row = complaints.file(session, guard.acting(), kept.id, text=text, at=at)
        session.flush()
        notices.tell(
            session,
            kept.edition.guide.valuer_id,
            FILED,
            at=at,
            link=f"/complaints/{row.id}",
            act="guide:approve",
            organisation=row.organisation.names,
            lot=lot.title,
            due=row.due_on.isoformat(),
        )
        complaint_id = row.id
    flash(gettext(N_("Your complaint is published with the value. The valuer has to answer it.")))
    return go("complaints.show", complaint_id=complaint_id)


@blueprint.get("/complaints/<int:complaint_id>")
@public
def show(complaint_id: int) -> Any:
    """A complaint with its answer, or the form for one."""
    with db.transaction() as session:
        row: Complaint = guard.visible(session.get(Complaint, complaint_id))
        lot = visible_lot(session.get(Lot, row.guide_value.lot_id))
        acting = guard.acting_or_none()
        edition = row.guide_value.edition
        is_mine = acting is not None and acting.organisation_id == edition.guide.valuer_id
        return render_template(
            "complaints/show.html",
            complaint=row,
            lot=lot,
            edition=edition,
            may_answer=is_mine and row.answer is None and may(acting, "guide:approve"),
            is_assessor=acting is not None and acting.user_id == edition.assessor_id,
            today=days.of(guard.now()),
        )


@blueprint.post("/complaints/<int:complaint_id>/answer")
@again(show)
@guarded("guide:approve", Kind.VALUER)
def answer(complaint_id: int) -> Any:
    """Answer it."""
    form = Form(request.form)
    verdict = form.text("verdict", required=True)
    text = form.text("text", required=True, most=MOST_TEXT)
    form.check()
    at = guard.now()
    with db.transaction() as session:
        complaints.answer(
            session,
            guard.acting(),
            complaint_id,
            is_upheld=verdict == "upheld",
            text=text,
            at=at,
        )
        row = session.get_one(Complaint, complaint_id)
        notices.tell(
            session,
            row.organisation_id,
            ANSWERED,
            at=at,
            link=f"/complaints/{complaint_id}",
            act="comment:write",
            lot=complaints.lot_of(session, row).title,
        )
    flash(gettext(N_("Your answer is published.")))
    return go("complaints.show", complaint_id=complaint_id)


def _readable(session: orm.Session, value_id: int) -> tuple[GuideValue, Lot]:
    """A kept value of a lot that this person may see."""
    kept: GuideValue = guard.visible(session.get(GuideValue, value_id))
    return kept, visible_lot(session.get(Lot, kept.lot_id))
