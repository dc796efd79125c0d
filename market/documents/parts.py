"""What several documents name: parties, goods and the terms of a sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from listings import names
from listings.money import Money
from listings.words import gettext as _
from market import quantities
from market.auctions import Delivery, PaymentTerm, PriceBasis
from market.documents import blocks, figures


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation as a document names it: ``name`` as registered, the English one beside it."""

    name: str
    credit_code: str
    address: str = ""
    representative: str = ""
    bank_name: str = ""
    bank_account: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class PackGroup:
    """Packs of one chemistry and model; ``energy_kwh`` is the nameplate energy of all of them."""

    chemistry: str
    count: int
    energy_kwh: Decimal | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that the buyer accepted, and the price.

    ``hammer_price`` is per unit of the basis, ``amount`` the price for the whole quantity.
    ``tax_rate`` is a fraction, ``quantity`` in kWh, tonnes or packs (1 for a lump sum).
    """

    price_basis: PriceBasis
    hammer_price: Money
    quantity: Decimal
    is_quantity_provisional: bool
    amount: Money
    is_tax_included: bool
    tax_rate: Decimal
    payment_term: PaymentTerm
    pay_until: datetime
    delivery: Delivery
    pickup_until: date | None = None
    deposit: Money | None = None
    zone: str = figures.ZONE


def price(terms: Terms) -> str:
    """The hammer price with its unit."""
    return quantities.price(figures.money(terms.hammer_price), terms.price_basis)


def quantity(terms: Terms) -> str:
    """The quantity, and whether the handover settles it."""
    known = quantities.said(terms.quantity, terms.price_basis)
    if terms.price_basis is PriceBasis.LUMP_SUM:
        return known
    if terms.is_quantity_provisional:
        return _("%(quantity)s, provisional: settled by what is handed over", quantity=known)
    return _("%(quantity)s, fixed", quantity=known)


def tax(terms: Terms) -> str:
    """Whether the price has the tax in it, and the rate."""
    rate = f"{figures.number(terms.tax_rate * 100)} %"
    if terms.is_tax_included:
        return _("Value added tax of %(rate)s is included", rate=rate)
    return _("Value added tax of %(rate)s is added to the price", rate=rate)


def payment(terms: Terms) -> str:
    """When the seller is paid out."""
    if terms.payment_term is PaymentTerm.BEFORE_PICKUP:
        return _("Payment in full before pick-up")
    return _("Payment held until acceptance")


def delivery(terms: Terms) -> str:
    """Who brings the goods, and until when."""
    if terms.delivery is Delivery.DELIVERED:
        return _("Delivered to the buyer by the seller")
    if terms.pickup_until is None:
        return _("Collected by the buyer")
    return _("Collected by the buyer until %(day)s", day=figures.day(terms.pickup_until))


def party_rows(party: Party, role: str) -> list[tuple[str, str]]:
    """The party's name and credit code under its role."""
    in_full = names.in_full(party.name, party.name_en)
    return [(role, in_full), (_("Unified social credit code"), party.credit_code)]


def groups(packs: Sequence[PackGroup]) -> blocks.Block:
    """The table of goods by chemistry and model, with its sums."""
    energy = figures.total([group.energy_kwh for group in packs])
    return blocks.table(
        [
            blocks.Column(_("Chemistry"), 2),
            blocks.Column(_("Model"), 3),
            blocks.Column(_("Packs"), 1, is_number=True),
            blocks.Column(_("Nameplate energy (kWh)"), 2, is_number=True),
        ],
        [
            [g.chemistry, g.model, figures.number(g.count), figures.number(g.energy_kwh)]
            for g in packs
        ],
        foot=[_("Sum"), "", figures.number(sum(g.count for g in packs)), figures.number(energy)],
    )
