"""What an award comes to: unit price, quantity and tax; the fee on what is settled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from listings.errors import N_, Refused
from listings.money import Money
from market.auctions import Auction, PriceBasis

FEE_TAX_RATE = Decimal("0.06")


class MoreThanDue(Refused):
    """A payout, refund or fee transfer above what is due."""

    message = N_("%(amount)s is more than the %(due)s that are due.")


def due(auction: Auction, hammer_minor: int, quantity: Decimal) -> tuple[Money, Money]:
    """The amount with tax, and the tax in it, for a quantity at the hammer price.

    Unit price times quantity is rounded half up to a minor unit once (a lump sum is one unit).
    Tax stands inside the price or comes on top by the terms of the sale.
    """
    units = Decimal(1) if auction.price_basis is PriceBasis.LUMP_SUM else quantity
    price = Money(hammer_minor, auction.currency).times(units)
    if auction.is_tax_included:
        return price, tax_within(price, auction.tax_rate)
    tax = price.times(auction.tax_rate)
    return price + tax, tax


def tax_within(gross: Money, rate: Decimal) -> Money:
    """The tax inside an amount, so that net plus tax is the amount to the minor unit."""
    net = (Decimal(gross.minor) / (1 + rate)).quantize(Decimal(1), ROUND_HALF_UP)
    return gross - Money(int(net), gross.currency)


def is_measured(auction: Auction) -> bool:
    """Whether the quantity is settled by what is handed over."""
    return auction.is_quantity_provisional and auction.price_basis is not PriceBasis.LUMP_SUM


@dataclass(frozen=True, slots=True)
class Fee:
    """The operator's fee for one movement: what is deducted, and the tax inside it."""

    gross: Money
    tax: Money

    @property
    def net(self) -> Money:
        """The fee before tax."""
        return self.gross - self.tax


def fee(settled: Money, charged: Money, rate: Decimal) -> Fee:
    """The fee still to be charged when ``settled`` was settled in all and ``charged`` deducted.

    The rate is of the amount with tax and the fee holds its own tax, so that all parts together
    are the rate of the whole, whatever the batches.
    """
    gross = settled.times(rate) - charged
    return Fee(gross, tax_within(gross, FEE_TAX_RATE))


def demand_within(amount: Money, due_minor: int) -> None:
    """Refuse an amount above what is due (`MoreThanDue`)."""
    if amount.minor > due_minor:
        limit = Money(due_minor, amount.currency)
        raise MoreThanDue(field="amount", amount=str(amount), due=str(limit))
