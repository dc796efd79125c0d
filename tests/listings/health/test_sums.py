"""Sums of measured values: exact enough to be stored, and the same in any order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.health.sums import exact_sum

measured = st.lists(st.floats(0, 1e4), max_size=200)
signed = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=200)


@given(measured)
def test_it_is_the_sum(values: list[float]) -> None:
    assert exact_sum(np.array(values)) == pytest.approx(math.fsum(values), rel=1e-13)


@given(signed, st.randoms(use_true_random=False))
def test_the_order_does_not_matter_at_all(values: list[float], chance) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert exact_sum(np.array(values)) == exact_sum(np.array(shuffled))


def test_a_plain_sum_does_depend_on_the_order() -> None:
    """The negative control."""
    values = np.array([0.1, 0.2, 0.3, 1e4, -1e4] * 7)
    plain = [float(np.cumsum(order)[-1]) for order in (values, np.sort(values))]
    assert plain[0] != plain[1]


def test_a_million_small_steps_lose_nothing_that_is_printed() -> None:
    steps = np.full(1_000_000, 1e-7)
    assert exact_sum(steps) == pytest.approx(0.1, rel=1e-10)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1e308, 1e308], [5e-324, 5e-324]])
def test_extremes_do_not_break_it(values: list[float]) -> None:
    try:
        expected = math.fsum(values)
    except OverflowError:
        with pytest.raises(OverflowError):
            exact_sum(np.array(values))
    else:
        assert exact_sum(np.array(values)) == expected
