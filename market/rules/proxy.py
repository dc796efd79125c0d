"""Proxy bidding (增价竞价): who leads, and at what displayed price. Pure.

Each bidder names a maximum; the displayed price walks only as far as the others force it: to the
second-highest maximum plus one increment. Amounts are whole minor units of one currency; time is
the business of ``english``. The rules and worked examples are in docs/method/english-auction.md.

Third-party libraries: none. Siblings: ``listings.errors``, ``market.rules.increments``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from listings.errors import N_, Refused
from market.rules.increments import Table

Bidder: TypeAlias = str | int | UUID


class Reason(StrEnum):
    """Why a bid was refused, in the order in which the checks are made."""

    OUT_OF_ORDER = "out_of_order"
    """Its instant is earlier than that of a bid before it."""
    NOT_OPEN = "not_open"
    """It came before the sale opened."""
    CLOSED = "closed"
    """It came at or after the end that stood at that moment."""
    NOT_ON_GRID = "not_on_grid"
    """It has more decimal places than the currency."""
    BELOW_START = "below_start"
    """Nobody leads yet and it is below the start price."""
    NOT_ABOVE_OWN_MAXIMUM = "not_above_own_maximum"
    """The leader named a maximum that is not above its own."""
    BELOW_INCREMENT = "below_increment"
    """A rival named less than the displayed price plus its increment."""


class NegativePrice(Refused):
    """A start or reserve below zero in a sale that was not switched to negative prices."""

    message = N_("This price is below zero. Switch negative prices on if the seller is to pay.")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the seller set: start price, hidden reserve or None, increment table.

    Refuses a negative start or reserve (``NegativePrice``) unless ``allow_negative``.
    """

    start: int
    increments: Table
    reserve: int | None = None
    allow_negative: bool = False

    def __post_init__(self) -> None:
        if self.allow_negative:
            return
        if self.start < 0:
            raise NegativePrice(field="start")
        if self.reserve is not None and self.reserve < 0:
            raise NegativePrice(field="reserve")


@dataclass(frozen=True, slots=True)
class State:
    """Leader, its secret maximum and the displayed price; all None while nobody leads."""

    leader: Bidder | None = None
    maximum: int | None = None
    price: int | None = None

    def __post_init__(self) -> None:
        missing = [part is None for part in (self.leader, self.maximum, self.price)]
        if any(missing) and not all(missing):
            raise ValueError("leader, maximum and price are known together or not at all")
        if self.price is not None and self.maximum is not None and self.price > self.maximum:
            raise ValueError("the displayed price cannot exceed the leader's maximum")


@dataclass(frozen=True, slots=True)
class Decision:
    """What one bid did.

    ``state`` is the state after it (the same one when refused), ``next_minimum`` the least that
    a rival of the leader may name next, ``moved`` whether price or leader changed, ``extends``
    whether it may move the end: what moved the sale and was not the leader's own raise.
    """

    accepted: bool
    reason: Reason | None
    state: State
    next_minimum: int
    moved: bool
    extends: bool


def next_minimum(state: State, terms: Terms) -> int:
    """The least maximum that a rival may name: the start price, or price plus increment."""
    return terms.start if state.price is None else terms.increments.above(state.price)


def is_reserve_met(state: State, terms: Terms) -> bool:
    """Whether the sale would be sold at the displayed price; equal to the reserve is met."""
    if state.price is None:
        return False
    return terms.reserve is None or state.price >= terms.reserve


def refuse(state: State, terms: Terms, reason: Reason) -> Decision:
    """The decision that a bid is refused for ``reason``: nothing moves."""
    return Decision(
        accepted=False,
        reason=reason,
        state=state,
        next_minimum=next_minimum(state, terms),
        moved=False,
        extends=False,
    )


def decide(state: State, bidder: Bidder, maximum: int, terms: Terms) -> Decision:
    """Apply one maximum to the state; bids are decided one after the other, in commit order.

    Refusals are decisions with a ``Reason``, not exceptions, because a replay lists them.
    """
    if type(maximum) is not int:
        raise TypeError(f"a maximum is whole minor units, not {type(maximum).__name__}")
    if state.leader is None or state.maximum is None or state.price is None:
        if maximum < terms.start:
            return refuse(state, terms, Reason.BELOW_START)
        after = _at_reserve(State(bidder, maximum, terms.start), terms)
    elif bidder == state.leader:
        if maximum <= state.maximum:
            return refuse(state, terms, Reason.NOT_ABOVE_OWN_MAXIMUM)
        after = _at_reserve(State(bidder, maximum, state.price), terms)
    elif maximum < terms.increments.above(state.price):
        return refuse(state, terms, Reason.BELOW_INCREMENT)
    else:
        after = _at_reserve(_against(state.leader, state.maximum, bidder, maximum, terms), terms)
    moved = (after.leader, after.price) != (state.leader, state.price)
    return Decision(
        accepted=True,
        reason=None,
        state=after,
        next_minimum=next_minimum(after, terms),
        moved=moved,
        extends=moved and bidder != state.leader,
    )


def _against(leader: Bidder, leading: int, rival: Bidder, maximum: int, terms: Terms) -> State:
    """The loser's maximum plus one increment, never above the winner's; a tie stays put."""
    if maximum > leading:
        return State(rival, maximum, min(maximum, terms.increments.above(leading)))
    return State(leader, leading, min(leading, terms.increments.above(maximum)))


def _at_reserve(state: State, terms: Terms) -> State:
    """Lift the price to the reserve once the leader's maximum reaches it."""
    if terms.reserve is None or state.maximum is None or state.price is None:
        return state
    if state.maximum < terms.reserve or state.price >= terms.reserve:
        return state
    return State(state.leader, state.maximum, terms.reserve)
