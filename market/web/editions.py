"""The valuer's desk: the next edition from the last, what it moves, and the second signature."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db, journal, sheets
from listings.errors import N_, NotFound
from listings.parties import Kind, may
from listings.users import User
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.coefficients import Choice, bases, choices, groups, label_of, read
from market.web.forms import Form, again
from market.web.guard import guarded, public
from market.web.guides import is_mine
from market.web.values import download
from pricing import (
    approvers,
    differences,
    editions,
    guide_sheets,
    guides,
    indices,
    points,
    previews,
    records,
    rhythms,
    seeded,
)
from pricing.coefficients import GuideCoefficients, Number
from pricing.guides import Edition, EditionState, Guide
from pricing.points import PricePoint

blueprint = Blueprint("editions", __name__)

MOST_EXPLANATION = 10_000
REVIEWED_WITHIN = timedelta(days=92)  # what the form suggests until the next review
PROPOSED = N_("Edition %(number)s of “%(guide)s” waits for your approval.")
SENT_BACK = N_("Edition %(number)s of “%(guide)s” was sent back: %(reason)s")


@blueprint.app_template_filter("label_of")
def label(name: str) -> str:
    """A coefficient's words by its dotted name."""
    return label_of(name)[0]


@blueprint.get("/guides/editions/<int:edition_id>")
@public
def show(edition_id: int) -> Any:
    """One edition with every coefficient and source; for its valuer also what it would move."""
    with db.transaction() as session:
        edition = _readable(session, edition_id)
        acting = guard.acting_or_none()
        mine = is_mine(edition.guide)
        is_open = edition.state in {EditionState.DRAFT, EditionState.CONSULTATION}
        before = differences.predecessor(session, edition)
        at = guard.now()
        return render_template(
            "editions/show.html",
            edition=edition,
            groups=groups(edition.coefficients),
            bases=bases(edition.coefficients),
            assessor=session.get(User, edition.assessor_id),
            approver=session.get(User, edition.approver_id) if edition.approver_id else None,
            preview=previews.of_edition(session, edition, at=at) if mine and is_open else None,
            lines=points.lines(session, edition),
            before=before,
            difference=differences.between(before, edition) if before else None,
            approvers=approvers.of(session, edition) if mine and is_open else [],
            may_write=mine and may(acting, "guide:write"),
            may_approve=mine and may(acting, "guide:approve"),
            acts=journal.about(session, f"edition:{edition.id}") if mine else [],
            today=days.of(at),
        )


@blueprint.get("/guides/editions/<int:edition_id>.json")
@public
def as_json(edition_id: int) -> Any:
    """The edition as one document."""
    with db.transaction() as session:
        edition = _readable(session, edition_id)
        text = json.dumps(records.of_edition(session, edition), ensure_ascii=False, indent=2)
    return download(text, "application/json", f"edition-{edition_id}.json")


@blueprint.get("/guides/editions/<int:edition_id>.csv")
@public
def as_csv(edition_id: int) -> Any:
    """Every price and coefficient, as the sheet that the desk reads back."""
    with db.transaction() as session:
        edition = _readable(session, edition_id)
        rows = sheet_rows(session, edition.guide, edition.coefficients, edition.prices)
    content = sheets.write_csv(guide_sheets.COLUMNS, rows)
    return download(content, "text/csv", f"edition-{edition_id}.csv")


@blueprint.get("/guides/<int:guide_id>/editions/new")
@guarded("guide:write", Kind.VALUER)
def new(guide_id: int) -> Any:
    """The form for the next edition, filled in from the last."""
    with db.transaction() as session:
        guide = guides.own(session, guard.acting(), guide_id, "guide:write")
        return render_template("editions/edit.html", **form_values(session, guide, None))


@blueprint.post("/guides/<int:guide_id>/editions/new")
@again(new)
@guarded("guide:write", Kind.VALUER)
def draft(guide_id: int) -> Any:
    """Keep a draft."""
    acting, at = guard.acting(), guard.now()
    with db.transaction() as session:
        guide = guides.own(session, acting, guide_id, "guide:write")
        values = _read(session, guide, start(session, guide))
        edition = editions.draft(session, acting, guide_id, at=at, **values)
    flash(gettext(N_("The draft is kept. Look at what it moves, then send it to the approver.")))
    return go("editions.show", edition_id=edition.id)


