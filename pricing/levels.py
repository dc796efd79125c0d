"""Index levels on one date: what each series stood at, on which basis, and who said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from listings.errors import N_, Refused
from pricing.bases import Basis, Price, Substance, Tax, Unit


class MissingIndex(Refused):
    """A guide rests on an index that has no value on or before the date."""

    message = N_("There is no value of the index “%(series)s” on or before %(on)s.")


@dataclass(frozen=True, slots=True)
class Quote:
    """One dated index value with its source."""

    series: str
    price: Price
    on: date
    source: str

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; ``from_json`` reads it back."""
        return {
            "series": self.series,
            "amount": str(self.price.amount),
            "basis": self.price.basis.to_json(),
            "on": self.on.isoformat(),
            "source": self.source,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Quote:
        """Read what ``to_json`` wrote."""
        price = Price(Decimal(data["amount"]), Basis.from_json(data["basis"]))
        return cls(data["series"], price, date.fromisoformat(data["on"]), data["source"])


@dataclass(frozen=True)
class IndexLevels:
    """The latest value of each series on or before ``on``."""

    on: date
    quotes: dict[str, Quote]

    @classmethod
    def latest(cls, quotes: Iterable[Quote], on: date) -> IndexLevels:
        """Of many dated quotes, the newest of each series that was known on ``on``."""
        known = sorted((quote for quote in quotes if quote.on <= on), key=lambda quote: quote.on)
        return cls(on, {quote.series: quote for quote in known})

    def quote(self, series: str) -> Quote:
        """The quote of a series; refuses one that is not there."""
        if series not in self.quotes:
            raise MissingIndex("series", series=series, on=self.on.isoformat())
        return self.quotes[series]

    def metal_per_kg(self, series: str, element: str, tax_rate: Decimal, currency: str) -> Decimal:
        """Price of one kilogram of ``element``, tax included at ``tax_rate``, from a series of the
        element itself or of a salt that carries it. Refuses any other basis.
        """
        tax = Tax(included=True, rate=tax_rate)
        wanted = Basis(Substance(element), Unit.KG, currency, tax)
        return self._in(currency, self.quote(series).price).on(wanted).amount

    def cell_per_kwh(self, series: str, tax_rate: Decimal, currency: str) -> Decimal:
        """Price of a new cell per kWh, tax included. Refuses any other basis."""
        tax = Tax(included=True, rate=tax_rate)
        wanted = Basis(Substance.NEW_CELL, Unit.KWH, currency, tax)
        return self._in(currency, self.quote(series).price).on(wanted).amount

    def of(self, names: Iterable[str], currency: str) -> IndexLevels:
        """These series, with the rates that bring them to ``currency``, as of the newest of them.

        Refuses a series that is not there, and one in a currency that has no rate.
        """
        quotes = {name: self.quote(name) for name in sorted(names)}
        foreign = {quote.price.basis.currency for quote in quotes.values()} - {currency}
        rates = [self.rate(unit, currency) for unit in sorted(foreign)]
        quotes |= {rate.series: rate for rate in rates}
        return IndexLevels(max(quote.on for quote in quotes.values()), quotes)

    def rate(self, unit: str, currency: str) -> Quote:
        """The newest quote of a currency in another; refuses a pair that nobody quotes."""
        of_pair = [
            quote
            for quote in self.quotes.values()
            if quote.price.basis.substance is Substance.MONEY
            and (quote.price.basis.unit.value, quote.price.basis.currency) == (unit, currency)
        ]
        if not of_pair:
            raise MissingIndex("series", series=f"{unit}/{currency}", on=self.on.isoformat())
        return max(of_pair, key=lambda quote: (quote.on, quote.series))

    def _in(self, currency: str, price: Price) -> Price:
        """A price in another currency at the level of the pair's series."""
        given = price.basis.currency
        if given == currency:
            return price
        rate = self.rate(given, currency).price.amount
        return Price(price.amount * rate, replace(price.basis, currency=currency))

    def scaled(self, factor: Decimal, *series: str) -> IndexLevels:
        """What if these series (all, where none is named) stood at ``factor`` times their level."""
        quotes = dict(self.quotes)
        for name in series or tuple(quotes):
            quote = self.quote(name)
            quotes[name] = replace(
                quote, price=Price(quote.price.amount * factor, quote.price.basis)
            )
        return IndexLevels(self.on, quotes)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; ``from_json`` reads it back."""
        quotes = [self.quotes[name].to_json() for name in sorted(self.quotes)]
        return {"on": self.on.isoformat(), "quotes": quotes}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> IndexLevels:
        """Read what ``to_json`` wrote, or the packaged table."""
        quotes = [Quote.from_json(quote) for quote in data["quotes"]]
        return cls.latest(quotes, date.fromisoformat(data["on"]))
