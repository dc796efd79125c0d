"""The life cycle of an edition: draft, consultation, announced, effective, superseded.

An edition is drafted by an assessor, proposed, and approved by somebody else; from then on it is
never edited. It takes effect at once, or four weeks after it was announced where its methodology
is not that of the edition in force. The valuer says what things are worth; the house never does.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import rfc8785
import sqlalchemy as sa
from sqlalchemy import orm

from listings import days, db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import Acting, Kind, demand
from pricing import corrections, data_mixes, edition_fields, guides, points, seeded
from pricing.coefficients import GuideCoefficients
from pricing.corrections import Correction
from pricing.guides import Edition, EditionState, Guide

NOTICE = timedelta(days=28)  # between announcing a changed methodology and its first edition
FIRST_REVIEW = timedelta(days=365)
SEEDED_NAME = seeded.NAME


class EditionNotOpen(Conflict):
    """An edition is in another state than the act needs."""

    message = N_("Edition %(number)s cannot be changed like this any more. Look at it again.")


class ApproverIsAssessor(Refused):
    """The person who assessed an edition wants to approve it as well."""

    message = N_("You assessed edition %(number)s yourself. Somebody else must approve it.")


class EffectiveTooEarly(Refused):
    """An edition is to take effect before it may."""

    message = N_(
        "Edition %(number)s changes the methodology, which is announced 28 days ahead: "
        "it can take effect from %(earliest)s."
    )


class NotEffectiveYet(Conflict):
    """An announced edition is published before its day."""

    message = N_("Edition %(number)s takes effect on %(effective_from)s, not before.")


class CorrectionBegun(Conflict):
    """A correction of the edition is under way."""

    message = N_("Edition %(number)s corrects it already. Go on with that one.")


class CorrectionOvertaken(Conflict):
    """The edition to be corrected is no longer in force."""

    message = N_("Edition %(number)s is no longer in force, so there is nothing to correct.")


class DraftMoved(Conflict):
    """Somebody else changed the draft after the form was opened."""

    message = N_(
        "Somebody changed edition %(number)s while you wrote. Look at it again, "
        "then enter what you changed."
    )


def draft(
    session: orm.Session,
    acting: Acting,
    guide_id: int,
    *,
    number: str,
    coefficients: dict[str, Any],
    explanation: str,
    review_due_on: date,
    methodology_id: int,
    priced_on: date | None = None,
    prices: dict[str, Any] | None = None,
    at: datetime,
) -> Edition:
    """Start an edition; the acting person is its assessor.

    ``coefficients`` is the plain form of `GuideCoefficients`; what is wrong in it is refused by
    name (`BadCoefficient`). ``prices`` are those of the guide's price points by their codes, on
    the day ``priced_on``. Refuses a number or day used before and a review that is not in the
    future.
    """
    guide = guides.own(session, acting, guide_id, "guide:write")
    edition = Edition(
        guide_id=guide.id,
        methodology_id=edition_fields.methodology_of(session, guide_id, methodology_id).id,
        number=edition_fields.number_of(session, guide_id, number),
        coefficients=sound(coefficients),
        explanation=guides.worded(explanation, "explanation", N_("explanation")),
        review_due_on=edition_fields.review_after(review_due_on, at),
        priced_on=edition_fields.day_of(session, guide_id, priced_on),
        prices=points.sound(points.of_guide(session, guide_id), prices or {}),
        assessor_id=acting.user_id,
        created_at=at,
    )
    session.add(edition)
    guides.note(session, "edition:drafted", edition, acting, at)
    return edition


def edit(
    session: orm.Session,
    acting: Acting,
    edition_id: int,
    *,
    number: str,
    coefficients: dict[str, Any],
    explanation: str,
    review_due_on: date,
    methodology_id: int,
    priced_on: date | None = None,
    prices: dict[str, Any] | None = None,
    seen: str | None = None,
    at: datetime,
) -> Edition:
    """Change a draft. Who changed it last is its assessor.

    ``seen`` is the `fingerprint` of what the change was made from: where the draft is another by
    now, it is refused rather than overwritten.
    """
    edition = _open(session, acting, edition_id, "guide:write", EditionState.DRAFT)
    if seen is not None and seen != fingerprint(edition):
        raise DraftMoved(number=edition.number)
    edition.coefficients = sound(coefficients)
    edition.number = edition_fields.number_of(session, edition.guide_id, number, edition_id)
    edition.explanation = guides.worded(explanation, "explanation", N_("explanation"))
    edition.review_due_on = edition_fields.review_after(review_due_on, at)
    version = edition_fields.methodology_of(session, edition.guide_id, methodology_id)
    edition.methodology_id = version.id
    edition.priced_on = edition_fields.day_of(session, edition.guide_id, priced_on, edition_id)
    edition.prices = points.sound(points.of_guide(session, edition.guide_id), prices or {})
    edition.assessor_id = acting.user_id
    guides.note(session, "edition:edited", edition, acting, at)
    return edition


def correct(
    session: orm.Session, acting: Acting, edition_id: int, *, reason: str, at: datetime
) -> Edition:
    """Begin the correction of the edition in force: a draft like it, of the same day, which goes
    the way of every draft and takes its place. The corrected one and the reason stay public.

    Refuses no reason, another correction under way, and a review that is past.
    """
    wrong = _open(session, acting, edition_id, "guide:write", EditionState.EFFECTIVE)
    reason = guides.worded(reason, "reason", N_("reason"))
    begun = corrections.to(session, wrong.id)
    if begun:
        raise CorrectionBegun(number=begun[-1].edition.number)
    chain = corrections.corrected(session, wrong.id)
    first = session.get_one(Edition, chain[-1]) if chain else wrong
    number = f"{first.number}-C{len(chain) + 1}"
    edition = Edition(
        guide_id=wrong.guide_id,
        methodology_id=wrong.methodology_id,
        number=edition_fields.number_of(session, wrong.guide_id, number),
        coefficients=wrong.coefficients,
        explanation=wrong.explanation,
        review_due_on=edition_fields.review_after(wrong.review_due_on, at),
        priced_on=wrong.priced_on,
        prices=wrong.prices,
        assessor_id=acting.user_id,
        created_at=at,
    )
    session.add(edition)
    session.flush()
    session.add(
        Correction(
            edition_id=edition.id,
            corrects_id=wrong.id,
            reason=reason,
            begun_by=acting.user_id,
            begun_at=at,
        )
    )
    guides.note(session, "edition:correcting", edition, acting, at, reason=reason)
    return edition


def propose(session: orm.Session, acting: Acting, edition_id: int, *, at: datetime) -> Edition:
    """Send a draft to the approver; from now on everybody can read it and comment on it.

    What its evidence says (`data_mixes`) is kept as of now.
    """
    edition = _open(session, acting, edition_id, "guide:write", EditionState.DRAFT)
    edition.state = EditionState.CONSULTATION
    data_mixes.keep(session, edition, at=at)
    guides.note(session, "edition:proposed", edition, acting, at)
    return edition


def send_back(
    session: orm.Session, acting: Acting, edition_id: int, *, reason: str, at: datetime
) -> Edition:
    """Return a proposed edition to its assessor, with a reason."""
    edition = _open(session, acting, edition_id, "guide:approve", EditionState.CONSULTATION)
    reason = guides.worded(reason, "reason", N_("reason"))
    edition.state = EditionState.DRAFT
    guides.note(session, "edition:sent-back", edition, acting, at, reason=reason)
    return edition


def approve(
    session: orm.Session,
    acting: Acting,
    edition_id: int,
    *,
    effective_from: datetime | None = None,
    at: datetime,
) -> Edition:
    """Announce a proposed edition, as another person than its assessor.

    It takes effect at ``effective_from``, by default as soon as it may (see `earliest`), and in
    this same call where that is now.
    """
    edition = _open(session, acting, edition_id, "guide:approve", EditionState.CONSULTATION)
    if acting.user_id == edition.assessor_id:
        raise ApproverIsAssessor(number=edition.number)
    _demand_standing(session, edition)
    edition_fields.review_after(edition.review_due_on, at)
    first = earliest(session, edition, at)
    if effective_from is not None and effective_from < first:
        # A form cannot name the present second: a time just past means at once.
        if first > at or effective_from < at - timedelta(hours=1):
            day = days.of(first).isoformat()
            raise EffectiveTooEarly("effective_from", number=edition.number, earliest=day)
        effective_from = None
    edition.approver_id = acting.user_id
    edition.state = EditionState.ANNOUNCED
    edition.announced_at = at
    edition.effective_from = effective_from or first
    guides.note(session, "edition:announced", edition, acting, at)
    if edition.effective_from <= at:
        publish(session, edition.id, at=at)
    return edition


def earliest(session: orm.Session, edition: Edition, at: datetime) -> datetime:
    """When an edition announced at ``at`` may take effect: at once, or four weeks later where its
    methodology is another than that of the edition in force.
    """
    current = effective(session, edition.guide_id)
    is_changed = current is not None and current.methodology_id != edition.methodology_id
    return at + NOTICE if is_changed else at


def publish(session: orm.Session, edition_id: int, *, at: datetime) -> Edition:
    """Let an announced edition take effect and supersede the one before it."""
    edition = _locked(session, edition_id)
    if edition.state is not EditionState.ANNOUNCED or edition.effective_from is None:
        raise EditionNotOpen(number=edition.number)
    if edition.effective_from > at:
        day = days.of(edition.effective_from).isoformat()
        raise NotEffectiveYet(number=edition.number, effective_from=day)
    current = effective(session, edition.guide_id)
    if current is not None:
        current.state = EditionState.SUPERSEDED
        session.flush()
    edition.state = EditionState.EFFECTIVE
    journal.record(session, "edition:effective", edition, at=at)
    return edition


def publish_due(session: orm.Session, *, at: datetime) -> list[Edition]:
    """Publish every announced edition whose time has come, oldest first."""
    due = session.scalars(
        sa.select(Edition.id)
        .where(Edition.state == EditionState.ANNOUNCED, Edition.effective_from <= at)
        .order_by(Edition.effective_from, Edition.id),
    ).all()
    return [publish(session, edition_id, at=at) for edition_id in due]


def effective(session: orm.Session, guide_id: int) -> Edition | None:
    """The edition of a guide that is in force."""
    in_force = sa.select(Edition).where(
        Edition.guide_id == guide_id, Edition.state == EditionState.EFFECTIVE
    )
    return session.scalar(in_force)


def every(session: orm.Session, guide_id: int) -> list[Edition]:
    """All editions of a guide, newest first."""
    of_guide = sa.select(Edition).where(Edition.guide_id == guide_id)
    return list(session.scalars(of_guide.order_by(Edition.id.desc())))


def sound(coefficients: dict[str, Any]) -> dict[str, Any]:
    """The coefficients in their plain form, checked; `BadCoefficient` names what is wrong."""
    return GuideCoefficients.from_json(coefficients).to_json()


def fingerprint(edition: Edition) -> str:
    """The SHA-256 of all that a draft's form changes."""
    content = {
        "number": edition.number,
        "coefficients": edition.coefficients,
        "prices": edition.prices,
        "priced_on": edition.priced_on.isoformat() if edition.priced_on else None,
        "explanation": edition.explanation,
        "review_due_on": edition.review_due_on.isoformat(),
        "methodology_id": edition.methodology_id,
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def seed(
    session: orm.Session,
    *,
    valuer_id: int,
    assessor: Acting,
    approver: Acting,
    prices: dict[str, Any] | None = None,
    at: datetime,
) -> Edition:
    """The packaged guide as this valuer's, its first edition in force and under review in a year;
    ``prices`` are those of the points that the guide has already.

    A second call changes nothing and returns the edition in force.
    """
    named = sa.select(Guide).where(Guide.valuer_id == valuer_id, Guide.name == SEEDED_NAME)
    there = session.scalar(named)
    current = effective(session, there.id) if there else None
    if current is not None:
        return current
    sent = seeded.edition()
    guide = there or guides.create(session, assessor, name=SEEDED_NAME, at=at)
    version = guides.newest_methodology(session, guide.id) or guides.methodology(
        session, assessor, guide.id, text=sent.methodology, at=at
    )
    edition = draft(
        session,
        assessor,
        guide.id,
        number=sent.edition,
        coefficients=sent.coefficients.to_json(),
        explanation=sent.explanation,
        review_due_on=days.of(at + FIRST_REVIEW),
        methodology_id=version.id,
        prices=prices,
        at=at,
    )
    propose(session, assessor, edition.id, at=at)
    return approve(session, approver, edition.id, at=at)


def _locked(session: orm.Session, edition_id: int) -> Edition:
    """An edition read anew with its guide locked: changes of one guide follow one another."""
    edition = session.get(Edition, edition_id)
    if edition is None:
        raise NotFound
    db.lock(session, Guide, edition.guide_id)
    session.refresh(edition)
    return edition


def _open(
    session: orm.Session, acting: Acting, edition_id: int, act: str, state: EditionState
) -> Edition:
    demand(acting, act, Kind.VALUER)
    edition = session.get(Edition, edition_id)
    if edition is None:
        raise NotFound
    guides.own(session, acting, edition.guide_id, act)
    session.refresh(edition)
    if edition.state is not state:
        raise EditionNotOpen(number=edition.number)
    return edition


def _demand_standing(session: orm.Session, edition: Edition) -> None:
    """A correction takes the place of the edition that it corrects, and of no other."""
    row = corrections.of(session, edition.id)
    if row is not None and row.corrects.state is not EditionState.EFFECTIVE:
        raise CorrectionOvertaken(number=row.corrects.number)
