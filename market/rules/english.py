"""An English auction: proxy bidding under a clock with a soft close. Pure.

``apply`` takes one bid to the next state; ``result`` says what the sale came to. The same two
functions decide a live bid under the lock and replay a finished sale.

Third-party libraries: none. Siblings: ``listings.errors``, ``market.rules.proxy``, ``softclose``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from listings.errors import N_, Refused
from market.rules import proxy, softclose
from market.rules.proxy import Bidder, Reason


class ClosesBeforeOpening(Refused):
    """The sale would end before it began."""

    message = N_("The closing time must be later than the opening time.")


class HardEndBeforeClosing(Refused):
    """A hard end before the announced end would take time from the bidders."""

    message = N_("The hard end must not be earlier than the closing time.")


class NegativeDuration(Refused):
    """Window and extension are lengths of time."""

    message = N_("The window and the extension of the soft close must not be negative.")


@dataclass(frozen=True, slots=True)
class Terms:
    """Price terms and the timetable; instants are time-zone aware, ``hard_end`` may be None.

    Refuses a sale that closes before it opens, a hard end before the closing time and negative
    durations; naive instants are a ``ValueError``.
    """

    price: proxy.Terms
    opens_at: datetime
    closes_at: datetime
    window: timedelta = softclose.DEFAULT_WINDOW
    extension: timedelta = softclose.DEFAULT_EXTENSION
    hard_end: datetime | None = None

    def __post_init__(self) -> None:
        for instant in (self.opens_at, self.closes_at, self.hard_end):
            if instant is not None and instant.tzinfo is None:
                raise ValueError("instants of a sale carry a time zone")
        if self.closes_at <= self.opens_at:
            raise ClosesBeforeOpening(field="closes_at")
        if self.hard_end is not None and self.hard_end < self.closes_at:
            raise HardEndBeforeClosing(field="hard_end")
        for field in ("window", "extension"):
            if getattr(self, field) < timedelta(0):
                raise NegativeDuration(field=field)


@dataclass(frozen=True, slots=True)
class State:
    """Who leads, the one effective end, and the latest instant seen so far (None: no bid yet)."""

    lead: proxy.State
    ends_at: datetime
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bid:
    """A maximum in minor units, named by a bidder."""

    bidder: Bidder
    maximum: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one bid did to the sale; ``extended`` says that it moved the end.

    A refused bid moves neither price, leader nor end; only ``state.last_at`` remembers it, so
    that a later bid cannot claim an earlier instant.
    """

    accepted: bool
    reason: Reason | None
    state: State
    next_minimum: int
    moved: bool
    extended: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What the sale came to; a passed sale has neither winner nor hammer price."""

    sold: bool
    winner: Bidder | None
    hammer_price: int | None


def begin(terms: Terms) -> State:
    """The state before the first bid."""
    return State(lead=proxy.State(), ends_at=terms.closes_at)


def untimely(terms: Terms, state: State, at: datetime) -> Reason | None:
    """Why a bid at ``at`` cannot be taken at all, or None: order first, then opening, then end."""
    if state.last_at is not None and at < state.last_at:
        return Reason.OUT_OF_ORDER
    if at < terms.opens_at:
        return Reason.NOT_OPEN
    if at >= state.ends_at:
        return Reason.CLOSED
    return None


def refuse(terms: Terms, state: State, reason: Reason, at: datetime) -> Outcome:
    """The outcome that a bid at ``at`` is refused for ``reason``."""
    return _outcome(state, proxy.refuse(state.lead, terms.price, reason), state.ends_at, at)


def apply(terms: Terms, state: State, bid: Bid, at: datetime) -> Outcome:
    """Decide one bid at ``at``; bids come in commit order and their instants never decrease."""
    reason = untimely(terms, state, at)
    if reason is not None:
        return refuse(terms, state, reason, at)
    decision = proxy.decide(state.lead, bid.bidder, bid.maximum, terms.price)
    ends_at = state.ends_at
    if decision.extends:
        ends_at = softclose.extend(ends_at, at, terms.window, terms.extension, terms.hard_end)
    return _outcome(state, decision, ends_at, at)


def result(terms: Terms, state: State) -> Result:
    """Sold to the leader at the displayed price, unless nobody leads or the reserve is unmet."""
    if not proxy.is_reserve_met(state.lead, terms.price):
        return Result(sold=False, winner=None, hammer_price=None)
    return Result(sold=True, winner=state.lead.leader, hammer_price=state.lead.price)


def _outcome(state: State, decision: proxy.Decision, ends_at: datetime, at: datetime) -> Outcome:
    last_at = at if state.last_at is None else max(at, state.last_at)
    return Outcome(
        accepted=decision.accepted,
        reason=decision.reason,
        state=replace(state, lead=decision.state, ends_at=ends_at, last_at=last_at),
        next_minimum=decision.next_minimum,
        moved=decision.moved,
        extended=ends_at != state.ends_at,
    )
