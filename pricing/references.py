"""The reference value of a lot or a pack: what at least three independent valuers agree on.

One voice for each group of affiliated valuers: that of the guide whose edition took effect last.
Each weighs by its skill on the sales of the past year (see ``consensus``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import rfc8785
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped

from listings import days, db
from listings.errors import Refused
from listings.money import Money
from pricing import conflicts, consensus, scoreboard, values
from pricing.consensus import CurrenciesDiffer, Opinion, Standing
from pricing.guides import Edition, GuideValue

Result = TypeVar("Result")


class ReferenceValue(db.Base):
    """The reference value of a lot as it was published, with every voice and its weight.

    ``record`` is canonical JSON: `recompute` of it gives the same result.
    """

    __tablename__ = "reference_value"
    __table_args__ = (sa.Index("ix_reference_value_lot_id_id", "lot_id", "id"),)

    id: Mapped[int] = db.key()
    lot_id: Mapped[int] = db.refers("lot.id", index=False)
    computed_at: Mapped[datetime]
    value_minor: Mapped[int]
    low_minor: Mapped[int]
    high_minor: Mapped[int]
    currency: Mapped[str]
    route: Mapped[str]
    record: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Voice:
    """One valuer's part in a reference value: its result, its standing, its weight (parts of
    ``consensus.WHOLE``).
    """

    edition: Edition
    value: Money
    low: Money
    high: Money
    route: str
    standing: Standing
    weight: int

    @property
    def share(self) -> float:
        """The weight as a part of the whole."""
        return self.weight / consensus.WHOLE


@dataclass(frozen=True, slots=True)
class Agreed:
    """A reference value; ``route_share`` is the part of the weight behind its route."""

    value: Money
    low: Money
    high: Money
    route: str
    route_share: float
    voices: list[Voice]

    def to_json(self) -> dict[str, Any]:
        """The result and the voices in plain JSON, amounts in minor units."""
        return {
            "value_minor": self.value.minor,
            "low_minor": self.low.minor,
            "high_minor": self.high.minor,
            "currency": self.value.currency,
            "route": self.route,
            "voices": [
                {
                    "valuer": _name(voice.edition),
                    "guide": voice.edition.guide.name,
                    "edition": voice.edition.number,
                    "edition_id": voice.edition.id,
                    "value_minor": voice.value.minor,
                    "low_minor": voice.low.minor,
                    "high_minor": voice.high.minor,
                    "route": voice.route,
                    "n": voice.standing.n,
                    "skill": voice.standing.skill,
                    "weight": voice.weight,
                }
                for voice in self.voices
            ],
            "whole": consensus.WHOLE,
        }


def of_lot(
    session: orm.Session,
    lot_id: int,
    said: Iterable[tuple[Edition, object]],
    *,
    at: datetime,
) -> ReferenceValue | None:
    """The reference value of a lot from what `values.statements` says of it, kept where it or a
    weight changed; None with fewer than three valuers or in different currencies.
    """
    results = [(e, json.loads(v.result)) for e, v in said if isinstance(v, GuideValue)]
    try:
        found = agree(session, results, at=at)
    except Refused:
        return None
    record = rfc8785.dumps(found.to_json())
    of_this = sa.select(ReferenceValue).where(ReferenceValue.lot_id == lot_id)
    kept = session.scalar(of_this.order_by(ReferenceValue.id.desc()).limit(1))
    if kept is not None and kept.record == record:
        return kept
    row = ReferenceValue(
        lot_id=lot_id,
        computed_at=at,
        value_minor=found.value.minor,
        low_minor=found.low.minor,
        high_minor=found.high.minor,
        currency=found.value.currency,
        route=found.route,
        record=record,
    )
    session.add(row)
    session.flush()
    return row


def agree(
    session: orm.Session, results: Sequence[tuple[Edition, Mapping[str, Any]]], *, at: datetime
) -> Agreed:
    """The reference value of what editions found (results in plain JSON, see `values.compute`).

    Refuses fewer than three independent valuers (`NotEnoughValuers`) and mixed currencies.
    """
    chosen = independent(session, results)
    currencies = {result["currency"] for _, result in chosen}
    if len(currencies) > 1:
        raise CurrenciesDiffer
    standings = standings_of(session, [edition for edition, _ in chosen], at=at)
    opinions = [
        Opinion(
            str(edition.id),
            result["value_minor"],
            result["low_minor"],
            result["high_minor"],
            result["route"],
        )
        for edition, result in chosen
    ]
    found = consensus.of(opinions, standings)
    currency = currencies.pop()
    voices = [
        Voice(
            edition=edition,
            value=Money(result["value_minor"], currency),
            low=Money(result["low_minor"], currency),
            high=Money(result["high_minor"], currency),
            route=result["route"],
            standing=standings[str(edition.id)],
            weight=found.weights[str(edition.id)],
        )
        for edition, result in chosen
    ]
    return Agreed(
        value=Money(found.value, currency),
        low=Money(found.low, currency),
        high=Money(found.high, currency),
        route=found.route,
        route_share=found.route_weight / consensus.WHOLE,
        voices=voices,
    )


def panel(session: orm.Session, *, at: datetime) -> list[tuple[Edition, int]]:
    """The editions in force that speak in a reference value, with their weights, for whoever
    values packs outside of the register. Refuses fewer than three valuers.
    """
    on = days.of(at)
    due = [(edition, None) for edition in values.in_force(session) if edition.review_due_on >= on]
    chosen = [edition for edition, _ in independent(session, due)]
    weights = consensus.weights(standings_of(session, chosen, at=at))
    return [(edition, weights[str(edition.id)]) for edition in chosen]


def standings_of(
    session: orm.Session, editions: Sequence[Edition], *, at: datetime
) -> dict[str, Standing]:
    """How well the guides of these editions did, by the id of the edition."""
    found = scoreboard.standings(session, [edition.guide_id for edition in editions], at=at)
    return {str(edition.id): found[edition.guide_id] for edition in editions}


def independent(
    session: orm.Session, results: Sequence[tuple[Edition, Result]]
) -> list[tuple[Edition, Result]]:
    """One result for each group of affiliated valuers, the first one, in the order of their
    editions.
    """
    chosen: dict[int, tuple[Edition, Result]] = {}
    for edition, result in results:
        chosen.setdefault(conflicts.head(session, edition.guide.valuer_id), (edition, result))
    return sorted(chosen.values(), key=lambda pair: pair[0].id)


def recompute(kept: ReferenceValue) -> bytes:
    """The record of a kept reference value computed again from its own voices."""
    record = json.loads(kept.record)
    voices = record["voices"]
    found = consensus.of(
        [
            Opinion(
                str(v["edition_id"]), v["value_minor"], v["low_minor"], v["high_minor"], v["route"]
            )
            for v in voices
        ],
        {str(v["edition_id"]): Standing(v["n"], v["skill"]) for v in voices},
    )
    result = asdict(found)
    return rfc8785.dumps(
        record
        | {
            "value_minor": result["value"],
            "low_minor": result["low"],
            "high_minor": result["high"],
            "route": result["route"],
            "voices": [v | {"weight": found.weights[str(v["edition_id"])]} for v in voices],
        }
    )


def _name(edition: Edition) -> str:
    return edition.guide.valuer.name
