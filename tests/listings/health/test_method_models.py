"""The pages of the models are executed, and say what the code and its tables say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from listings.health import life, rapid, rapid_models
from listings.health.readers import pulses

METHOD = Path(__file__).resolve().parents[3] / "docs/method"
RAPID = METHOD / "rapid-test.md"
LIFE = METHOD / "remaining-life.md"


@pytest.mark.parametrize("page", [RAPID, LIFE], ids=lambda page: page.stem)
def test_the_worked_examples_come_out_as_printed(page: Path) -> None:
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted > 5
    assert outcome.failed == 0


def test_the_page_explains_every_flag_and_column_of_the_rapid_test() -> None:
    text = RAPID.read_text("utf-8")
    assert [code for code in (*rapid.FLAGS, *pulses.COLUMNS) if f"`{code}`" not in text] == []
    assert rapid_models.contents()["source"]["doi"] in text


def test_the_page_prints_the_shipped_error_of_every_level() -> None:
    text = RAPID.read_text("utf-8")
    for model in rapid_models.shipped().values():
        for level in model.levels:
            shares = (level.rmse, level.max_error, level.half_width, level.baseline_rmse)
            cells = " | ".join(f"{share * 100:.2f} %" for share in shares)
            end = "|" if level.is_published else "refused |"
            assert f"| {level.soc_percent:g} | {cells} | {end}" in text


def test_the_page_prints_every_duty() -> None:
    text = LIFE.read_text("utf-8")
    for duty in life.DUTIES:
        numbers = (duty.cycles_per_year, duty.dod, duty.rate_c, duty.soc, duty.end_soh)
        cells = " | ".join(f"{number:g}" for number in numbers)
        assert f"| `{duty.code}` | {cells} | {duty.source} |" in text
