"""Everything that stands around an edition and a value made by it: evidence, comments, corrections,
complaints, rights. What the record for a regulator holds beside the figures.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from pricing import complaints, consultations, corrections, data_mixes, redistributions
from pricing.complaints import Complaint
from pricing.consultations import Comment
from pricing.guides import Edition, GuideValue


def of_edition(session: orm.Session, edition: Edition) -> dict[str, Any]:
    """In plain JSON: parameters, data mix as proposed, rights then, corrections, comments."""
    correction = corrections.of(session, edition.id)
    rights = redistributions.stated(session, edition.guide_id, edition.announced_at)
    return {
        "methodology_parameters": edition.methodology.parameters,
        "data_mix": data_mixes.kept(session, edition.id),
        "redistribution": rights.text if rights else None,
        "corrects": (
            {"edition": correction.corrects.number, "reason": correction.reason}
            if correction
            else None
        ),
        "corrected_by": [
            {"edition": row.edition.number, "reason": row.reason}
            for row in corrections.to(session, edition.id)
        ],
        "comments": [
            _comment(said) | {"answers": [_comment(answer) for answer in answers]}
            for said, answers in consultations.of_edition(session, edition.id)
        ],
    }


def of_value(session: orm.Session, guide_value: GuideValue) -> dict[str, Any]:
    """The same for the edition of a kept value, with the complaints about that version."""
    about = complaints.of_value(session, guide_value.id)
    return of_edition(session, guide_value.edition) | {"complaints": [_complaint(c) for c in about]}


def _comment(row: Comment) -> dict[str, Any]:
    return {"organisation": row.organisation.name, "at": row.at.isoformat(), "text": row.text}


def _complaint(row: Complaint) -> dict[str, Any]:
    answer = row.answer
    return {
        "organisation": row.organisation.name,
        "filed_at": row.filed_at.isoformat(),
        "due_on": row.due_on.isoformat(),
        "text": row.text,
        "answer": (
            {
                "is_upheld": answer.is_upheld,
                "answered_at": answer.answered_at.isoformat(),
                "text": answer.text,
            }
            if answer
            else None
        ),
    }
