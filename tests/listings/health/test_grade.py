"""House policy 1, letter by letter."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.health.grade import ORDER, Findings, PolicyUnknown, grade, policy

FULL = Findings(
    soh=0.85,
    evidence_level="L1",
    subject="pack",
    capacity_spread=0.02,
    safety_check_passed=True,
    has_origin=True,
)


@pytest.mark.parametrize(
    ("soh", "letter"),
    [(1.05, "A"), (0.80, "A"), (0.70, "B"), (0.60, "C"), (0.40, "D"), (0.0, "R")],
)
def test_a_bound_belongs_to_the_better_letter(soh: float, letter: str) -> None:
    assert grade(replace(FULL, soh=soh), policy()).letter == letter


@pytest.mark.parametrize(("bound", "letter"), [(0.80, "B"), (0.70, "C"), (0.60, "D"), (0.40, "R")])
def test_just_under_a_bound_the_unrounded_value_decides(bound: float, letter: str) -> None:
    assert grade(replace(FULL, soh=math.nextafter(bound, 0)), policy()).letter == letter


@given(st.floats(0, 1.2), st.floats(0, 1.2), st.none() | st.floats(0, 0.5))
def test_a_better_state_never_gets_a_worse_letter(
    one: float, other: float, spread: float | None
) -> None:
    low, high = sorted((one, other))
    worse = grade(replace(FULL, soh=low, capacity_spread=spread), policy()).letter
    better = grade(replace(FULL, soh=high, capacity_spread=spread), policy()).letter
    assert worse is not None
    assert better is not None
    assert ORDER.index(better) <= ORDER.index(worse)


@given(st.floats(0, 1.2), st.floats(0, 0.5))
def test_a_spread_lowers_and_never_raises(soh: float, spread: float) -> None:
    even = grade(replace(FULL, soh=soh, capacity_spread=0.0), policy()).letter
    uneven = grade(replace(FULL, soh=soh, capacity_spread=spread), policy()).letter
    assert even is not None
    assert uneven is not None
    assert ORDER.index(uneven) >= ORDER.index(even)


@pytest.mark.parametrize(
    ("soh", "spread", "letter", "reasons"),
    [
        (0.9, 0.05, "A", ()),
        (0.9, 0.051, "B", ("spread_over_5",)),
        (0.9, 0.08, "B", ("spread_over_5",)),
        (0.9, 0.081, "D", ("spread_over_8",)),
        (0.65, 0.06, "C", ()),
        (0.65, 0.09, "D", ("spread_over_8",)),
        (0.3, 0.2, "R", ()),
    ],
)
def test_the_spread_caps_the_letter(
    soh: float, spread: float, letter: str, reasons: tuple[str, ...]
) -> None:
    found = grade(replace(FULL, soh=soh, capacity_spread=spread), policy())
    assert (found.letter, found.reasons, found.is_provisional) == (letter, reasons, False)


def test_missing_inputs_make_the_letter_provisional_with_their_reasons_and_never_r() -> None:
    bare = Findings(soh=0.75, evidence_level="L1")
    found = grade(bare, policy())
    assert (found.letter, found.is_provisional) == ("B", True)
    assert found.reasons == ("spread_missing", "safety_check_missing", "origin_missing")


def test_a_single_cell_is_not_asked_for_a_spread() -> None:
    found = grade(replace(FULL, subject="cell", capacity_spread=None), policy())
    assert not found.is_provisional
    assert grade(replace(FULL, subject="module", capacity_spread=None), policy()).is_provisional


def test_a_failed_safety_check_is_r_whatever_the_capacity() -> None:
    found = grade(replace(FULL, soh=0.99, safety_check_passed=False), policy())
    assert (found.letter, found.reasons) == ("R", ("safety_check_failed",))
    assert grade(replace(FULL, soh=None, safety_check_passed=False), policy()).letter == "R"


@pytest.mark.parametrize("level", ["L4", "L5"])
def test_a_claim_or_nothing_gets_no_letter(level: str) -> None:
    found = grade(replace(FULL, evidence_level=level), policy())  # type: ignore[arg-type]
    assert (found.letter, found.is_indicative, found.label) == (None, True, None)


@pytest.mark.parametrize("level", ["L1", "L2", "L3"])
def test_the_evidence_level_is_printed_with_the_letter(level: str) -> None:
    found = grade(replace(FULL, soh=0.75, evidence_level=level), policy())  # type: ignore[arg-type]
    assert found.label == f"B-{level}"


@pytest.mark.parametrize(
    ("part", "whole"), [("cell", "pack"), ("cell", "module"), ("module", "pack")]
)
def test_a_part_gives_its_whole_no_letter(part: str, whole: str) -> None:
    findings = replace(FULL, subject=part, graded=whole)  # type: ignore[arg-type]
    found = grade(findings, policy())
    assert (found.letter, found.reasons) == (None, ("part_examined",))
    assert grade(replace(findings, graded=None), policy()).letter == "A"


def test_without_a_capacity_there_is_no_letter() -> None:
    found = grade(replace(FULL, soh=None), policy())
    assert (found.letter, found.reasons, found.is_provisional) == (None, ("no_capacity",), False)


def test_a_grade_keeps_the_version_of_its_policy() -> None:
    assert grade(FULL, policy(1)).policy == 1
    assert policy() is policy(1)
    with pytest.raises(PolicyUnknown, match="no grading policy 99"):
        policy(99)
