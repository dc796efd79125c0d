"""Handovers: one transfer of possession, signed by both sides, ending in the custody log.

DRAFT, both agree: AGREED; both confirm the safety check: READY (`market.safety`); releaser and
taker sign: RELEASED (`market.releases`); ARRIVED; the receiver signs what it found
(`market.acceptances`). Before release either side may cancel.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db, journal, words
from listings.custody import events
from listings.errors import N_, Conflict, NotFound, Refused
from listings.lots import Lot, LotPack
from listings.packs import Pack
from listings.parties import Acting, Organisation, by, demand
from market import clearance
from market.acceptances import Verdict, accept
from market.awarded import Award
from market.handed_over import (
    OPEN_STATES,
    Capacity,
    Discrepancy,
    Finding,
    Handover,
    HandoverLine,
    HandoverState,
    demand_after,
    demand_capacity,
    demand_state,
    listed_for,
    locked,
    may_see,
    of_award,
    seen_by,
    tell,
)
from market.releases import sign_release
from market.rules.dangerous_goods import DangerousGoodsClass
from market.safety import SamePerson, check
from market.titles import pass_due_titles

__all__ = [
    "OPEN_STATES",
    "DangerousGoodsClass",
    "Discrepancy",
    "Finding",
    "Handover",
    "HandoverLine",
    "HandoverState",
    "Verdict",
    "accept",
    "agree",
    "arrive",
    "cancel",
    "check",
    "listed_for",
    "may_see",
    "of_award",
    "open",
    "pass_due_titles",
    "remaining",
    "seen_by",
    "sign_release",
]

AGREE = N_("Agree to handover %(number)s, or cancel it.")
AGREED = N_("Both sides agreed to handover %(number)s. Check the goods together.")
ARRIVED = N_("The goods of handover %(number)s arrived. Record what you find and sign.")
CANCELLED = N_("Handover %(number)s was cancelled.")


class NoPacksChosen(Refused):
    """A handover of nothing."""

    message = N_("Choose at least one pack to hand over.")


class PackNotOfAward(Refused):
    """A pack that this award did not sell, or that was handed over under it before."""

    message = N_("Pack %(pack)s is not waiting to be handed over under award %(number)s.")


class PackInHandover(Conflict):
    """A pack travels under another handover."""

    message = N_("Pack %(pack)s is in the open handover %(number)s already.")


class HoldersDiffer(Refused):
    """The packs are in several hands."""

    message = N_("The packs are held by %(holders)s. Open one handover for each holder.")


class IdTaken(Conflict):
    """Another handover has the id that the device made."""

    message = N_("Another handover has this id already. Start again from the award.")


def open(  # noqa: A001 - the verb of the house
    session: orm.Session,
    acting: Acting,
    award_id: int,
    *,
    pack_ids: Iterable[int],
    carrier_id: int | None = None,
    at: datetime,
    ident: uuid.UUID | None = None,
) -> Handover:
    """Draft the handover of packs of an award from their common holder to the buyer.

    Seller, buyer and holder may open it. Sent twice with the same ``ident`` (a UUIDv7 made by the
    device) it is one handover. Refuses packs that are not waiting under this award, in several
    hands or in another open handover, parties that no rule lets exchange possession (a fleet as
    releaser), and a carrier without its licence.
    """
    demand(acting, "handover:write")
    wanted = sorted(set(pack_ids))
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound
    db.lock(session, Lot, award.lot_id)
    packs = db.lock_all(session, Pack, wanted)
    if acting.organisation_id not in {award.seller_id, award.buyer_id, *_holders(packs)}:
        raise NotFound
    known = session.get(Handover, ident) if ident is not None else None
    if known is not None:
        return _same(known, award, wanted)
    clearance.demand_award(session, award)
    _demand_waiting(session, award, wanted)
    releaser_id = _common_holder(session, packs)
    clearance.demand_parties(session, releaser_id, award.buyer_id, carrier_id, at)
    handover = Handover(
        id=ident or events.uuid7(at, secrets.token_bytes(events.ENTROPY_BYTES)),
        number=_next_number(session, award),
        award_id=award.id,
        owner_id=packs[0].owner_id,
        releaser_id=releaser_id,
        receiver_id=award.buyer_id,
        carrier_id=carrier_id,
        site_id=packs[0].site_id or award.lot.site_id,
        opened_at=at,
    )
    session.add(handover)
    session.flush()
    session.add_all([HandoverLine(handover_id=handover.id, pack_id=pack.id) for pack in packs])
    session.flush()
    session.refresh(handover)
    journal.record(session, "handover:opened", handover, at=at, **by(acting), pack_ids=wanted)
    for party in {releaser_id, award.buyer_id}:
        tell(session, handover, party, AGREE, at=at)
    return handover


def remaining(session: orm.Session, award_id: int) -> list[Pack]:
    """The packs of an award that are in no open handover and were not found at an ended one."""
    taken = (
        sa.select(HandoverLine.pack_id)
        .join(Handover, Handover.id == HandoverLine.handover_id)
        .where(
            sa.or_(
                HandoverLine.is_open,
                sa.and_(Handover.award_id == award_id, HandoverLine.finding.is_not(None)),
            ),
        )
    )
    lot_id = sa.select(Award.lot_id).where(Award.id == award_id).scalar_subquery()
    rows = (
        sa.select(Pack)
        .join(LotPack, LotPack.pack_id == Pack.id)
        .where(LotPack.lot_id == lot_id, Pack.id.not_in(taken))
    )
    return list(session.scalars(rows.order_by(Pack.id)))


def agree(
    session: orm.Session, acting: Acting, handover_id: uuid.UUID, *, at: datetime
) -> Handover:
    """Releaser or receiver agrees; with both, and the receiver still eligible, it is AGREED.

    One person does not agree for both sides.
    """
    demand(acting, "handover:write")
    handover = locked(session, acting, handover_id)
    demand_state(handover, HandoverState.DRAFT)
    demand_after(handover, at)
    side = demand_capacity(handover, acting, Capacity.RELEASER, Capacity.RECEIVER)
    other = handover.receiver_agreed_by
    if side is Capacity.RECEIVER:
        other = handover.releaser_agreed_by
    if other == acting.user_id:
        raise SamePerson
    setattr(handover, f"{side.value}_agreed_by", acting.user_id)
    journal.record(session, "handover:agreed", handover, at=at, **by(acting))
    if handover.releaser_agreed_by and handover.receiver_agreed_by:
        clearance.demand_eligible(session, handover, at)
        handover.state = HandoverState.AGREED
        for party in (handover.releaser_id, handover.receiver_id):
            tell(session, handover, party, AGREED, at=at)
    session.flush()
    return handover


def arrive(
    session: orm.Session, acting: Acting, handover_id: uuid.UUID, *, at: datetime
) -> Handover:
    """The receiver, or the carrier at its gate, says that the goods are there."""
    demand(acting, "handover:write")
    handover = locked(session, acting, handover_id)
    demand_state(handover, HandoverState.RELEASED)
    demand_capacity(handover, acting, Capacity.RECEIVER, Capacity.CARRIER)
    demand_after(handover, at, handover.released_at)
    handover.state, handover.arrived_at = HandoverState.ARRIVED, at
    journal.record(session, "handover:arrived", handover, at=at, **by(acting))
    tell(session, handover, handover.receiver_id, ARRIVED, act="handover:sign", at=at)
    session.flush()
    return handover


def cancel(
    session: orm.Session, acting: Acting, handover_id: uuid.UUID, *, at: datetime
) -> Handover:
    """Releaser, receiver or owner gives it up before the goods are released."""
    demand(acting, "handover:write")
    handover = locked(session, acting, handover_id)
    demand_state(handover, HandoverState.DRAFT, HandoverState.AGREED, HandoverState.READY)
    demand_capacity(handover, acting, Capacity.RELEASER, Capacity.RECEIVER, Capacity.OWNER)
    demand_after(handover, at)
    handover.state, handover.ended_at = HandoverState.CANCELLED, at
    for line in handover.lines:
        line.is_open = False
    journal.record(session, "handover:cancelled", handover, at=at, **by(acting))
    for party in {handover.owner_id, handover.releaser_id, handover.receiver_id}:
        tell(session, handover, party, CANCELLED, at=at)
    session.flush()
    return handover


def _holders(packs: list[Pack]) -> set[int]:
    return {pack.holder_id for pack in packs}


def _same(known: Handover, award: Award, wanted: list[int]) -> Handover:
    if known.award_id != award.id or [line.pack_id for line in known.lines] != wanted:
        raise IdTaken
    return known


def _demand_waiting(session: orm.Session, award: Award, wanted: list[int]) -> None:
    if not wanted:
        raise NoPacksChosen(field="pack_ids")
    waiting = {pack.id for pack in remaining(session, award.id)}
    for pack_id in wanted:
        if pack_id in waiting:
            continue
        pack = session.get(Pack, pack_id)
        name = pack.name if pack is not None else str(pack_id)
        number = session.scalar(
            sa.select(Handover.number)
            .join(HandoverLine, HandoverLine.handover_id == Handover.id)
            .where(HandoverLine.pack_id == pack_id, HandoverLine.is_open),
        )
        if number is not None:
            raise PackInHandover(field="pack_ids", pack=name, number=number)
        raise PackNotOfAward(field="pack_ids", pack=name, number=award.number)


def _common_holder(session: orm.Session, packs: list[Pack]) -> int:
    holders = sorted(_holders(packs))
    if len(holders) > 1:
        names = [session.get_one(Organisation, ident).called for ident in holders]
        raise HoldersDiffer(field="pack_ids", holders=words.listed(names))
    return holders[0]


def _next_number(session: orm.Session, award: Award) -> str:
    count = session.scalar(
        sa.select(sa.func.count()).select_from(Handover).where(Handover.award_id == award.id),
    )
    return f"H{award.number[1:]}-{(count or 0) + 1}"
