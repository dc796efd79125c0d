"""[pure] The letter of a health report, from measured numbers and a versioned policy table.

The table is data: the register keeps published policies as rows (`listings.health.policies`),
and what has no database uses the one that is shipped. A stored grade keeps the version that made
it. A letter alone never says what a battery is fit for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from listings.errors import N_, NotFound

Letter = Literal["A", "B", "C", "D", "R"]
EvidenceLevel = Literal["L1", "L2", "L3", "L4", "L5"]
Subject = Literal["pack", "module", "cell"]

ORDER: Final[tuple[Letter, ...]] = ("A", "B", "C", "D", "R")
SIZES: Final[dict[Subject, int]] = {"cell": 0, "module": 1, "pack": 2}

LEVELS: Final[dict[EvidenceLevel, str]] = {
    "L1": N_("Capacity test recomputed from the raw file"),
    "L2": N_("Model of rapid pulses"),
    "L3": N_("Telemetry with windows of at least 60 %% state of charge"),
    "L4": N_("Declared by the battery management system"),
    "L5": N_("No evidence"),
}
"""What each evidence level rests on."""

REASONS: Final[dict[str, str]] = {
    "spread_over_5": N_("The capacity spread is over 5 %%, so the letter is at most B."),
    "spread_over_8": N_("The capacity spread is over 8 %%, so the letter is at most D."),
    "safety_check_failed": N_("The safety check was not passed."),
    "spread_missing": N_("The capacity spread between its parts was not measured."),
    "safety_check_missing": N_("No safety check is on record."),
    "origin_missing": N_("No origin event is on record."),
    "tester_sums": N_("The file holds only the tester's sums; nothing was recomputed."),
    "no_capacity": N_("No discharge counts, so there is no capacity to grade."),
    "indicative_only": N_("A declared value or no evidence gets no letter; it is indicative."),
    "part_examined": N_("A part was examined; its letter is not that of the whole."),
}
"""Why a letter is what it is, or is missing or provisional, by code."""


@dataclass(frozen=True)
class Policy:
    """One version of the house policy.

    ``bands`` are letters with the lowest SoH_Q that earns them, best first (half-open: the bound
    belongs to the better letter); under the last one it is R. ``caps`` are spreads that, when
    exceeded, cap the letter, each with its reason, mildest first. ``required`` are the inputs
    without which a letter is provisional; a spread is not asked of the ``undivided`` subjects.
    ``lettered`` are the evidence levels that may carry a letter.
    """

    version: int
    bands: tuple[tuple[Letter, float], ...]
    caps: tuple[tuple[float, Letter, str], ...]
    required: tuple[Literal["spread", "safety_check", "origin"], ...]
    undivided: tuple[Subject, ...]
    lettered: tuple[EvidenceLevel, ...]


SHIPPED: Final[tuple[Policy, ...]] = (
    Policy(
        version=1,
        bands=(("A", 0.80), ("B", 0.70), ("C", 0.60), ("D", 0.40)),
        caps=((0.05, "B", "spread_over_5"), (0.08, "D", "spread_over_8")),
        required=("spread", "safety_check", "origin"),
        undivided=("cell",),
        lettered=("L1", "L2", "L3"),
    ),
)
"""House policy 1, which every database begins with (migration 0007)."""


class PolicyUnknown(NotFound):
    """A policy version that is not shipped."""

    message = N_("There is no grading policy %(version)s.")


@dataclass(frozen=True)
class Findings:
    """What one examination found.

    ``soh`` is SoH_Q unrounded, None where no discharge counts. ``capacity_spread`` is
    (max - min) / mean over the parts of the subject, ``safety_check_passed`` and ``has_origin``
    are None where nothing is on record. ``sums_only`` says that the capacity is the tester's own
    sum and not recomputed from measurements. ``subject`` is what was examined, None where unknown,
    and ``graded`` what would bear the letter, None for the subject itself.
    """

    soh: float | None
    evidence_level: EvidenceLevel
    subject: Subject | None = None
    graded: Subject | None = None
    capacity_spread: float | None = None
    safety_check_passed: bool | None = None
    has_origin: bool | None = None
    sums_only: bool = False


@dataclass(frozen=True)
class Grade:
    """A letter or none, with codes of ``REASONS`` and the policy version that made it."""

    letter: Letter | None
    is_provisional: bool
    reasons: tuple[str, ...]
    evidence_level: EvidenceLevel
    policy: int

    @property
    def is_indicative(self) -> bool:
        """Whether the evidence is a claim or nothing, which earns no letter."""
        return "indicative_only" in self.reasons

    @property
    def label(self) -> str | None:
        """The letter as printed, with its evidence level: ``B-L1``."""
        return None if self.letter is None else f"{self.letter}-{self.evidence_level}"


def policy(version: int | None = None) -> Policy:
    """The shipped policy of that version, by default the newest. Refuses an unknown version."""
    if version is None:
        return SHIPPED[-1]
    for known in SHIPPED:
        if known.version == version:
            return known
    raise PolicyUnknown(field="policy", version=version)


def grade(findings: Findings, policy: Policy) -> Grade:
    """The grade that ``policy`` gives these findings.

    No letter: evidence of a level that earns none, a part examined where the whole would bear the
    letter, or no capacity. R: below the last band, or a failed safety check. Else the band's
    letter, lowered (never raised) by the spread, provisional where required inputs are missing.
    """
    without = _without_letter(findings, policy)
    if without is not None:
        return Grade(None, False, (without,), findings.evidence_level, policy.version)
    letter, capped = _letter(findings, policy)
    missing = _missing(findings, policy)
    return Grade(
        letter, bool(missing), (*capped, *missing), findings.evidence_level, policy.version
    )


def _without_letter(findings: Findings, policy: Policy) -> str | None:
    if findings.evidence_level not in policy.lettered:
        return "indicative_only"
    subject, graded = findings.subject, findings.graded
    if graded is not None and (subject is None or SIZES[subject] < SIZES[graded]):
        return "part_examined"
    if findings.soh is None and findings.safety_check_passed is not False:
        return "no_capacity"
    return None


def _letter(findings: Findings, policy: Policy) -> tuple[Letter, list[str]]:
    if findings.safety_check_passed is False:
        return "R", ["safety_check_failed"]
    return _capped(_band(findings.soh, policy), findings.capacity_spread, policy)


def _band(soh: float | None, policy: Policy) -> Letter:
    for letter, lowest in policy.bands:
        if soh is not None and soh >= lowest:
            return letter
    return "R"


def _capped(letter: Letter, spread: float | None, policy: Policy) -> tuple[Letter, list[str]]:
    reasons: list[str] = []
    for above, cap, reason in policy.caps:
        if spread is not None and spread > above and ORDER.index(cap) > ORDER.index(letter):
            letter, reasons = cap, [reason]
    return letter, reasons


def _missing(findings: Findings, policy: Policy) -> list[str]:
    undivided = findings.subject in policy.undivided
    known = {
        "spread": undivided or findings.capacity_spread is not None,
        "safety_check": findings.safety_check_passed is not None,
        "origin": findings.has_origin is True,
    }
    missing = [f"{name}_missing" for name in policy.required if not known[name]]
    return ["tester_sums", *missing] if findings.sums_only else missing
