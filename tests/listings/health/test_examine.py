"""The documents of the two health commands, held to their schemas."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from listings.health.capacity import REASONS
from listings.health.examine import examine, grade_file
from listings.health.grade import REASONS as GRADE_REASONS
from listings.health.readers import sha256_of
from listings.health.synthetic import write_bdf

COMMANDS = Path(__file__).resolve().parents[3] / "docs/commands"
READ = json.loads((COMMANDS / "health-read.json").read_text("utf-8"))
GRADE = json.loads((COMMANDS / "health-grade.json").read_text("utf-8"))


@pytest.mark.parametrize("schema", [READ, GRADE])
def test_the_schemas_are_sound_and_list_every_reason(schema: dict[str, object]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    listed = json.dumps(schema)
    assert [code for code in REASONS if f'"{code}"' not in listed] == []
    if schema is GRADE:
        assert [code for code in GRADE_REASONS if f'"{code}"' not in listed] == []


def test_a_made_up_file_gives_the_state_it_was_made_for(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=202, soh=0.83, cycles=3, seed=5)
    document = grade_file(path, 202)
    jsonschema.validate(document, GRADE, cls=jsonschema.Draft202012Validator)
    assert document["soh"] == pytest.approx(0.83, rel=0.005)
    assert document["sha256"] == sha256_of(path)
    assert [d["reason"] for d in document["discharges"]] == ["no_charge_before", None, None, None]
    assert (document["grade"], document["provisional"], document["policy"]) == ("A", True, 1)
    plain = examine(path, 202)
    jsonschema.validate(plain, READ, cls=jsonschema.Draft202012Validator)
    assert plain == {key: document[key] for key in plain}


def test_a_file_none_of_whose_discharges_counts_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "part.csv"
    path.write_text(
        "test_time_second,voltage_volt,current_ampere\n0,4.1,-1.0\n3600,3.0,-1.0\n", "utf-8"
    )
    document = grade_file(path, 2, (3.0, 4.2))
    jsonschema.validate(document, GRADE, cls=jsonschema.Draft202012Validator)
    assert (document["capacity_ah"], document["soh"], document["grade"]) == (None, None, None)
    assert document["reasons"] == ["no_capacity"]


def test_given_cut_offs_decide_what_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.9)
    assert examine(path, 5, (2.5, 4.2))["soh"] == pytest.approx(0.9, rel=0.005)
    assert examine(path, 5, (2.0, 4.2))["soh"] is None


@pytest.mark.parametrize("soh", [0.05, 0.35, 0.944, 1.1])
def test_the_same_arguments_make_the_same_file(tmp_path: Path, soh: float) -> None:
    one, other = tmp_path / "synthetic-1.csv", tmp_path / "synthetic-2.csv"
    write_bdf(one, rated_ah=5, soh=soh, seed=2)
    write_bdf(other, rated_ah=5, soh=soh, seed=2)
    assert one.read_bytes() == other.read_bytes()
    assert examine(one, 5)["soh"] == pytest.approx(soh, rel=0.005)


def test_a_made_up_file_must_say_so_in_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must say so"):
        write_bdf(tmp_path / "cell.csv", rated_ah=5, soh=0.9)
    with pytest.raises(ValueError, match="state of health"):
        write_bdf(tmp_path / "synthetic.csv", rated_ah=5, soh=0)
