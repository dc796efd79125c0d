"""The commands of the models: their documents keep to their schemas, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from listings.health.readers import pulses
from market import cli

SCHEMAS = Path(__file__).resolve().parents[2] / "docs/commands"
VOLTS = (
    "3.3041 3.3503 3.3666 3.3206 3.3071 3.2611 3.2453 3.2913 3.3055 3.3982 3.4316 3.339 3.3083 "
    "3.2158 3.1861 3.2781 3.3046 3.4444 3.4944 3.3559 3.3092"
)


def answered(arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert cli.main([*arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
    return document


def test_life_answers_for_every_duty_or_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["health", "life", "--soh", "0.7", "--chemistry", "LFP"]
    found = answered(wanted, "health-life", capsys)
    assert len(found["duties"]) == 4
    assert found["labels"][0] == "Model, not measured."
    one = answered([*wanted, "--duty", "peak-shaving"], "health-life", capsys)
    assert [duty["duty"] for duty in one["duties"]] == ["peak-shaving"]
    assert one["duties"][0]["coefficients_verified"] is False


def test_life_is_refused_without_coefficients(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["health", "life", "--soh", "0.7", "--chemistry", "NMC532"]) != 0
    assert "only LFP has coefficients" in capsys.readouterr().err


def test_rapid_judges_each_cell_or_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    volts = [float(text) for text in VOLTS.split()]
    path = tmp_path / "pulses.xlsx"
    path.write_bytes(
        pulses.sheets.write_xlsx(
            pulses.HEADER, [["A", 35, 35, 5, 25, *volts], ["B", 35, 60, 5, 25, *volts]]
        )
    )
    found = answered(["health", "rapid", str(path), "--chemistry", "LFP"], "health-rapid", capsys)
    judged, not_judged = found["cells"]
    assert judged["estimate"]["soh"] == pytest.approx(0.806, abs=0.001)
    assert judged["refusal"] is None
    assert not_judged["estimate"] is None
    assert "60 %" in not_judged["refusal"]


def test_rapid_refuses_a_chemistry_that_nobody_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pulses.xlsx"
    path.write_bytes(pulses.template())
    assert cli.main(["health", "rapid", str(path), "--chemistry", "LTO"]) != 0
    assert "LFP, NMC" in capsys.readouterr().err
