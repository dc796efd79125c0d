"""``packbourse health telemetry`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from telemetry_rows import as_text, charge

from market import cli

SCHEMA = Path(__file__).parents[2] / "docs/commands/health-telemetry.json"


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.csv"
    as_text(charge(vehicle="LZY1")).write_csv(path)
    return path


def test_the_document_is_as_its_schema_says(export, capsys):
    assert cli.main(["health", "telemetry", str(export), "--rated-ah", "200", "--json"]) == 0
    printed = capsys.readouterr().out
    document = json.loads(printed)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    (vehicle,) = document["vehicles"]
    assert (vehicle["grade"], vehicle["evidence_level"], vehicle["soh"]) == ("B", "L3", 0.75)
    assert vehicle["provisional"] is True
    assert vehicle["charges"][0]["capacity_ah"] == pytest.approx(150)


def test_windows_under_60_percent_get_no_letter(tmp_path, capsys):
    path = tmp_path / "narrow.csv"
    as_text(charge(soc=(35, 94))).write_csv(path)
    cli.main(["health", "telemetry", str(path), "--rated-ah", "200", "--json"])
    (vehicle,) = json.loads(capsys.readouterr().out)["vehicles"]
    assert (vehicle["grade"], vehicle["evidence_level"]) == (None, "L5")
    assert vehicle["flags"] == ["few_windows", "no_wide_window"][1:]
    assert vehicle["months"][0]["capacity_ah"] == pytest.approx(150)


def test_ratings_come_from_a_table_of_vehicles(export, tmp_path, capsys):
    ratings = tmp_path / "rated.csv"
    ratings.write_text("VIN,rated_ah\nlzy1,160\n")
    cli.main(["health", "telemetry", str(export), "--rated", str(ratings), "--json"])
    (vehicle,) = json.loads(capsys.readouterr().out)["vehicles"]
    assert vehicle["soh"] == pytest.approx(150 / 160, abs=1e-6)


def test_a_vehicle_without_rating_is_refused(export, tmp_path, capsys):
    ratings = tmp_path / "rated.csv"
    ratings.write_text("VIN,rated_ah\nother,160\n")
    assert cli.main(["health", "telemetry", str(export), "--rated", str(ratings)]) == 1
    assert "LZY1 has no rated capacity" in capsys.readouterr().err


def test_people_see_a_table(export, capsys):
    assert cli.main(["health", "telemetry", str(export), "--rated-ah", "200"]) == 0
    assert "B-L3" in capsys.readouterr().out
