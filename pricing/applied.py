"""A guide applied on a day: everything that a pack's value rests on beside the pack itself.

The packaged guide and index values stand for themselves, without a database. Those of the market
come from ``applied_guides``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from listings.errors import N_, Refused
from pricing import seeded
from pricing.coefficients import FAMILIES, GuideCoefficients, family_of
from pricing.intervals import (
    MOST_STALE_DAYS,
    Band,
    refuse_past_review,
    staleness,
    trading_days,
)
from pricing.levels import IndexLevels
from pricing.materials import Tables
from pricing.rates import Bands
from pricing.spellings import plain
from pricing.valuation import Provenance

PACKAGED = "packaged"


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
            cell: Band(width, 0, "stated")
            for cell, width in self.coefficients.stated_half_widths().items()
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
        raise NothingInForce("at", guide=seeded.NAME, on=on.isoformat())
    refuse_past_review(sent.review_due, on)
    provenance = Provenance(seeded.NAME, sent.edition, sent.methodology_sha256)
    return apply(sent.coefficients, levels, provenance, effective=sent.effective_from, on=on)


def is_packaged(name: str) -> bool:
    """Whether a name means the packaged guide: ``packaged``, its own name, or its edition."""
    names = (PACKAGED, seeded.NAME, seeded.edition().edition)
    return plain(name) in {plain(one) for one in names}


def packaged_named(name: str, on: date | None = None) -> Applied:
    """The packaged guide by a name; refuses every other one, where there is no database."""
    if not is_packaged(name):
        raise GuideUnknown("guide", name=name, known=f"{PACKAGED} ({seeded.NAME})")
    return packaged(on)


def apply(
    guide: GuideCoefficients,
    levels: IndexLevels,
    provenance: Provenance,
    *,
    effective: date,
    on: date,
    bands: Bands | None = None,
    valuer: str = "",
) -> Applied:
    """A guide at index levels on a day, in force since ``effective``, with measured ``bands``."""
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
