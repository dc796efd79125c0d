"""Settlements: who owes whom for an award until everything is paid, accepted and paid out."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db, journal
from listings.errors import N_, Conflict, NotFound
from listings.money import Money
from listings.parties import Kind, OrganisationKind
from market import amounts, batches, deposits, movements, notices
from market.auctions import Auction, PaymentTerm
from market.awarded import Award
from market.batches import SettlementBatch
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind
from market.settled import Settlement, SettlementState

__all__ = [
    "Settlement",
    "SettlementBatch",
    "SettlementState",
    "accept_batch",
    "agreed",
    "held_deposit",
    "is_paid",
    "locked",
    "of",
    "open",
    "pay_out",
    "receive",
    "refund",
]


class NotSettling(Conflict):
    """The buyer defaulted: nothing can be accepted under this award any more."""

    message = N_("This award was annulled; nothing is settled under it any more.")


def open(session: orm.Session, award: Award, *, at: datetime) -> Settlement:  # noqa: A001
    """Begin the settlement of an award; the winner's held deposit counts toward the price.

    A deposit that covers the price is applied at once and leaves 0 due; what exceeds it is a
    refund due. Where the seller pays (a negative price) the deposit is released.
    """
    auction = session.get_one(Auction, award.auction_id)
    due, tax = amounts.due(auction, award.hammer_minor, auction.quantity)
    settlement = Settlement(
        award_id=award.id,
        seller_id=award.seller_id,
        buyer_id=award.buyer_id,
        currency=award.currency,
        reference=f"S{award.number[1:]}",
        quantity=auction.quantity,
        due_minor=due.minor,
        tax_minor=tax.minor,
        due_at=at + timedelta(days=auction.payment_days),
        opened_at=at,
    )
    session.add(settlement)
    session.flush()
    deposit = held_deposit(session, award)
    if deposit is not None and due.minor < 0:
        deposits.release(session, deposit.id, at=at)
    elif deposit is not None:
        settlement.deposit_minor = deposit.amount_minor
    journal.record(session, "settlement:opened", settlement, at=at, due_minor=due.minor)
    _progress(session, settlement, at=at)
    return settlement


def held_deposit(session: orm.Session, award: Award) -> Deposit | None:
    """The buyer's deposit on this sale, while it is held."""
    return session.scalar(
        sa.select(Deposit).where(
            Deposit.auction_id == award.auction_id,
            Deposit.bidder_id == award.buyer_id,
            Deposit.state == DepositState.HELD,
        ),
    )


def agreed(award: Award) -> Money:
    """What the sale's own quantity comes to at the hammer price, tax included."""
    return amounts.due(award.auction, award.hammer_minor, award.auction.quantity)[0]


def of(session: orm.Session, award_id: int) -> Settlement:
    """The settlement of an award; `NotFound` without one."""
    found = session.scalar(sa.select(Settlement).where(Settlement.award_id == award_id))
    if found is None:
        raise NotFound
    return found


def locked(session: orm.Session, settlement_id: int) -> Settlement:
    """The settlement, locked for this transaction and read anew."""
    found = db.lock(session, Settlement, settlement_id)
    if found is None:
        raise NotFound
    return found


def is_paid(session: orm.Session, award_id: int) -> bool:
    """Whether everything due at present was paid; goods paid before pick-up wait for this."""
    settlement = of(session, award_id)
    return settlement.state in {SettlementState.PAID, SettlementState.COMPLETED}


def receive(
    session: orm.Session,
    settlement_id: int,
    amount: Money,
    *,
    cause: str,
    at: datetime,
    into: AccountKind = AccountKind.CLIENT_BANK,
) -> Settlement:
    """Money of the payer arrived (``cause`` names the transfer or the card payment once).

    Nothing that arrived is refused: what exceeds the price becomes a refund due.
    """
    settlement = locked(session, settlement_id)
    movements.arrive(
        session,
        f"settlement:{settlement.id}:received:{cause}",
        amount,
        into=into,
        payer_id=settlement.payer_id,
        at=at,
    )
    settlement.paid_minor += amount.minor
    journal.record(session, "settlement:received", settlement, at=at, minor=amount.minor)
    _progress(session, settlement, at=at)
    return settlement


