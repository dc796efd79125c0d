"""The panel of a guide, what it reported, and the form in which it reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db, sheets
from listings.errors import N_, NotFound
from listings.parties import Acting, Kind, Organisation, may
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member
from market.web.values import download
from pricing import panels, points, submissions
from pricing.guides import Guide
from pricing.panels import Panelist, Side
from pricing.parameters import DataKind
from pricing.submissions import Submission

blueprint = Blueprint("panels", __name__)

MOST_TEXT = 500
MOST_SHOWN = 200
MOST = submissions.MOST
TAKEN_ON = N_("You are on the panel of “%(guide)s” and can report prices to it.")
COLUMNS = (
    "id", "day", "point", "kind", "price", "unit", "currency", "tax_included", "volume",
    "panelist", "side", "entered_at", "entered_by_valuer", "left_out", "note",
)  # fmt: skip


@blueprint.get("/guides/panels")
@member()
def mine() -> Any:
    """The panels on which one's organisation stands."""
    with db.transaction() as session:
        found = panels.of_organisation(session, guard.acting().organisation_id)
        return render_template("panels/mine.html", panels=found)


@blueprint.get("/guides/<int:guide_id>/panel")
@member()
def show(guide_id: int) -> Any:
    """The panel and its reports for the valuer and a regulator; a panelist sees its own."""
    with db.transaction() as session:
        guide, own = _readable(session, guide_id)
        acting = guard.acting()
        is_mine = acting.organisation_id == guide.valuer_id
        rows = submissions.of_guide(session, guide_id, panelist_ids=own)
        panelists = panels.members(session, guide_id, ended=True)
        standing = [one for one in panelists if one.ended_at is None]
        reporters = standing if own is None else [one for one in standing if one.id in own]
        return render_template(
            "panels/show.html",
            guide=guide,
            panelists=panelists if own is None else [one for one in panelists if one.id in own],
            rows=rows[:MOST_SHOWN],
            count=len(rows),
            points=points.of_guide(session, guide_id),
            reporters=reporters,
            may_report=bool(reporters) and may(acting, _act(is_mine=is_mine)),
            may_manage=is_mine and may(acting, "guide:write"),
            organisations=_others(session, guide) if is_mine else [],
            sides=list(Side),
            kinds=list(DataKind),
            today=days.of(guard.now()),
        )


@blueprint.post("/guides/<int:guide_id>/panel")
@again(show)
@guarded("guide:write", Kind.VALUER)
def register(guide_id: int) -> Any:
    """Take a firm onto the panel."""
    form = Form(request.form)
    name = form.text("name", most=MOST_TEXT)
    organisation_id = form.integer("organisation_id", most=2**62)
    side = form.choice("side", Side)
    form.check()
    assert side is not None
    at = guard.now()
    with db.transaction() as session:
        panelist = panels.register(
            session,
            guard.acting(),
            guide_id,
            name=name,
            organisation_id=organisation_id,
            side=side,
            at=at,
        )
        _tell(session, panelist, at)
    flash(gettext(N_("“%(name)s” is on the panel."), name=panelist.name))
    return go("panels.show", guide_id=guide_id)


@blueprint.post("/guides/<int:guide_id>/panel/<int:panelist_id>/end")
@again(lambda guide_id, **_: show(guide_id))
@guarded("guide:write", Kind.VALUER)
def end(guide_id: int, panelist_id: int) -> Any:
    """Let a firm leave."""
    with db.transaction() as session:
        panelist = _of_guide(session.get(Panelist, panelist_id), guide_id)
        panels.end(session, guard.acting(), panelist.id, at=guard.now())
    flash(gettext(N_("“%(name)s” left the panel. What it reported stays."), name=panelist.name))
    return go("panels.show", guide_id=guide_id)


