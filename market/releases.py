"""Releases: releaser and taker sign one record, and the goods are on their way."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import orm

from listings import journal
from listings.custody import canonical, events, signing
from listings.custody.events import Carriage, Safety
from listings.errors import N_, Conflict, Refused
from listings.packs import Condition, Mounting, Pack
from listings.parties import Acting, by, demand
from market import clearance, handed_over, records, safety
from market.handed_over import Capacity, Handover, HandoverState
from market.pens import PLATFORM, Pen
from market.rules import dangerous_goods
from market.rules.dangerous_goods import DangerousGoodsClass

SIGN_TOO = N_("Handover %(number)s is signed by the releaser. Sign when you take the goods.")
RELEASED = N_("The goods of handover %(number)s left. Record their arrival.")

_CONDITIONS = {
    DangerousGoodsClass.INTACT: Condition.INTACT,
    DangerousGoodsClass.INTACT_FOR_RECYCLING: Condition.INTACT,
    DangerousGoodsClass.DAMAGED: Condition.DAMAGED,
    DangerousGoodsClass.CRITICAL: Condition.CRITICAL,
}


class HolderChanged(Conflict):
    """A pack is in other hands than the handover says."""

    message = N_("Pack %(pack)s is no longer held by the releaser. Cancel this handover.")


class SignedAlready(Conflict):
    """The releaser's signature is there; the taker's is awaited."""

    message = N_("Your side has signed handover %(number)s; the other side signs next.")


class ReleaserFirst(Conflict):
    """The taker cannot sign what the releaser has not."""

    message = N_("The releaser signs handover %(number)s first.")


class OnePersonBothSides(Conflict):
    """One person would sign for both parties."""

    message = N_("The person who signed for the releaser cannot sign for the taker too.")


class WaybillMissing(Refused):
    """A carrier takes dangerous goods without a transport document."""

    message = N_("Enter the number of the waybill: a carrier takes the goods under it.")


def sign_release(
    session: orm.Session,
    acting: Acting,
    handover_id: uuid.UUID,
    *,
    at: datetime,
    waybill: str = "",
    seal: str = "",
    vehicle_plate: str = "",
    pen: Pen = PLATFORM,
) -> Handover:
    """The releaser signs the release record; then the taker signs it too and the goods leave.

    The taker is the carrier, or the receiver who collects. The record with both proofs becomes
    one leaf. ``waybill``, ``seal`` and ``vehicle_plate`` are the releaser's to state. Refuses
    while the contract, the payment term or a licence stands against it, a pack in other hands,
    and one person on both sides. ``pen`` is what the person signs with.
    """
    demand(acting, "handover:sign")
    handover, packs = handed_over.locked_with_goods(session, acting, handover_id)
    handed_over.demand_state(handover, HandoverState.READY)
    side = _side(handover, acting)
    if side is Capacity.RELEASER and handover.pending_record is not None:
        raise SignedAlready(number=handover.number)
    if side is not Capacity.RELEASER and handover.pending_record is None:
        raise ReleaserFirst(number=handover.number)
    clearance.demand_release(session, handover, at)
    _demand_held(handover, packs)
    if side is Capacity.RELEASER:
        handover.waybill, handover.seal = waybill.strip(), seal.strip()
        handover.vehicle_plate = vehicle_plate.strip()
        return _offer(session, acting, handover, packs, at=at, pen=pen)
    return _take(session, acting, handover, packs, side=side, at=at, pen=pen)


def _side(handover: Handover, acting: Acting) -> Capacity:
    taker = Capacity.CARRIER if handover.carrier_id is not None else Capacity.RECEIVER
    return handed_over.demand_capacity(handover, acting, Capacity.RELEASER, taker)


def _demand_held(handover: Handover, packs: list[Pack]) -> None:
    for pack in packs:
        if pack.holder_id != handover.releaser_id:
            raise HolderChanged(pack=pack.name)


def _offer(
    session: orm.Session,
    acting: Acting,
    handover: Handover,
    packs: list[Pack],
    *,
    at: datetime,
    pen: Pen,
) -> Handover:
    """The releaser's signature, which waits for the taker's."""
    if handover.carrier_id is not None and not handover.waybill:
        raise WaybillMissing(field="waybill")
    handed_over.demand_after(handover, pen.instant(at))
    record = events.release(
        records.head(session, handover, at=at, pen=pen),
        records.parties(handover),
        records.goods(session, packs),
        _safety(session, handover, pen),
        Carriage(
            handover.waybill,
            handover.seal,
            records.commit_text(session, handover, handover.vehicle_plate, pen=pen),
        ),
    )
    signed = records.sign(session, record, handover, acting, Capacity.RELEASER, at=at, pen=pen)
    handover.pending_record = canonical.dumps(signed)
    journal.record(session, "handover:release_signed", handover, at=at, **by(acting))
    handed_over.tell(session, handover, handover.taker_id, SIGN_TOO, act="handover:sign", at=at)
    session.flush()
    return handover


def _take(
    session: orm.Session,
    acting: Acting,
    handover: Handover,
    packs: list[Pack],
    *,
    side: Capacity,
    at: datetime,
    pen: Pen,
) -> Handover:
    """The taker's signature over the releaser's, and the leaf."""
    assert handover.pending_record is not None
    record = canonical.parse(handover.pending_record)
    (first,) = signing.proofs_of(record)
    created = datetime.fromisoformat(str(first["created"]))
    handed_over.demand_after(handover, pen.instant(at), created)
    if acting.user_id in records.signers(session, record):
        raise OnePersonBothSides
    signed = records.sign(session, record, handover, acting, side, at=at, pen=pen)
    leaf = records.append(session, signed, handover, [pack.id for pack in packs], at=at)
    handover.state, handover.released_at = HandoverState.RELEASED, at
    handover.release_leaf = leaf.sequence
    assert handover.dangerous_goods is not None
    for pack in packs:
        pack.mounting = Mounting.REMOVED
        pack.condition = _CONDITIONS[handover.dangerous_goods]
    journal.record(session, "handover:released", handover, at=at, **by(acting), leaf=leaf.sequence)
    handed_over.tell(session, handover, handover.receiver_id, RELEASED, at=at)
    session.flush()
    return handover


def _safety(session: orm.Session, handover: Handover, pen: Pen) -> Safety:
    assert handover.dangerous_goods is not None
    assert handover.releaser_checked_by is not None
    assert handover.receiver_checked_by is not None
    checked = {
        Capacity.RELEASER: handover.releaser_checked_by,
        Capacity.RECEIVER: handover.receiver_checked_by,
    }
    transport = dangerous_goods.transport(handover.dangerous_goods)
    return Safety(
        checklist=safety.answers(handover),
        soc_percent=safety.soc_percent(handover),
        dangerous_goods=handover.dangerous_goods.value,
        un_number=transport.un_number,
        special_provision=transport.special_provision,
        packing=transport.packing,
        persons={
            side.value: records.commit_person(session, handover, user_id, pen=pen)
            for side, user_id in checked.items()
        },
    )