@blueprint.get("/guides/editions/<int:edition_id>/edit")
@guarded("guide:write", Kind.VALUER)
def edit(edition_id: int) -> Any:
    """The form for a draft."""
    with db.transaction() as session:
        edition = guard.visible(session.get(Edition, edition_id))
        guide = guides.own(session, guard.acting(), edition.guide_id, "guide:write")
        return render_template("editions/edit.html", **form_values(session, guide, edition))


@blueprint.post("/guides/editions/<int:edition_id>/edit")
@again(edit)
@guarded("guide:write", Kind.VALUER)
def change(edition_id: int) -> Any:
    """Keep what was changed in a draft."""
    acting, at = guard.acting(), guard.now()
    with db.transaction() as session:
        edition = guard.visible(session.get(Edition, edition_id))
        guide = guides.own(session, acting, edition.guide_id, "guide:write")
        values = _read(session, guide, edition.coefficients)
        seen = request.form.get("seen")
        editions.edit(session, acting, edition_id, seen=seen, at=at, **values)
    flash(gettext(N_("The draft is kept. Look at what it moves, then send it to the approver.")))
    return go("editions.show", edition_id=edition_id)


@blueprint.post("/guides/editions/<int:edition_id>/propose")
@again(show)
@guarded("guide:write", Kind.VALUER)
def propose(edition_id: int) -> Any:
    """Send a draft to whoever may approve it."""
    acting, at = guard.acting(), guard.now()
    with db.transaction() as session:
        edition = editions.propose(session, acting, edition_id, at=at)
        _tell(session, edition, PROPOSED, "guide:approve", at)
    flash(gettext(N_("Sent to the approver. Everybody can read it as proposed from now on.")))
    return go("editions.show", edition_id=edition_id)


@blueprint.get("/guides/editions/<int:edition_id>/approve")
@guarded("guide:approve", Kind.VALUER)
def confirm(edition_id: int) -> Any:
    """The facts once more before the second signature."""
    with db.transaction() as session:
        edition = guard.visible(session.get(Edition, edition_id))
        guides.own(session, guard.acting(), edition.guide_id, "guide:approve")
        at = guard.now()
        return render_template(
            "editions/approve.html",
            edition=edition,
            assessor=session.get(User, edition.assessor_id),
            is_assessor=edition.assessor_id == guard.acting().user_id,
            is_open=edition.state is EditionState.CONSULTATION,
            preview=previews.of_edition(session, edition, at=at),
            earliest=editions.earliest(session, edition, at),
            is_now=editions.earliest(session, edition, at) == at,
        )


@blueprint.post("/guides/editions/<int:edition_id>/approve")
@again(confirm)
@guarded("guide:approve", Kind.VALUER, fresh=True)
def approve(edition_id: int) -> Any:
    """Announce the edition, in force at once where it may be."""
    form = Form(request.form)
    effective_from = form.instant("effective_from")
    form.check()
    with db.transaction() as session:
        edition = editions.approve(
            session, guard.acting(), edition_id, effective_from=effective_from, at=guard.now()
        )
    if edition.state is EditionState.EFFECTIVE:
        flash(gettext(N_("Edition %(number)s is in force."), number=edition.number))
    else:
        day = days.of(edition.effective_from or guard.now()).isoformat()
        sentence = N_("Edition %(number)s is announced and takes effect on %(day)s.")
        flash(gettext(sentence, number=edition.number, day=day))
    return go("editions.show", edition_id=edition_id)


@blueprint.post("/guides/editions/<int:edition_id>/return")
@again(confirm)
@guarded("guide:approve", Kind.VALUER)
def send_back(edition_id: int) -> Any:
    """Return a proposed edition to its assessor."""
    form = Form(request.form)
    reason = form.text("reason", required=True)
    form.check()
    at = guard.now()
    with db.transaction() as session:
        edition = editions.send_back(session, guard.acting(), edition_id, reason=reason, at=at)
        _tell(session, edition, SENT_BACK, "guide:write", at, reason=reason)
    flash(gettext(N_("Sent back to the assessor.")))
    return go("editions.show", edition_id=edition_id)


