"""The documents of ``packbourse health read`` and ``packbourse health grade``.

Their JSON Schemas stand in docs/commands/health-read.json and health-grade.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from listings.health.capacity import Assessment, assess
from listings.health.figures import told
from listings.health.grade import Findings, grade, policy
from listings.health.measures import measure
from listings.health.readers.child import read_in_child
from listings.health.recording import Recording


def examine(
    path: Path, rated_ah: float, cutoffs: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Read a tester file in a child process and tell its discharges, capacity [Ah] and SoH_Q.

    Ampere and watt hours and SoH are rounded to six decimals; ``capacity_ah`` and ``soh`` are
    None where no discharge counts; ``measures`` is what else the file gives. Refuses what the
    reader and ``capacity.assess`` refuse.
    """
    recording = read_in_child(path)
    assessment = _assess(recording, rated_ah, cutoffs)
    return document(recording, assessment) | _measures(recording, assessment, rated_ah)


def grade_file(
    path: Path, rated_ah: float, cutoffs: tuple[float, float] | None = None
) -> dict[str, Any]:
    """As ``examine``, with the letter of what was examined under the newest policy.

    A file says nothing of spread, safety check or origin, so the letter is provisional.
    """
    return graded(read_in_child(path), rated_ah, cutoffs, is_measured=True)


def graded(
    recording: Recording,
    rated_ah: float,
    cutoffs: tuple[float, float] | None = None,
    *,
    is_measured: bool = False,
) -> dict[str, Any]:
    """What ``grade_file`` answers, from a recording; its measures only where asked for."""
    assessment = _assess(recording, rated_ah, cutoffs)
    findings = Findings(
        soh=assessment.soh, evidence_level="L1", sums_only="tester_sums" in assessment.flags
    )
    given = grade(findings, policy())
    measures = _measures(recording, assessment, rated_ah) if is_measured else {}
    return (
        document(recording, assessment)
        | measures
        | {
            "grade": given.letter,
            "provisional": given.is_provisional,
            "evidence_level": given.evidence_level,
            "policy": given.policy,
            "reasons": list(given.reasons),
        }
    )


def document(recording: Recording, assessment: Assessment) -> dict[str, Any]:
    """What ``examine`` answers but for the measures."""
    return {
        "reader": recording.reader,
        "reader_version": recording.reader_version,
        "sha256": recording.sha256,
        "discharges": [
            {
                "cycle": discharge.cycle,
                "ah": round(discharge.ah, 6),
                "wh": round(discharge.wh, 6),
                "complete": discharge.complete,
                "reason": discharge.reason,
            }
            for discharge in assessment.discharges
        ],
        "capacity_ah": _rounded(assessment.capacity_ah),
        "soh": _rounded(assessment.soh),
    }


def _measures(recording: Recording, assessment: Assessment, rated_ah: float) -> dict[str, Any]:
    found = measure(recording.frame, assessment, rated_ah, sums=recording.is_sums)
    return {"measures": [told(one) for one in found]}


def _assess(
    recording: Recording, rated_ah: float, cutoffs: tuple[float, float] | None
) -> Assessment:
    return assess(
        recording.frame,
        rated_ah,
        cutoffs=cutoffs,
        program=recording.program,
        sums=recording.is_sums,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
