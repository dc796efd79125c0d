from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.provinces import PROVINCES
from pricing import outlook, registrations
from pricing.outlook import GROUPS, LifeOutOfReach, Registrations, forecast, retiring_at

LIVES = st.floats(outlook.SHORTEST, outlook.LONGEST)


def one_cohort(vehicles: float = 1000.0, kg: float = 300.0, kwh: float = 45.0) -> Registrations:
    """``vehicles`` LFP cars of 2016 in one province, and nothing else."""
    return Registrations(
        ("广东",),
        2016,
        {group: np.array([[vehicles if group == "car_lfp" else 0.0]]) for group in GROUPS},
        {group: np.array([kg]) for group in GROUPS},
        {group: np.array([kwh]) for group in GROUPS},
    )


def same(life: float) -> dict[str, float]:
    return dict.fromkeys(GROUPS, life)


@given(LIVES)
def test_every_vehicle_retires_once(life):
    shares = [retiring_at(age, life) for age in range(1, 60)]
    assert all(share >= 0 for share in shares)
    assert math.isclose(sum(shares), 1, abs_tol=1e-9)


def test_a_share_of_one_minus_one_over_e_is_retired_at_the_life():
    assert math.isclose(outlook.retired_by(8, 8), 1 - 1 / math.e)


def test_a_cohort_computed_by_hand_comes_out():
    line = forecast(one_cohort(), [2024], same(9.5), 0).of(["广东"])[0]
    share = math.exp(-((7 / 9.5) ** 3.5)) - math.exp(-((8 / 9.5) ** 3.5))
    assert math.isclose(line.tonnes, 1000 * 300 * share / 1000)
    assert math.isclose(line.gwh, 1000 * 45 * share / 1e6)
    assert line.low == line.tonnes == line.high


def test_arrays_give_the_shares_of_the_formula():
    line = forecast(one_cohort(kg=1000), range(2010, 2040), same(7.3), 0).of(["广东"])
    for one in line:
        age = one.year - 2016
        wanted = 1000 * retiring_at(age, 7.3) if age > 0 else 0
        assert math.isclose(one.tonnes, wanted, abs_tol=1e-9)


def test_nothing_retires_in_the_year_of_its_registration_or_before():
    found = forecast(one_cohort(), [2015, 2016]).of(["广东"])
    assert [line.tonnes for line in found] == [0, 0]


@given(st.floats(4, 12), st.floats(0, 2))
def test_the_band_holds_the_forecast_and_grows_with_the_doubt(life, band):
    table = registrations.table()
    wide = forecast(table, [2027], same(life), band).of(table.provinces)[0]
    narrow = forecast(table, [2027], same(life), band / 2).of(table.provinces)[0]
    between = 1.001  # what a life between two that are tried may add
    assert wide.low <= narrow.low * between
    assert narrow.low <= narrow.tonnes <= narrow.high <= wide.high * between


def test_provinces_sum_to_the_country_but_the_band_is_that_of_the_sum():
    table = registrations.table()
    found = forecast(table, range(2020, 2031))
    whole = found.of(table.provinces)
    single = [found.of([name]) for name in table.provinces]
    for place, line in enumerate(whole):
        assert math.isclose(line.tonnes, sum(lines[place].tonnes for lines in single))
        assert line.low >= sum(lines[place].low for lines in single) - 1e-6


def test_the_mass_of_a_vehicle_scales_the_tonnes_and_leaves_the_energy():
    table = registrations.table()
    light = forecast(table.weighing(dict.fromkeys(GROUPS, 200.0)), [2027]).of(table.provinces)[0]
    heavy = forecast(table.weighing(dict.fromkeys(GROUPS, 400.0)), [2027]).of(table.provinces)[0]
    assert math.isclose(heavy.tonnes, 2 * light.tonnes)
    assert heavy.gwh == light.gwh


def test_later_registrations_are_absent_or_like_the_last_year():
    table = registrations.table()
    years = range(2018, 2034)
    alone = forecast(table, years).of(table.provinces)
    more = forecast(table.carried_to(2033), years).of(table.provinces)
    assert [line.tonnes for line in alone[:7]] == [line.tonnes for line in more[:7]]
    assert all(a.tonnes < b.tonnes for a, b in zip(alone[7:], more[7:], strict=True))
    until = outlook.complete_until(alone, more)
    assert until is not None
    place = until - 2018
    assert alone[place].tonnes >= 0.9 * more[place].tonnes
    assert alone[place + 1].tonnes < 0.9 * more[place + 1].tonnes


def test_life_is_what_matters():
    """Between lives of 5 and 8 years, what the country retires in 2022 differs some 3.3 times."""
    table = registrations.table()
    short, long = (
        forecast(table, [2022], same(life), 0).of(table.provinces)[0].tonnes for life in (5, 8)
    )
    assert 3.2 < short / long < 3.5


@pytest.mark.parametrize(("life", "band"), [(1.9, 0), (20.1, 0), (8, 5.1), (8, -0.1), (2, 1.5)])
def test_a_life_that_no_vehicle_lives_is_refused(life, band):
    with pytest.raises(LifeOutOfReach):
        forecast(one_cohort(), [2024], same(life), band)


def test_the_packaged_table_covers_the_mainland():
    table = registrations.table()
    assert set(PROVINCES) - set(table.provinces) == {"香港", "澳门", "台湾"}
    assert (table.first, table.last) == (2016, 2023)
    assert table.vehicles["commercial"][:, 0].sum() == 0
    for figures in (*table.vehicles.values(), *table.kg.values(), *table.kwh.values()):
        assert np.isfinite(figures).all()


def test_what_a_vehicle_carried_names_a_source_for_every_figure():
    for one in registrations.carried():
        assert one.source
        assert 50 < one.wh_per_kg < 250
        assert 150 < one.kg < 1500
    assert len(registrations.carried()) == 2 * 8


def test_the_plan_of_2018_sums_to_its_totals():
    plan = registrations.plan()
    assert [plan.total(year) for year in sorted(plan.tonnes)] == [3466, 6483, 10446]
    assert plan.provinces == ("北京", "天津", "河北")


def test_the_plan_of_2018_cannot_be_reproduced_from_registrations_since_2016():
    """Two years of registrations retire far less in 2018 than the plan expected, at any life."""
    table, plan = registrations.table(), registrations.plan()
    found = forecast(table, [2018], same(5), 0).of(plan.provinces)[0]
    assert found.tonnes < plan.total(2018) / 3