def _readable(session: orm.Session, edition_id: int) -> Edition:
    edition = session.get(Edition, edition_id)
    if edition is None or (edition.state is EditionState.DRAFT and not is_mine(edition.guide)):
        raise NotFound
    return edition


def start(session: orm.Session, guide: Guide) -> dict[str, Any]:
    """The coefficients that the next edition starts from: the last ones, else the packaged set."""
    every = editions.every(session, guide.id)
    return every[0].coefficients if every else seeded.edition().coefficients.to_json()


def form_values(session: orm.Session, guide: Guide, edition: Edition | None) -> dict[str, Any]:
    """What the form of an edition shows: a draft, or the last edition as a start for the next."""
    content = edition.coefficients if edition else start(session, guide)
    current = editions.effective(session, guide.id)
    today = days.of(guard.now())
    versions = guides.methodologies(session, guide.id)
    return {
        "guide": guide,
        "edition": edition,
        "seen": editions.fingerprint(edition) if edition else "",
        "current": current,
        "content": content,
        "groups": groups(content, numbers(current.coefficients) if current else None),
        "choices": _choices(session, content),
        "points": points.of_guide(session, guide.id),
        "prices": edition.prices if edition else {},
        "earlier": points.before(session, edition, guide.id),
        "number": edition.number if edition else rhythms.number(guide.rhythm, today),
        "priced_on": (edition.priced_on if edition else today) or "",
        "explanation": edition.explanation if edition else "",
        "review_due_on": edition.review_due_on if edition else today + REVIEWED_WITHIN,
        "methodology_id": edition.methodology_id if edition else versions[0].id if versions else 0,
        "versions": [
            (version.id, gettext(N_("Version %(n)s"), n=version.version)) for version in versions
        ],
    }


def sheet_rows(
    session: orm.Session, guide: Guide, coefficients: dict[str, Any], prices: dict[str, Any]
) -> list[Sequence[sheets.Written]]:
    """The rows of an edition's sheet, its open points and those that it states a price for."""
    every = points.of_guide(session, guide.id, ended=True)
    known = {point.code: point for point in every if point.code in prices or not point.ended_at}

    def label(name: str) -> tuple[str, str]:
        if not name.startswith(guide_sheets.POINT):
            return label_of(name)
        point = known[name.removeprefix(guide_sheets.POINT)]
        return point.name, f"{point.currency}/{point.unit}"

    return guide_sheets.rows(coefficients, prices, known, label)


def numbers(coefficients: dict[str, Any]) -> dict[str, Number]:
    """Every number of a guide by its dotted name."""
    return dict(GuideCoefficients.from_json(coefficients).sources())


def _choices(session: orm.Session, coefficients: dict[str, Any]) -> list[Choice]:
    return choices(coefficients, indices.levels(session, days.of(guard.now())).quotes)


def _read(session: orm.Session, guide: Guide, coefficients: dict[str, Any]) -> dict[str, Any]:
    """The form of a draft; its coefficients take the shape of ``coefficients``."""
    form = Form(request.form)
    values = {
        "number": form.text("number", required=True, most=40),
        "priced_on": form.date("priced_on"),
        "explanation": form.text("explanation", required=True, most=MOST_EXPLANATION),
        "review_due_on": form.date("review_due_on", required=True),
        "methodology_id": form.integer("methodology_id", required=True),
        "prices": _prices(form, points.of_guide(session, guide.id)),
        "coefficients": read(form, coefficients, _choices(session, coefficients)),
    }
    form.check()
    return values


def _prices(form: Form, known: list[PricePoint]) -> dict[str, dict[str, str]]:
    """Low, high and average of every point that has one of them."""
    found: dict[str, dict[str, str]] = {}
    for point in known:
        for name in ("low", "high", "average"):
            field = f"point.{point.code}.{name}"
            amount = form.decimal(field, least=-points.MOST, most=points.MOST)
            if amount is not None:
                found.setdefault(point.code, {})[name] = f"{amount:f}"
    return found


def _tell(
    session: orm.Session, edition: Edition, message: str, act: str, at: datetime, **more: str
) -> None:
    notices.tell(
        session,
        edition.guide.valuer_id,
        message,
        at=at,
        link=f"/guides/editions/{edition.id}",
        act=act,
        number=edition.number,
        guide=edition.guide.name,
        **more,
    )
