from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from listings.health.recording import FileRefused
from market import settlements, walkthrough
from market.seeding import journey, steps

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "commands" / "walkthrough.json").read_text()
)


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")


def test_the_whole_way_is_gone_on_a_synthetic_file() -> None:
    before = dict(os.environ)
    said: list[str] = []
    told = walkthrough.walk(say=said.append)
    jsonschema.validate(told, SCHEMA)
    assert told["problems"] == []
    assert told["soh"] == pytest.approx(walkthrough.SOH, abs=0.005)
    assert told["log"]["valid"] is True
    assert told["log"]["size"] == 3
    names = [step["name"] for step in told["steps"]]
    assert names == [
        "health file", "database", "parties", "spreadsheet", "health report", "guide value",
        "lot published", "deposits", "bids", "award", "contract", "payment", "release",
        "acceptance", "payout", "custody log", "invariants",
    ]  # fmt: skip
    assert len(said) == len(names)
    assert dict(os.environ) == before


def test_a_real_tester_file_goes_the_whole_way(shared: Path) -> None:
    (path,) = (shared / "neware").glob("*M50T*.ndax")
    told = walkthrough.walk(path, 5.0)
    assert told["problems"] == []
    assert round(told["soh"], 3) == 0.944
    first, *others = told["discharges"]
    assert not first["complete"]
    assert all(one["complete"] for one in others)
    assert told["log"]["valid"] is True


def test_a_damaged_tester_file_is_refused_before_anything_starts(shared: Path) -> None:
    with pytest.raises(FileRefused):
        walkthrough.walk(next((shared / "neware").glob("*Corrupt*")), 5.0)


def test_a_step_that_does_not_hold_ends_the_way_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The award is never paid: the payment's own demand finds it."""
    monkeypatch.setattr(settlements, "is_paid", lambda *_anything: False)
    told = walkthrough.walk()
    jsonschema.validate(told, SCHEMA)
    assert told["problems"] == ["the award is not paid"]
    assert told["steps"][-1]["name"] == "contract"
    assert told["log"]["valid"] is False


def test_a_refusal_on_the_way_is_told_as_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    put_down = steps.put_down

    def too_late(*arguments, at, **more):
        return put_down(*arguments, at=at + timedelta(days=30), **more)

    monkeypatch.setattr(steps, "put_down", too_late)
    told = walkthrough.walk()
    assert len(told["problems"]) == 1
    assert told["steps"][-1]["name"] == "lot published"


def test_a_demand_also_holds_where_assertions_are_switched_off() -> None:
    with pytest.raises(journey.StepFailed, match="nothing"):
        journey.demand([], "there is nothing")
