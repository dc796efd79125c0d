"""The worked example of docs/method/telemetry.md is what the code gives."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/method/telemetry.md"


def test_the_worked_example_is_what_the_code_gives():
    outcome = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert outcome.attempted >= 6
    assert outcome.failed == 0
