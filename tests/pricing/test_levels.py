"""Levels on a day, and prices that are quoted in another currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pricing import seeded
from pricing.bases import Basis, BasisMismatch, Price, Substance, Tax, Unit
from pricing.levels import IndexLevels, MissingIndex, Quote

RATE = Decimal("0.13")
DAY = date(2025, 11, 20)


def quote(series, amount, substance, unit, currency, *, on=DAY, tax=False):
    basis = Basis(substance, unit, currency, Tax(tax, RATE))
    return Quote(series, Price(Decimal(amount), basis), on, "a test")


NICKEL = quote("LME Ni", "15000", Substance.NI, Unit.TONNE, "USD")
DOLLAR = quote("USD/CNY", "7.10", Substance.MONEY, Unit.USD, "CNY")


def levels(*quotes):
    return IndexLevels.latest(quotes, DAY)


def test_nickel_in_dollars_costs_yuan_at_the_level_of_the_dollar():
    per_kg = levels(NICKEL, DOLLAR).metal_per_kg("LME Ni", "Ni", RATE, "CNY")
    assert per_kg == Decimal(15) * Decimal("7.10") * Decimal("1.13")


def test_of_two_series_of_a_pair_the_newer_counts():
    later = quote("parity", "7.20", Substance.MONEY, Unit.USD, "CNY", on=DAY)
    earlier = quote("bank", "7.00", Substance.MONEY, Unit.USD, "CNY", on=date(2025, 11, 1))
    assert levels(earlier, later).rate("USD", "CNY") == later


def test_without_a_rate_a_foreign_price_is_refused_by_its_pair():
    with pytest.raises(MissingIndex) as refused:
        levels(NICKEL).metal_per_kg("LME Ni", "Ni", RATE, "CNY")
    assert refused.value.values["series"] == "USD/CNY"


def test_the_series_of_a_guide_bring_the_rates_that_they_need_and_no_other():
    euro = quote("EUR/CNY", "8.2", Substance.MONEY, Unit.EUR, "CNY")
    known = levels(NICKEL, DOLLAR, euro, *seeded.quotes())
    assert set(known.of(["LME Ni", "Co"], "CNY").quotes) == {"LME Ni", "Co", "USD/CNY"}
    assert set(known.of(["Co"], "CNY").quotes) == {"Co"}


def test_a_dollar_is_no_euro_and_no_kilogram():
    for substance, unit in ((Substance.MONEY, Unit.EUR), (Substance.MONEY, Unit.KG)):
        with pytest.raises(BasisMismatch):
            DOLLAR.price.on(Basis(substance, unit, "CNY", Tax(included=False, rate=RATE)))


def test_a_rate_comes_back_from_its_document():
    assert Quote.from_json(DOLLAR.to_json()) == DOLLAR
