"""Clearance: whether goods of an award may pass between these parties on this day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from listings import days, licences
from listings.errors import N_, Conflict, Refused
from listings.licences import GoodsCategory, LicenceKind
from listings.parties import Kind, Organisation
from market import contracts, settlements
from market.auctions import PaymentTerm
from market.awarded import Award
from market.handed_over import Handover


class ContractNotInForce(Conflict):
    """The contract is not signed by both sides yet."""

    message = N_("The contract of %(number)s is not in force. Both sealed scans are needed first.")


class AwardGone(Conflict):
    """The award was annulled."""

    message = N_("Award %(number)s was annulled; nothing is handed over under it.")


class CarrierNotLicensed(Refused):
    """The carrier shows no licence for dangerous goods."""

    message = N_("%(carrier)s has no valid licence for the transport of dangerous goods on %(on)s.")


class NotPaid(Conflict):
    """The goods are paid before pick-up, and they are not."""

    message = N_("%(number)s is paid before pick-up. The goods leave once the price is here.")


def demand_award(session: orm.Session, award: Award) -> None:
    """Refuse an annulled award and one whose contract is not in force."""
    if award.annulled_at is not None:
        raise AwardGone(number=award.number)
    if not contracts.is_in_force(session, award.id):
        raise ContractNotInForce(number=award.number)


def demand_parties(
    session: orm.Session, releaser_id: int, receiver_id: int, carrier_id: int | None, at: datetime
) -> None:
    """Refuse a pair between whom no rule in force lets possession pass (a fleet as releaser among
    them), and a carrier without a valid licence for dangerous goods.
    """
    on = days.of(at)
    goods = GoodsCategory.WASTE_BATTERY
    licences.demand_possession(session, releaser_id, receiver_id, goods, on)
    if carrier_id is None:
        return
    carrier = session.get(Organisation, carrier_id)
    wanted = [LicenceKind.DANGEROUS_GOODS_TRANSPORT]
    is_carrier = carrier is not None and Kind.CARRIER in carrier.kinds
    if not is_carrier or licences.lacks(session, carrier_id, wanted, on):
        name = carrier.called if carrier is not None else str(carrier_id)
        raise CarrierNotLicensed(field="carrier_id", carrier=name, on=on.isoformat())


def demand_eligible(session: orm.Session, handover: Handover, at: datetime) -> None:
    """Refuse parties that may not exchange these goods on the day of ``at``.

    The receiver shows the documents of the lot's route; the rest as `demand_parties`.
    """
    route = handover.award.lot.route
    licences.demand_buyer(session, handover.receiver_id, route, days.of(at))
    demand_parties(session, handover.releaser_id, handover.receiver_id, handover.carrier_id, at)


def demand_release(session: orm.Session, handover: Handover, at: datetime) -> None:
    """Refuse to let goods go: no contract, not paid where that comes first, not eligible."""
    award = handover.award
    demand_award(session, award)
    is_prepaid = award.auction.payment_term is PaymentTerm.BEFORE_PICKUP
    if is_prepaid and not settlements.is_paid(session, award.id):
        raise NotPaid(number=award.number)
    demand_eligible(session, handover, at)
