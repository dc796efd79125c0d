"""Replay of a sale: the whole outcome recomputed from its terms and its bids.

A scenario is a JSON object as in docs/commands/scenario.json; the document that comes back is the
one of docs/commands/auction-replay.json. Money stands in both as decimal strings of the scenario's
currency, instants as ISO 8601 in UTC with a Z. No file is opened here and no clock is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from listings.errors import N_, DomainError, Refused, Several
from listings.money import MINOR_DIGITS, Money
from market.rules import english, proxy
from market.rules.increments import Table
from market.rules.proxy import Reason
from market.terms import Format

AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z")
FORMATS = tuple(Format)
LONGEST = 366 * 24 * 3600
"""Longest window or extension, in seconds."""


class ScenarioRefused(Refused):
    """A field of the scenario is missing, unknown or not what it should be."""

    message = N_("Scenario, %(place)s: %(problem)s.")


class FormatNotReplayed(Refused):
    """Only English auctions and sales at a fixed price are replayed."""

    message = N_("Scenario, format: “%(format)s” cannot be replayed; use one of %(known)s.")


class CurrencyUnknown(Refused):
    """The currency is not one of the market's."""

    message = N_("Scenario, currency: “%(currency)s” is not one of %(known)s.")


class AmountOffGrid(Refused):
    """A term of the sale has more decimal places than the currency."""

    message = N_("Scenario, %(place)s: “%(value)s” has more decimal places than %(currency)s.")


def _amount(text: str) -> str:
    if not AMOUNT.fullmatch(text):
        raise ValueError("not a decimal string such as “1250.50”")
    return text


def _instant(text: str) -> str:
    if INSTANT.fullmatch(text):
        datetime.fromisoformat(text)  # ValueError for the 30th of February
        return text
    raise ValueError("not an instant such as “2026-04-01T05:00:00Z”")


AmountText = Annotated[str, AfterValidator(_amount)]
InstantText = Annotated[str, AfterValidator(_instant)]
Seconds = Annotated[int, Field(ge=0, le=LONGEST)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ScenarioBid(_Model):
    """One bid, in the order in which it was committed."""

    at: InstantText
    bidder: Annotated[str, Field(min_length=1, max_length=200)]
    maximum: AmountText


class Scenario(_Model):
    """The terms of one sale and its bids; ``reserve`` and ``hard_end`` may be null or absent."""

    format: str
    currency: str
    start: AmountText
    reserve: AmountText | None = None
    increments: list[Annotated[list[AmountText], Field(min_length=2, max_length=2)]]
    opens_at: InstantText
    closes_at: InstantText
    window_s: Seconds
    extension_s: Seconds
    hard_end: InstantText | None = None
    allow_negative: bool = False
    bids: list[ScenarioBid]


def replay(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Decide every bid in list order and the sale as of its end.

    Refuses a scenario that is not one, naming the field: ``ScenarioRefused`` (``Several`` of them
    where more is wrong), ``FormatNotReplayed``, ``CurrencyUnknown``, ``AmountOffGrid``, and what
    the terms themselves refuse. A bid is never a reason to refuse the scenario once it can be
    read: a bid off the currency's grid is a refused bid.
    """
    checked = _read(scenario)
    terms = _terms(checked)
    state = english.begin(terms)
    entries = []
    for bid in checked.bids:
        outcome = _decide(terms, state, bid, checked.currency)
        if checked.format == Format.FIXED_PRICE and outcome.accepted:
            # The first claim ends the sale.
            ended = replace(outcome.state, ends_at=outcome.state.last_at or outcome.state.ends_at)
            outcome = replace(outcome, state=ended, extended=False)
        state = outcome.state
        entries.append(_entry(outcome, checked.currency))
    result = english.result(terms, state)
    return {
        "bids": entries,
        "sold": result.sold,
        "winner": result.winner,
        "hammer_price": _text(result.hammer_price, checked.currency),
    }


def _read(scenario: Mapping[str, Any]) -> Scenario:
    """Format and currency first, because they decide how the rest is to be read."""
    if not isinstance(scenario, Mapping):
        raise ScenarioRefused("scenario", place="whole", problem="it must be a JSON object")
    stated = scenario.get("format")
    if isinstance(stated, str) and stated not in FORMATS:
        raise FormatNotReplayed(field="format", format=stated, known=", ".join(FORMATS))
    try:
        checked = Scenario.model_validate(dict(scenario))
    except ValidationError as error:
        raise _refusal(error) from None
    if checked.currency not in MINOR_DIGITS:
        known = ", ".join(MINOR_DIGITS)
        raise CurrencyUnknown(field="currency", currency=checked.currency, known=known)
    return checked


def _refusal(error: ValidationError) -> DomainError:
    refusals: list[DomainError] = []
    for found in error.errors(include_url=False):
        field = ".".join(str(part) for part in found["loc"]) or "scenario"
        problem = found["msg"].removeprefix("Value error, ")
        refusals.append(ScenarioRefused(field, place=field, problem=problem))
    return refusals[0] if len(refusals) == 1 else Several(refusals)


def _terms(scenario: Scenario) -> english.Terms:
    currency = scenario.currency
    bands = tuple(
        (
            _minor(pair[0], currency, f"increments.{row}.0"),
            _minor(pair[1], currency, f"increments.{row}.1"),
        )
        for row, pair in enumerate(scenario.increments)
    )
    reserve = scenario.reserve
    price = proxy.Terms(
        start=_minor(scenario.start, currency, "start"),
        increments=Table(bands),
        reserve=None if reserve is None else _minor(reserve, currency, "reserve"),
        allow_negative=scenario.allow_negative,
    )
    hard_end = scenario.hard_end
    return english.Terms(
        price=price,
        opens_at=datetime.fromisoformat(scenario.opens_at),
        closes_at=datetime.fromisoformat(scenario.closes_at),
        window=timedelta(seconds=scenario.window_s),
        extension=timedelta(seconds=scenario.extension_s),
        hard_end=None if hard_end is None else datetime.fromisoformat(hard_end),
    )


def _decide(
    terms: english.Terms, state: english.State, bid: ScenarioBid, currency: str
) -> english.Outcome:
    at = datetime.fromisoformat(bid.at)
    maximum = _on_grid(bid.maximum, currency)
    if maximum is None:
        reason = english.untimely(terms, state, at) or Reason.NOT_ON_GRID
        return english.refuse(terms, state, reason, at)
    return english.apply(terms, state, english.Bid(bid.bidder, maximum), at)


def _on_grid(text: str, currency: str) -> int | None:
    """Minor units, or None when the text has more places than the currency."""
    minor = Fraction(Decimal(text)) * 10 ** MINOR_DIGITS[currency]
    return int(minor) if minor.denominator == 1 else None


def _minor(text: str, currency: str, field: str) -> int:
    minor = _on_grid(text, currency)
    if minor is None:
        raise AmountOffGrid(field, place=field, value=text, currency=currency)
    return minor


def _entry(outcome: english.Outcome, currency: str) -> dict[str, Any]:
    lead = outcome.state.lead
    return {
        "accepted": outcome.accepted,
        "reason": outcome.reason.value if outcome.reason else None,
        "leader": lead.leader,
        "price": _text(lead.price, currency),
        "next_minimum": _text(outcome.next_minimum, currency),
        "ends_at": outcome.state.ends_at.isoformat().replace("+00:00", "Z"),
    }


def _text(minor: int | None, currency: str) -> str | None:
    """The amount with the currency's places and no separators."""
    if minor is None:
        return None
    return f"{Money(minor, currency).decimal:.{MINOR_DIGITS[currency]}f}"
