"""What past sales say of a valuer, by properties and by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pricing import scores
from pricing.scores import Line, Said, interval_score, ranks, score, skill, wilson

YUAN = st.integers(-(10**6), 10**6)
WIDTH = st.integers(0, 10**5)


@st.composite
def lines(draw):
    price, value = draw(YUAN), draw(YUAN)
    said = Said(value, value - draw(WIDTH), value + draw(WIDTH))
    before = draw(st.none() | st.builds(lambda w: Said(value, value - w, value + w), WIDTH))
    return Line(price, said, draw(st.integers(1, 10**6)), before)


def around(price, value, width=10.0, gross=100.0, before=None):
    return Line(price, Said(value, value - width, value + width), gross, before)


@given(YUAN, YUAN, WIDTH)
def test_the_interval_score_is_the_width_inside_and_more_outside(price, low, width):
    [found] = interval_score([low], [low + width], [price])
    high = low + width
    if low <= price <= high:
        assert found == high - low
    else:
        assert found > high - low


def test_a_miss_costs_twenty_times_its_size():
    assert interval_score([10.0, 10.0], [20.0, 20.0], [7.0, 21.0]) == pytest.approx([70.0, 30.0])


def test_the_interval_score_is_proper():
    # Of all intervals the 5 % and 95 % quantiles have the least expected score.
    prices = np.random.default_rng(1).normal(0, 1, 20_000)

    def mean(low, high):
        return interval_score(np.full(20_000, low), np.full(20_000, high), prices).mean()

    best = mean(-1.645, 1.645)
    for low, high in ((-1.2, 1.2), (-2.2, 2.2), (-1.645, 2.2), (-1.0, 1.645)):
        assert best < mean(low, high)


def test_bias_and_error_are_logarithms_of_value_over_price():
    found = score([around(100, 100 * math.e), around(100, 100), around(100, 100 / math.e**2)])
    assert found.bias.figure == pytest.approx(-1 / 3)
    assert found.error.figure == pytest.approx(1.0)
    assert (found.bias.low, found.bias.high) == (None, None)  # three lines have no spread


def test_liabilities_have_no_logarithm_and_count_for_the_interval():
    found = score([around(-50, -45), around(80, -10), around(100, 110)])
    assert (found.n, found.n_log) == (3, 1)
    assert found.bias.figure == pytest.approx(math.log(1.1))
    assert found.coverage.figure == pytest.approx(2 / 3)


def test_coverage_is_the_share_of_prices_inside_with_its_ends():
    found = score([around(price, 100) for price in (90, 110, 89.99, 110.01)])
    assert found.coverage.figure == 0.5


@given(st.lists(lines(), max_size=30))
def test_estimates_lie_within_their_bounds_and_shares_between_nothing_and_one(many):
    found = score(many)
    assert found.n == len(many)
    for one in (found.bias, found.error, found.coverage, found.interval_score):
        if one is not None and one.low is not None:
            assert one.low <= one.high
    if found.coverage is not None:
        assert 0 <= found.coverage.low <= found.coverage.figure <= found.coverage.high <= 1
    if found.interval_score is not None:
        assert found.interval_score.figure >= 0
    assert score(many) == found  # resampling draws the same for everybody


@given(st.lists(lines(), min_size=1, max_size=20), st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_unit_of_money_changes_nothing(many, unit):
    def scaled(said):
        return said and Said(said.value * unit, said.low * unit, said.high * unit)

    other = [
        Line(one.price * unit, scaled(one.said), one.gross * unit, scaled(one.before))
        for one in many
    ]
    first, second = score(many), score(other)
    assert second.interval_score.figure == pytest.approx(first.interval_score.figure)
    assert second.coverage == first.coverage
    assume(first.skill is not None)
    assert second.skill.figure == pytest.approx(first.skill.figure, abs=1e-9)


def test_skill_is_nothing_against_oneself_and_one_for_the_perfect():
    assert skill([0.3, 0.5], [0.3, 0.5]) == 0
    assert skill([0.0, 0.0], [0.3, 0.5]) == 1
    assert skill([0.9, 0.9], [0.3, 0.3]) == pytest.approx(-2)
    assert skill([], []) is None
    assert skill([0.1], [0.0]) is None


def test_skill_counts_only_lines_with_an_edition_before():
    first = around(100, 150)
    later = [around(100, 100, 5, before=Said(100, 90, 110)) for _ in range(6)]
    found = score([first, *later])
    assert (found.n, found.n_skill) == (7, 6)
    assert found.skill.figure == pytest.approx(0.5)
    assert found.skill.low == found.skill.high == pytest.approx(0.5)


def test_the_interval_of_a_bias_covers_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(7)
    rounds, hits = 150, 0
    for _ in range(rounds):
        logs = draw.normal(0.1, 0.2, 40)
        bias = score([around(100, 100 * math.exp(log)) for log in logs]).bias
        hits += bias.low <= 0.1 <= bias.high
    # The percentile bootstrap is a little short at n = 40: 0.93 to 0.94.
    assert abs(hits / rounds - 0.94) < 3 * math.sqrt(0.94 * 0.06 / rounds)


def test_wilson_s_interval_is_that_of_the_textbook():
    # 8 of 10: 0.4902 to 0.9433 (Brown, Cai and DasGupta 2001, table of examples recomputed).
    found = wilson([True] * 8 + [False] * 2)
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)
    assert wilson([]) is None


def test_nobody_with_fewer_than_twenty_sales_has_a_rank():
    known = {
        "wide": score([around(100, 100, 20)] * 20),
        "narrow": score([around(100, 100, 5)] * 20),
        "same": score([around(100, 100, 5)] * 25),
        "few": score([around(100, 100, 1)] * 19),
        "none": score([]),
    }
    assert ranks(known) == {"narrow": 1, "same": 1, "wide": 3}


def test_a_lot_without_metal_value_is_refused():
    with pytest.raises(ValueError, match="gross metal value"):
        score([around(1, 1, gross=0.0)])
    with pytest.raises(ValueError, match="nothing before"):
        scores.charges_before([replace(around(1, 1), before=None)])
