"""Claims of lots at a fixed price: the first claim buys, in one act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db
from listings.errors import N_, Conflict, DomainError, NotFound
from listings.money import Money
from listings.parties import Acting, Organisation, demand
from market import auctions, bids
from market.auctions import Auction, AuctionState, Format
from market.awarded import Award
from market.bids import Bid


class AlreadyClaimed(Conflict):
    """Somebody was quicker."""

    message = N_("This lot has been claimed already; it is no longer for sale.")


class NotAtFixedPrice(Conflict):
    """The price of this sale is found by bids."""

    message = N_("This lot has no fixed price. Open the lot and bid on it there.")


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
    the same organisation again gives the same award.
    """
    acting = demand(acting, "bid:place")
    _demand_one_person(session, acting)
    auction = db.lock(session, Auction, auction_id)
    if auction is None:
        raise NotFound
    made = _made_before(session, auction, acting, form_key)
    if made is not None:
        return made
    _demand_unclaimed(auction)
    placed = bids.write(session, acting, auction_id, price(auction), clock=clock, form_key=form_key)
    at = placed.bid.placed_at
    award = auctions.conclude(session, auction, at=at, ended_at=at)
    assert award is not None  # a claim is at the price, and there is no other minimum
    return award


def check(session: orm.Session, acting: Acting, auction: Auction, *, at: datetime) -> None:
    """Refuses what `claim` would refuse at ``at``, without a lock: for the page before it."""
    demand(acting, "bid:place")
    _demand_one_person(session, acting)
    _demand_unclaimed(auction)
    if auction.state is not AuctionState.SCHEDULED or at >= auction.closes_at:
        raise auctions.SaleOver
    if at < auction.opens_at:
        raise bids.SaleNotOpen
    bids.demand_bidder(session, auction, acting)
    bids.demand_currency(auction, price(auction))


def lacks(session: orm.Session, auction: Auction, acting: Acting) -> list[DomainError]:
    """What still keeps the acting organisation or person from claiming; time is not looked at."""
    found = bids.lacks(session, auction, acting)
    checks: list[Callable[[], object]] = [
        lambda: _demand_one_person(session, acting),
        lambda: demand(acting, "bid:place"),
    ]
    for one in checks:
        try:
            one()
        except DomainError as error:
            if type(error) not in {type(other) for other in found}:
                found.append(error)
    return found


def price(auction: Auction) -> Money:
    """What a claim costs for one unit of the price basis."""
    return Money(auction.start_minor, auction.currency)


def _demand_one_person(session: orm.Session, acting: Acting) -> None:
    if session.get_one(Organisation, acting.organisation_id).has_four_eyes:
        raise bids.SecondPersonNeeded


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
