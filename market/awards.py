"""Awards: a lot given to a buyer, at most one standing per lot, with its letter."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db, journal, lots
from listings.errors import N_, Conflict, NotFound, Refused
from listings.lots import Lot, LotPack, LotState
from listings.money import Money
from listings.parties import Acting, Kind, demand
from market import contracts, deposits, disclosures, ledger, notices, settlements
from market.auctions import Auction, AuctionState
from market.awarded import Award, has_defaulted, listed_for, may_see, next_id, number, seen_by
from market.bids import Bid
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind
from market.rules import deposits as arithmetic
from market.settlements import Settlement, SettlementState
from pricing.comparables import ExclusionKind

__all__ = [
    "Award",
    "default",
    "has_defaulted",
    "listed_for",
    "make",
    "may_see",
    "number",
    "seen_by",
    "settle_default",
]


class PaymentNotOverdue(Conflict):
    """Money is still expected in time, or nothing is owed."""

    message = N_("%(number)s is not overdue: it can be annulled after %(due)s if it is unpaid.")


class GoodsHaveLeft(Conflict):
    """A handover of this award has released goods."""

    message = N_("Goods of %(number)s have been released; it cannot be annulled.")


class NotDefaulted(Conflict):
    """The award stands."""

    message = N_("%(number)s was not annulled.")


class NotTheResale(Refused):
    """The other award does not sell the same lot or its packs again."""

    message = N_("%(resale)s does not sell the goods of %(number)s again.")


def make(session: orm.Session, auction: Auction, bid: Bid, *, at: datetime) -> Award:
    """Give the lot to the bidder of ``bid`` at the sale's price; the caller holds its locks.

    Opens the settlement, draws up the contract, records the comparable, tells both parties.
    A second standing award of the lot is refused by the database.
    """
    if auction.price_minor is None:
        raise ValueError("a sale without a price awards nothing")
    ident = next_id(session)
    award = Award(
        number=number(ident, at),
        lot_id=auction.lot_id,
        auction_id=auction.id,
        bid_id=bid.id,
        seller_id=auction.seller_id,
        buyer_id=bid.bidder_id,
        hammer_minor=auction.price_minor,
        currency=auction.currency,
        awarded_at=at,
    )
    award.id = ident
    session.add(award)
    session.flush()
    journal.record(session, "award:made", award, at=at, bid_id=bid.id, minor=award.hammer_minor)
    settlement = settlements.open(session, award, at=at)
    contracts.draw_up(session, award, at=at)
    disclosures.sale(session, award, settlement.due_minor)
    _tell_both(session, award, at=at)
    return award


def _tell_both(session: orm.Session, award: Award, *, at: datetime) -> None:
    price = str(Money(award.hammer_minor, award.currency))
    told = (
        (award.seller_id, N_("Your lot is sold: award %(number)s at %(price)s.")),
        (award.buyer_id, N_("You bought a lot: award %(number)s at %(price)s. Sign and pay.")),
    )
    for party, sentence in told:
        notices.tell(
            session,
            party,
            sentence,
            at=at,
            link=f"/awards/{award.id}",
            number=award.number,
            price=price,
        )


def default(
    session: orm.Session,
    acting: Acting,
    award_id: int,
    *,
    reason: str,
    at: datetime,
) -> Award:
    """Annul an award whose buyer did not pay in time: the lot is free, the deposit forfeited.

    Money paid beside the deposit becomes a refund due, the comparable no longer counts, and the
    buyer may not bid on the re-sale (`has_defaulted`). Only the operator does this, after the
    payment was due and before goods were released.
    """
    demand(acting, "operator:decide", Kind.OPERATOR)
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound
    auction = db.lock(session, Auction, award.auction_id)
    lot = db.lock(session, Lot, award.lot_id)
    settlement = settlements.locked(session, settlements.of(session, award_id).id)
    session.refresh(award)
    _demand_overdue(session, award, settlement, at=at)
    deposit = settlements.held_deposit(session, award)
    if deposit is not None:
        deposits.forfeit(session, deposit.id, at=at)
    settlement.state, settlement.deposit_minor = SettlementState.DEFAULTED, 0
    award.annulled_at = at
    if auction is None or lot is None:
        raise NotFound
    auction.state = AuctionState.PASSED
    lots.finish(session, lot, LotState.PASSED)
    disclosures.exclude(session, award, ExclusionKind.DEFAULT, reason, at=at)
    journal.record(
        session,
        "award:annulled",
        award,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        reason=reason,
    )
    for party in (award.seller_id, award.buyer_id):
        notices.tell(
            session,
            party,
            N_("Award %(number)s was annulled because it was not paid."),
            at=at,
            link=f"/awards/{award.id}",
            number=award.number,
        )
    return award


def _demand_overdue(
    session: orm.Session,
    award: Award,
    settlement: Settlement,
    *,
    at: datetime,
) -> None:
    is_owed = settlement.state is SettlementState.DUE and settlement.outstanding_minor > 0
    if award.annulled_at or not is_owed or at <= settlement.due_at:
        due = settlement.due_at.isoformat(timespec="minutes")
        raise PaymentNotOverdue(number=award.number, due=due)
    released = sa.text(
        "SELECT 1 FROM handover WHERE award_id = :award AND released_at IS NOT NULL LIMIT 1",
    )
    if session.scalar(released, {"award": award.id}):
        raise GoodsHaveLeft(number=award.number)


def settle_default(
    session: orm.Session,
    acting: Acting,
    award_id: int,
    *,
    resale_id: int,
    costs: Money,
    at: datetime,
) -> arithmetic.DefaultSettlement:
    """Settle a forfeited deposit against the re-sale: costs first, then the shortfall.

    What is kept goes to the seller, a remainder back to the defaulter; what the deposit did not
    cover stays owed and stands in the journal. Refuses an award that stands, another lot's sale
    as the re-sale, and a second settlement of the same deposit.
    """
    demand(acting, "operator:decide", Kind.OPERATOR)
    award, resale = session.get(Award, award_id), session.get(Award, resale_id)
    if award is None or resale is None:
        raise NotFound
    if award.annulled_at is None:
        raise NotDefaulted(number=award.number)
    if resale.id == award.id or not _same_goods(session, award, resale):
        raise NotTheResale(field="resale", number=award.number, resale=resale.number)
    deposit = _forfeited(session, award)
    result = arithmetic.settle_default(
        deposit.amount_minor if deposit else 0,
        abs(settlements.of(session, award.id).due_minor),
        abs(settlements.of(session, resale.id).due_minor),
        costs.minor,
    )
    if deposit is not None:
        _share_out(session, award, deposit, result, at=at)
    journal.record(
        session,
        "award:default_settled",
        award,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        resale_id=resale.id,
        costs_minor=costs.minor,
        kept_minor=result.kept,
        returned_minor=result.returned,
        still_owed_minor=result.still_owed,
    )
    return result


def _same_goods(session: orm.Session, award: Award, resale: Award) -> bool:
    first, second = (
        set(session.scalars(sa.select(LotPack.pack_id).where(LotPack.lot_id == lot_id)))
        for lot_id in (award.lot_id, resale.lot_id)
    )
    return first == second


def _forfeited(session: orm.Session, award: Award) -> Deposit | None:
    return session.scalar(
        sa.select(Deposit).where(
            Deposit.auction_id == award.auction_id,
            Deposit.bidder_id == award.buyer_id,
            Deposit.state == DepositState.FORFEITED,
        ),
    )


def _share_out(
    session: orm.Session,
    award: Award,
    deposit: Deposit,
    result: arithmetic.DefaultSettlement,
    *,
    at: datetime,
) -> None:
    forfeited = ledger.account(session, AccountKind.FORFEITED_DEPOSIT, currency=award.currency)
    payable, funds = (
        ledger.account(session, kind, party, award.currency)
        for kind, party in (
            (AccountKind.SELLER_PAYABLE, award.seller_id),
            (AccountKind.CLIENT_FUNDS, award.buyer_id),
        )
    )
    ledger.post(
        session,
        f"award:{award.id}:default",
        [
            (forfeited, deposit.amount_minor),
            (payable, -result.kept),
            (funds, -result.returned),
        ],
        at=at,
    )
    settlement = settlements.locked(session, settlements.of(session, award.id).id)
    settlement.paid_minor += deposit.amount_minor
    settlement.earned_minor += result.kept
    session.flush()
