"""Quantities and unit prices in words: ``5 packs``, ``¥6,500.00 per pack``."""

from __future__ import annotations

from decimal import Decimal

from listings.words import gettext as _
from listings.words import ngettext
from market.auctions import PriceBasis


def said(quantity: Decimal, basis: PriceBasis) -> str:
    """A quantity with its unit, thousands separated and without empty places."""
    plain = f"{quantity:,f}"
    number = plain.rstrip("0").rstrip(".") if "." in plain else plain
    if basis is PriceBasis.PER_KWH:
        return _("%(number)s kWh", number=number)
    if basis is PriceBasis.PER_TONNE:
        return _("%(number)s t", number=number)
    if basis is PriceBasis.PER_PACK:
        count = 1 if quantity == 1 else 2
        return ngettext("%(number)s pack", "%(number)s packs", count, number=number)
    return _("the whole lot")


def price(amount: str, basis: PriceBasis) -> str:
    """A price, already in figures, with what it buys."""
    if basis is PriceBasis.PER_KWH:
        return _("%(amount)s per kWh", amount=amount)
    if basis is PriceBasis.PER_TONNE:
        return _("%(amount)s per tonne", amount=amount)
    if basis is PriceBasis.PER_PACK:
        return _("%(amount)s per pack", amount=amount)
    return _("%(amount)s for the whole lot", amount=amount)
