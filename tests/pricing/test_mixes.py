"""Which evidence counts in a data mix, with what weight, and what stands out."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.mixes import Reported, capped, mix
from pricing.parameters import BadParameter, DataKind, Parameters, ranked, spelled
from pricing.screens import robust_z

ON = date(2026, 6, 1)


def price(ident, amount, *, by="a", kind=DataKind.TRADE, on=ON, volume=None, excluded=""):
    volume = None if volume is None else Decimal(volume)
    return Reported(ident, by, kind, on, Decimal(amount), volume, excluded)


def trades(*amounts, **more):
    return [price(n, amount, by=str(n), **more) for n, amount in enumerate(amounts, start=1)]


def test_a_price_ten_times_off_is_set_apart_and_the_others_stay():
    # As printed once: 26 500 to 28 000 among 2 600 to 2 800.
    found = mix(trades(2600, 2700, 2650, 2800, 26500), Parameters(), ON)
    assert [ident for ident, _ in found.screened] == [5]
    assert found.screened[0][1] > 3.5
    assert (found.low, found.high) == (2600, 2800)


def test_two_misprints_of_one_hand_among_five_are_both_set_apart():
    found = mix(trades(2600, 2700, 2650, 26500, 28000), Parameters(), ON)
    assert [ident for ident, _ in found.screened] == [4, 5]


def test_equal_prices_are_no_misprints_and_a_tenfold_one_beside_them_is():
    assert robust_z([100.0, 100.0, 100.0]) == [0, 0, 0]
    assert mix(trades(100, 100, 100, 103), Parameters(), ON).screened == []
    assert [i for i, _ in mix(trades(100, 100, 100, 1000), Parameters(), ON).screened] == [4]


def test_two_prices_or_a_price_below_zero_cannot_be_screened():
    assert robust_z([1.0, 10.0]) == [None, None]
    assert robust_z([1.0, 10.0, -1.0]) == [None, None, None]


@given(st.lists(st.floats(1, 1e6), min_size=3, max_size=12), st.floats(0.001, 1000))
def test_the_screen_does_not_depend_on_the_unit(prices, unit):
    before, after = robust_z(prices), robust_z([one * unit for one in prices])
    assert after == pytest.approx(before, abs=1e-6)


def test_trades_are_enough_and_offers_are_left_aside():
    offers = [price(9, 2900, by="z", kind=DataKind.OFFER)]
    found = mix(trades(2600, 2700, 2650) + offers, Parameters(), ON)
    assert found.used == [1, 2, 3]
    assert (found.counts, found.unneeded, found.is_enough) == ({"trade": 3}, 1, True)


def test_bids_and_offers_come_in_where_trades_are_too_few_and_others_last():
    weaker = [
        price(8, 2500, by="y", kind=DataKind.BID),
        price(9, 2900, by="z", kind=DataKind.OFFER),
        price(10, 2700, by="w", kind=DataKind.OTHER),
    ]
    found = mix(trades(2600, 2700) + weaker, Parameters(), ON)
    assert found.counts == {"trade": 2, "bid": 1, "offer": 1}
    assert found.unneeded == 1
    lone = mix(weaker[2:], Parameters(), ON)
    assert (lone.counts, lone.is_enough) == ({"other": 1}, False)


def test_the_window_ends_on_the_day_and_has_as_many_days_as_it_says():
    rules = Parameters(window_days=7, minimum_count=1)
    old, first, late = ON - timedelta(days=7), ON - timedelta(days=6), ON + timedelta(days=1)
    found = mix(
        [price(1, 1, on=old), price(2, 2, on=first), price(3, 3), price(4, 4, on=late)], rules, ON
    )
    assert found.used == [2, 3]


def test_what_the_valuer_left_out_is_named_with_its_reason():
    found = mix([*trades(2600, 2700), price(9, 2650, excluded="one group")], Parameters(), ON)
    assert found.excluded == [(9, "one group")]
    assert 9 not in found.used


def test_the_average_weighs_by_volume_where_every_volume_is_known():
    rules = Parameters(cap=Decimal(1), minimum_count=2)
    known = [price(1, 100, by="a", volume=3), price(2, 200, by="b", volume=1)]
    assert mix(known, rules, ON).average == Decimal(125)
    partly = [known[0], price(2, 200, by="b")]
    assert mix(partly, rules, ON).average == Decimal(150)


def test_a_dominant_submitter_weighs_no_more_than_the_cap():
    found = mix(
        [price(n, 200, by="big", volume=1000) for n in range(1, 4)]
        + [price(n, 200 + n, by=str(n), volume=1) for n in range(4, 8)],
        Parameters(cap=Decimal("0.4")),
        ON,
    )
    assert found.is_capped
    assert found.is_cap_met
    assert found.largest_share == Decimal("0.4")
    assert found.average == Decimal("0.4") * 200 + Decimal("0.15") * (204 + 205 + 206 + 207)


def test_two_submitters_cannot_meet_a_cap_of_a_third_and_the_mix_says_so():
    found = mix(
        [price(1, 100, by="a", volume=9), price(2, 200, by="b", volume=1)], Parameters(), ON
    )
    assert (found.is_capped, found.is_cap_met) == (True, False)
    assert found.average == 150


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    st.fractions(min_value=Fraction(1, 20), max_value=1),
)
def test_capped_shares_sum_to_one_and_keep_their_order(volumes, cap):
    whole = sum(volumes)
    before = {str(n): Fraction(volume, whole) for n, volume in enumerate(volumes)}
    after = capped(before, cap)
    assert sum(after.values()) == 1
    assert max(after.values()) <= max(cap, Fraction(1, len(volumes)))
    by_before = sorted(before, key=lambda name: before[name])
    assert [after[name] for name in by_before] == sorted(after.values())


def test_the_order_in_which_prices_came_in_changes_nothing():
    found = trades(2600, 2700, 2650, 26500, volume=5)
    assert mix(found, Parameters(), ON).to_json() == mix(found[::-1], Parameters(), ON).to_json()


def test_nothing_reported_is_no_price():
    found = mix([], Parameters(), ON)
    assert (found.low, found.average, found.is_enough) == (None, None, False)
    assert found.to_json()["average"] is None


def test_parameters_are_read_back_from_their_plain_form():
    rules = Parameters(
        ranked("trade, bid > offer"), 5, 14, Decimal("0.25"), Decimal(4), ("own trades",)
    )
    assert Parameters.from_json(rules.to_json()) == rules
    assert spelled(rules.hierarchy) == "trade, bid > offer"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"hierarchy": ((DataKind.BID,), (DataKind.BID,))}, "hierarchy"),
        ({"hierarchy": ()}, "hierarchy"),
        ({"minimum_count": 0}, "minimum_count"),
        ({"window_days": 400}, "window_days"),
        ({"cap": Decimal(0)}, "cap"),
        ({"cut": Decimal(1)}, "cut"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(given, name):
    with pytest.raises(BadParameter) as refused:
        Parameters(**given)
    assert refused.value.field == name


def test_an_unknown_kind_in_a_hierarchy_is_refused():
    with pytest.raises(BadParameter):
        ranked("trade > rumour")
