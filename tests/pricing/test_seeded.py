from __future__ import annotations

from datetime import date
from decimal import Decimal

from pricing import seeded
from pricing.levels import IndexLevels


def test_every_seeded_number_says_where_it_comes_from(guide):
    assert all(len(number.source) > 10 for _, number in guide.sources())
    assert all(len(quote.source) > 10 for quote in seeded.quotes())
    assert all(len(rate.source) > 10 for rate in seeded.exchange_rates())


def test_carbonate_stands_at_86450_with_tax(levels):
    quote = levels.quote("Li2CO3")
    assert quote.price.amount == Decimal(86450)
    assert quote.price.basis.tax.included


def test_no_index_value_is_younger_than_the_date_it_is_seen_from(levels):
    assert all(quote.on <= levels.on for quote in levels.quotes.values())


def test_earlier_eyes_see_fewer_index_values():
    early = IndexLevels.latest(seeded.quotes(), date(2025, 11, 10))
    assert "CoSO4.7H2O" in early.quotes
    assert "Cu" not in early.quotes


def test_the_guide_is_reviewed_after_it_takes_effect():
    edition = seeded.edition()
    assert edition.announced_on <= edition.effective_from < edition.review_due
    assert len(edition.methodology_sha256) == 64
