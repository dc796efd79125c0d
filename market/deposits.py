"""Deposits on a sale: required, held, then released, applied or forfeited, each once."""

from __future__ import annotations

import enum
import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.money import Money
from listings.parties import Acting, Organisation, demand
from market import auctions, eligibility, ledger, notices
from market.auctions import Auction
from market.ledger import AccountKind
from market.rules import deposits as rule
from market.rules.deposits import DepositStatus

# Read aloud on the telephone and typed into bank forms: no 0 O 1 I L.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 8

HELD = N_("The deposit of %(amount)s for “%(lot)s” has arrived. You can bid now.")
RELEASED = N_("The deposit of %(amount)s for “%(lot)s” is released and goes back to your account.")
APPROVAL_WANTED = N_("A deposit of %(amount)s for “%(lot)s” waits for approval by a second person.")


class DepositState(enum.StrEnum):
    """required -> held -> released | applied | forfeited."""

    REQUIRED = "required"
    HELD = "held"
    RELEASED = "released"
    APPLIED = "applied"
    FORFEITED = "forfeited"


class Deposit(db.Base):
    """What one bidder puts down for one sale. ``reference`` is what the transfer must name."""

    __tablename__ = "deposit"
    __table_args__ = (
        sa.UniqueConstraint("auction_id", "bidder_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount"),
        sa.CheckConstraint("(state = 'required') = (held_at IS NULL)", name="held"),
        sa.CheckConstraint("(state IN ('required', 'held')) = (ended_at IS NULL)", name="ended"),
    )

    id: Mapped[int] = db.key()
    auction_id: Mapped[int] = db.refers("auction.id")
    bidder_id: Mapped[int] = db.refers("organisation.id")
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    reference: Mapped[str] = mapped_column(unique=True)
    state: Mapped[DepositState] = db.choice(DepositState, default=DepositState.REQUIRED)
    requested_by: Mapped[int] = db.refers("person.id")
    approved_by: Mapped[int | None] = db.refers("person.id", default=None)
    requested_at: Mapped[datetime]
    held_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class NoDepositDue(Refused):
    """The sale asks for none."""

    message = N_("No deposit is due for this sale; you can bid.")


class DepositMissing(Refused):
    """No deposit is held for this bidder."""

    message = N_("A deposit of %(amount)s has to be held before you can bid.")


class SamePerson(Forbidden):
    """Who asked cannot approve."""

    message = N_("A second person of your organisation has to approve this.")


class DepositNotApproved(Conflict):
    """Money arrived for a deposit that the firm's second person has not approved."""

    message = N_("Deposit %(reference)s waits for the approval of a second person of the bidder.")


def request(session: orm.Session, acting: Acting, auction_id: int, *, at: datetime) -> Deposit:
    """The deposit that the acting organisation owes for a sale, asked for once.

    Refuses where none is due, where the sale is over, and organisations that may not bid. In a
    firm with four eyes a second person approves it before money for it is taken.
    """
    acting = demand(acting, "bid:prepare")
    auction = session.get(Auction, auction_id)
    if auction is None:
        raise NotFound
    found = of(session, auction_id, acting.organisation_id)
    if found is not None:
        return found
    if not auction.deposit_minor:
        raise NoDepositDue
    if auction.state is not auctions.AuctionState.SCHEDULED or at >= auction.closes_at:
        raise auctions.SaleOver
    bidder = eligibility.demand(session, auction, acting.organisation_id)
    deposit = Deposit(
        auction_id=auction.id,
        bidder_id=bidder.id,
        amount_minor=auction.deposit_minor,
        currency=auction.currency,
        reference="BZ" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
        requested_by=acting.user_id,
        requested_at=at,
    )
    session.add(deposit)
    journal.record(
        session,
        "deposit:requested",
        deposit,
        at=at,
        user_id=acting.user_id,
        organisation_id=bidder.id,
        auction_id=auction.id,
        amount_minor=deposit.amount_minor,
    )
    if bidder.has_four_eyes:
        _tell(session, deposit, APPROVAL_WANTED, at, act="bid:approve")
    return deposit


def approve(session: orm.Session, acting: Acting, deposit_id: int, *, at: datetime) -> Deposit:
    """The second person of a firm with four eyes agrees to put the deposit down."""
    acting = demand(acting, "bid:approve")
    deposit = _locked(session, deposit_id)
    if deposit.bidder_id != acting.organisation_id:
        raise NotFound
    if deposit.requested_by == acting.user_id:
        raise SamePerson
    if deposit.approved_by is None:
        deposit.approved_by = acting.user_id
        journal.record(
            session,
            "deposit:approved",
            deposit,
            at=at,
            user_id=acting.user_id,
            organisation_id=acting.organisation_id,
        )
    return deposit


