"""What stands around an edition on its page: its evidence, comments and corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import db
from listings.errors import N_
from listings.parties import Kind, may
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.editions import show
from market.web.forms import Form, again
from market.web.guard import guarded
from market.web.guides import is_mine
from pricing import consultations, corrections, data_mixes, editions, guides
from pricing.consultations import Comment
from pricing.corrections import Correction
from pricing.guides import Edition, EditionState, Guide
from pricing.parameters import Parameters

blueprint = Blueprint("consultations", __name__)

MOST_TEXT = 5_000
COMMENTED = N_("%(organisation)s commented on edition %(number)s of “%(guide)s”.")
ANSWERED = N_("The valuer answered your comment on edition %(number)s of “%(guide)s”.")


@dataclass(frozen=True, slots=True)
class Around:
    """What the page of an edition shows beside its figures.

    ``mix`` is that of `data_mixes`: as proposed, or of now for a draft (``is_kept`` says which).
    """

    mix: dict[str, Any]
    is_kept: bool
    rules: Parameters
    correction: Correction | None
    corrections: list[Correction]
    comments: list[tuple[Comment, list[Comment]]]
    is_open: bool
    may_comment: bool
    may_answer: bool
    may_correct: bool


@blueprint.app_template_global("around_edition")
def around(edition: Edition) -> Around:
    """Evidence, comments and corrections of an edition, and what this person may do there."""
    session = orm.object_session(edition)
    assert session is not None
    kept = data_mixes.kept(session, edition.id)
    mix = kept or data_mixes.compute(session, edition, at=guard.now())
    acting, mine = guard.acting_or_none(), is_mine(edition.guide)
    is_open = edition.state is EditionState.CONSULTATION
    begun = corrections.to(session, edition.id)
    is_writer = mine and may(acting, "guide:write")
    return Around(
        mix=mix,
        is_kept=kept is not None,
        rules=Parameters.from_json(mix["parameters"]),
        correction=corrections.of(session, edition.id),
        corrections=[row for row in begun if mine or row.edition.state is not EditionState.DRAFT],
        comments=consultations.of_edition(session, edition.id),
        is_open=is_open,
        may_comment=is_open and not mine and may(acting, "comment:write"),
        may_answer=is_writer,
        may_correct=is_writer and edition.state is EditionState.EFFECTIVE and not begun,
    )


@blueprint.app_template_global("mixes_now")
def mixes_now(guide: Guide) -> dict[str, Any]:
    """What the panel's reports say today, for who writes the next edition."""
    session = orm.object_session(guide)
    assert session is not None
    return data_mixes.now(session, guide.id, at=guard.now())


@blueprint.post("/guides/editions/<int:edition_id>/comments")
@again(show)
@guarded("comment:write")
def comment(edition_id: int) -> Any:
    """Say something of a proposed edition."""
    text = _text("comment")
    at = guard.now()
    with db.transaction() as session:
        row = consultations.comment(session, guard.acting(), edition_id, text=text, at=at)
        edition = session.get_one(Edition, edition_id)
        notices.tell(
            session,
            edition.guide.valuer_id,
            COMMENTED,
            at=at,
            link=f"/guides/editions/{edition_id}",
            act="guide:write",
            organisation=row.organisation.names,
            number=edition.number,
            guide=edition.guide.name,
        )
    flash(gettext(N_("Your comment is published.")))
    return go("editions.show", edition_id=edition_id)


@blueprint.post("/guides/editions/<int:edition_id>/comments/<int:comment_id>/answer")
@again(lambda edition_id, **_: show(edition_id))
@guarded("guide:write", Kind.VALUER)
def answer(edition_id: int, comment_id: int) -> Any:
    """Answer a comment."""
    text = _text("answer")
    at = guard.now()
    with db.transaction() as session:
        consultations.comment(
            session, guard.acting(), edition_id, text=text, answers_id=comment_id, at=at
        )
        edition = session.get_one(Edition, edition_id)
        notices.tell(
            session,
            session.get_one(Comment, comment_id).organisation_id,
            ANSWERED,
            at=at,
            link=f"/guides/editions/{edition_id}",
            act="comment:write",
            number=edition.number,
            guide=edition.guide.name,
        )
    flash(gettext(N_("Your answer is published.")))
    return go("editions.show", edition_id=edition_id)


@blueprint.get("/guides/editions/<int:edition_id>/correct")
@guarded("guide:write", Kind.VALUER)
def ask_correction(edition_id: int) -> Any:
    """Why it is wrong, before the correction is written."""
    with db.transaction() as session:
        edition = guard.visible(session.get(Edition, edition_id))
        guides.own(session, guard.acting(), edition.guide_id, "guide:write")
        return render_template("editions/correct.html", edition=edition)


@blueprint.post("/guides/editions/<int:edition_id>/correct")
@again(ask_correction)
@guarded("guide:write", Kind.VALUER)
def correct(edition_id: int) -> Any:
    """Begin the correction: a draft with the same figures."""
    form = Form(request.form)
    reason = form.text("reason", required=True, most=MOST_TEXT)
    form.check()
    with db.transaction() as session:
        edition = editions.correct(
            session, guard.acting(), edition_id, reason=reason, at=guard.now()
        )
    flash(
        gettext(
            N_("Change what was wrong. The correction goes to another person like any edition.")
        )
    )
    return go("editions.edit", edition_id=edition.id)


def _text(name: str) -> str:
    form = Form(request.form)
    text = form.text(name, required=True, most=MOST_TEXT)
    form.check()
    return text
