"""``packbourse materials`` and ``value`` as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from market.cli import main

SCHEMAS = Path(__file__).parents[2] / "docs" / "commands"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


def document(text: str, schema: str) -> dict:
    """A printed JSON document, held to its schema."""
    found = json.loads(text)
    jsonschema.validate(found, json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return found


def materials(capsys, *words: str) -> dict:
    assert main(["materials", *words, "--json"]) == 0
    return document(capsys.readouterr().out, "materials")


@pytest.mark.parametrize(
    "chemistry", ["NMC111", "NMC532", "NMC622", "NMC811", "NCA", "LFP", "LMO", "LCO", "LTO"]
)
@pytest.mark.parametrize("era", ["formula", "2010s", "2020s", "unknown"])
def test_every_chemistry_has_a_document_of_the_schema(capsys, chemistry, era):
    found = materials(capsys, chemistry, "--era", era)
    assert (found["chemistry"], found["era"]) == (chemistry, era)
    for amount in found["elements"].values():
        assert amount is None or amount["low"] <= amount["kg"] <= amount["high"]


def test_the_formula_is_silent_on_foils_graphite_and_all_of_lto(capsys):
    found = materials(capsys, "NMC622", "--era", "formula")["elements"]
    assert [name for name, amount in found.items() if amount is None] == ["Cu", "Al", "graphite"]
    assert set(materials(capsys, "LTO", "--era", "formula")["elements"].values()) == {None}


def test_an_unknown_ternary_spans_every_nmc(capsys):
    span = materials(capsys, "三元")["elements"]["Ni"]
    ends = [
        materials(capsys, name)["elements"]["Ni"]
        for name in ("NMC111", "NMC532", "NMC622", "NMC811")
    ]
    assert span["low"] == min(one["low"] for one in ends)
    assert span["high"] == max(one["high"] for one in ends)


def test_chinese_and_lower_case_spellings_mean_the_same(capsys):
    assert materials(capsys, "ncm 523") == materials(capsys, "NMC532")
    assert materials(capsys, "磷酸铁锂") == materials(capsys, "LFP")


def test_materials_for_people_name_interval_and_source(capsys):
    assert main(["materials", "LFP", "--era", "2020s"]) == 0
    said = capsys.readouterr().out
    assert "Copper" in said
    assert "0.5655" in said
    assert "0.8721" in said
    assert "BatPaC" in said


def test_a_chemistry_that_nobody_knows_is_refused_in_a_sentence(capsys):
    assert main(["materials", "NMC955"]) == 1
    assert "NMC955" in capsys.readouterr().err
