"""[pure] What if an index stood elsewhere, the packs were in another state, or stood farther away?

Works on the inputs of a value as they are kept, and gives inputs of the same form back: what is
computed from them is the same arithmetic. Nothing of it is kept, and no valuer says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from listings.errors import N_, Refused
from pricing.bases import Price
from pricing.coefficients import GuideCoefficients
from pricing.levels import IndexLevels, Quote

FURTHEST = 10  # times or parts of the level: lithium carbonate itself moved 13-fold in two years
LEAST_SOH, MOST_SOH = 0.3, 1.05
MOST_KM = 5000.0
EXAMINED = 3  # a supposed state of health stands for one that a lab found: evidence level L3


class SuppositionOutOfRange(Refused):
    """A supposed figure lies where the guide's arithmetic says nothing any more."""

    message = N_("%(value)s is outside of what can be supposed here: %(least)s to %(most)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposition:
    """Index levels by series, each on its series' own basis; the state of health of every pack as
    a fraction; the distance of transport in km. What is None or absent stays as it is.
    """

    levels: Mapping[str, Decimal] = field(default_factory=dict)
    soh: float | None = None
    distance_km: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is supposed."""
        return not self.levels and self.soh is None and self.distance_km is None


def suppose(inputs: Mapping[str, Any], supposed: Supposition) -> dict[str, Any]:
    """The inputs of a value with what is supposed in their place.

    Refuses a level more than ten times off, a state of health outside 30 to 105 %, and a distance
    over 5 000 km, by the field that names it; a series that the value does not rest on.
    """
    levels = IndexLevels.from_json(inputs["indices"])
    quotes = dict(levels.quotes)
    for name, amount in supposed.levels.items():
        quotes[name] = _moved(levels.quote(name), amount)
    changed = IndexLevels(levels.on, quotes).to_json() if supposed.levels else inputs["indices"]
    facts = _facts(supposed)
    packs = [pack | {"facts": pack["facts"] | facts} for pack in inputs["packs"]]
    return dict(inputs) | {"indices": changed, "packs": packs}


def series(inputs: Mapping[str, Any], guide: GuideCoefficients) -> list[Quote]:
    """The levels that the value of these packs hangs on, in the order of their names."""
    levels = IndexLevels.from_json(inputs["indices"])
    names = guide.series_behind({pack["facts"]["chemistry"] for pack in inputs["packs"]})
    return [levels.quote(name) for name in sorted(names)]


def _moved(quote: Quote, amount: Decimal) -> Quote:
    now = quote.price.amount
    least, most = now / FURTHEST, now * FURTHEST
    if not amount.is_finite() or not least <= amount <= most:
        raise SuppositionOutOfRange(
            f"level.{quote.series}", value=amount, least=f"{least:f}", most=f"{most:f}"
        )
    return replace(quote, price=Price(amount, quote.price.basis))


def _facts(supposed: Supposition) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if supposed.soh is not None:
        if not LEAST_SOH <= supposed.soh <= MOST_SOH:
            raise SuppositionOutOfRange(
                "soh",
                value=f"{supposed.soh:.1%}",
                least=f"{LEAST_SOH:.0%}",
                most=f"{MOST_SOH:.0%}",
            )
        facts |= {"soh": supposed.soh, "evidence_level": EXAMINED}
    if supposed.distance_km is not None:
        if not 0 <= supposed.distance_km <= MOST_KM:
            raise SuppositionOutOfRange(
                "distance_km", value=f"{supposed.distance_km:g}", least=0, most=f"{MOST_KM:g}"
            )
        facts["distance_km"] = supposed.distance_km
    return facts
