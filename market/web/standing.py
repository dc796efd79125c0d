"""What stands around a guide: rights, delays, panel, interests and complaints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db
from listings.errors import N_, NotFound
from listings.parties import Kind, may
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded
from market.web.guides import is_mine
from market.web.values import visible_lot
from pricing import (
    complaints,
    conflicts,
    delays,
    editions,
    guides,
    panels,
    redistributions,
    rhythms,
)
from pricing.complaints import Complaint
from pricing.conflicts import Declaration
from pricing.delays import Delay
from pricing.guides import Guide
from pricing.redistributions import Redistribution

blueprint = Blueprint("standing", __name__)

MOST_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class Around:
    """What the page of a guide shows beside its editions."""

    rights: Redistribution | None
    delay: Delay | None
    delays: list[Delay]
    panel_size: int
    sees_panel: bool
    interests: list[Declaration]
    complaints: list[Complaint]
    may_write: bool
    today: date

    @property
    def unanswered(self) -> int:
        """How many complaints wait for an answer."""
        return sum(row.answer is None for row in self.complaints)


@blueprint.app_template_global("around_guide")
def around(guide: Guide) -> Around:
    """Rights, delays, panel, interests and complaints of a guide."""
    session = orm.object_session(guide)
    assert session is not None
    acting, mine = guard.acting_or_none(), is_mine(guide)
    current = editions.effective(session, guide.id)
    panel = panels.members(session, guide.id)
    own = acting.organisation_id if acting else None
    return Around(
        rights=redistributions.stated(session, guide.id),
        delay=delays.standing(session, guide.id, current.effective_from if current else None),
        delays=delays.of_guide(session, guide.id),
        panel_size=len(panel),
        sees_panel=mine
        or (acting is not None and acting.is_any(Kind.REGULATOR))
        or any(one.organisation_id == own for one in panel if own),
        interests=[
            row for row in conflicts.of_valuer(session, guide.valuer_id) if not row.ended_at
        ],
        complaints=[row for row in complaints.of_guide(session, guide.id) if _is_seen(row)],
        may_write=mine and may(acting, "guide:write"),
        today=days.of(guard.now()),
    )


@blueprint.get("/guides/<int:guide_id>/delay")
@guarded("guide:write", Kind.VALUER)
def ask_delay(guide_id: int) -> Any:
    """The form for an announcement that the next edition is late."""
    with db.transaction() as session:
        guide = guides.own(session, guard.acting(), guide_id, "guide:write")
        current = editions.effective(session, guide_id)
        last = (
            current.priced_on or days.of(current.effective_from or guard.now()) if current else None
        )
        due = rhythms.next_due(guide.rhythm, last) if last else days.of(guard.now())
        return render_template("guides/delay.html", guide=guide, due=due)


@blueprint.post("/guides/<int:guide_id>/delay")
@again(ask_delay)
@guarded("guide:write", Kind.VALUER)
def delay(guide_id: int) -> Any:
    """Announce it."""
    form = Form(request.form)
    values: dict[str, Any] = {
        "was_due_on": form.date("was_due_on", required=True),
        "expected_on": form.date("expected_on", required=True),
        "reason": form.text("reason", required=True, most=MOST_TEXT),
    }
    form.check()
    with db.transaction() as session:
        delays.announce(session, guard.acting(), guide_id, at=guard.now(), **values)
    flash(gettext(N_("The delay is announced on the page of the guide.")))
    return go("guides.show", guide_id=guide_id)


@blueprint.get("/guides/<int:guide_id>/rights")
@guarded("guide:write", Kind.VALUER)
def ask_rights(guide_id: int) -> Any:
    """The form for the rights of redistribution."""
    with db.transaction() as session:
        guide = guides.own(session, guard.acting(), guide_id, "guide:write")
        current = redistributions.stated(session, guide_id)
        return render_template("guides/rights.html", guide=guide, current=current)


@blueprint.post("/guides/<int:guide_id>/rights")
@again(ask_rights)
@guarded("guide:write", Kind.VALUER)
def rights(guide_id: int) -> Any:
    """State them."""
    form = Form(request.form)
    text = form.text("text", required=True, most=MOST_TEXT)
    form.check()
    with db.transaction() as session:
        redistributions.state(session, guard.acting(), guide_id, text=text, at=guard.now())
    flash(gettext(N_("The rights stand on the page of the guide from now on.")))
    return go("guides.show", guide_id=guide_id)


def _is_seen(complaint: Complaint) -> bool:
    """Whether this person may see the lot whose value a complaint is about."""
    session = orm.object_session(complaint)
    assert session is not None
    try:
        visible_lot(complaints.lot_of(session, complaint))
    except NotFound:
        return False
    return True