def refund(
    session: orm.Session,
    settlement_id: int,
    amount: Money,
    *,
    cause: str,
    at: datetime,
) -> Settlement:
    """Money went back to the payer; refuses more than the refund due (`MoreThanDue`)."""
    settlement = locked(session, settlement_id)
    amounts.demand_within(amount, settlement.refund_due_minor)
    movements.leave(
        session,
        f"settlement:{settlement.id}:refunded:{cause}",
        amount,
        out_of=AccountKind.CLIENT_FUNDS,
        organisation_id=settlement.payer_id,
        at=at,
    )
    settlement.refunded_minor += amount.minor
    journal.record(session, "settlement:refunded", settlement, at=at, minor=amount.minor)
    _progress(session, settlement, at=at)
    return settlement


def pay_out(
    session: orm.Session,
    settlement_id: int,
    amount: Money,
    *,
    cause: str,
    at: datetime,
) -> Settlement:
    """Money left for the payee; refuses more than the payout due (`MoreThanDue`)."""
    settlement = locked(session, settlement_id)
    amounts.demand_within(amount, settlement.payout_due_minor)
    movements.leave(
        session,
        f"settlement:{settlement.id}:paid_out:{cause}",
        amount,
        out_of=AccountKind.SELLER_PAYABLE,
        organisation_id=settlement.payee_id,
        at=at,
    )
    settlement.paid_out_minor += amount.minor
    journal.record(session, "settlement:paid_out", settlement, at=at, minor=amount.minor)
    sentence = N_("%(amount)s for %(number)s were paid out to your account.")
    _tell(session, settlement.payee_id, sentence, settlement, at=at, amount=str(amount))
    _progress(session, settlement, at=at)
    return settlement


def accept_batch(
    session: orm.Session,
    award_id: int,
    handover_id: uuid.UUID,
    quantity: Decimal,
    *,
    at: datetime,
) -> SettlementBatch:
    """Settle what one handover accepted; the findings of its lines must have been written.

    A provisional quantity settles unit price times ``quantity``, rounded once. Otherwise the
    batch is the accepted packs' share of the price (by packs, by mass, else by nameplate kWh), so
    that all batches of a lot accepted whole sum exactly to the price. After the last batch the
    amount due is the sum of the batches: a surplus is a refund due, a shortage is due.
    Refuses a second settlement of one handover and an annulled award.
    """
    settlement = locked(session, of(session, award_id).id)
    if settlement.state is SettlementState.DEFAULTED:
        raise NotSettling
    batch, remains = batches.settle(
        session,
        settlement.id,
        settlement.award,
        handover_id,
        quantity,
        at=at,
    )
    _adapt(session, settlement, remains, at=at)
    journal.record(
        session,
        "settlement:batch",
        settlement,
        at=at,
        handover_id=str(handover_id),
        quantity=str(quantity),
        minor=batch.amount_minor,
    )
    _progress(session, settlement, at=at)
    return batch


def _adapt(
    session: orm.Session,
    settlement: Settlement,
    remains: Money,
    *,
    at: datetime,
) -> None:
    """Let the amount due follow the batches: it may rise until the last one settles it."""
    due = Money(batches.settled_minor(session, settlement.id), settlement.currency) + remains
    if remains.minor:
        due = max(due, Money(settlement.due_minor, settlement.currency), key=_size)
    else:
        settlement.settled_at = at
    settlement.due_minor = due.minor
    settlement.tax_minor = amounts.tax_within(due, settlement.award.auction.tax_rate).minor


def _size(amount: Money) -> int:
    return abs(amount.minor)


def _progress(session: orm.Session, settlement: Settlement, *, at: datetime) -> None:
    """Draw the consequences of what was paid and accepted, each once."""
    if settlement.state is SettlementState.DEFAULTED:
        return
    _apply_deposit(session, settlement, at=at)
    was_paid = settlement.state is not SettlementState.DUE
    if settlement.kept_minor < abs(settlement.due_minor):
        settlement.state, settlement.paid_at = SettlementState.DUE, None
    elif not was_paid:
        settlement.state, settlement.paid_at = SettlementState.PAID, at
        journal.record(session, "settlement:paid", settlement, at=at)
        _tell_both(session, N_("%(number)s is paid in full."), settlement, at=at)
    _earn(session, settlement, at=at)
    _complete(session, settlement, at=at)
    session.flush()


