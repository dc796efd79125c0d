"""Sales of lots: their terms, their state, their end."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal, lots
from listings.errors import N_, Conflict, NotFound, Refused
from listings.lots import Lot, LotState
from listings.money import Money
from listings.parties import Acting, by, demand, demand_approved
from market import availability, notices
from market.rules import english, proxy, softclose
from market.rules.increments import Table
from market.terms import Delivery as Delivery  # noqa: PLC0414 - a word of sales too
from market.terms import Format as Format  # noqa: PLC0414 - a word of sales too
from market.terms import PaymentTerm as PaymentTerm  # noqa: PLC0414 - a word of sales too
from market.terms import PriceBasis as PriceBasis  # noqa: PLC0414 - a word of sales too
from market.terms import Terms as Terms  # noqa: PLC0414 - a word of sales too

if TYPE_CHECKING:
    from market.awards import Award

PASSED = N_("Lot “%(lot)s” passed: no bid reached the minimum. You can put it on sale again.")
RESCHEDULED = N_(
    "Bids could not be taken near the end of “%(lot)s”. It now closes at %(closes_at)s, China time."
)


class AuctionState(enum.StrEnum):
    """scheduled -> open (by the clock) -> awarded | passed; withdrawn before a bid stands."""

    SCHEDULED = "scheduled"
    AWARDED = "awarded"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


class Auction(db.Base):
    """One sale of one lot: terms, and the state that bidding moves under this row's lock.

    Prices are minor units of ``currency`` per unit of ``price_basis``. ``floor_minor`` is public,
    ``reserve_minor`` hidden; ``closes_at`` is the one effective end that everybody reads.
    """

    __tablename__ = "auction"
    __table_args__ = (
        sa.CheckConstraint("closes_at > opens_at", name="period"),
        sa.CheckConstraint("hard_end IS NULL OR closes_at <= hard_end", name="hard_end"),
        sa.CheckConstraint("floor_minor IS NULL OR reserve_minor IS NULL", name="one_minimum"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint(
            "format <> 'fixed_price' OR "
            "(floor_minor IS NULL AND reserve_minor IS NULL AND bid_count <= 1)",
            name="fixed_price",
        ),
        sa.CheckConstraint("(leader_id IS NULL) = (price_minor IS NULL)", name="led"),
        sa.CheckConstraint("price_minor <= leader_maximum_minor", name="price"),
        sa.Index(
            "uq_auction_standing",
            "lot_id",
            unique=True,
            postgresql_where=sa.text("state IN ('scheduled', 'awarded')"),
        ),
        sa.Index("ix_auction_state_closes_at", "state", "closes_at"),
    )

    id: Mapped[int] = db.key()
    lot_id: Mapped[int] = db.refers("lot.id")
    seller_id: Mapped[int] = db.refers("organisation.id")
    format: Mapped[Format] = db.choice(Format, default=Format.ENGLISH)
    price_basis: Mapped[PriceBasis] = db.choice(PriceBasis)
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    is_quantity_provisional: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str] = mapped_column(default="CNY")
    is_tax_included: Mapped[bool] = mapped_column(default=True)
    tax_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4), default=Decimal("0.13"))
    payment_term: Mapped[PaymentTerm] = db.choice(PaymentTerm)
    payment_days: Mapped[int] = mapped_column(sa.Integer, default=5)
    delivery: Mapped[Delivery] = db.choice(Delivery, default=Delivery.COLLECTED)
    pickup_until: Mapped[date | None] = mapped_column(default=None)
    start_minor: Mapped[int]
    floor_minor: Mapped[int | None] = mapped_column(default=None)
    reserve_minor: Mapped[int | None] = mapped_column(default=None)
    is_negative_allowed: Mapped[bool] = mapped_column(default=False)
    # [[from, step], ...] in minor units, ascending, inclusive from the lower bound.
    increments: Mapped[list[list[int]]] = mapped_column(sa.JSON)
    deposit_minor: Mapped[int] = mapped_column(default=0)
    viewing: Mapped[str] = mapped_column(default="")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    original_closes_at: Mapped[datetime]
    hard_end: Mapped[datetime | None] = mapped_column(default=None)
    window_s: Mapped[int] = mapped_column(sa.Integer, default=300)
    extension_s: Mapped[int] = mapped_column(sa.Integer, default=300)
    state: Mapped[AuctionState] = db.choice(AuctionState, default=AuctionState.SCHEDULED)
    leader_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    leader_maximum_minor: Mapped[int | None] = mapped_column(default=None)
    leading_bid_id: Mapped[int | None] = mapped_column(default=None)
    price_minor: Mapped[int | None] = mapped_column(default=None)
    bid_count: Mapped[int] = mapped_column(sa.Integer, default=0)
    last_bid_at: Mapped[datetime | None] = mapped_column(default=None)
    # Counts every change that a watcher should see.
    version: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(default=None)

    lot: Mapped[Lot] = orm.relationship(init=False)


class QuantityWrong(Refused):
    """The quantity does not fit the price basis."""

    message = N_("For this price basis the quantity is %(expected)s unless it is provisional.")


class LotNotOnOffer(Conflict):
    """The lot is on sale already, sold or withdrawn."""

    message = N_("Lot %(lot)s is already on sale, sold or withdrawn; it cannot be published.")


class BidsStand(Conflict):
    """Somebody bid already."""

    message = N_("Bids stand on this sale (%(count)s); it can no longer be withdrawn.")


class SaleOver(Conflict):
    """The sale is closed or withdrawn."""

    message = N_("This sale is over.")


def rule(auction: Auction) -> english.Terms:
    """The terms as the pure rule of English auctions reads them (floor and reserve are one).

    A fixed price is a start that the first claim names; a claim never moves the end.
    """
    is_fixed = auction.format is Format.FIXED_PRICE
    minimum = auction.floor_minor if auction.floor_minor is not None else auction.reserve_minor
    price = proxy.Terms(
        start=auction.start_minor,
        increments=Table(tuple((low, step) for low, step in auction.increments)),
        reserve=minimum,
        allow_negative=auction.is_negative_allowed,
    )
    return english.Terms(
        price=price,
        opens_at=auction.opens_at,
        closes_at=auction.original_closes_at,
        window=timedelta(seconds=0 if is_fixed else auction.window_s),
        extension=timedelta(seconds=auction.extension_s),
        hard_end=auction.hard_end,
    )


def standing(auction: Auction) -> english.State:
    """Leader, price and effective end as the pure rule reads them."""
    lead = proxy.State(auction.leader_id, auction.leader_maximum_minor, auction.price_minor)
    return english.State(lead, auction.closes_at, auction.last_bid_at)


def is_open(auction: Auction, at: datetime) -> bool:
    """Whether bids are taken at ``at``."""
    return auction.state is AuctionState.SCHEDULED and auction.opens_at <= at < auction.closes_at


def is_minimum_met(auction: Auction) -> bool:
    """Whether the displayed price reaches the floor or reserve (true where there is none)."""
    return proxy.is_reserve_met(standing(auction).lead, rule(auction).price)


def next_minimum(auction: Auction) -> int:
    """The least that a rival of the leader may name, in minor units."""
    return proxy.next_minimum(standing(auction).lead, rule(auction).price)


def total(auction: Auction, unit_minor: int) -> Money:
    """A price per unit times the quantity, which may be provisional."""
    return Money(unit_minor, auction.currency).times(auction.quantity)


def estimate(lot: Lot, basis: PriceBasis) -> Decimal:
    """What the packs of a lot sum up to: nameplate kWh, tonnes (weighed or of the type), packs."""
    if basis is PriceBasis.LUMP_SUM:
        return Decimal(1)
    if basis is PriceBasis.PER_PACK:
        return Decimal(len(lot.packs))
    if basis is PriceBasis.PER_KWH:
        found = sum((pack.type.rated_energy_kwh for pack in lot.packs), Decimal(0))
    else:
        kg = sum((pack.mass_kg or pack.type.mass_kg for pack in lot.packs), Decimal(0))
        found = kg / 1000
    return found.quantize(Decimal("0.0001"))


def publish(
    session: orm.Session, acting: Acting, lot_id: int, terms: Terms, *, at: datetime
) -> Auction:
    """Open the sale of a draft, or of a lot that passed before, under these terms.

    Its packs now stand in no other open sale. After this only ``withdraw`` changes it, and only
    while nobody bid. Refuses what ``Terms.check`` and ``lots.offer`` refuse.
    """
    from market import disclosures

    acting = demand(acting, "lot:publish")
    lot = lots.own(session, acting, lot_id)
    if lot.state not in {LotState.DRAFT, LotState.PASSED}:
        raise LotNotOnOffer(lot=lot.id)
    demand_approved(session, lot.seller_id)
    terms.check(at)
    expected = estimate(lot, terms.price_basis)
    quantity = terms.quantity if terms.quantity is not None else expected
    if not terms.is_quantity_provisional and quantity != expected:
        raise QuantityWrong(field="quantity", expected=expected)
    lots.offer(session, lot, at=at)
    fixed = {"quantity": quantity, "opens_at": max(terms.opens_at, at)}
    values = dataclasses.asdict(terms) | fixed
    auction = Auction(
        lot_id=lot.id,
        seller_id=lot.seller_id,
        original_closes_at=terms.closes_at,
        published_at=at,
        **values,
    )
    session.add(auction)
    journal.record(session, "auction:published", auction, at=at, **by(acting), lot_id=lot.id)
    disclosures.offer(session, auction, at=at)
    return auction


def withdraw(session: orm.Session, acting: Acting, auction_id: int, *, at: datetime) -> Auction:
    """Take a lot out of the catalogue while no bid stands; deposits held go back."""
    from market import deposits

    acting = demand(acting, "lot:publish")
    auction = db.lock(session, Auction, auction_id)
    if auction is None or auction.seller_id != acting.organisation_id:
        raise NotFound
    if auction.state is not AuctionState.SCHEDULED:
        raise SaleOver
    if auction.bid_count:
        raise BidsStand(count=auction.bid_count)
    lot = lots.own(session, acting, auction.lot_id)
    lots.finish(session, lot, LotState.WITHDRAWN)
    _end(auction, AuctionState.WITHDRAWN, at)
    journal.record(session, "auction:withdrawn", auction, at=at, **by(acting), lot_id=lot.id)
    notices.changed(session, topic(auction), at=at, version=auction.version)
    deposits.release_all(session, auction, at=at)
    return auction


def topic(auction: Auction) -> str:
    """What watchers of a sale listen to."""
    return f"auction:{auction.id}"


def latest(session: orm.Session, lot_id: int) -> Auction | None:
    """The newest sale of a lot, or None while it is a draft."""
    return session.scalar(
        sa.select(Auction).where(Auction.lot_id == lot_id).order_by(Auction.id.desc()).limit(1)
    )


def due(session: orm.Session, at: datetime) -> list[int]:
    """Sales whose end has come, the earliest first."""
    return list(
        session.scalars(
            sa.select(Auction.id)
            .where(Auction.state == AuctionState.SCHEDULED, Auction.closes_at <= at)
            .order_by(Auction.closes_at, Auction.id)
        )
    )


def close(
    session: orm.Session,
    auction_id: int,
    *,
    clock: Callable[[], datetime],
    is_watched: bool = False,
) -> Award | None:
    """End a sale whose time has come, once: an award to the leader, or the lot passes.

    Under the lock that bids take, with the clock read after it, so that an extension and a
    closing cannot cross; a late caller closes as of the end. Before the end, and after the first
    time, nothing happens; the standing award is returned. ``is_watched`` (the worker) looks at the
    heartbeats: where bids could not be taken near the end, the sale is rescheduled instead.
    """
    from market.awarded import Award

    auction = db.lock(session, Auction, auction_id)
    if auction is None:
        raise NotFound
    at = clock()
    if auction.state is not AuctionState.SCHEDULED:
        return session.scalar(
            sa.select(Award).where(Award.auction_id == auction.id, Award.annulled_at.is_(None))
        )
    if at < auction.closes_at or (is_watched and _reschedule(session, auction, at)):
        return None
    return conclude(session, auction, at=at, ended_at=auction.closes_at)


def conclude(
    session: orm.Session, auction: Auction, *, at: datetime, ended_at: datetime
) -> Award | None:
    """Award the lot of a locked sale to its leader, or let it pass; the losers' deposits go back.

    For `close`, and for a claim at a fixed price, which ends the sale in its own act.
    """
    from market import awards, deposits
    from market.bids import Bid

    lot = db.lock(session, Lot, auction.lot_id)
    assert lot is not None
    result = english.result(rule(auction), standing(auction))
    lots.finish(session, lot, LotState.AWARDED if result.sold else LotState.PASSED)
    _end(auction, AuctionState.AWARDED if result.sold else AuctionState.PASSED, ended_at)
    journal.record(
        session, "auction:closed", auction, at=at, lot_id=lot.id, price_minor=auction.price_minor
    )
    award = None
    if result.sold:
        award = awards.make(session, auction, session.get_one(Bid, auction.leading_bid_id), at=at)
    else:
        notices.tell(
            session,
            lot.seller_id,
            PASSED,
            at=at,
            link=f"/lots/{lot.id}",
            act="lot:write",
            lot=lot.title,
        )
    notices.changed(session, topic(auction), at=at, version=auction.version)
    deposits.release_all(session, auction, at=at, winner_id=award.buyer_id if award else None)
    return award


def _reschedule(session: orm.Session, auction: Auction, at: datetime) -> bool:
    """Give the bidders an extension from now where bidding failed before the end; bids stand."""
    window = timedelta(seconds=auction.window_s) or softclose.DEFAULT_WINDOW
    since = max(auction.closes_at - window, auction.opens_at)
    if not availability.was_interrupted(session, since, auction.closes_at):
        return False
    missed = auction.closes_at
    auction.closes_at = at + (timedelta(seconds=auction.extension_s) or softclose.DEFAULT_EXTENSION)
    if auction.hard_end is not None:
        auction.hard_end = max(auction.hard_end, auction.closes_at)
    auction.version += 1
    journal.record(
        session,
        "auction:rescheduled",
        auction,
        at=at,
        missed=missed.isoformat(),
        closes_at=auction.closes_at.isoformat(),
    )
    for organisation_id in _parties(session, auction):
        notices.tell(
            session,
            organisation_id,
            RESCHEDULED,
            at=at,
            link=f"/lots/{auction.lot_id}",
            lot=auction.lot.title,
            closes_at=auction.closes_at.astimezone(days.ZONE).strftime("%Y-%m-%d %H:%M:%S"),
        )
    notices.changed(session, topic(auction), at=at, version=auction.version)
    return True


def _parties(session: orm.Session, auction: Auction) -> list[int]:
    """The seller, and whoever bid or put down a deposit."""
    from market.bids import Bid
    from market.deposits import Deposit

    bidders = sa.union(
        sa.select(Bid.bidder_id).where(Bid.auction_id == auction.id),
        sa.select(Deposit.bidder_id).where(Deposit.auction_id == auction.id),
    )
    return [auction.seller_id, *session.scalars(bidders.order_by("bidder_id"))]


def _end(auction: Auction, state: AuctionState, at: datetime) -> None:
    auction.state, auction.closed_at = state, at
    auction.version += 1
