"""A guide applied on a day: everything that a pack's value rests on beside the pack itself.

The packaged guide and index values stand for themselves, without a database; a guide of the market
counts with the edition that was in force and the index values that were known at an instant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.errors import N_, Refused
from listings.parties import Organisation
from pricing import indices, seeded
from pricing.bands import of_guide, stated
from pricing.coefficients import FAMILIES, GuideCoefficients, family_of
from pricing.editions import SEEDED_NAME
from pricing.guides import Edition, EditionState, Guide
from pricing.intervals import Band, refuse_past_review, staleness, trading_days
from pricing.levels import IndexLevels
from pricing.materials import Tables
from pricing.rates import Bands
from pricing.spellings import plain
from pricing.valuation import Provenance
from pricing.values import MOST_STALE_DAYS

PACKAGED = "packaged"
_IN_FORCE = (EditionState.EFFECTIVE, EditionState.SUPERSEDED)


class GuideUnknown(Refused):
    """No guide goes by that name."""

    message = N_("There is no guide “%(name)s”. Name one of: %(known)s.")


class NothingInForce(Refused):
    """The guide had no edition in force on that day."""

    message = N_("The guide “%(guide)s” has no edition in force on %(on)s.")


@dataclass(frozen=True, eq=False)
class Applied:
    """Coefficients, index levels and tables of materials, with their provenance.

    ``index_dates`` and ``stale_days`` are by family of chemistries: the day of the oldest index
    value that it hangs on, and the trading days by which its intervals are widened.
    """

    coefficients: GuideCoefficients
    levels: IndexLevels
    tables: Tables
    provenance: Provenance
    index_dates: dict[str, date]
    stale_days: dict[str, int]
    bands: Bands = field(default_factory=dict)
    valuer: str = ""

    @cached_property
    def widened(self) -> Bands:
        """The half width of every (route, chemistry), measured or stated, widened by its age."""
        found = {
            cell: Band(width, 0, "stated") for cell, width in stated(self.coefficients).items()
        }
        return {
            (route, chemistry): replace(band, half_width=band.half_width * self._factor(chemistry))
            for (route, chemistry), band in (found | dict(self.bands)).items()
        }

    def _factor(self, chemistry: str) -> float:
        return staleness(self.stale_days[family_of(chemistry)])


def packaged(on: date | None = None) -> Applied:
    """The packaged guide with the packaged index values, by default on their own day.

    Refuses a day before its edition took effect and one after its review was due.
    """
    levels, sent = seeded.index_levels(), seeded.edition()
    on = on or levels.on
    if on < sent.effective_from:
        raise NothingInForce("at", guide=SEEDED_NAME, on=on.isoformat())
    refuse_past_review(sent.review_due, on)
    provenance = Provenance(SEEDED_NAME, sent.edition, sent.methodology_sha256)
    return _applied(sent.coefficients, levels, provenance, effective=sent.effective_from, on=on)


def is_packaged(name: str) -> bool:
    """Whether a name means the packaged guide: ``packaged``, its own name, or its edition."""
    names = (PACKAGED, SEEDED_NAME, seeded.edition().edition)
    return plain(name) in {plain(one) for one in names}


def packaged_named(name: str, on: date | None = None) -> Applied:
    """The packaged guide by a name; refuses every other one, where there is no database."""
    if not is_packaged(name):
        raise GuideUnknown("guide", name=name, known=f"{PACKAGED} ({SEEDED_NAME})")
    return packaged(on)


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
        for cell, band in of_guide(session, edition, at=at).items()
        if band.origin != "stated"
    }
    return _applied(
        guide,
        IndexLevels(max(quote.on for quote in quotes.values()), quotes),
        Provenance(edition.guide.name, edition.number, edition.methodology.sha256),
        effective=days.of(edition.effective_from or at),
        on=on,
        bands=measured,
        valuer=edition.guide.valuer.name,
    )


def _applied(
    guide: GuideCoefficients,
    levels: IndexLevels,
    provenance: Provenance,
    *,
    effective: date,
    on: date,
    bands: Bands | None = None,
    valuer: str = "",
) -> Applied:
    dates = {
        family: min(levels.quote(series).on for series in guide.series_behind([family]))
        for family in FAMILIES
    }
    stale = {
        family: min(trading_days(min(day, effective), on), MOST_STALE_DAYS)
        for family, day in dates.items()
    }
    tables = seeded.material_tables()
    return Applied(guide, levels, tables, provenance, dates, stale, bands or {}, valuer)


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
