"""Bids on a sale: locked, checked against the pure rule, written once."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, DomainError, NotFound, Refused
from listings.money import CurrencyMismatch, Money
from listings.parties import Acting, Organisation, by, demand
from market import auctions, deposits, disclosures, eligibility, notices
from market.auctions import Auction, AuctionState, Format, SaleOver
from market.rules import english
from market.rules.proxy import Reason

# A hundred billion: sums of it still fit the columns of the ledger.
MOST_MINOR = 10**13

OUTBID = N_("You are no longer leading “%(lot)s”; the price is now %(price)s.")


class Bid(db.Base):
    """An accepted maximum and what it did. Append-only; ``number`` counts within its sale."""

    __tablename__ = "bid"
    __table_args__ = (
        sa.UniqueConstraint("auction_id", "number"),
        # The award refers to the pair, so that the winning bid belongs to this sale.
        sa.UniqueConstraint("id", "auction_id"),
        sa.UniqueConstraint("auction_id", "form_key"),
    )

    id: Mapped[int] = db.key()
    auction_id: Mapped[int] = db.refers("auction.id")
    number: Mapped[int] = mapped_column(sa.Integer)
    bidder_id: Mapped[int] = db.refers("organisation.id")
    user_id: Mapped[int] = db.refers("person.id")
    approved_by: Mapped[int | None] = db.refers("person.id", default=None)
    maximum_minor: Mapped[int]
    placed_at: Mapped[datetime]
    price_minor: Mapped[int]
    leader_id: Mapped[int] = db.refers("organisation.id")
    ends_at: Mapped[datetime]
    # The key of the form that was sent, so that a double click is one bid.
    form_key: Mapped[str]


class ProposalState(enum.StrEnum):
    """What became of a prepared maximum."""

    PREPARED = "prepared"
    APPROVED = "approved"
    REJECTED = "rejected"


class BidProposal(db.Base):
    """A maximum prepared by one person that another one of the same firm approves."""

    __tablename__ = "bid_proposal"
    __table_args__ = (sa.CheckConstraint("decided_by <> prepared_by", name="four_eyes"),)

    id: Mapped[int] = db.key()
    auction_id: Mapped[int] = db.refers("auction.id")
    bidder_id: Mapped[int] = db.refers("organisation.id")
    maximum_minor: Mapped[int]
    prepared_by: Mapped[int] = db.refers("person.id")
    prepared_at: Mapped[datetime]
    state: Mapped[ProposalState] = db.choice(ProposalState, default=ProposalState.PREPARED)
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class BidTooLow(Refused):
    """Below the start price, or below the displayed price plus its increment."""

    message = N_("Your maximum must be at least %(minimum)s.")


class NotAboveOwnMaximum(Refused):
    """The leader named no more than it had named before."""

    message = N_("You lead with a maximum of %(maximum)s; a new one must be higher.")


class MaximumTooHigh(Refused):
    """The whole lot would cost more than any account here can hold."""

    message = N_("At this maximum the lot would cost %(total)s; at most %(most)s are taken.")


class SaleNotOpen(Conflict):
    """Bids are not taken yet."""

    message = N_("This sale has not opened yet.")


class PriceIsFixed(Conflict):
    """The lot is bought by claiming it, not by bids."""

    message = N_("This lot has a fixed price and takes no bids. Open the lot and claim it there.")


class SecondPersonNeeded(Refused):
    """The firm asks for four eyes on bids."""

    message = N_("In your organisation one person prepares a maximum and another approves it.")


class FormAlreadySent(Conflict):
    """The form that was sent had been used for another maximum or by another firm."""

    message = N_("This form was used before. Open the lot again and name your maximum there.")


@dataclass(frozen=True, slots=True)
class Placed:
    """What a bid did. ``is_new`` is false where the same form was sent before; amounts in minor
    units of the sale's currency; ``next_minimum`` is what a rival of the leader has to name.
    """

    bid: Bid
    is_leading: bool
    is_extended: bool
    is_new: bool
    next_minimum: int


def place(
    session: orm.Session,
    acting: Acting,
    auction_id: int,
    maximum: Money,
    *,
    clock: Callable[[], datetime],
    form_key: str,
) -> Placed:
    """Bid up to ``maximum`` per unit of the price basis, for the acting organisation.

    The sale is locked, read anew, and the clock read once after that. Refuses what the rules on
    bidders, deposits and the format refuse; a refused bid moves nothing. The same ``form_key``
    again gives the same bid. A firm with four eyes goes through ``prepare`` and ``approve``.
    """
    acting = demand(acting, "bid:place")
    if session.get_one(Organisation, acting.organisation_id).has_four_eyes:
        raise SecondPersonNeeded
    demand_bids_taken(session, auction_id)
    return write(session, acting, auction_id, maximum, clock=clock, form_key=form_key)


def demand_bids_taken(session: orm.Session, auction_id: int) -> None:
    """Refuses a sale at a fixed price; the format of a sale never changes."""
    auction = session.get(Auction, auction_id)
    if auction is not None and auction.format is Format.FIXED_PRICE:
        raise PriceIsFixed


def lacks(session: orm.Session, auction: Auction, acting: Acting) -> list[DomainError]:
    """What still keeps the acting organisation or person from bidding, as the refusals it would
    meet; empty where nothing does. Time is not looked at.
    """
    found: list[DomainError] = []
    checks: list[Callable[[], object]] = [
        lambda: eligibility.demand(session, auction, acting.organisation_id),
        lambda: deposits.demand_held(session, auction, acting.organisation_id),
        lambda: demand(acting, "bid:prepare"),
    ]
    for check in checks:
        try:
            check()
        except DomainError as error:
            found.append(error)
    return found


def history(session: orm.Session, auction_id: int) -> list[Bid]:
    """The bids that moved price or leader, oldest first: a leader's own raise shows nowhere."""
    rows = session.scalars(sa.select(Bid).where(Bid.auction_id == auction_id).order_by(Bid.number))
    seen: list[Bid] = []
    for bid in rows:
        before = (seen[-1].leader_id, seen[-1].price_minor) if seen else None
        if (bid.leader_id, bid.price_minor) != before:
            seen.append(bid)
    return seen


