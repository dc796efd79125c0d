"""What a draft policy would change: every stored report graded again from its own findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB

from listings.health.grade import ORDER, Findings, Grade, Policy, grade
from listings.health.reports import HealthReport

AT_ONCE = 2_000
_LETTERS: tuple[str | None, ...] = (*ORDER, None)


@dataclass(frozen=True, slots=True)
class Move:
    """``count`` reports go from one letter to another; None is no letter."""

    before: str | None
    after: str | None
    count: int

    @property
    def is_change(self) -> bool:
        """Whether the letters differ."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Comparison:
    """All stored reports under two policies: ``moves`` in the order of letters.

    ``marked`` keep their letter and become provisional or cease to be.
    """

    count: int
    moves: tuple[Move, ...]
    marked: int

    @property
    def changed(self) -> int:
        """How many reports would bear another letter."""
        return sum(move.count for move in self.moves if move.is_change)


def compare(session: orm.Session, published: Policy, draft: Policy) -> Comparison:
    """Grade every stored report under both policies; nothing is written."""
    return of_findings(stored(session), published, draft)


def of_findings(found: Iterable[Findings], published: Policy, draft: Policy) -> Comparison:
    """The same of findings from anywhere; a pure function of its arguments."""
    moves: Counter[tuple[str | None, str | None]] = Counter()
    marked = 0
    for findings in found:
        before, after = grade(findings, published), grade(findings, draft)
        moves[before.letter, after.letter] += 1
        marked += _is_marked(before, after)
    ordered = sorted(moves.items(), key=lambda move: [_LETTERS.index(one) for one in move[0]])
    return Comparison(
        sum(moves.values()),
        tuple(Move(before, after, count) for (before, after), count in ordered),
        marked,
    )


def stored(session: orm.Session) -> Iterator[Findings]:
    """The findings of every stored report, as its signed record has them."""
    record = sa.cast(sa.func.convert_from(HealthReport.record, "UTF8"), JSONB)
    query = sa.select(
        HealthReport.soh_q,
        HealthReport.evidence_level,
        HealthReport.subject,
        HealthReport.reasons,
        HealthReport.flags,
        record["capacity_spread"].astext,
        record["safety_check_passed"],
        record["has_origin"],
    ).execution_options(yield_per=AT_ONCE)
    for row in session.execute(query):
        yield _findings(*row)


def _findings(
    soh: Any, level: Any, subject: Any, reasons: list[str], flags: list[str], *stated: Any
) -> Findings:
    spread, is_safe, has_origin = stated
    if has_origin is None:
        # Records before this fact was signed: policy 1 always said where it was missing.
        has_origin = "origin_missing" not in reasons
    return Findings(
        soh=None if soh is None else float(soh),
        evidence_level=level,
        subject=subject.value,
        capacity_spread=None if spread is None else float(spread),
        safety_check_passed=is_safe,
        has_origin=True if has_origin else None,
        sums_only="tester_sums" in flags,
    )


def _is_marked(before: Grade, after: Grade) -> bool:
    same = before.letter == after.letter
    return same and before.is_provisional != after.is_provisional
