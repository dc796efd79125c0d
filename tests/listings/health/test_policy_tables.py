"""Policies as tables: what they may hold, and what holds of every one of them."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.errors import DomainError, Several
from listings.health import policy_tables
from listings.health.grade import ORDER, Findings, Policy, grade, policy
from listings.health.policy_tables import BANDED, CAPS, MEASURED, REQUIRED, UNDIVIDED
from listings.health.regrading import of_findings

ONE = policy(1)
SHARES = st.integers(1, 999).map(lambda thousandths: thousandths / 1000)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy that may be drafted."""
    lowest = sorted(draw(st.sets(SHARES, min_size=4, max_size=4)), reverse=True)
    letters = sorted(draw(st.sets(st.sampled_from(CAPS))))
    above = sorted(draw(st.sets(SHARES, min_size=len(letters), max_size=len(letters))))
    return policy_tables.check(
        Policy(
            version=2,
            bands=tuple(zip(BANDED, lowest, strict=True)),
            caps=tuple(
                (share, letter, policy_tables.cap_reason(share, letter))
                for share, letter in zip(above, letters, strict=True)
            ),
            required=tuple(draw(st.sets(st.sampled_from(REQUIRED)))),
            undivided=tuple(draw(st.sets(st.sampled_from(UNDIVIDED)))),
            lettered=tuple(draw(st.sets(st.sampled_from(MEASURED), min_size=1))),
        )
    )


def letter(findings: Findings, table: Policy) -> int:
    found = grade(findings, table).letter
    assert found is not None
    return ORDER.index(found)


def measured(table: Policy, soh: float, spread: float | None = None) -> Findings:
    return Findings(soh, table.lettered[0], "pack", capacity_spread=spread)


@given(policies())
def test_the_bands_of_every_policy_are_half_open(table: Policy) -> None:
    for name, lowest in table.bands:
        assert letter(measured(table, lowest), table) == ORDER.index(name)
        under = math.nextafter(lowest, 0)
        assert letter(measured(table, under), table) == ORDER.index(name) + 1


@given(policies(), st.floats(0, 1.2), st.floats(0, 1.2), st.none() | st.floats(0, 1))
def test_under_every_policy_a_better_state_gets_no_worse_letter(
    table: Policy, one: float, other: float, spread: float | None
) -> None:
    low, high = sorted((one, other))
    assert letter(measured(table, high, spread), table) <= letter(
        measured(table, low, spread), table
    )


@given(policies(), st.floats(0, 1.2), st.floats(0, 1), st.floats(0, 1))
def test_under_every_policy_a_wider_spread_only_lowers(
    table: Policy, soh: float, one: float, other: float
) -> None:
    narrow, wide = sorted((one, other))
    bare = letter(measured(table, soh), table)
    at_narrow = letter(measured(table, soh, narrow), table)
    assert bare <= at_narrow <= letter(measured(table, soh, wide), table)


@given(policies(), st.floats(0, 1.2), st.sampled_from(["L4", "L5"]))
def test_no_policy_gives_a_claim_a_letter(table: Policy, soh: float, level: str) -> None:
    assert grade(Findings(soh, level), table).letter is None  # type: ignore[arg-type]


@given(policies())
def test_a_policy_comes_back_from_its_table_as_it_was(table: Policy) -> None:
    kept = json.loads(json.dumps(policy_tables.document(table)))
    assert policy_tables.of_document(2, kept) == table


def test_the_shipped_policy_comes_back_with_its_own_codes() -> None:
    assert policy_tables.of_document(1, policy_tables.document(ONE)) == ONE


def bands(*lowest: float) -> tuple[tuple[str, float], ...]:
    return tuple(zip(BANDED, lowest, strict=False))


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"bands": bands(0.8, 0.7, 0.6)}, policy_tables.BandMissing),
        ({"bands": bands(0.8, 0.8, 0.6, 0.4)}, policy_tables.BandsCross),
        ({"bands": bands(1.1, 0.7, 0.6, 0.4)}, policy_tables.BandOutOfRange),
        ({"bands": bands(0.8, 0.7, 0.6, 0.0)}, policy_tables.BandOutOfRange),
        ({"bands": bands(0.8, math.nan, 0.6, 0.4)}, Several),
        ({"caps": ((0.05, "A", ""),)}, policy_tables.CapLetterRefused),
        ({"caps": ((0.05, "R", ""),)}, policy_tables.CapLetterRefused),
        ({"caps": ((1.0, "B", ""),)}, policy_tables.CapOutOfRange),
        ({"caps": ((0.05, "C", ""), (0.08, "B", ""))}, policy_tables.CapsCross),
        ({"caps": ((0.05, "B", ""), (0.05, "D", ""))}, policy_tables.CapsCross),
        ({"lettered": ()}, policy_tables.LevelRefused),
        ({"lettered": ("L1", "L4")}, policy_tables.LevelRefused),
        ({"required": ("mood",)}, policy_tables.InputUnknown),
        ({"undivided": ("pack",)}, policy_tables.InputUnknown),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    changed: dict[str, object], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        policy_tables.check(replace(ONE, **changed))  # type: ignore[arg-type]


def test_a_comparison_counts_each_way_from_letter_to_letter() -> None:
    stricter = replace(ONE, version=2, bands=bands(0.85, 0.75, 0.6, 0.4))  # type: ignore[arg-type]
    states = (0.9, 0.82, 0.81, 0.72, 0.5)
    found = of_findings((Findings(soh, "L1", "pack") for soh in states), ONE, stricter)
    moves = [(move.before, move.after, move.count) for move in found.moves]
    assert moves == [("A", "A", 1), ("A", "B", 2), ("B", "C", 1), ("D", "D", 1)]
    assert (found.count, found.changed, found.marked) == (5, 3, 0)


def test_a_comparison_counts_marks_and_letters_that_come_and_go() -> None:
    easier = replace(ONE, version=2, required=("origin",), lettered=("L1",))
    findings = [
        Findings(0.9, "L1", "pack", has_origin=True),
        Findings(0.9, "L2", "cell", has_origin=True),
        Findings(0.9, "L4", "pack"),
    ]
    found = of_findings(findings, ONE, easier)
    moves = [(move.before, move.after, move.count) for move in found.moves]
    assert moves == [("A", "A", 1), ("A", None, 1), (None, None, 1)]
    assert (found.changed, found.marked) == (1, 1)


@given(policies(), st.lists(st.tuples(st.floats(0, 1.2), st.none() | st.floats(0, 1))))
def test_a_policy_changes_nothing_beside_itself(
    table: Policy, states: list[tuple[float, float | None]]
) -> None:
    found = of_findings((measured(table, *state) for state in states), table, table)
    assert (found.count, found.changed, found.marked) == (len(states), 0, 0)
