"""Claims of lots at a fixed price: the first claim buys, in one act.

In a firm with four eyes one person prepares the claim and another one approves it; the approval is
the claim. A prepared claim keeps nothing back: until then anybody else may buy the lot.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db
from listings.errors import N_, Conflict, DomainError, NotFound, Refused
from listings.money import Money
from listings.parties import Acting, Organisation, demand
from market import auctions, bids, notices, proposals
from market.auctions import Auction, AuctionState, Format
from market.awarded import Award
from market.bids import Bid, BidProposal, ProposalState

APPROVAL_WANTED = N_("The claim of “%(lot)s” at %(maximum)s waits for approval.")
TOO_LATE = N_("Another buyer claimed “%(lot)s” before the claim that you prepared was approved.")


class AlreadyClaimed(Conflict):
    """Somebody was quicker."""

    message = N_("This lot has been claimed already; it is no longer for sale.")


class NotAtFixedPrice(Conflict):
    """The price of this sale is found by bids."""

    message = N_("This lot has no fixed price. Open the lot and bid on it there.")


class ApprovalNeeded(Refused):
    """The firm asks for four eyes on claims."""

    message = N_("In your organisation one person prepares a claim and another approves it.")


class AlreadyPrepared(Conflict):
    """The firm has prepared the claim of this lot before."""

    message = N_("The claim of this lot waits already for the approval of a second person.")


def claim(
    session: orm.Session,
    acting: Acting,
    auction_id: int,
    *,
    clock: Callable[[], datetime],
    form_key: str,
) -> Award:
    """Buy the lot at its price for the acting organisation: one bid, and the award with it.

    The sale is locked, read anew, and the clock read once after that. Refuses what a bid refuses
    (`bids.place`), a sale of another format, and a lot that was claimed. The same ``form_key`` of
    the same organisation again gives the same award. A firm with four eyes goes through `prepare`
    and `approve`.
    """
    acting = demand(acting, "bid:place")
    if has_four_eyes(session, acting):
        raise ApprovalNeeded
    auction = db.lock(session, Auction, auction_id)
    if auction is None:
        raise NotFound
    made = _made_before(session, auction, acting, form_key)
    if made is not None:
        return made
    _demand_unclaimed(auction)
    return _buy(session, acting, auction, clock=clock, form_key=form_key)


def prepare(session: orm.Session, acting: Acting, auction_id: int, *, at: datetime) -> BidProposal:
    """Put a claim before the second person of the firm. Nothing is bought and nothing kept back.

    Refuses what `check` refuses, and a claim of this lot that waits already.
    """
    acting = demand(acting, "bid:prepare")
    auction = db.lock(session, Auction, auction_id)
    if auction is None:
        raise NotFound
    check(session, acting, auction, at=at)
    return proposals.propose(session, acting, auction, price(auction), APPROVAL_WANTED, at=at)


def approve(
    session: orm.Session, acting: Acting, proposal_id: int, *, clock: Callable[[], datetime]
) -> Award:
    """Another person of the firm lets a prepared claim become one, with all its checks.

    Locked, read anew and the clock read once after that, like `claim`, in one act with the award;
    approved twice it is the same award. Where it is refused the proposal stays prepared; the end
    of the sale ends it.
    """
    acting = demand(acting, "bid:approve")
    found = proposals.own(session, acting, proposal_id)
    auction = db.lock(session, Auction, found.auction_id)
    assert auction is not None
    form_key = f"proposal:{found.id}"
    made = _made_before(session, auction, acting, form_key)
    if made is not None:
        return made
    _demand_unclaimed(auction)
    at = clock()
    proposal = proposals.decide(session, acting, found.id, ProposalState.APPROVED, at=at)
    return _buy(
        session,
        acting,
        auction,
        clock=lambda: at,
        form_key=form_key,
        prepared_by=proposal.prepared_by,
    )


def prepared(session: orm.Session, auction: Auction, organisation_id: int) -> BidProposal | None:
    """The claim of this lot that waits for the second person of an organisation, if one does."""
    return session.scalar(
        sa.select(BidProposal).where(
            BidProposal.auction_id == auction.id,
            BidProposal.bidder_id == organisation_id,
            BidProposal.state == ProposalState.PREPARED,
        )
    )


def check(session: orm.Session, acting: Acting, auction: Auction, *, at: datetime) -> None:
    """Refuses what `claim`, or `prepare` in a firm with four eyes, would refuse at ``at``.

    Without a lock, it serves the page before the act.
    """
    _demand_person(session, acting)
    _demand_unclaimed(auction)
    if auction.state is not AuctionState.SCHEDULED or at >= auction.closes_at:
        raise auctions.SaleOver
    if at < auction.opens_at:
        raise bids.SaleNotOpen
    bids.demand_bidder(session, auction, acting)
    bids.demand_currency(auction, price(auction))
    if has_four_eyes(session, acting) and prepared(session, auction, acting.organisation_id):
        raise AlreadyPrepared


def lacks(session: orm.Session, auction: Auction, acting: Acting) -> list[DomainError]:
    """What still keeps the acting organisation or person from claiming; time is not looked at."""
    found = bids.lacks(session, auction, acting)
    try:
        _demand_person(session, acting)
    except DomainError as error:
        if type(error) not in {type(other) for other in found}:
            found.append(error)
    return found


def price(auction: Auction) -> Money:
    """What a claim costs for one unit of the price basis."""
    return Money(auction.start_minor, auction.currency)


def has_four_eyes(session: orm.Session, acting: Acting) -> bool:
    """Whether the acting organisation lets one person prepare and another approve."""
    return session.get_one(Organisation, acting.organisation_id).has_four_eyes


def _buy(
    session: orm.Session,
    acting: Acting,
    auction: Auction,
    *,
    clock: Callable[[], datetime],
    form_key: str,
    prepared_by: int | None = None,
) -> Award:
    """The one bid at the price, and the award with it, on a locked sale that nobody claimed."""
    placed = bids.write(
        session,
        acting,
        auction.id,
        price(auction),
        clock=clock,
        form_key=form_key,
        prepared_by=prepared_by,
    )
    at = placed.bid.placed_at
    award = auctions.conclude(session, auction, at=at, ended_at=at)
    assert award is not None  # a claim is at the price, and there is no other minimum
    _tell_late(session, auction, at)
    return award


def _tell_late(session: orm.Session, auction: Auction, at: datetime) -> None:
    """Firms whose prepared claim came to nothing hear of it."""
    late = sa.select(BidProposal.bidder_id).where(
        BidProposal.auction_id == auction.id,
        BidProposal.bidder_id != auction.leader_id,
        BidProposal.state == ProposalState.PREPARED,
    )
    for organisation_id in session.scalars(late.distinct().order_by(BidProposal.bidder_id)):
        notices.tell(
            session,
            organisation_id,
            TOO_LATE,
            at=at,
            link=f"/lots/{auction.lot_id}",
            act="bid:prepare",
            lot=auction.lot.title,
        )


def _demand_person(session: orm.Session, acting: Acting) -> None:
    demand(acting, "bid:prepare" if has_four_eyes(session, acting) else "bid:place")


def _demand_unclaimed(auction: Auction) -> None:
    if auction.format is not Format.FIXED_PRICE:
        raise NotAtFixedPrice
    if auction.state is AuctionState.AWARDED:
        raise AlreadyClaimed


def _made_before(
    session: orm.Session, auction: Auction, acting: Acting, form_key: str
) -> Award | None:
    """The award that this form made when it was sent before."""
    return session.scalar(
        sa.select(Award)
        .join(Bid, Bid.id == Award.bid_id)
        .where(
            Award.auction_id == auction.id,
            Bid.form_key == form_key,
            Bid.bidder_id == acting.organisation_id,
        )
    )