def hold(session: orm.Session, deposit_id: int, *, at: datetime) -> Deposit:
    """The money lies on the client account: required -> held.

    The sale is locked too, so that money that arrives while it closes is released with the rest.
    """
    asked = session.get(Deposit, deposit_id)
    auction = db.lock(session, Auction, asked.auction_id) if asked else None
    if auction is None:
        raise NotFound
    deposit = _locked(session, deposit_id)
    demand_approved(session, deposit)
    _move(session, deposit, DepositState.HELD, at)
    if auction.state is not auctions.AuctionState.SCHEDULED or at >= auction.closes_at:
        # It came too late to back a bid: it goes back at once.
        _move(session, deposit, DepositState.RELEASED, at)
        _tell(session, deposit, RELEASED, at)
    else:
        _tell(session, deposit, HELD, at, act="bid:prepare")
    return deposit


def demand_approved(session: orm.Session, deposit: Deposit) -> None:
    """Refuses a deposit of a firm with four eyes before its second person approved it."""
    bidder = session.get_one(Organisation, deposit.bidder_id)
    if bidder.has_four_eyes and deposit.approved_by is None:
        raise DepositNotApproved(reference=deposit.reference)


def release(session: orm.Session, deposit_id: int, *, at: datetime) -> Deposit:
    """The bidder did not buy: held -> released; the bank sends it back to where it came from."""
    deposit = _move(session, _locked(session, deposit_id), DepositState.RELEASED, at)
    _tell(session, deposit, RELEASED, at)
    return deposit


def apply(session: orm.Session, deposit_id: int, *, at: datetime) -> Deposit:
    """The bidder bought: held -> applied; the amount is now the buyer's money for the price."""
    return _move(session, _locked(session, deposit_id), DepositState.APPLIED, at)


def forfeit(session: orm.Session, deposit_id: int, *, at: datetime) -> Deposit:
    """The buyer did not pay: held -> forfeited."""
    return _move(session, _locked(session, deposit_id), DepositState.FORFEITED, at)


def release_all(
    session: orm.Session, auction: Auction, *, at: datetime, winner_id: int | None = None
) -> list[Deposit]:
    """Release what the losers of a sale put down; called under the lock of the sale."""
    losers = session.scalars(
        sa.select(Deposit.id)
        .where(
            Deposit.auction_id == auction.id,
            Deposit.state == DepositState.HELD,
            Deposit.bidder_id.is_distinct_from(winner_id),
        )
        .order_by(Deposit.bidder_id)
    ).all()
    return [release(session, ident, at=at) for ident in losers]


def of(session: orm.Session, auction_id: int, bidder_id: int) -> Deposit | None:
    """What a bidder put down, or was asked to put down, for a sale."""
    return session.scalar(
        sa.select(Deposit).where(Deposit.auction_id == auction_id, Deposit.bidder_id == bidder_id)
    )


def demand_held(session: orm.Session, auction: Auction, bidder_id: int) -> None:
    """Refuses a bidder without a held deposit where the sale asks for one."""
    if not auction.deposit_minor:
        return
    found = of(session, auction.id, bidder_id)
    if found is None or found.state is not DepositState.HELD:
        amount = Money(auction.deposit_minor, auction.currency)
        raise DepositMissing(amount=str(amount))


def _locked(session: orm.Session, deposit_id: int) -> Deposit:
    deposit = db.lock(session, Deposit, deposit_id)
    if deposit is None:
        raise NotFound
    return deposit


def _move(session: orm.Session, deposit: Deposit, to: DepositState, at: datetime) -> Deposit:
    """One step of a locked deposit with the entry that books it; refuses any step but the next."""
    rule.move(DepositStatus(deposit.state.value), DepositStatus(to.value))
    accounts = {
        DepositState.HELD: (AccountKind.CLIENT_BANK, AccountKind.CLIENT_DEPOSIT),
        DepositState.RELEASED: (AccountKind.CLIENT_DEPOSIT, AccountKind.CLIENT_FUNDS),
        DepositState.APPLIED: (AccountKind.CLIENT_DEPOSIT, AccountKind.CLIENT_FUNDS),
        DepositState.FORFEITED: (AccountKind.CLIENT_DEPOSIT, AccountKind.FORFEITED_DEPOSIT),
    }
    debit, credit = (
        ledger.account(
            session,
            kind,
            deposit.bidder_id if kind in ledger.CLIENT_KINDS else None,
            deposit.currency,
        )
        for kind in accounts[to]
    )
    deposit.state = to
    if to is DepositState.HELD:
        deposit.held_at = at
    else:
        deposit.ended_at = at
    ledger.post(
        session,
        f"deposit:{deposit.id}:{to.value}",
        [(debit, deposit.amount_minor), (credit, -deposit.amount_minor)],
        at=at,
    )
    journal.record(
        session,
        f"deposit:{to.value}",
        deposit,
        at=at,
        organisation_id=deposit.bidder_id,
        auction_id=deposit.auction_id,
        amount_minor=deposit.amount_minor,
    )
    return deposit


def _tell(
    session: orm.Session, deposit: Deposit, sentence: str, at: datetime, act: str | None = None
) -> None:
    lot = session.get_one(Auction, deposit.auction_id).lot
    notices.tell(
        session,
        deposit.bidder_id,
        sentence,
        at=at,
        link=f"/lots/{lot.id}",
        act=act,
        lot=lot.title,
        amount=str(Money(deposit.amount_minor, deposit.currency)),
    )
