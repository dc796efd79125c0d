"""The method's page is executed, and names every code that a report can carry."""

from __future__ import annotations

import doctest
from pathlib import Path

from listings.health import composition
from listings.health.capacity import FLAGS, REASONS
from listings.health.quantities import ABSENCES, COMPONENTS, QUANTITIES

PAGE = Path(__file__).resolve().parents[3] / "docs/method/health.md"


def test_the_worked_examples_of_the_method_come_out_as_printed() -> None:
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.attempted > 5
    assert outcome.failed == 0


def test_the_method_explains_every_reason_and_flag() -> None:
    text = PAGE.read_text("utf-8")
    assert [
        code for code in [*REASONS, *FLAGS, *composition.FLAGS] if f"`{code}`" not in text
    ] == []


def test_the_method_explains_every_quantity_absence_and_component() -> None:
    text = PAGE.read_text("utf-8")
    codes = [*QUANTITIES, *ABSENCES, *COMPONENTS]
    assert [code for code in codes if f"`{code}`" not in text] == []