def of(session: orm.Session, organisation_id: int) -> list[tuple[Auction, Bid]]:
    """The sales that an organisation bid on, each with its highest own bid, newest bid first."""
    newest = (
        sa.select(sa.func.max(Bid.id).label("bid_id"))
        .where(Bid.bidder_id == organisation_id)
        .group_by(Bid.auction_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(Auction, Bid)
        .join(Bid, Bid.auction_id == Auction.id)
        .join(newest, newest.c.bid_id == Bid.id)
        .order_by(Bid.id.desc())
    )
    return [(auction, bid) for auction, bid in rows]


def write(
    session: orm.Session,
    acting: Acting,
    auction_id: int,
    maximum: Money,
    *,
    clock: Callable[[], datetime],
    form_key: str,
    prepared_by: int | None = None,
) -> Placed:
    """Lock, check, write: what ``place`` does once it is settled who decides for the firm."""
    auction = db.lock(session, Auction, auction_id)
    if auction is None:
        raise NotFound
    # A clock that was set back must not put a bid before one that was accepted.
    at = max(clock(), auction.last_bid_at or auction.published_at)
    sent = _sent_before(session, auction, acting, maximum, form_key)
    if sent is not None:
        return _placed(auction, sent, is_extended=False, is_new=False)
    before = auctions.standing(auction)
    outcome = _decide(session, auction, acting, maximum, at)
    bid = _bid(auction, acting, outcome, at)
    bid.maximum_minor, bid.form_key = maximum.minor, form_key
    if prepared_by is not None:
        bid.user_id, bid.approved_by = prepared_by, acting.user_id
    session.add(bid)
    session.flush()
    _move(auction, bid, outcome)
    facts = {"auction_id": auction.id, "number": bid.number, "price_minor": bid.price_minor}
    journal.record(session, "bid:placed", bid, at=at, **by(acting), **facts)
    if outcome.moved:
        _publish(session, auction, before, at)
        _disclose(session, auction, bid)
    return _placed(auction, bid, is_extended=outcome.extended, is_new=True)


def _decide(
    session: orm.Session, auction: Auction, acting: Acting, maximum: Money, at: datetime
) -> english.Outcome:
    """The outcome of an acceptable bid on the locked sale; anything else is refused."""
    if auction.state is not AuctionState.SCHEDULED:
        raise SaleOver
    terms, before = auctions.rule(auction), auctions.standing(auction)
    reason = english.untimely(terms, before, at)
    if reason is not None:
        raise SaleNotOpen if reason is Reason.NOT_OPEN else SaleOver
    demand_bidder(session, auction, acting)
    demand_currency(auction, maximum)
    bid = english.Bid(acting.organisation_id, maximum.minor)
    outcome = english.apply(terms, before, bid, at)
    if not outcome.accepted:
        raise _refusal(auction, outcome)
    return outcome


def _bid(auction: Auction, acting: Acting, outcome: english.Outcome, at: datetime) -> Bid:
    lead = outcome.state.lead
    assert isinstance(lead.leader, int)
    assert lead.price is not None
    return Bid(
        auction_id=auction.id,
        number=auction.bid_count + 1,
        bidder_id=acting.organisation_id,
        user_id=acting.user_id,
        maximum_minor=0,
        placed_at=at,
        price_minor=lead.price,
        leader_id=lead.leader,
        ends_at=outcome.state.ends_at,
        form_key="",
    )


def _sent_before(
    session: orm.Session, auction: Auction, acting: Acting, maximum: Money, form_key: str
) -> Bid | None:
    found = session.scalar(
        sa.select(Bid).where(Bid.auction_id == auction.id, Bid.form_key == form_key)
    )
    if found is None:
        return None
    same = (found.bidder_id, found.maximum_minor) == (acting.organisation_id, maximum.minor)
    if not same:
        raise FormAlreadySent
    return found


def demand_currency(auction: Auction, maximum: Money) -> None:
    """Refuses a maximum in another currency than the sale's, or beyond what can be settled."""
    if maximum.currency != auction.currency:
        raise CurrencyMismatch(field="maximum", left=auction.currency, right=maximum.currency)
    total = auctions.total(auction, maximum.minor)
    if total.minor > MOST_MINOR:
        most = Money(MOST_MINOR, auction.currency)
        raise MaximumTooHigh(field="maximum", total=str(total), most=str(most))


def demand_bidder(session: orm.Session, auction: Auction, acting: Acting) -> None:
    """Refuses an organisation that may not bid on this sale, or without the deposit due."""
    eligibility.demand(session, auction, acting.organisation_id)
    deposits.demand_held(session, auction, acting.organisation_id)


def _refusal(auction: Auction, outcome: english.Outcome) -> DomainError:
    if outcome.reason is Reason.NOT_ABOVE_OWN_MAXIMUM:
        own = Money(auction.leader_maximum_minor or 0, auction.currency)
        return NotAboveOwnMaximum(field="maximum", maximum=str(own))
    least = Money(outcome.next_minimum, auction.currency)
    return BidTooLow(field="maximum", minimum=str(least))


def _move(auction: Auction, bid: Bid, outcome: english.Outcome) -> None:
    lead = outcome.state.lead
    if bid.leader_id == bid.bidder_id:
        auction.leading_bid_id = bid.id
    auction.leader_id, auction.price_minor = bid.leader_id, bid.price_minor
    auction.leader_maximum_minor = lead.maximum
    auction.closes_at = outcome.state.ends_at
    auction.bid_count, auction.last_bid_at = bid.number, bid.placed_at
    auction.version += 1 if outcome.moved else 0


def _publish(session: orm.Session, auction: Auction, before: english.State, at: datetime) -> None:
    """Watchers hear that something changed, the former leader that it no longer leads."""
    notices.changed(session, auctions.topic(auction), at=at, version=auction.version)
    former = before.lead.leader
    if not isinstance(former, int) or former == auction.leader_id:
        return
    notices.tell(
        session,
        former,
        OUTBID,
        at=at,
        link=f"/lots/{auction.lot_id}",
        act="bid:prepare",
        lot=auction.lot.title,
        price=str(Money(auction.price_minor or 0, auction.currency)),
    )


def _disclose(session: orm.Session, auction: Auction, bid: Bid) -> None:
    """The price is evidence for valuers; a claim at a fixed price is a sale, and told as one."""
    if auction.format is not Format.FIXED_PRICE:
        disclosures.bid(session, auction, bid.id, at=bid.placed_at)


def _placed(auction: Auction, bid: Bid, *, is_extended: bool, is_new: bool) -> Placed:
    return Placed(
        bid=bid,
        is_leading=auction.leader_id == bid.bidder_id,
        is_extended=is_extended,
        is_new=is_new,
        next_minimum=auctions.next_minimum(auction),
    )
