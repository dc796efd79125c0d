"""Prepared maxima: one person of a firm names a maximum, another one lets it become a bid.

A claim at a fixed price is prepared and decided on here too, and carried out in `market.claims`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db, journal
from listings.errors import N_, Conflict, Forbidden, NotFound
from listings.money import Money
from listings.parties import Acting, by, demand
from market import auctions, bids, notices
from market.auctions import Auction, AuctionState, SaleOver
from market.bids import BidProposal, ProposalState

APPROVAL_WANTED = N_("A maximum of %(maximum)s for “%(lot)s” waits for approval.")


class SamePerson(Forbidden):
    """Who prepared a maximum or a claim cannot approve it."""

    message = N_("You prepared this yourself; another person of your organisation approves it.")


class AlreadyDecided(Conflict):
    """The proposal was approved or rejected before."""

    message = N_("This proposal was decided before.")


def prepare(
    session: orm.Session, acting: Acting, auction_id: int, maximum: Money, *, at: datetime
) -> BidProposal:
    """Put a maximum before the second person of the firm. Nothing is bid yet."""
    acting = demand(acting, "bid:prepare")
    auction = session.get(Auction, auction_id)
    if auction is None:
        raise NotFound
    if auction.state is not AuctionState.SCHEDULED or at >= auction.closes_at:
        raise SaleOver
    bids.demand_bids_taken(session, auction.id)
    bids.demand_currency(auction, maximum)
    bids.demand_bidder(session, auction, acting)
    least = auctions.next_minimum(auction)
    if auction.leader_id != acting.organisation_id and maximum.minor < least:
        raise bids.BidTooLow(field="maximum", minimum=str(Money(least, auction.currency)))
    return propose(session, acting, auction, maximum, APPROVAL_WANTED, at=at)


def propose(
    session: orm.Session,
    acting: Acting,
    auction: Auction,
    maximum: Money,
    wanted: str,
    *,
    at: datetime,
) -> BidProposal:
    """Write what was prepared, once it is settled that it may be, and tell those who approve.

    ``wanted`` is the sentence (a message id on ``lot`` and ``maximum``) that they read.
    """
    proposal = BidProposal(
        auction_id=auction.id,
        bidder_id=acting.organisation_id,
        maximum_minor=maximum.minor,
        prepared_by=acting.user_id,
        prepared_at=at,
    )
    session.add(proposal)
    journal.record(session, "bid:prepared", proposal, at=at, **by(acting), auction_id=auction.id)
    notices.tell(
        session,
        acting.organisation_id,
        wanted,
        at=at,
        link="/bids",
        act="bid:approve",
        lot=auction.lot.title,
        maximum=str(maximum),
    )
    return proposal


def approve(
    session: orm.Session, acting: Acting, proposal_id: int, *, clock: Callable[[], datetime]
) -> bids.Placed:
    """Another person of the firm lets a prepared maximum become a bid, with all its checks.

    Where the bid is refused the proposal stays prepared. A prepared claim is approved in `claims`.
    """
    acting = demand(acting, "bid:approve")
    found = own(session, acting, proposal_id)
    bids.demand_bids_taken(session, found.auction_id)
    auction = db.lock(session, Auction, found.auction_id)
    assert auction is not None
    proposal = decide(session, acting, proposal_id, ProposalState.APPROVED, at=clock())
    maximum = Money(proposal.maximum_minor, auction.currency)
    return bids.write(
        session,
        acting,
        proposal.auction_id,
        maximum,
        clock=clock,
        form_key=f"proposal:{proposal.id}",
        prepared_by=proposal.prepared_by,
    )


def reject(session: orm.Session, acting: Acting, proposal_id: int, *, at: datetime) -> BidProposal:
    """The second person, or who prepared it, gives a prepared maximum or claim up."""
    acting = demand(acting, "bid:prepare")
    found = own(session, acting, proposal_id)
    if found.prepared_by != acting.user_id:
        demand(acting, "bid:approve")
    return decide(session, acting, proposal_id, ProposalState.REJECTED, at=at)


def waiting(
    session: orm.Session, organisation_id: int, *, at: datetime
) -> list[tuple[BidProposal, Auction]]:
    """What an organisation prepared on sales that are not over at ``at``, the oldest first.

    The end of a sale ends the waiting: a lot that was claimed, or whose time is up, leaves nothing
    to approve.
    """
    rows = session.execute(
        sa.select(BidProposal, Auction)
        .join(Auction, Auction.id == BidProposal.auction_id)
        .where(
            BidProposal.bidder_id == organisation_id,
            BidProposal.state == ProposalState.PREPARED,
            Auction.state == AuctionState.SCHEDULED,
            Auction.closes_at > at,
        )
        .order_by(BidProposal.id)
    )
    return [(proposal, auction) for proposal, auction in rows]


def own(session: orm.Session, acting: Acting, proposal_id: int) -> BidProposal:
    """A proposal of the acting organisation; `NotFound` for any other."""
    proposal = session.get(BidProposal, proposal_id)
    if proposal is None or proposal.bidder_id != acting.organisation_id:
        raise NotFound
    return proposal


def decide(
    session: orm.Session, acting: Acting, proposal_id: int, to: ProposalState, *, at: datetime
) -> BidProposal:
    """Lock a proposal of the own organisation and end it, once; who prepared it cannot approve."""
    proposal = db.lock(session, BidProposal, proposal_id)
    assert proposal is not None
    if proposal.state is not ProposalState.PREPARED:
        raise AlreadyDecided
    is_own = proposal.prepared_by == acting.user_id
    if is_own and to is ProposalState.APPROVED:
        raise SamePerson
    proposal.state, proposal.decided_at = to, at
    proposal.decided_by = None if is_own else acting.user_id
    journal.record(session, f"bid:{to.value}", proposal, at=at, **by(acting))
    return proposal
