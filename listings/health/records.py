"""The signed record of a health report: what a verifier reads, without the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from listings.errors import N_
from listings.health import rapid, signed_parts
from listings.health.capacity import Assessment
from listings.health.examinations import Examination
from listings.health.figures import signed
from listings.health.grade import Findings, Grade, Policy, grade
from listings.health.rapid import Estimate
from listings.packs import Pack
from listings.parties import Organisation

VERSION: Final = 2
"""Version 2 has ``measures``; records of version 1 verify as they always did."""
VALIDITY: Final = timedelta(days=90)
"""How long after the examination a report counts, unless the subject is opened before."""

FLAGS: Final[dict[str, str]] = {
    "temperature_stated": N_("The temperature is the lab's statement; the file has none."),
    "not_accredited": N_("The lab has no accreditation on record."),
    "accreditation_expired": N_("The lab's accreditation had expired when it reported."),
    "own_pack": N_("The lab itself owns or holds this pack."),
}
"""What a reader must know of the lab and its statement, by code; see ``capacity.FLAGS`` too."""

CUTOFF_SOURCES: Final[dict[str, str]] = {
    "program": N_("from the file's own program"),
    "given": N_("of the registered type"),
    "assumed": N_("assumed from the highest and lowest measured"),
}
"""Where the cut-off voltages come from, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the lab states beside the file.

    ``coverage`` says in words what of the subject was tested, ``capacity_spread`` is
    (max - min) / mean over its parts and ``safety_check_passed`` None where none was made.
    ``temperature_c`` counts where the file has no temperature of its own.
    """

    subject: str
    subject_position: str
    coverage: str
    examined_on: date
    capacity_spread: Decimal | None = None
    safety_check_passed: bool | None = None
    temperature_c: Decimal | None = None


def decimal(value: float | Decimal | None, places: int = 6) -> Decimal | None:
    """A measured number with fixed places, as it is stored and signed."""
    return None if value is None else round(Decimal(str(value)), places)


@dataclass(frozen=True, slots=True)
class Draft:
    """A report before it is signed: whose battery, which lab, its statement, and what was found.

    ``policy`` is the one in force on the day of ``at``.
    """

    pack: Pack
    lab: Organisation
    statement: Statement
    examination: Examination
    at: datetime
    policy: Policy

    @property
    def valid_until(self) -> date:
        """The last day on which it counts."""
        return self.statement.examined_on + VALIDITY

    @property
    def temperature_c(self) -> float | Decimal | None:
        """What the file recorded, else what the lab states."""
        measured = self.examination.assessment.temperature
        return self.statement.temperature_c if measured is None else measured

    @property
    def grade(self) -> Grade:
        """The letter of the subject examined, under its policy."""
        spread = self.statement.capacity_spread
        findings = Findings(
            soh=self.examination.assessment.soh,
            evidence_level=self.examination.evidence_level,
            subject=self.examination.covered,
            graded=self.examination.rated.subject,
            capacity_spread=None if spread is None else float(spread),
            safety_check_passed=self.statement.safety_check_passed,
            has_origin=True if self.pack.origin is not None else None,
            sums_only="tester_sums" in self.examination.assessment.flags,
        )
        return grade(findings, self.policy)

    @property
    def flags(self) -> list[str]:
        """Codes of ``capacity.FLAGS`` and ``FLAGS``."""
        until = self.lab.accreditation_until
        measured = self.examination.assessment.temperature
        said = {
            "temperature_stated": measured is None and self.statement.temperature_c is not None,
            "not_accredited": not self.lab.accreditation_number,
            "accreditation_expired": until is not None and until < self.at,
            "own_pack": self.lab.id in {self.pack.owner_id, self.pack.holder_id},
        }
        return [
            *self.examination.assessment.flags,
            *(code for code, is_so in said.items() if is_so),
        ]


def number(examined_on: date, ident: int) -> str:
    """The number printed on a report."""
    return f"HR-{examined_on.year}-{ident:06d}"


def compose(draft: Draft, number: str, supersedes: str | None) -> dict[str, object]:
    """The record: JSON without floating-point numbers; measurements are decimal strings.

    ``number`` is its own, ``supersedes`` that of the report it replaces. docs/health-report.md and
    the schema beside it describe every member.
    """
    statement, examination = draft.statement, draft.examination
    return {
        "record": "health_report",
        "version": VERSION,
        "number": number,
        "supersedes": supersedes,
        "pack": _pack(draft.pack),
        "subject": statement.subject,
        "subject_position": statement.subject_position,
        "coverage": statement.coverage,
        "lab": _lab(draft.lab),
        "examined_on": statement.examined_on.isoformat(),
        "reported_at": draft.at.isoformat(),
        "valid_until": draft.valid_until.isoformat(),
        **_rated(examination),
        **found(examination),
        "temperature_c": text(draft.temperature_c),
        "capacity_spread": text(statement.capacity_spread),
        "safety_check_passed": statement.safety_check_passed,
        "has_origin": draft.pack.origin is not None,
        **letter(draft.grade),
        "flags": draft.flags,
    }


def _rated(examination: Examination) -> dict[str, object]:
    rated = examination.rated
    return {
        "rated_capacity_ah": text(rated.capacity_ah),
        "rated_energy_wh": text(rated.energy_wh),
        "rated_cutoffs_v": None if rated.cutoffs is None else [text(v) for v in rated.cutoffs],
        "chemistry": rated.chemistry,
    }


def found(examination: Examination) -> dict[str, object]:
    """What follows from the file and the rated values alone: anyone with both finds it again."""
    given, estimate = examination.assessment, examination.rapid
    return {
        "file": {
            "sha256": examination.sha256,
            "reader": examination.reader,
            "reader_version": examination.reader_version,
        },
        "capacity_ah": text(given.capacity_ah),
        "energy_wh": text(given.energy_wh),
        "soh_q": text(given.soh),
        "soh_e": text(given.soh_e),
        "rate_c": text(given.rate_c),
        "cutoffs": {
            "low_v": text(given.cutoffs.low),
            "high_v": text(given.cutoffs.high),
            "source": given.cutoffs.source,
        },
        "tester_difference": text(given.tester_difference),
        "evidence_level": examination.evidence_level,
        "discharges": [_signed_facts(facts) for facts in discharges(given)],
        "measures": [signed(measure) for measure in examination.measured.measures],
        **({} if estimate is None else {"rapid": estimate_facts(estimate)}),
        **({} if examination.parts is None else signed_parts.facts(examination.parts)),
    }


def letter(given: Grade) -> dict[str, object]:
    """The letter, why, and by which policy."""
    return {
        "grade": given.letter,
        "is_provisional": given.is_provisional,
        "policy_version": given.policy,
        "reasons": list(given.reasons),
    }


def estimate_facts(estimate: Estimate) -> dict[str, object]:
    """A pulse model's estimate as it is signed: with the error that belongs beside it."""
    return _signed_facts(rapid.document(estimate))