def _apply_deposit(session: orm.Session, settlement: Settlement, *, at: datetime) -> None:
    if not settlement.deposit_minor or settlement.outstanding_minor:
        return
    deposit = held_deposit(session, settlement.award)
    if deposit is None:
        raise NotFound
    deposits.apply(session, deposit.id, at=at)
    settlement.paid_minor += settlement.deposit_minor
    settlement.deposit_minor = 0


def _entitled(session: orm.Session, settlement: Settlement) -> int:
    """What the payee may have by the payment term.

    Paid before pick-up: the price, once it is paid and where its quantity is fixed. On
    acceptance, and where the handover settles the quantity: the accepted batches.
    """
    auction = settlement.award.auction
    if auction.payment_term is PaymentTerm.BEFORE_PICKUP and not amounts.is_measured(
        settlement.award.auction
    ):
        return 0 if settlement.state is SettlementState.DUE else abs(settlement.due_minor)
    return abs(batches.settled_minor(session, settlement.id))


def _earn(session: orm.Session, settlement: Settlement, *, at: datetime) -> None:
    """Move what the payee is entitled to from the payer's funds to the payee, less the fee."""
    entitled = min(_entitled(session, settlement), settlement.kept_minor)
    amount = Money(entitled - settlement.earned_minor, settlement.currency)
    if amount.minor <= 0:
        return
    charged = Money(settlement.fee_minor, settlement.currency)
    fee = amounts.fee(Money(entitled, settlement.currency), charged, settlement.fee_rate)
    movements.earn(
        session,
        f"settlement:{settlement.id}:earned:{entitled}",
        amount,
        fee,
        payer_id=settlement.payer_id,
        payee_id=settlement.payee_id,
        tax_rate=settlement.award.auction.tax_rate,
        at=at,
    )
    settlement.earned_minor = entitled
    settlement.fee_minor += fee.gross.minor
    _tell_operator(
        session,
        N_("A payout of %(amount)s for %(number)s is due."),
        settlement,
        at=at,
        minor=settlement.payout_due_minor,
    )


def _complete(session: orm.Session, settlement: Settlement, *, at: datetime) -> None:
    is_done = (
        settlement.state is SettlementState.PAID
        and settlement.settled_at is not None
        and settlement.earned_minor == abs(settlement.due_minor) == settlement.kept_minor
        and not settlement.payout_due_minor
    )
    if not is_done:
        return
    settlement.state, settlement.completed_at = SettlementState.COMPLETED, at
    journal.record(session, "settlement:completed", settlement, at=at)
    _tell_both(session, N_("The settlement of %(number)s is complete."), settlement, at=at)


def _tell_both(
    session: orm.Session,
    message: str,
    settlement: Settlement,
    *,
    at: datetime,
) -> None:
    for party in (settlement.seller_id, settlement.buyer_id):
        _tell(session, party, message, settlement, at=at)


def _tell_operator(
    session: orm.Session,
    message: str,
    settlement: Settlement,
    *,
    at: datetime,
    minor: int,
) -> None:
    kind = OrganisationKind.kind == Kind.OPERATOR
    amount = str(Money(minor, settlement.currency))
    for ident in session.scalars(sa.select(OrganisationKind.organisation_id).where(kind)).all():
        _tell(session, ident, message, settlement, at=at, act="bank:record", amount=amount)


def _tell(
    session: orm.Session,
    organisation_id: int,
    message: str,
    settlement: Settlement,
    *,
    at: datetime,
    act: str | None = None,
    amount: str = "",
) -> None:
    notices.tell(
        session,
        organisation_id,
        message,
        at=at,
        link=f"/awards/{settlement.award_id}",
        act=act,
        number=settlement.award.number,
        amount=amount,
    )
