"""Price guides: who publishes them, their editions, and the methodology behind them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db
from listings.errors import N_
from listings.parties import Acting, Kind
from listings.words import gettext
from market.web import guard, parameters
from market.web.app import go
from market.web.coefficients import bases, groups
from market.web.forms import Form, again
from market.web.guard import guarded, public
from market.web.values import download
from pricing import editions, guides, points, records, rhythms
from pricing.guides import Edition, EditionState, Guide
from pricing.rhythms import Rhythm

blueprint = Blueprint("guides", __name__)

MOST_TEXT = 50_000


@blueprint.get("/guides")
@public
def index() -> Any:
    """Every guide with its edition in force."""
    with db.transaction() as session:
        found = session.scalars(sa.select(Guide).order_by(Guide.id)).all()
        acting = guard.acting_or_none()
        return render_template(
            "guides/index.html",
            guides=[(guide, editions.effective(session, guide.id)) for guide in found],
            mine=[guide for guide in found if is_mine(guide)],
            open_editions=[e for guide in found if is_mine(guide) for e in _open(session, guide)],
            is_valuer=acting is not None and acting.is_any(Kind.VALUER),
            today=days.of(guard.now()),
        )


@blueprint.get("/guides/<int:guide_id>")
@public
def show(guide_id: int) -> Any:
    """A guide's edition in force with every coefficient and source, its history and methodology."""
    with db.transaction() as session:
        guide = guard.visible(session.get(Guide, guide_id))
        current = editions.effective(session, guide_id)
        return render_template(
            "guides/show.html",
            guide=guide,
            current=current,
            lines=points.lines(session, current) if current else [],
            has_points=bool(points.of_guide(session, guide_id)),
            next_due=_next_due(guide, current),
            groups=groups(current.coefficients) if current else [],
            bases=bases(current.coefficients) if current else [],
            editions=readable(session, guide),
            methodologies=guides.methodologies(session, guide_id),
            is_mine=is_mine(guide),
            today=days.of(guard.now()),
        )


@blueprint.get("/guides/<int:guide_id>.json")
@public
def as_json(guide_id: int) -> Any:
    """The guide with its points, methodologies, and every edition that may be read."""
    with db.transaction() as session:
        guide = guard.visible(session.get(Guide, guide_id))
        versions = guides.methodologies(session, guide_id)
        known = points.of_guide(session, guide_id, ended=True)
        document = {
            "guide": guide.name,
            "valuer": guide.valuer.name,
            "rhythm": guide.rhythm.value,
            "points": [points.to_json(point) for point in known],
            "methodologies": [
                {
                    "version": row.version,
                    "sha256": row.sha256,
                    "text": row.text,
                    "parameters": row.parameters,
                }
                for row in versions
            ],
            "editions": [records.of_edition(session, e) for e in readable(session, guide)],
        }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return download(text, "application/json", f"guide-{guide_id}.json")


@blueprint.get("/guides/next")
@guarded("guide:write", Kind.VALUER)
def following() -> Any:
    """Where a valuer's work goes on: the first guide, an open draft, or the next edition."""
    with db.transaction() as session:
        mine = sa.select(Guide).where(Guide.valuer_id == guard.acting().organisation_id)
        found = session.scalars(mine.order_by(Guide.id)).all()
        drafts = [
            edition.id
            for guide in found
            for edition in _open(session, guide)
            if edition.state is EditionState.DRAFT
        ]
    if not found:
        return go("guides.new")
    if len(drafts) == 1:
        return go("editions.show", edition_id=drafts[0])
    if drafts or len(found) > 1:
        return go("guides.index")
    return go("editions.new", guide_id=found[0].id)


@blueprint.get("/guides/new")
@guarded("guide:write", Kind.VALUER)
def new() -> Any:
    """The form for a guide."""
    return render_template("guides/new.html", rhythms=list(Rhythm))


@blueprint.post("/guides/new")
@again(new)
@guarded("guide:write", Kind.VALUER)
def create() -> Any:
    """Open a guide with the first version of its methodology."""
    form = Form(request.form)
    name = form.text("name", required=True, most=120)
    rhythm = form.choice("rhythm", Rhythm, required=False) or Rhythm.MONTHLY
    text = form.text("text", required=True, most=MOST_TEXT)
    rules = parameters.read(form)
    form.check()
    acting, at = guard.acting(), guard.now()
    with db.transaction() as session:
        guide = guides.create(session, acting, name=name, rhythm=rhythm, at=at)
        guides.methodology(session, acting, guide.id, text=text, parameters=rules, at=at)
    flash(gettext(N_("The guide is open. Write its first edition next.")))
    return go("editions.new", guide_id=guide.id)


@blueprint.get("/guides/<int:guide_id>/methodology")
@guarded("guide:write", Kind.VALUER)
def methodology(guide_id: int) -> Any:
    """The form for the next version, starting from the last."""
    with db.transaction() as session:
        guide = guides.own(session, guard.acting(), guide_id, "guide:write")
        last = guides.newest_methodology(session, guide_id)
        return render_template("guides/methodology.html", guide=guide, last=last)


@blueprint.post("/guides/<int:guide_id>/methodology")
@again(methodology)
@guarded("guide:write", Kind.VALUER)
def publish_methodology(guide_id: int) -> Any:
    """Publish the next version of the methodology."""
    form = Form(request.form)
    text = form.text("text", required=True, most=MOST_TEXT)
    rules = parameters.read(form)
    form.check()
    with db.transaction() as session:
        version = guides.methodology(
            session, guard.acting(), guide_id, text=text, parameters=rules, at=guard.now()
        ).version
    sentence = N_("Version %(n)s is published. Its first edition takes effect after 28 days.")
    flash(gettext(sentence, n=version))
    return go("guides.show", guide_id=guide_id)


def _open(session: orm.Session, guide: Guide) -> list[Edition]:
    """A guide's editions that somebody still has to do something about, the oldest first."""
    waiting = (EditionState.DRAFT, EditionState.CONSULTATION, EditionState.ANNOUNCED)
    return [
        edition
        for edition in reversed(editions.every(session, guide.id))
        if edition.state in waiting
    ]


def _next_due(guide: Guide, current: Edition | None) -> date | None:
    """The last day on which the guide's next edition is on time."""
    if current is None:
        return None
    last = current.priced_on or days.of(current.effective_from or current.created_at)
    return rhythms.next_due(guide.rhythm, last)


def is_mine(guide: Guide) -> bool:
    """Whether the person acts for the guide's valuer."""
    acting: Acting | None = guard.acting_or_none()
    return acting is not None and acting.organisation_id == guide.valuer_id


def readable(session: orm.Session, guide: Guide) -> list[Edition]:
    """The editions that this person may read: drafts are the valuer's own."""
    every = editions.every(session, guide.id)
    return every if is_mine(guide) else [e for e in every if e.state is not EditionState.DRAFT]