def _signed_facts(facts: Mapping[str, object]) -> dict[str, object]:
    return {
        name: text(value) if isinstance(value, float) else value for name, value in facts.items()
    }


def discharges(given: Assessment) -> list[dict[str, object]]:
    """Every discharge as the register keeps it for tables and pictures.

    ``in_run`` says whether it is one of those whose mean is the capacity.
    """
    return [
        {
            "cycle": discharge.cycle,
            "ah": round(discharge.ah, 6),
            "wh": round(discharge.wh, 6),
            "rate_c": round(discharge.rate_c, 4),
            "complete": discharge.complete,
            "reason": discharge.reason,
            "tester_ah": None if discharge.tester_ah is None else round(discharge.tester_ah, 6),
            "in_run": place in given.run,
        }
        for place, discharge in enumerate(given.discharges)
    ]


def _pack(pack: Pack) -> dict[str, object]:
    return {
        "code": pack.code,
        "provisional_id": pack.provisional_id,
        "maker": pack.type.maker,
        "model": pack.type.model,
        "type_revision": pack.type.revision,
        "warnings": list(pack.warnings),
    }


def _lab(lab: Organisation) -> dict[str, object]:
    until = lab.accreditation_until
    return {
        "name": lab.name,
        "credit_code": lab.credit_code,
        "accreditation_number": lab.accreditation_number,
        "accreditation_scope": lab.accreditation_scope,
        "accreditation_until": until.isoformat() if until else None,
    }


def text(value: float | Decimal | None) -> str | None:
    """A measured number as a decimal string of six places."""
    rounded = decimal(value)
    return None if rounded is None else f"{rounded:f}"
