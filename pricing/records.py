"""The whole record behind a published value as one document, and computing it again from it alone.

A regulator needs no database for it: `check` takes the document, computes the value from the inputs
and coefficients that stand in it, and compares the bytes with what was published.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import orm

from listings import journal
from listings.errors import N_, Refused
from listings.users import User
from pricing import dossiers, guides, points, values
from pricing.coefficients import GuideCoefficients
from pricing.guides import Edition, GuideValue

FORMAT = "packbourse-value-record/1"
_NEEDED = ("format", "result", "inputs", "coefficients", "methodology")


class NotARecord(Refused):
    """A file that is not the record of a value."""

    message = N_("This is not the record of a published value: %(reason)s.")


@dataclass(frozen=True, slots=True)
class Check:
    """A record computed again: ``result`` as canonical JSON, and what agrees with what was kept."""

    result: bytes
    is_same_result: bool
    is_same_inputs: bool
    is_same_coefficients: bool
    is_same_methodology: bool

    @property
    def is_reproduced(self) -> bool:
        """Whether every byte is what was published."""
        return (
            self.is_same_result
            and self.is_same_inputs
            and self.is_same_coefficients
            and self.is_same_methodology
        )


def of_value(session: orm.Session, guide_value: GuideValue) -> dict[str, Any]:
    """The record of a kept value: result and inputs with their hashes, the edition with everybody
    who signed it, its methodology, coefficients and prices, its evidence, what was said against
    it, and what was done to it when.
    """
    edition = guide_value.edition
    return {
        "format": FORMAT,
        "value_id": guide_value.id,
        "lot_id": guide_value.lot_id,
        "result_sha256": _sha256(guide_value.result),
        "inputs_sha256": _sha256(guide_value.inputs),
        **values.document(guide_value),
        **dossiers.of_value(session, guide_value),
        "edition": of_edition(session, edition),
        "acts": _acts(session, edition),
    }


def of_edition(session: orm.Session, edition: Edition) -> dict[str, Any]:
    """An edition as one document: who made and approved it, when it counted, and what it says."""
    assessor = session.get_one(User, edition.assessor_id)
    approver = session.get(User, edition.approver_id) if edition.approver_id else None
    known = {point.code: point for point in points.of_guide(session, edition.guide_id, ended=True)}
    return {
        "id": edition.id,
        "guide": edition.guide.name,
        "valuer": edition.guide.valuer.name,
        "edition": edition.number,
        "state": edition.state.value,
        "assessor": assessor.name,
        "approver": approver.name if approver else None,
        "created_at": _moment(edition.created_at),
        "announced_at": _moment(edition.announced_at),
        "effective_from": _moment(edition.effective_from),
        "review_due_on": edition.review_due_on.isoformat(),
        "priced_on": edition.priced_on.isoformat() if edition.priced_on else None,
        "explanation": edition.explanation,
        "methodology": {
            "version": edition.methodology.version,
            "sha256": edition.methodology.sha256,
            "text": edition.methodology.text,
            "parameters": edition.methodology.parameters,
        },
        "prices": [
            points.to_json(known[code]) | price for code, price in sorted(edition.prices.items())
        ],
        "coefficients": edition.coefficients,
    }


def check(record: Any) -> Check:
    """Compute the value of a record again, from the record alone, as it was published.

    Refuses what is no such record, and figures that the computation itself refuses.
    """
    result, inputs, coefficients, methodology = _read(record)
    stated = guides.hash_of(methodology, record.get("methodology_parameters"))
    again = values.compute(inputs, coefficients)
    found = rfc8785.dumps(again)
    kept = rfc8785.dumps(result)
    given_inputs = rfc8785.dumps(inputs)
    coefficients_sha256 = _sha256(rfc8785.dumps(coefficients.to_json()))
    return Check(
        result=found,
        is_same_result=found == kept and record.get("result_sha256") == _sha256(found),
        is_same_inputs=record.get("inputs_sha256") == _sha256(given_inputs),
        is_same_coefficients=inputs.get("coefficients_sha256") == coefficients_sha256,
        is_same_methodology=result.get("methodology_sha256") == stated,
    )


def read(content: bytes) -> dict[str, Any]:
    """A record from its file. Refuses text that is no JSON object of this format."""
    try:
        record = json.loads(content)
    except ValueError:
        raise NotARecord(reason=N_("it is no JSON")) from None
    _read(record)
    found: dict[str, Any] = record
    return found


def _read(record: Any) -> tuple[dict[str, Any], dict[str, Any], GuideCoefficients, str]:
    if not isinstance(record, dict):
        raise NotARecord(reason=N_("it is no JSON object"))
    for name in _NEEDED:
        if name not in record:
            raise NotARecord(reason=f"“{name}” is missing")
    if record["format"] != FORMAT:
        raise NotARecord(reason=f"its format is not {FORMAT}")
    return (
        record["result"],
        record["inputs"],
        GuideCoefficients.from_json(record["coefficients"]),
        record["methodology"],
    )


def _acts(session: orm.Session, edition: Edition) -> list[dict[str, Any]]:
    return [
        {
            "at": act.at.isoformat(),
            "tag": act.tag,
            "person": act.user_id,
            "organisation": act.organisation_id,
            "facts": act.facts,
        }
        for act in journal.about(session, f"edition:{edition.id}")
    ]


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
