"""Remaining life as a model: what it must never do, whatever the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.health import life

DUTIES = st.sampled_from(life.DUTIES)
WARMTH = st.floats(15, 35)
HEALTH = st.floats(0.3, 1.0)
FADE = life.FADES["LFP"]


def years(soh: float, duty: life.Duty, warmth: float) -> float:
    return life.remaining(soh, "LFP", duty, warmth).cell_years.mean


@given(DUTIES, HEALTH, WARMTH, WARMTH)
def test_a_warmer_place_never_gives_a_longer_life(
    duty: life.Duty, soh: float, one: float, other: float
) -> None:
    cool, warm = sorted((one, other))
    assert years(soh, duty, warm) <= years(soh, duty, cool) + 1e-6


@given(DUTIES, HEALTH, WARMTH, st.floats(0.05, 1), st.floats(0.05, 1))
def test_deeper_cycles_never_give_a_longer_life(
    duty: life.Duty, soh: float, warmth: float, one: float, other: float
) -> None:
    shallow, deep = (replace(duty, dod=depth) for depth in sorted((one, other)))
    assert years(soh, deep, warmth) <= years(soh, shallow, warmth) + 1e-6


@given(DUTIES, HEALTH, HEALTH, WARMTH)
def test_a_healthier_cell_never_has_a_shorter_life(
    duty: life.Duty, one: float, other: float, warmth: float
) -> None:
    worse, better = sorted((one, other))
    assert years(worse, duty, warmth) <= years(better, duty, warmth) + 1e-6


@given(DUTIES, HEALTH, WARMTH)
def test_bands_hold_their_mean_and_cycles_follow_from_years(
    duty: life.Duty, soh: float, warmth: float
) -> None:
    found = life.remaining(soh, "LFP", duty, warmth)
    for span, cycles in (
        (found.cell_years, found.cell_cycles),
        (found.pack_years, found.pack_cycles),
    ):
        assert 0 <= span.low <= span.mean <= span.high <= life.HORIZON_YEARS
        assert cycles.mean == pytest.approx(span.mean * duty.cycles_per_year)
        assert cycles.low <= cycles.mean <= cycles.high
        assert span.is_cut or span.high < life.HORIZON_YEARS
    assert found.pack_years.mean <= found.cell_years.mean
    assert found.is_over == (soh <= duty.end_soh) == (found.cell_years.high == 0)


@given(DUTIES, st.floats(0.3, 0.999), WARMTH)
def test_placing_a_cell_on_the_curve_and_reading_it_there_gives_its_soh(
    duty: life.Duty, soh: float, warmth: float
) -> None:
    age = life.years_to(soh, FADE, duty, warmth)
    read = life.soh_after(age, FADE, duty, warmth)
    assert read == pytest.approx(soh, abs=1e-9)
    assert life.years_to(read, FADE, duty, warmth) == pytest.approx(age, rel=1e-6)


def test_what_is_left_shrinks_by_the_years_that_pass() -> None:
    peak = life.duty("peak-shaving")
    now = life.remaining(0.65, "LFP", peak, 15)
    later = life.soh_after(now.age_years + 1, FADE, peak, 15)
    after = life.remaining(later, "LFP", peak, 15)
    assert after.cell_years.mean == pytest.approx(now.cell_years.mean - 1, abs=1e-6)


def test_heat_is_not_rewarded_where_the_cycling_term_would() -> None:
    peak = life.duty("peak-shaving")
    assert life.coefficients(FADE, peak, 35)[1] < life.coefficients(FADE, peak, 15)[1]
    assert life.remaining(0.65, "LFP", peak, 35).governing_c == 15
    backup = life.duty("telecom-backup")
    assert life.remaining(0.61, "LFP", backup, 35).governing_c == 35


@pytest.mark.parametrize(("warmth", "soh"), [(15, 0.9704129), (25, 0.9437214), (35, 0.8973259)])
def test_ten_years_of_storage_come_out_as_in_the_source(warmth: float, soh: float) -> None:
    """BLAST-Lite 1.1.1, 3651 days at 90 % state of charge, run apart from this project."""
    storage = replace(life.DUTIES[0], soc=0.9, cycles_per_year=0)
    assert life.soh_after(3651 / 365.25, FADE, storage, warmth) == pytest.approx(soh, abs=5e-5)


@pytest.mark.parametrize(
    ("warmth", "k_cyc"), [(15, 2.12380e-4), (25, 1.64592e-4), (35, 1.29684e-4)]
)
def test_the_cycling_coefficient_comes_out_as_in_the_source(warmth: float, k_cyc: float) -> None:
    """BLAST-Lite 1.1.1, first day at DoD 0.8 and 0.3 C; it lowers C by the fade of that day."""
    cycling = replace(life.DUTIES[0], dod=0.8, rate_c=0.3)
    assert life.coefficients(FADE, cycling, warmth)[1] == pytest.approx(k_cyc, rel=4e-3)


@pytest.mark.parametrize("chemistry", ["NMC532", "LMO", "ternary", "other", ""])
def test_a_chemistry_without_coefficients_is_refused(chemistry: str) -> None:
    with pytest.raises(life.ChemistryWithoutModel, match="only LFP"):
        life.all_duties(0.8, chemistry)


@pytest.mark.parametrize("warmth", [14.9, 35.1, -10, float("nan")])
def test_only_15_to_35_degrees_are_shown(warmth: float) -> None:
    with pytest.raises(life.TemperatureOutside):
        life.remaining(0.8, "LFP", life.DUTIES[0], warmth)


@pytest.mark.parametrize("soh", [0, -0.1, 1.2, 82, float("nan")])
def test_a_state_of_health_that_no_cell_has_is_refused(soh: float) -> None:
    with pytest.raises(life.SohOutside):
        life.remaining(soh, "LFP", life.DUTIES[0])


def test_an_unknown_duty_is_refused_with_those_there_are() -> None:
    with pytest.raises(life.DutyUnknown, match="peak-shaving"):
        life.duty("forklift")
