"""Deposits (竞买保证金): their states, and what becomes of the money. Pure.

Amounts are whole minor units of one currency. A deposit goes required -> held -> released,
applied or forfeited, each once.

Third-party libraries: none. Siblings: ``listings.errors``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from listings.errors import N_, Conflict, Refused


class DepositStatus(StrEnum):
    """Where a deposit stands."""

    REQUIRED = "required"
    HELD = "held"
    RELEASED = "released"
    APPLIED = "applied"
    FORFEITED = "forfeited"


NEXT: dict[DepositStatus, frozenset[DepositStatus]] = {
    DepositStatus.REQUIRED: frozenset({DepositStatus.HELD}),
    DepositStatus.HELD: frozenset(
        {DepositStatus.RELEASED, DepositStatus.APPLIED, DepositStatus.FORFEITED}
    ),
    DepositStatus.RELEASED: frozenset(),
    DepositStatus.APPLIED: frozenset(),
    DepositStatus.FORFEITED: frozenset(),
}


class DepositAlreadyDone(Conflict):
    """The deposit is not in a state from which this step leads on."""

    message = N_("This deposit is %(current)s; it cannot become %(wanted)s.")


class NegativeDeposit(Refused):
    """Deposits and costs are amounts that somebody paid."""

    message = N_("A deposit and the costs of a sale must not be below 0.")


@dataclass(frozen=True, slots=True)
class Applied:
    """A deposit put toward the price: what was used, what goes back, what is still to pay."""

    applied: int
    returned: int
    due: int


@dataclass(frozen=True, slots=True)
class DefaultSettlement:
    """A defaulter's deposit: ``for_costs`` and ``for_shortfall`` are kept, the rest goes back."""

    for_costs: int
    for_shortfall: int
    still_owed: int
    returned: int

    @property
    def kept(self) -> int:
        """What the deposit covered of the loss."""
        return self.for_costs + self.for_shortfall


def move(current: DepositStatus, wanted: DepositStatus) -> DepositStatus:
    """``wanted``, if one step leads there from ``current``; otherwise ``DepositAlreadyDone``."""
    if wanted not in NEXT[current]:
        raise DepositAlreadyDone(current=current.value, wanted=wanted.value)
    return wanted


def apply_to_price(deposit: int, due: int) -> Applied:
    """Put the winner's deposit toward the amount due.

    500 on 1000 leaves 500 due; a deposit equal to the price leaves 0 due. What exceeds the price
    goes back, all of it where the seller pays (``due`` below 0). Refuses a negative deposit.
    """
    if deposit < 0:
        raise NegativeDeposit(field="deposit")
    applied = max(0, min(deposit, due))
    return Applied(applied=applied, returned=deposit - applied, due=due - applied)


def settle_default(deposit: int, hammer: int, resale: int, costs: int) -> DefaultSettlement:
    """What a winner who did not pay loses, and what it still owes.

    The costs of the re-sale come first, then the shortfall ``hammer - resale``; a better re-sale
    has no shortfall but does not pay the costs. A remainder goes back to the defaulter.
    Refuses a negative deposit or negative costs.
    """
    if deposit < 0 or costs < 0:
        raise NegativeDeposit(field="deposit" if deposit < 0 else "costs")
    shortfall = max(0, hammer - resale)
    for_costs = min(deposit, costs)
    for_shortfall = min(deposit - for_costs, shortfall)
    kept = for_costs + for_shortfall
    return DefaultSettlement(
        for_costs=for_costs,
        for_shortfall=for_shortfall,
        still_owed=costs + shortfall - kept,
        returned=deposit - kept,
    )
