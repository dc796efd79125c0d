"""What a lot costs a buyer at its own gate: price, removal, class-9 freight, tax net of credit.

Beside the price stand loading and freight by mass and distance, and taking off the packs that are
still mounted. A buyer who deducts input tax pays each amount less the tax in it. Rates of tax on
freight (9 %) and on removal and loading (6 %) are those of the general scheme, unverified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from listings.errors import N_
from listings.money import Money

FREIGHT_TAX = Decimal("0.09")
HANDLING_TAX = Decimal("0.06")
KG_PER_TONNE = 1000
MOST_UNIT_MINOR = 10**13

LABELS = {
    "price": N_("Price of the lot"),
    "removal": N_("Taking the packs off the vehicles"),
    "loading": N_("Packing and loading"),
    "freight": N_("Dangerous-goods freight (class 9)"),
}


@dataclass(frozen=True, slots=True)
class Goods:
    """Nameplate energy (kWh) and mass (kg) by chemistry, and how much mass is still mounted."""

    energy_kwh: Mapping[str, Decimal]
    mass_kg: Mapping[str, Decimal]
    mounted_kg: Decimal = Decimal(0)

    @property
    def all_kwh(self) -> Decimal:
        """Nameplate energy of the lot."""
        return sum(self.energy_kwh.values(), Decimal(0))

    @property
    def tonnes(self) -> Decimal:
        """Mass of the lot."""
        return sum(self.mass_kg.values(), Decimal(0)) / KG_PER_TONNE


@dataclass(frozen=True, slots=True)
class Rates:
    """What handling costs a buyer, tax included, and whether it deducts input tax."""

    removal_per_tonne: Money
    loading_per_tonne: Money
    freight_per_tonne_km: Money
    is_credited: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the cost: what is paid, and the tax in it that comes back."""

    part: str
    paid: Money
    credit: Money

    @property
    def net(self) -> Money:
        """What stays as a cost."""
        return self.paid - self.credit


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that a buyer pays at its gate before tax, for a kWh (``kwh``) or a tonne (``t``)."""

    unit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class LandedCost:
    """The parts of the cost in their order."""

    lines: list[Line] = field(default_factory=list)

    @property
    def paid(self) -> Money:
        """What leaves the account in all."""
        return _sum([line.paid for line in self.lines])

    @property
    def credit(self) -> Money:
        """The input tax that comes back."""
        return _sum([line.credit for line in self.lines])

    @property
    def net(self) -> Money:
        """What the lot costs at the gate."""
        return self.paid - self.credit

    def per(self, quantity: Decimal) -> Money:
        """The net cost of one unit of a quantity above 0."""
        return self.net.times(1 / quantity)


def compute(
    price: Money,
    tax_rate: Decimal,
    goods: Goods,
    rates: Rates,
    *,
    distance_km: Decimal | None,
) -> LandedCost:
    """The cost of a lot bought at ``price`` in all, tax at ``tax_rate`` included.

    ``distance_km`` None: the seller delivers, so that neither loading nor freight is paid. Each
    line is rounded half up to a minor unit.
    """
    mounted = goods.mounted_kg / KG_PER_TONNE
    paid = [("price", price, tax_rate)]
    if mounted:
        paid.append(("removal", rates.removal_per_tonne.times(mounted), HANDLING_TAX))
    if distance_km is not None:
        way = goods.tonnes * distance_km
        paid.append(("loading", rates.loading_per_tonne.times(goods.tonnes), HANDLING_TAX))
        paid.append(("freight", rates.freight_per_tonne_km.times(way), FREIGHT_TAX))
    return LandedCost(
        [
            Line(name, amount, tax_within(amount, rate) if rates.is_credited else _none(amount))
            for name, amount, rate in paid
        ]
    )


def tax_within(gross: Money, rate: Decimal) -> Money:
    """The tax inside an amount, so that net plus tax is the amount to the minor unit."""
    return gross - gross.times(1 / (1 + rate))


def allowed(goods: Goods, ceilings: Mapping[str, Ceiling]) -> Money | None:
    """The most that the buyer pays for these goods; None where a chemistry has no ceiling."""
    if not goods.energy_kwh or set(goods.energy_kwh) - set(ceilings):
        return None
    amounts = []
    for chemistry, energy in goods.energy_kwh.items():
        ceiling = ceilings[chemistry]
        quantity = energy if ceiling.unit == "kwh" else goods.mass_kg[chemistry] / KG_PER_TONNE
        amounts.append(ceiling.amount.times(quantity))
    return _sum(amounts)


def highest_unit(
    cost_at: Callable[[int], LandedCost], limit: Money, *, least: int = -MOST_UNIT_MINOR
) -> int | None:
    """The highest unit price (minor units) at which the landed cost stays within ``limit``.

    ``cost_at`` never falls as the unit price rises. None where even ``least`` is over the limit.
    """
    if cost_at(least).net.minor > limit.minor:
        return None
    low, high = least, MOST_UNIT_MINOR
    while low < high:
        middle = (low + high + 1) // 2
        if cost_at(middle).net.minor <= limit.minor:
            low = middle
        else:
            high = middle - 1
    return low


def _none(amount: Money) -> Money:
    return Money(0, amount.currency)


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts[1:], amounts[0])
