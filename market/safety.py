"""The joint safety step: both sides judge the goods before packing and confirm one checklist.

GB/T 38698.1-2020 asks consignor and consignee to judge safety together. What counts is the list
that both confirmed; whoever changes an answer asks the other side again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import orm

from listings import journal
from listings.errors import N_, Conflict, Refused
from listings.lots import Route
from listings.parties import Acting, by, demand
from market import handed_over
from market.handed_over import Capacity, Handover, HandoverState
from market.rules import dangerous_goods
from market.rules.dangerous_goods import Check

FULL_PERCENT = Decimal(100)


class ChargeOutOfRange(Refused):
    """A state of charge that no battery has."""

    message = N_("The state of charge must be between 0 and 100 %%; %(value)s is not.")


class SamePerson(Conflict):
    """One person stands for both sides."""

    message = N_("The same person confirmed for the other side. Somebody else has to confirm here.")


def check(
    session: orm.Session,
    acting: Acting,
    handover_id: uuid.UUID,
    *,
    checklist: Mapping[str, bool],
    soc_percent: Decimal,
    at: datetime,
) -> Handover:
    """One side confirms the checklist (`Check` to yes) and the state of charge in percent.

    When releaser and receiver confirmed the same answers the handover is READY with its
    dangerous-goods class. Refuses open questions and goods that are not packed.
    """
    demand(acting, "handover:write")
    handover = handed_over.locked(session, acting, handover_id)
    handed_over.demand_state(handover, HandoverState.AGREED)
    handed_over.demand_after(handover, at)
    side = handed_over.demand_capacity(handover, acting, Capacity.RELEASER, Capacity.RECEIVER)
    if not 0 <= soc_percent <= FULL_PERCENT:
        raise ChargeOutOfRange(field="soc_percent", value=soc_percent)
    is_for_recycling = handover.award.lot.route is Route.REGENERATION
    goods = dangerous_goods.derive(checklist, is_for_recycling=is_for_recycling)
    answers: dict[str, object] = {one.value: checklist[one.value] for one in Check}
    answers["soc_percent"] = str(soc_percent.normalize() + 0)
    _confirm(handover, side, acting.user_id, answers)
    journal.record(session, "handover:checked", handover, at=at, **by(acting))
    if handover.releaser_checked_by and handover.receiver_checked_by:
        handover.state, handover.dangerous_goods = HandoverState.READY, goods
        journal.record(session, "handover:ready", handover, at=at, goods_class=goods.value)
        handed_over.tell(session, handover, handover.releaser_id, READY, act="handover:sign", at=at)
    else:
        other = handover.receiver_id if side is Capacity.RELEASER else handover.releaser_id
        handed_over.tell(session, handover, other, CONFIRM, at=at)
    session.flush()
    return handover


READY = N_("Handover %(number)s is ready: sign the release when the goods leave.")
CONFIRM = N_("Confirm the safety check of handover %(number)s.")


def _confirm(handover: Handover, side: Capacity, user_id: int, answers: dict[str, object]) -> None:
    mine, other = "releaser_checked_by", "receiver_checked_by"
    if side is Capacity.RECEIVER:
        mine, other = other, mine
    if handover.checklist != answers:
        setattr(handover, other, None)
    if getattr(handover, other) == user_id:
        raise SamePerson
    handover.checklist = answers
    setattr(handover, mine, user_id)


def answers(handover: Handover) -> dict[str, bool]:
    """The confirmed answers by question, without the state of charge."""
    return {one.value: bool(handover.checklist[one.value]) for one in Check}


def soc_percent(handover: Handover) -> Decimal:
    """The confirmed state of charge in percent."""
    return Decimal(handover.checklist["soc_percent"])
