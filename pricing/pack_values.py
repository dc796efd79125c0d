"""What the guides in force say that one pack is worth. Computed on asking from the same inputs as a
lot's value, and not kept: the record names everything that it takes to compute it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from listings import days
from listings.errors import DomainError
from listings.packs import Pack
from pricing import values
from pricing.coefficients import GuideCoefficients
from pricing.guides import Edition, EditionState
from pricing.intervals import refuse_past_review


@dataclass(frozen=True, slots=True)
class Worked:
    """An edition's value of a pack: inputs and result in plain JSON, as `values` keeps a lot's."""

    edition: Edition
    inputs: dict[str, Any]
    result: dict[str, Any]

    @property
    def explained(self) -> values.Explanation:
        """The value taken apart."""
        return values.explained(self.result, self.inputs)

    def document(self, at: datetime) -> dict[str, Any]:
        """The whole record, of the form that a lot's value has (`values.document`)."""
        return {
            "computed_at": at.isoformat(),
            "result": self.result,
            "inputs": self.inputs,
            "coefficients": self.edition.coefficients,
            "methodology": self.edition.methodology.text,
        }


def statements(
    session: orm.Session, pack: Pack, *, at: datetime
) -> list[tuple[Edition, Worked | DomainError]]:
    """What every guide in force says of a pack: its value, or why it gives none."""
    said: list[tuple[Edition, Worked | DomainError]] = []
    for edition in values.in_force(session):
        try:
            said.append((edition, of_edition(session, edition, pack, at=at)))
        except DomainError as refusal:
            said.append((edition, refusal))
    return said


def of_edition(session: orm.Session, edition: Edition, pack: Pack, *, at: datetime) -> Worked:
    """The value of a pack by one edition.

    Refuses an edition not in force or past its review, a valuer that owns the pack or is of its
    owner's group, a chemistry outside the tables, and an index that is missing.
    """
    if edition.state is not EditionState.EFFECTIVE:
        raise values.NotInForce(number=edition.number)
    refuse_past_review(edition.review_due_on, days.of(at))
    values.refuse_party(session, edition, {pack.owner_id}, at=at)
    inputs = values.inputs_for(session, edition, [pack], at=at)
    coefficients = GuideCoefficients.from_json(edition.coefficients)
    return Worked(edition, inputs, values.compute(inputs, coefficients))
