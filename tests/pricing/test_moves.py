"""What moves of a price are usual."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

from pricing import moves
from pricing.bases import Substance
from pricing.moves import LITHIUM

START = date(2024, 1, 1)


def walk(days, daily=0.01, seed=1):
    """A price of every working day that moves by ``daily`` in a day, as a random walk does."""
    steps = np.random.default_rng(seed).normal(0, daily, days).cumsum()
    dates = (START + timedelta(days=i) for i in range(days * 2))
    working = [on for on in dates if on.weekday() < 5][:days]
    return [(on, float(100 * math.exp(step))) for on, step in zip(working, steps, strict=True)]


def test_a_long_series_speaks_for_itself():
    found = moves.usual(Substance.CU, walk(3000))
    # Twenty independent days of 1 %: 4.47 %; of a normal law half stay under 0.674 of that and
    # nine in ten under 1.645 of it.
    assert found.n > 2900
    assert found.median == pytest.approx(0.674 * 0.0447, rel=0.2)
    assert found.nine_in_ten == pytest.approx(1.645 * 0.0447, rel=0.2)


def test_a_short_lithium_series_is_given_what_carbonate_did():
    assert moves.usual(Substance.LI2CO3, walk(50)) is LITHIUM
    assert moves.usual(Substance.LIOH, []) is LITHIUM


def test_of_any_other_short_series_nobody_knows():
    assert moves.usual(Substance.CU, walk(50)) is None
    assert moves.usual(Substance.NEW_CELL, [(START, 340.0)]) is None


def test_a_price_that_does_not_move_has_no_moves():
    flat = [(on, 100.0) for on, _ in walk(300)]
    assert moves.usual(Substance.CU, flat).nine_in_ten == 0


def test_a_gap_ends_no_move():
    months_apart = [(START, 100.0), (START + timedelta(days=90), 50.0)]
    assert moves.measured(months_apart) == []
    four_weeks = [(START, 100.0), (START + timedelta(days=28), 50.0)]
    assert moves.measured(four_weeks) == [pytest.approx(math.log(2))]


def test_the_band_ahead_opens_with_the_square_root_of_time():
    band = moves.ahead(START, 100.0, LITHIUM)
    assert band[0].inner == band[0].outer == (100.0, 100.0)
    assert band[-1].on == START + timedelta(days=28)
    assert band[-1].outer[1] == pytest.approx(100 * math.exp(0.28))
    widths = [math.log(span.outer[1] / 100) for span in band]
    assert widths[5] == pytest.approx(widths[20] / 2)


def test_the_band_behind_stands_around_the_price_of_four_weeks_before():
    points = walk(60)
    band = moves.behind(points, LITHIUM)
    first, (on, price) = band[0], points[0]
    assert first.on == on + timedelta(days=28)
    assert first.inner == pytest.approx((price * math.exp(-0.052), price * math.exp(0.052)))
    assert band[-1].on <= points[-1][0]
    assert moves.behind([], LITHIUM) == []