@blueprint.post("/guides/<int:guide_id>/submissions")
@again(show)
@member()
def submit(guide_id: int) -> Any:
    """Keep one reported price."""
    form = Form(request.form)
    values: dict[str, Any] = {
        "panelist_id": form.integer("panelist_id", required=True, most=2**62),
        "point_id": form.integer("point_id", required=True, most=2**62),
        "kind": form.choice("kind", DataKind),
        "on_date": form.date("on_date", required=True),
        "price": form.decimal("price", required=True, least=-MOST, most=MOST),
        "volume": form.decimal("volume", most=MOST),
        "note": form.text("note", most=MOST_TEXT),
    }
    form.check()
    with db.transaction() as session:
        _readable(session, guide_id)
        submissions.submit(session, guard.acting(), guide_id, at=guard.now(), **values)
    flash(gettext(N_("Reported. It counts in the data mix from now on.")))
    return go("panels.show", guide_id=guide_id)


@blueprint.post("/guides/<int:guide_id>/submissions/<int:submission_id>/exclude")
@again(lambda guide_id, **_: show(guide_id))
@member()
def exclude(guide_id: int, submission_id: int) -> Any:
    """Leave a submission out."""
    form = Form(request.form)
    reason = form.text("reason", required=True, most=MOST_TEXT)
    form.check()
    with db.transaction() as session:
        _readable(session, guide_id)
        row = session.get(Submission, submission_id)
        _of_guide(row.panelist if row else None, guide_id)
        submissions.exclude(session, guard.acting(), submission_id, reason=reason, at=guard.now())
    flash(gettext(N_("Left out from now on. It stays readable with its reason.")))
    return go("panels.show", guide_id=guide_id)


@blueprint.get("/guides/<int:guide_id>/submissions.csv")
@member()
def as_csv(guide_id: int) -> Any:
    """Every submission that this organisation may see."""
    with db.transaction() as session:
        guide, own = _readable(session, guide_id)
        rows = [
            _line(row, guide) for row in submissions.of_guide(session, guide_id, panelist_ids=own)
        ]
    content = sheets.write_csv(list(COLUMNS), rows)
    return download(content, "text/csv", f"submissions-{guide_id}.csv")


def _readable(session: orm.Session, guide_id: int) -> tuple[Guide, list[int] | None]:
    """The guide, and the panelists whose reports may be seen: None for all of them."""
    guide: Guide = guard.visible(session.get(Guide, guide_id))
    acting: Acting = guard.acting()
    if acting.organisation_id == guide.valuer_id or acting.is_any(Kind.REGULATOR):
        return guide, None
    own = [
        one.id
        for one in panels.members(session, guide_id, ended=True)
        if one.organisation_id == acting.organisation_id
    ]
    if not own:
        raise NotFound
    return guide, own


def _of_guide(panelist: Panelist | None, guide_id: int) -> Panelist:
    if panelist is None or panelist.guide_id != guide_id:
        raise NotFound
    return panelist


def _act(*, is_mine: bool) -> str:
    return "guide:write" if is_mine else "submission:write"


def _others(session: orm.Session, guide: Guide) -> list[tuple[int, str]]:
    """Approved organisations that could be on the panel."""
    rows = (
        sa.select(Organisation)
        .where(Organisation.approved_at.is_not(None), Organisation.id != guide.valuer_id)
        .order_by(Organisation.name)
    )
    return [(one.id, one.called) for one in session.scalars(rows)]


def _tell(session: orm.Session, panelist: Panelist, at: datetime) -> None:
    if panelist.organisation_id is not None:
        notices.tell(
            session,
            panelist.organisation_id,
            TAKEN_ON,
            at=at,
            link=f"/guides/{panelist.guide_id}/panel",
            act="submission:write",
            guide=session.get_one(Guide, panelist.guide_id).name,
        )


def _line(row: Submission, guide: Guide) -> tuple[str | int | None, ...]:
    point, panelist = row.point, row.panelist
    return (
        row.id,
        row.on_date.isoformat(),
        point.code,
        row.kind.value,
        str(row.price),
        point.unit,
        point.currency,
        int(point.is_tax_included),
        "" if row.volume is None else str(row.volume),
        panelist.name,
        panelist.side.value,
        row.entered_at.isoformat(),
        int(row.entered_for == guide.valuer_id),
        row.exclusion.reason if row.exclusion else "",
        row.note,
    )
