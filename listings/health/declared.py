"""[pure] What a pack's own management system declares, beside what was measured.

A declared state of health is a claim: a reset shows 100 %, and two tools read two figures on one
car. It earns no letter; it is compared, ampere hours and state of health apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

ALARM: Final = 0.03
"""Over this share of the measured value a declared one is said to differ; just so much is not."""

FULL: Final = 0.995
"""From here on a declared state of health reads as 100 %."""

Quantity = Literal["soh", "capacity_ah"]
Turn = Literal["reset", "rise"]


@dataclass(frozen=True, slots=True)
class Reading:
    """State of health (fraction of rated Ah) and capacity [Ah] on a day; None where not said."""

    on: date
    soh: float | None
    capacity_ah: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A declared value against another, ``share`` = declared / other - 1."""

    quantity: Quantity
    declared: float
    other: float

    @property
    def share(self) -> float:
        """How far the declared value lies above (or below) the other, as a share of the other."""
        return self.declared / self.other - 1

    @property
    def is_alarm(self) -> bool:
        """Whether they are over 3 % apart; rounding of the last digit does not count."""
        return abs(self.share) > ALARM + 1e-9


def compare(declared: Reading, measured: Reading) -> tuple[Difference, ...]:
    """State of health with state of health, ampere hours with ampere hours, where both are known.

    A measured value of nothing gives no share and is left out.
    """
    pairs: tuple[tuple[Quantity, float | None, float | None], ...] = (
        ("soh", declared.soh, measured.soh),
        ("capacity_ah", declared.capacity_ah, measured.capacity_ah),
    )
    return tuple(
        Difference(quantity, said, found)
        for quantity, said, found in pairs
        if said is not None and found
    )


def within(declared: Reading, rated_ah: float) -> Difference | None:
    """A declared state of health against the one that its own ampere hours say, or None.

    None too where the declared ampere hours are nothing: they say no share.
    """
    if declared.soh is None or not declared.capacity_ah:
        return None
    return Difference("soh", declared.soh, declared.capacity_ah / rated_ah)


def turns(readings: Sequence[Reading]) -> tuple[Turn | None, ...]:
    """Which readings, in the order of time, stand over 3 % above the one before: health returns
    to no battery, so its counter was reset (to 100 %) or taught anew (a rise).
    """
    found: list[Turn | None] = []
    before: float | None = None
    for reading in readings:
        turn: Turn | None = None
        if reading.soh is not None:
            if before and Difference("soh", reading.soh, before).share > ALARM + 1e-9:
                turn = "reset" if reading.soh >= FULL else "rise"
            before = reading.soh
        found.append(turn)
    return tuple(found)
