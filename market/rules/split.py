"""The hammer price of a lot, split over its packs. Pure.

Each pack needs a cost basis for its traceability, its tax and its price history. The parts are
made with the largest remainder, so that they sum exactly to the hammer price.

Third-party libraries: none. Siblings: ``listings.errors``, ``listings.money``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from listings.errors import N_, Refused
from listings.money import Money


class Basis(StrEnum):
    """What the parts are in proportion to."""

    QUANTITY = "quantity"
    """The quantity in the unit of the lot's unit price (kWh, tonnes, packs)."""
    ENERGY = "energy"
    """Nameplate energy."""
    VALUE = "value"
    """A value set on each pack."""


class NothingToSplitBy(Refused):
    """No measure is known, and positive, for every pack of the lot."""

    message = N_(
        "The price cannot be split over the packs: give every pack its nameplate energy, "
        "or every pack a value above 0."
    )


class BasisIncomplete(Refused):
    """The measure that was asked for is missing or not positive for a pack."""

    message = N_("Pack number %(row)s of the lot has no %(basis)s above 0 to split the price by.")


@dataclass(frozen=True, slots=True)
class Share:
    """What is known of one pack: quantity in the priced unit, nameplate kWh, value (minor)."""

    quantity: Decimal | None = None
    energy_kwh: Decimal | None = None
    value: int | None = None

    def measure(self, basis: Basis) -> Decimal:
        """The pack's weight under ``basis``; 0 where it is unknown."""
        found = {
            Basis.QUANTITY: self.quantity,
            Basis.ENERGY: self.energy_kwh,
            Basis.VALUE: self.value,
        }[basis]
        return Decimal(found or 0)


def choose(packs: Sequence[Share]) -> Basis:
    """The first basis that every pack has, above 0: quantity, then energy, then value.

    ``quantity`` is set on lots with a unit price only. Refuses a lot without any
    (``NothingToSplitBy``), an empty one included.
    """
    for basis in Basis:
        if packs and all(pack.measure(basis) > 0 for pack in packs):
            return basis
    raise NothingToSplitBy


def hammer_price(price: Money, packs: Sequence[Share], by: Basis | None = None) -> list[Money]:
    """One part per pack, in order, in proportion to ``by`` or to the basis of ``choose``.

    A negative price is split the same way. Ties of the remainder go to the earlier pack. Refuses
    a basis that some pack lacks (``BasisIncomplete``).
    """
    basis = by or choose(packs)
    weights = [pack.measure(basis) for pack in packs]
    if not weights:
        raise NothingToSplitBy
    for row, weight in enumerate(weights, 1):
        if weight <= 0:
            raise BasisIncomplete(row=row, basis=basis.value)
    return price.split(weights)
