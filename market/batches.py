"""Batches: what each accepted handover settles, so that all of them sum to the price."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, Conflict
from listings.lots import LotPack
from listings.money import Money
from listings.pack_types import PackType
from listings.packs import Pack
from market import amounts
from market.auctions import PriceBasis
from market.awarded import Award

# The rows of handovers, read by name: the handover module stands above and calls down to here.
_LINE = sa.table(
    "handover_line",
    sa.column("handover_id", sa.Uuid),
    sa.column("pack_id", sa.BigInteger),
    sa.column("finding", sa.Text),
)
_HANDOVER = sa.table("handover", sa.column("id", sa.Uuid), sa.column("award_id", sa.BigInteger))


class SettlementBatch(db.Base):
    """What one accepted handover settles: the accepted quantity times the unit price."""

    __tablename__ = "settlement_batch"

    id: Mapped[int] = db.key()
    settlement_id: Mapped[int] = db.refers("settlement.id")
    handover_id: Mapped[uuid.UUID] = mapped_column(
        sa.Uuid,
        sa.ForeignKey("handover.id"),
        unique=True,
    )
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    amount_minor: Mapped[int]
    settled_at: Mapped[datetime]


class BatchSettled(Conflict):
    """The handover was settled before."""

    message = N_("This handover has been settled.")


@dataclass(frozen=True, slots=True)
class _Shares:
    """Weights of a lot's packs: accepted so far, not yet found at a handover, and all."""

    accepted: Decimal
    waiting: Decimal
    whole: Decimal


def _shares(session: orm.Session, award: Award, handover_ids: Collection[uuid.UUID]) -> _Shares:
    """The shares when these handovers count as settled.

    A pack weighs one per pack, its mass per tonne, else its nameplate kWh.
    """
    weights = _weights(session, award)
    lines = session.execute(
        sa.select(_LINE.c.pack_id, _LINE.c.finding, _LINE.c.handover_id)
        .join(_HANDOVER, _HANDOVER.c.id == _LINE.c.handover_id)
        .where(_HANDOVER.c.award_id == award.id, _LINE.c.finding.is_not(None)),
    ).all()
    accepted = {
        line.pack_id
        for line in lines
        if line.finding == "accepted" and line.handover_id in handover_ids
    }
    found = {line.pack_id for line in lines}
    return _Shares(
        sum((weights[ident] for ident in accepted if ident in weights), Decimal(0)),
        sum((weight for ident, weight in weights.items() if ident not in found), Decimal(0)),
        sum(weights.values(), Decimal(0)),
    )


def _weights(session: orm.Session, award: Award) -> dict[int, Decimal]:
    basis = award.auction.price_basis
    weight: sa.ColumnElement[Decimal] = PackType.rated_energy_kwh.expression
    if basis is PriceBasis.PER_PACK:
        weight = sa.literal(Decimal(1))
    elif basis is PriceBasis.PER_TONNE:
        weight = sa.func.coalesce(Pack.mass_kg, PackType.mass_kg)
    rows = session.execute(
        sa.select(Pack.id, weight)
        .join(LotPack, LotPack.pack_id == Pack.id)
        .join(PackType, PackType.id == Pack.type_id)
        .where(LotPack.lot_id == award.lot_id),
    )
    return {ident: Decimal(found) for ident, found in rows}


def of(session: orm.Session, settlement_id: int) -> list[SettlementBatch]:
    """The batches of a settlement, oldest first."""
    of_it = SettlementBatch.settlement_id == settlement_id
    return list(
        session.scalars(sa.select(SettlementBatch).where(of_it).order_by(SettlementBatch.id)),
    )


def settled_minor(session: orm.Session, settlement_id: int) -> int:
    """The sum of the batches so far."""
    return sum(batch.amount_minor for batch in of(session, settlement_id))


def settle(
    session: orm.Session,
    settlement_id: int,
    award: Award,
    handover_id: uuid.UUID,
    quantity: Decimal,
    *,
    at: datetime,
) -> tuple[SettlementBatch, Money]:
    """Write the batch of a handover; with it comes what the packs not yet found should cost.

    See `market.settlements.accept_batch`. The caller holds the settlement's row.
    """
    before = of(session, settlement_id)
    if any(batch.handover_id == handover_id for batch in before):
        raise BatchSettled
    counted = {batch.handover_id for batch in before} | {handover_id}
    shares = _shares(session, award, counted)
    auction = award.auction
    whole, _tax = amounts.due(auction, award.hammer_minor, auction.quantity)
    if amounts.is_measured(auction):
        minor = amounts.due(auction, award.hammer_minor, quantity)[0].minor
    else:
        so_far = sum(batch.amount_minor for batch in before)
        minor = _part(whole, shares.accepted, shares.whole).minor - so_far
    batch = SettlementBatch(
        settlement_id=settlement_id,
        handover_id=handover_id,
        quantity=quantity,
        amount_minor=minor,
        settled_at=at,
    )
    session.add(batch)
    session.flush()
    return batch, _part(whole, shares.waiting, shares.whole)


def _part(whole: Money, weight: Decimal, weights: Decimal) -> Money:
    return whole.times(weight / weights) if weight else Money(0, whole.currency)
