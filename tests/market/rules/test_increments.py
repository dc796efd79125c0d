from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.money import NotAnAmount
from market.rules import increments
from market.rules.increments import Table


def test_a_band_holds_from_its_own_lower_bound():
    table = Table(((0, 100), (1000, 500)))
    assert [table.step(price) for price in (0, 999, 1000, 1001)] == [100, 100, 500, 500]
    assert table.above(999) == 1099
    assert table.above(1000) == 1500


def test_a_price_below_zero_takes_the_first_step():
    assert Table(((0, 7), (10, 9))).above(-20) == -13


@pytest.mark.parametrize(
    ("bands", "refusal"),
    [
        ((), increments.NoBands),
        (((1, 1),), increments.FirstBandNotZero),
        (((0, 1), (5, 1), (5, 2)), increments.BandsNotAscending),
        (((0, 1), (5, 1), (4, 2)), increments.BandsNotAscending),
        (((0, 0),), increments.StepNotPositive),
        (((0, 1), (5, -1)), increments.StepNotPositive),
    ],
)
def test_a_table_that_leaves_a_price_without_a_raise_is_refused(bands, refusal):
    with pytest.raises(refusal) as caught:
        Table(bands)
    assert caught.value.field == "increments"
    assert "%" not in str(caught.value)


def test_a_table_is_read_from_decimal_strings():
    assert increments.parse([["0", "1.00"], ["100", "5.5"]]) == Table(((0, 100), (10000, 550)))
    assert increments.parse([["0", "100"]], "JPY") == Table(((0, 100),))


def test_a_table_with_a_row_of_three_or_an_amount_off_the_grid_is_refused():
    with pytest.raises(increments.BandNotAPair):
        increments.parse([["0", "1", "2"]])
    with pytest.raises(NotAnAmount):
        increments.parse([["0", "0.001"]])


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 20)), max_size=6), st.integers(-50, 400)
)
def test_the_step_is_that_of_the_last_row_that_begins_at_or_below_the_price(gaps, price):
    bands, start = [(0, 3)], 0
    for gap, step in gaps:
        start += gap
        bands.append((start, step))
    expected = 3
    for lower, step in bands:
        if lower <= price:
            expected = step
    assert Table(tuple(bands)).step(price) == expected
