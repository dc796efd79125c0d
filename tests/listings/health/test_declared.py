"""Declared against measured, and declared before declared."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.health.declared import Reading, compare, turns, within

DAY = date(2026, 5, 1)


def reading(soh: float | None = None, capacity_ah: float | None = None) -> Reading:
    return Reading(DAY, soh, capacity_ah)


@pytest.mark.parametrize(
    ("said", "is_alarm"), [(0.824, False), (0.825, True), (0.776, False), (0.775, True)]
)
def test_over_three_percent_of_the_measured_value_is_an_alarm(said: float, is_alarm: bool) -> None:
    (found,) = compare(reading(said), reading(0.8))
    assert (found.quantity, found.is_alarm) == ("soh", is_alarm)


def test_just_three_percent_is_none() -> None:
    (found,) = compare(reading(capacity_ah=103), reading(capacity_ah=100))
    assert not found.is_alarm


def test_ampere_hours_and_state_of_health_are_kept_apart() -> None:
    found = compare(reading(1.0, 160), reading(0.8, 160))
    assert [(one.quantity, one.is_alarm) for one in found] == [
        ("soh", True),
        ("capacity_ah", False),
    ]


def test_what_one_side_does_not_say_is_not_compared() -> None:
    assert compare(reading(1.0), reading(None, 160)) == ()
    assert compare(reading(None, 160), reading(0.8, 0)) == ()


def test_a_claim_may_contradict_itself() -> None:
    found = within(reading(1.0, 160), 200)
    assert found is not None
    assert found.is_alarm
    assert found.other == pytest.approx(0.8)
    assert within(reading(1.0), 200) is None


def test_a_jump_to_full_is_a_reset_and_a_smaller_one_a_rise() -> None:
    states = (0.9, 0.85, 1.0, 0.98, None, 0.7, 0.8, 0.81)
    assert turns([reading(soh) for soh in states]) == (
        None, None, "reset", None, None, None, "rise", None,
    )  # fmt: skip


@given(st.lists(st.floats(0, 1.5)))
def test_health_that_only_falls_never_turns(states: list[float]) -> None:
    falling = sorted(states, reverse=True)
    assert not any(turns([reading(soh) for soh in falling]))
