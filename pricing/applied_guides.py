"""Guides of the market applied at an instant: the edition that was in force, and index values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.errors import DomainError
from listings.parties import Organisation
from pricing import bands, consensus, indices, references
from pricing.applied import Applied, GuideUnknown, NothingInForce, apply
from pricing.coefficients import GuideCoefficients
from pricing.guides import Edition, EditionState, Guide
from pricing.intervals import refuse_past_review
from pricing.levels import IndexLevels
from pricing.spellings import plain
from pricing.valuation import Provenance

_IN_FORCE = (EditionState.EFFECTIVE, EditionState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Choice:
    """The instant at which a guide is asked. ``is_as_known``: by the index values that were known
    then; else by those that stand now, later corrections among them.
    """

    at: datetime
    is_as_known: bool = False


def named(session: orm.Session, name: str, choice: Choice) -> Applied:
    """A guide of the market by its name, its valuer's name or its number.

    Refuses a name that means none or several, a guide without an edition in force then, one past
    its review, and an index that had no value.
    """
    edition = in_force_at(session, _found(session, name), choice.at)
    return of_edition(session, edition, choice)


def every(session: orm.Session) -> list[Guide]:
    """All guides of the market."""
    return list(session.scalars(sa.select(Guide).order_by(Guide.id)))


def in_force_at(session: orm.Session, guide: Guide, at: datetime) -> Edition:
    """The edition of a guide that was in force at an instant; refuses where there was none."""
    rows = sa.select(Edition).where(
        Edition.guide_id == guide.id, Edition.state.in_(_IN_FORCE), Edition.effective_from <= at
    )
    newest = rows.order_by(Edition.effective_from.desc(), Edition.id.desc()).limit(1)
    edition = session.scalar(newest)
    if edition is None:
        raise NothingInForce("at", guide=guide.name, on=days.of(at).isoformat())
    return edition


def of_edition(session: orm.Session, edition: Edition, choice: Choice) -> Applied:
    """An edition with index levels, and the bands from the sales that were known at the instant."""
    at, on = choice.at, days.of(choice.at)
    refuse_past_review(edition.review_due_on, on)
    guide = GuideCoefficients.from_json(edition.coefficients)
    known = indices.levels(session, on, known_at=at if choice.is_as_known else None)
    names = {*guide.index_of.values(), *guide.cell_of.values()}
    quotes = {name: known.quote(name) for name in sorted(names)}
    measured = {
        cell: band
        for cell, band in bands.of_guide(session, edition, at=at).items()
        if band.origin != "stated"
    }
    return apply(
        guide,
        IndexLevels(max(quote.on for quote in quotes.values()), quotes),
        Provenance(edition.guide.name, edition.number, edition.methodology.sha256),
        effective=days.of(edition.effective_from or at),
        on=on,
        bands=measured,
        valuer=edition.guide.valuer.name,
    )


def panel(
    session: orm.Session, guides: Sequence[Guide], choice: Choice
) -> list[tuple[Applied, int]]:
    """The guides that speak at an instant, one for each group of affiliated valuers, each with its
    weight. A guide that gives no value then is left out. Refuses fewer than three
    (`NotEnoughValuers`).
    """
    known: dict[int, Applied] = {}
    editions = []
    for guide in guides:
        try:
            edition = in_force_at(session, guide, choice.at)
            known[edition.id] = of_edition(session, edition, choice)
        except DomainError:
            continue
        editions.append(edition)
    editions.sort(key=lambda one: (one.effective_from or choice.at, one.id), reverse=True)
    chosen = [one for one, _ in references.independent(session, [(e, {}) for e in editions])]
    weights = consensus.weights(references.standings_of(session, chosen, at=choice.at))
    return [(known[edition.id], weights[str(edition.id)]) for edition in chosen]


def _found(session: orm.Session, name: str) -> Guide:
    """The guide that a name means: its own, its number, else the only one of its valuer."""
    guides = every(session)
    wanted = plain(name)
    reads: tuple[Callable[[Guide], tuple[str, ...]], ...] = (
        lambda guide: (guide.name, str(guide.id)),
        lambda guide: _names(guide.valuer),
    )
    for read in reads:
        found = [one for one in guides if wanted in {plain(text) for text in read(one)}]
        if len(found) == 1:
            return found[0]
    known = ", ".join(f"{one.id} {one.name} ({one.valuer.name})" for one in guides)
    raise GuideUnknown("guide", name=name, known=known or "–")


def _names(valuer: Organisation) -> tuple[str, ...]:
    return (valuer.name, valuer.called)
