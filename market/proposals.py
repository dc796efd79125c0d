"""Prepared maxima: one person of a firm names a maximum, another one lets it become a bid."""

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
    """Who prepared a maximum cannot approve it."""

    message = N_("You prepared this maximum; another person of your organisation approves it.")


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
        APPROVAL_WANTED,
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

    Where the bid is refused the proposal stays prepared.
    """
    acting = demand(acting, "bid:approve")
    found = _proposal(session, acting, proposal_id)
    auction = db.lock(session, Auction, found.auction_id)
    assert auction is not None
    proposal = _decide(session, acting, proposal_id, ProposalState.APPROVED, clock())
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
    """The second person, or who prepared it, gives a prepared maximum up."""
    acting = demand(acting, "bid:prepare")
    found = _proposal(session, acting, proposal_id)
    if found.prepared_by != acting.user_id:
        demand(acting, "bid:approve")
    return _decide(session, acting, proposal_id, ProposalState.REJECTED, at)


def waiting(session: orm.Session, organisation_id: int) -> list[tuple[BidProposal, Auction]]:
    """The prepared maxima of an organisation on sales that are not over, the oldest first."""
    rows = session.execute(
        sa.select(BidProposal, Auction)
        .join(Auction, Auction.id == BidProposal.auction_id)
        .where(
            BidProposal.bidder_id == organisation_id,
            BidProposal.state == ProposalState.PREPARED,
            Auction.state == AuctionState.SCHEDULED,
        )
        .order_by(BidProposal.id)
    )
    return [(proposal, auction) for proposal, auction in rows]


def _proposal(session: orm.Session, acting: Acting, proposal_id: int) -> BidProposal:
    proposal = session.get(BidProposal, proposal_id)
    if proposal is None or proposal.bidder_id != acting.organisation_id:
        raise NotFound
    return proposal


def _decide(
    session: orm.Session, acting: Acting, proposal_id: int, to: ProposalState, at: datetime
) -> BidProposal:
    proposal = db.lock(session, BidProposal, proposal_id)
    assert proposal is not None
    if proposal.state is not ProposalState.PREPARED:
        raise AlreadyDecided
    if proposal.prepared_by == acting.user_id and to is ProposalState.APPROVED:
        raise SamePerson
    own = proposal.prepared_by == acting.user_id
    proposal.state, proposal.decided_at = to, at
    proposal.decided_by = None if own else acting.user_id
    journal.record(session, f"bid:{to.value}", proposal, at=at, **by(acting))
    return proposal
