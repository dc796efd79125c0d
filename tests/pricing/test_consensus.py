"""The weighted median of valuers, by properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.consensus import (
    A_LITTLE,
    MOST,
    WHOLE,
    NotEnoughValuers,
    Opinion,
    Standing,
    of,
    weighted_median,
    weights,
)

STANDINGS = st.builds(
    Standing,
    n=st.integers(0, 60),
    skill=st.none() | st.floats(-5, 1, allow_nan=False, width=32),
)
MANY = st.dictionaries(st.sampled_from("abcdefghijkl"), STANDINGS, min_size=3)
MINOR = st.integers(-(10**12), 10**12)


@st.composite
def opinions(draw):
    names = draw(st.sets(st.sampled_from("abcdefgh"), min_size=3))
    said = []
    for name in sorted(names):
        low, value, high = sorted(draw(st.tuples(MINOR, MINOR, MINOR)))
        route = draw(st.sampled_from(["cascade", "regeneration"]))
        said.append(Opinion(name, value, low, high, route))
    return said


def plain(*values, route="cascade"):
    return [Opinion(f"v{i}", v, v - 10, v + 10, route) for i, v in enumerate(values)]


@given(MANY)
def test_weights_are_whole_sum_to_the_whole_and_none_is_above_a_third(standings):
    parts = weights(standings)
    assert sum(parts.values()) == WHOLE
    assert all(0 < part <= MOST for part in parts.values())


@given(MANY)
def test_a_more_skilled_valuer_never_weighs_less(standings):
    parts = weights(standings)
    scored = [
        (max(standing.skill, 0), parts[name])
        for name, standing in standings.items()
        if standing.skill is not None and standing.n >= 20
    ]
    for skill, part in scored:
        for other, other_part in scored:
            # A whole part is a third of a millionth: rounding may turn a tie by one.
            assert skill <= other or part >= other_part - 1


@given(st.integers(3, 12), st.integers(0, 19))
def test_all_weigh_the_same_while_nobody_has_twenty_sales(count, n):
    parts = weights({f"v{i}": Standing(n, i / count) for i in range(count)})
    assert max(parts.values()) - min(parts.values()) <= 1


def test_a_newcomer_weighs_like_the_mean_of_the_others_and_a_bad_valuer_a_little():
    standings = {
        "good": Standing(40, 0.35),
        "fair": Standing(40, 0.25),
        "better": Standing(40, 0.30),
        "bad": Standing(40, -2.0),
        "new": Standing(3, 0.9),
    }
    parts = weights(standings)
    raw = {"good": 0.4, "fair": 0.3, "better": 0.35, "bad": A_LITTLE, "new": 1.1 / 4}
    for name, weight in raw.items():
        assert parts[name] / WHOLE == pytest.approx(weight / sum(raw.values()), abs=1e-6)


def test_what_is_cut_off_a_giant_goes_to_the_others_in_proportion():
    standings = {
        "giant": Standing(40, 0.95),
        "one": Standing(40, 0.15),
        "two": Standing(40, 0.05),
        "three": Standing(40, 0.05),
    }
    parts = weights(standings)
    assert parts == {"giant": MOST, "one": MOST, "two": MOST // 2, "three": MOST // 2}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_valuers_make_no_reference_value(count):
    with pytest.raises(NotEnoughValuers, match="at least 3"):
        of(plain(*range(count)), {})


def test_three_equal_valuers_give_the_one_in_the_middle():
    found = of(plain(300, 100, 120), {})
    assert (found.value, found.low, found.high) == (120, 110, 130)
    assert set(found.weights.values()) == {MOST}


def test_an_even_split_takes_the_middle_rounded_half_to_even():
    assert of(plain(100, 200, 300, 400), {}).value == 250
    assert of(plain(100, 200, 203, 400), {}).value == 202  # 201.5
    assert of(plain(100, 200, 201, 400), {}).value == 200  # 200.5
    assert of(plain(-100, -200, -203, -400), {}).value == -202


def test_one_voice_cannot_move_the_value_beyond_the_others():
    for wild in (-(10**12), 10**12):
        assert 100 <= of(plain(100, 110, wild), {}).value <= 110


def test_the_route_is_the_one_with_more_weight_behind_it():
    said = plain(1, 2, 3, route="regeneration")
    said.append(Opinion("v9", 4, 3, 5, "cascade"))
    found = of(said, {})
    assert (found.route, found.route_weight) == ("regeneration", WHOLE * 3 // 4)


def test_one_valuer_has_one_voice():
    with pytest.raises(ValueError, match="one voice"):
        of([*plain(1, 2, 3), Opinion("v0", 1, 0, 2, "cascade")], {})


@given(opinions(), st.dictionaries(st.sampled_from("abcdefgh"), STANDINGS), st.randoms())
def test_the_reference_lies_in_its_interval_and_among_the_opinions_in_any_order(said, known, by):
    found = of(said, known)
    assert found.low <= found.value <= found.high
    values = [one.value for one in said]
    assert min(values) <= found.value <= max(values)
    by.shuffle(said)
    assert of(said, known) == found


@given(opinions())
def test_no_more_than_half_of_the_weight_lies_on_either_side(said):
    found = of(said, {})
    below = sum(found.weights[one.valuer] for one in said if one.value < found.value)
    above = sum(found.weights[one.valuer] for one in said if one.value > found.value)
    assert 2 * below <= WHOLE
    assert 2 * above <= WHOLE


@given(opinions(), MINOR)
def test_values_moved_by_an_amount_move_the_reference_by_an_even_part_of_it(said, amount):
    moved = [Opinion(o.valuer, o.value + 2 * amount, o.low, o.high + 0, o.route) for o in said]
    assert of(moved, {}).value - of(said, {}).value == 2 * amount


@given(opinions())
def test_a_column_of_packs_agrees_with_one_lot_after_another(said):
    parts = [of(said, {}).weights[one.valuer] for one in said]
    columns = np.array([[one.value, one.low, one.high] for one in said], dtype=np.float64)
    found = weighted_median(columns, parts)
    one = of(said, {})
    assert np.abs(found - [one.value, one.low, one.high]).max() <= 0.5


def test_a_column_has_no_reference_where_a_valuer_is_silent():
    found = weighted_median([[1.0, 1.0], [2.0, np.nan], [3.0, 3.0]], [1, 1, 1])
    assert found[0] == 2.0
    assert np.isnan(found[1])


def test_a_weight_for_each_valuer_is_demanded():
    with pytest.raises(ValueError, match="a weight for each"):
        weighted_median([[1.0], [2.0]], [1, 1, 1])
