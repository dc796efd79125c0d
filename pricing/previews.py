"""What a draft edition would change: today's stock valued by it and by the edition in force."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings.errors import DomainError
from listings.lots import Lot, LotState
from pricing import editions, values
from pricing.coefficients import GuideCoefficients
from pricing.guides import Edition

MOST_LOTS = 500


@dataclass(frozen=True, slots=True)
class Move:
    """One lot by the edition in force (None where there is none) and by the draft, minor units."""

    lot_id: int
    title: str
    before_minor: int | None
    after_minor: int
    currency: str
    before_route: str | None
    after_route: str

    @property
    def change(self) -> float | None:
        """The change as a part of the value before; None without one."""
        if not self.before_minor:
            return None
        return (self.after_minor - self.before_minor) / abs(self.before_minor)


@dataclass(frozen=True, slots=True)
class Preview:
    """Every lot on sale that the guide gives a value for; ``refused`` others it gives none for,
    ``left_out`` more lots than are valued at once.
    """

    moves: list[Move]
    refused: int
    left_out: int = 0

    @property
    def moved(self) -> list[Move]:
        """The lots whose value changes."""
        return [move for move in self.moves if move.before_minor != move.after_minor]

    @property
    def turned(self) -> list[Move]:
        """The lots whose better route changes."""
        return [move for move in self.moves if move.before_route not in (None, move.after_route)]

    @property
    def median(self) -> float | None:
        """The middle of the changes of all lots that had a value before; None where none had."""
        known = [move.change for move in self.moves if move.change is not None]
        return statistics.median(known) if known else None

    @property
    def largest(self) -> Move | None:
        """The lot whose value changes most, as a part of the value before."""
        known = [move for move in self.moved if move.change is not None]
        return max(known, key=lambda move: abs(move.change or 0), default=None)


def of_edition(session: orm.Session, edition: Edition, *, at: datetime) -> Preview:
    """Value the lots on sale by an edition in any state; nothing is kept."""
    current = editions.effective(session, edition.guide_id)
    on_sale = sa.select(sa.func.count()).where(Lot.state == LotState.CATALOGUED)
    left_out = max(0, (session.scalar(on_sale) or 0) - MOST_LOTS)
    lots = session.scalars(
        sa.select(Lot).where(Lot.state == LotState.CATALOGUED).order_by(Lot.id).limit(MOST_LOTS)
    ).all()
    moves, refused = [], 0
    for lot in lots:
        try:
            after = _result(session, edition, lot, at)
        except DomainError:
            refused += 1
            continue
        before = _before(session, current, lot, at)
        moves.append(
            Move(
                lot_id=lot.id,
                title=lot.title,
                before_minor=before["value_minor"] if before else None,
                after_minor=after["value_minor"],
                currency=after["currency"],
                before_route=before["route"] if before else None,
                after_route=after["route"],
            )
        )
    return Preview(moves, refused, left_out)


def _before(
    session: orm.Session, current: Edition | None, lot: Lot, at: datetime
) -> dict[str, Any] | None:
    try:
        return _result(session, current, lot, at) if current else None
    except DomainError:
        return None


def _result(session: orm.Session, edition: Edition, lot: Lot, at: datetime) -> dict[str, Any]:
    inputs = values.inputs_of(session, edition, lot, at=at)
    return values.compute(inputs, GuideCoefficients.from_json(edition.coefficients))
