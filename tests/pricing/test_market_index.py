from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import market_index
from pricing.market_index import Case, monthly, student_95

JAN, FEB, MAR = (date(2026, month, 1) for month in (1, 2, 3))


def cases(month, prices, **more):
    return [Case(month, price, 100.0, **({"seller": i} | more)) for i, price in enumerate(prices)]


def test_a_month_of_like_sales_has_their_mean_as_its_level():
    found = monthly(cases(JAN, [80.0, 90.0, 100.0, 110.0, 120.0]))
    assert [(row.month, row.sales) for row in found] == [(JAN, 5)]
    assert found[0].level == pytest.approx(100.0)
    # mean +- t(0.95, 4) s / sqrt(5), with s^2 = 250 and t = 2.1318
    assert found[0].high - found[0].level == pytest.approx(2.1318 * np.sqrt(50), rel=2e-3)
    assert found[0].level - found[0].low == pytest.approx(found[0].high - found[0].level)


def test_a_month_with_too_few_sales_or_sellers_says_so_and_gets_no_level():
    thin = cases(JAN, [90.0] * 4)
    one_sided = cases(MAR, [90.0] * 6, seller=7)
    found = monthly([*thin, *one_sided])
    assert [(row.month, row.level, row.reason) for row in found] == [
        (JAN, None, market_index.TOO_FEW_SALES),
        (FEB, None, market_index.TOO_FEW_SALES),
        (MAR, None, market_index.TOO_FEW_SELLERS),
    ]
    assert monthly([]) == []


def test_sellers_that_are_not_known_count_as_one_each():
    assert monthly(cases(JAN, [90.0, 91.0, 92.0, 93.0, 94.0], seller=None))[0].level is not None


def test_a_better_stock_of_one_month_is_not_a_rise_of_the_market():
    """Prices are 100 + 200 (SoH - 0.8) in both months; only the goods differ."""
    worse = [
        Case(JAN, 100 + 200 * (soh - 0.8), 100.0, soh, i)
        for i, soh in enumerate(np.linspace(0.6, 0.8, 12).tolist())
    ]
    better = [
        Case(FEB, 100 + 200 * (soh - 0.8), 100.0, soh, i)
        for i, soh in enumerate(np.linspace(0.7, 0.9, 12).tolist())
    ]
    found = monthly([*worse, *better])
    assert np.mean([case.price for case in better]) - np.mean([case.price for case in worse]) > 19
    assert found[0].level == pytest.approx(found[1].level)


def test_a_characteristic_that_follows_the_month_alone_is_left_out():
    found = monthly(cases(JAN, [90.0] * 12, soh=0.7) + cases(FEB, [100.0] * 12, soh=0.9))
    assert [row.level for row in found] == pytest.approx([90.0, 100.0])


def test_prices_below_zero_have_a_level_too():
    assert monthly(cases(JAN, [-10.0, -20.0, -30.0, -20.0, -20.0]))[0].level == pytest.approx(-20)


@given(
    prices=st.lists(st.floats(-500, 500), min_size=5, max_size=30),
    shift=st.floats(-200, 200),
)
def test_a_shift_of_all_prices_shifts_the_level_and_not_the_width(prices, shift):
    one, other = (monthly(cases(JAN, [price + by for price in prices]))[0] for by in (0.0, shift))
    assert other.level == pytest.approx(one.level + shift, abs=1e-6)
    assert other.high - other.low == pytest.approx(one.high - one.low, abs=1e-6)


@pytest.mark.parametrize(
    ("freedom", "point"), [(3, 2.3534), (4, 2.1318), (10, 1.8125), (60, 1.6706)]
)
def test_the_width_is_that_of_students_t(freedom, point):
    """Points of the printed tables; the expansion is within half a percent from 3 on."""
    assert student_95(freedom) == pytest.approx(point, rel=5e-3)


def test_the_band_covers_the_true_level_nine_times_in_ten():
    random = np.random.default_rng(4)
    covered = 0
    for _ in range(600):
        found = monthly(cases(JAN, random.normal(100, 20, 8).tolist()))[0]
        covered += found.low <= 100 <= found.high
    assert abs(covered / 600 - 0.9) < 3 * np.sqrt(0.09 / 600)
