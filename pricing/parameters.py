"""What a methodology says of its evidence: which data come first, how much, how old, whose.

The parameters stand in the methodology's hash, so that a published data mix can be computed again
by the rules that it names.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from listings.errors import N_, Refused


class DataKind(enum.StrEnum):
    """What a reported price is: a concluded trade, a bid, an offer, or something weaker."""

    TRADE = "trade"
    BID = "bid"
    OFFER = "offer"
    OTHER = "other"


MOST_COUNT = 1000
MOST_DAYS = 366
LEAST_CUT = Decimal(2)
MOST_CUT = Decimal(20)


class BadParameter(Refused):
    """A parameter of a methodology is missing or outside what it can be."""

    message = N_("The parameter “%(name)s” cannot be %(value)s: %(wanted)s.")


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a data mix is made.

    ``hierarchy`` ranks the kinds of evidence: a lower rank is taken in only while the ranks above
    hold fewer than ``minimum_count`` prices. ``window_days`` is how far back a price may lie,
    ``cap`` the greatest share (0..1) that one submitter may weigh, ``cut`` the robust z on the
    logarithm from which a price is set aside. ``exclusions`` says in words what is left out.
    The defaults are a house's, of no published source.
    """

    hierarchy: tuple[tuple[DataKind, ...], ...] = (
        (DataKind.TRADE,),
        (DataKind.BID, DataKind.OFFER),
        (DataKind.OTHER,),
    )
    minimum_count: int = 3
    window_days: int = 30
    cap: Decimal = Decimal("0.34")
    cut: Decimal = Decimal("3.5")
    exclusions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = [kind for rank in self.hierarchy for kind in rank]
        if sorted(named) != sorted(set(named)) or not named or not all(self.hierarchy):
            wanted = N_("each kind of evidence once")
            _refuse("hierarchy", "/".join(named) or "-", wanted)
        if not 1 <= self.minimum_count <= MOST_COUNT:
            _refuse("minimum_count", self.minimum_count, f"1-{MOST_COUNT}")
        if not 1 <= self.window_days <= MOST_DAYS:
            _refuse("window_days", self.window_days, f"1-{MOST_DAYS}")
        if not 0 < self.cap <= 1:
            _refuse("cap", self.cap, N_("a share above 0 and up to 1"))
        if not LEAST_CUT <= self.cut <= MOST_CUT:
            _refuse("cut", self.cut, f"{LEAST_CUT}-{MOST_CUT}")

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and text; ``from_json`` reads it back."""
        plain = asdict(self)
        plain["hierarchy"] = [[kind.value for kind in rank] for rank in self.hierarchy]
        plain["cap"], plain["cut"] = str(self.cap), str(self.cut)
        plain["exclusions"] = list(self.exclusions)
        return plain

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Parameters:
        """Read what ``to_json`` wrote; refuses what cannot be read."""
        try:
            return cls(
                hierarchy=tuple(tuple(map(DataKind, rank)) for rank in data["hierarchy"]),
                minimum_count=int(data["minimum_count"]),
                window_days=int(data["window_days"]),
                cap=Decimal(data["cap"]),
                cut=Decimal(data["cut"]),
                exclusions=tuple(map(str, data["exclusions"])),
            )
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            wanted = N_("the parameters in their own form")
            raise BadParameter(name="parameters", value=str(error), wanted=wanted) from error


def ranked(text: str) -> tuple[tuple[DataKind, ...], ...]:
    """A hierarchy as it is typed: ``trade > bid, offer > other``. Refuses an unknown word."""
    try:
        return tuple(
            tuple(DataKind(word.strip()) for word in rank.split(",")) for rank in text.split(">")
        )
    except ValueError as error:
        raise BadParameter(
            "hierarchy", name="hierarchy", value=text, wanted="trade > bid, offer > other"
        ) from error


def spelled(hierarchy: tuple[tuple[DataKind, ...], ...]) -> str:
    """A hierarchy as `ranked` reads it."""
    return " > ".join(", ".join(kind.value for kind in rank) for rank in hierarchy)


def _refuse(name: str, value: object, wanted: str) -> None:
    raise BadParameter(name, name=name, value=value, wanted=wanted)
