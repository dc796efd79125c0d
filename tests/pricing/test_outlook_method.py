"""The worked example of the outlook's method note, run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from pricing import registrations
from pricing.outlook import GROUPS, LIVES, SHAPE, complete_until, forecast

METHOD = Path(__file__).parents[2] / "docs/method/outlook.md"


def text() -> str:
    return METHOD.read_text(encoding="utf-8")


def test_the_worked_example_of_the_outlook_holds():
    (block,) = re.findall(r"^```python\n(.*?)^```", text(), re.MULTILINE | re.DOTALL)
    exec(compile(block, str(METHOD), "exec"), {})


def test_the_note_s_lives_and_shape_are_those_in_use():
    said = text()
    assert f"^{SHAPE}" in said
    assert f"{LIVES['car_lfp']} years for LFP cars, {LIVES['car_ternary']:g} for ternary" in said
    assert f"{LIVES['commercial']:g} for commercial vehicles" in said


def test_the_note_says_from_when_later_registrations_are_missed():
    table, years = registrations.table(), range(2018, 2034)
    alone = forecast(table, years).of(table.provinces)
    more = forecast(table.carried_to(2033), years).of(table.provinces)
    assert f"from {(complete_until(alone, more) or 0) + 1} on are more than a tenth" in text()


def test_the_plan_of_2020_lies_between_lives_of_five_and_six_years():
    plan = registrations.plan()
    six, five = (
        forecast(registrations.table(), [2020], dict.fromkeys(GROUPS, life), 0).of(plan.provinces)
        for life in (6.0, 5.0)
    )
    assert six[0].tonnes < plan.total(2020) < five[0].tonnes
