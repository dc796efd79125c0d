"""Titles: accepted and paid packs become the buyer's, by an event of the log of their own."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db, journal
from listings.custody import events, holdings, keys, log
from listings.custody.keys import KeyUse
from listings.lots import Lot, LotPack
from listings.packs import Pack
from market import records, settlements
from market.handed_over import Finding, Handover, HandoverLine, HandoverState

_WITH_GOODS = (
    HandoverState.ACCEPTED,
    HandoverState.ACCEPTED_WITH_RESERVATION,
    HandoverState.PART_REJECTED,
)


def pass_title(session: orm.Session, handover: Handover, *, at: datetime) -> log.Leaf | None:
    """Make the receiver the owner of what it accepted, once everything due is paid.

    The caller holds lot, packs and handover. The platform signs the record. None where nothing
    passes: not paid yet, nothing accepted, or passed before.
    """
    kept = [line.pack_id for line in handover.lines if line.finding is Finding.ACCEPTED]
    packs = [
        pack
        for pack in session.scalars(sa.select(Pack).where(Pack.id.in_(kept)).order_by(Pack.id))
        if pack.owner_id != handover.receiver_id
    ]
    if not packs or not settlements.is_paid(session, handover.award_id):
        return None
    acceptance = session.get_one(log.Leaf, handover.acceptance_leaf)
    record = events.title(
        records.head(session, handover, at=at),
        acceptance.leaf_hash.hex(),
        records.party(handover.owner),
        records.party(handover.receiver),
        records.goods(session, packs),
    )
    key = keys.ensure(session, KeyUse.PLATFORM, at=at)
    signed = keys.sign(session, record, key, at=at, attested_by_platform=True)
    leaf = records.append(session, signed, handover, [pack.id for pack in packs], at=at)
    buyer_id = handover.receiver_id
    holdings.pass_on(session, packs, "owner", buyer_id, at=at, leaf_sequence=leaf.sequence)
    session.execute(
        sa.update(LotPack)
        .where(
            LotPack.lot_id == handover.award.lot_id,
            LotPack.pack_id.in_([pack.id for pack in packs]),
        )
        .values(is_open=False),
    )
    journal.record(session, "handover:title_passed", handover, at=at, leaf=leaf.sequence)
    session.flush()
    return leaf


def due_titles(session: orm.Session) -> list[Handover]:
    """Accepted handovers whose packs still belong to the seller, oldest first."""
    waiting = (
        sa.select(HandoverLine.handover_id)
        .join(Pack, Pack.id == HandoverLine.pack_id)
        .join(Handover, Handover.id == HandoverLine.handover_id)
        .where(
            HandoverLine.finding == Finding.ACCEPTED,
            Pack.owner_id == Handover.owner_id,
            Pack.holder_id == Handover.receiver_id,
            Handover.state.in_(_WITH_GOODS),
        )
    )
    rows = sa.select(Handover).where(Handover.id.in_(waiting)).order_by(Handover.ended_at)
    return list(session.scalars(rows))


def pass_due_titles(session: orm.Session, *, at: datetime) -> list[log.Leaf]:
    """Let title pass for the oldest accepted handover that was paid since; call until it is empty.

    For the worker: one handover a transaction, so that locks are taken in the order of the house.
    """
    for found in due_titles(session):
        if not settlements.is_paid(session, found.award_id):
            continue
        db.lock(session, Lot, found.award.lot_id)
        db.lock_all(session, Pack, [line.pack_id for line in found.lines])
        handover = db.lock(session, Handover, found.id)
        assert handover is not None
        leaf = pass_title(session, handover, at=at)
        if leaf is not None:
            return [leaf]
    return []
