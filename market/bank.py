"""Bank transfers: recorded from the statement by one person, confirmed by another."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.money import CurrencyMismatch, Money
from listings.parties import Acting, Kind, Organisation, demand
from market import amounts, deposits, movements, settlements
from market.awarded import ZONE
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind
from market.settlements import Settlement


class Direction(enum.StrEnum):
    """Into the client account or out of it."""

    IN = "in"
    OUT = "out"


class Purpose(enum.StrEnum):
    """What the money is for."""

    DEPOSIT = "deposit"
    PRICE = "price"
    DEPOSIT_REFUND = "deposit_refund"
    PRICE_REFUND = "price_refund"
    PAYOUT = "payout"
    FEE = "fee"


class TransferState(enum.StrEnum):
    """recorded -> confirmed | rejected."""

    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class BankTransfer(db.Base):
    """One line of the bank's statement, matched to what it is for (``subject_id``)."""

    __tablename__ = "bank_transfer"
    __table_args__ = (
        sa.UniqueConstraint("statement_line"),
        sa.CheckConstraint("amount_minor > 0", name="amount"),
        sa.CheckConstraint("decided_by <> recorded_by", name="four_eyes"),
    )

    id: Mapped[int] = db.key()
    direction: Mapped[Direction] = db.choice(Direction)
    purpose: Mapped[Purpose] = db.choice(Purpose)
    subject_id: Mapped[int]
    organisation_id: Mapped[int] = db.refers("organisation.id")
    account_number: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    statement_line: Mapped[str]
    booked_on: Mapped[date]
    state: Mapped[TransferState] = db.choice(TransferState, default=TransferState.RECORDED)
    recorded_by: Mapped[int] = db.refers("person.id")
    recorded_at: Mapped[datetime]
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")


INWARD = frozenset({Purpose.DEPOSIT, Purpose.PRICE})
OF_DEPOSITS = frozenset({Purpose.DEPOSIT, Purpose.DEPOSIT_REFUND})


class DirectionWrong(Refused):
    """Money for this purpose goes the other way."""

    message = N_("Deposits and prices come in; refunds, payouts and fees go out.")


class NotOwnAccount(Refused):
    """The account is not the one that the organisation registered."""

    message = N_(
        "%(account)s is not the registered account of %(organisation)s (%(registered)s): money "
        "comes from and returns to its own account only."
    )


class DepositDiffers(Refused):
    """A deposit is transferred whole."""

    message = N_("This deposit is %(due)s, not %(amount)s.")


class DepositNotAwaited(Conflict):
    """The deposit is already held or has ended."""

    message = N_("Deposit %(reference)s is not waiting for money.")


class DepositNotReleased(Conflict):
    """A deposit goes back only after it was released."""

    message = N_("Deposit %(reference)s was not released; it cannot be refunded.")


class StatementLineUsed(Conflict):
    """This line of the statement was recorded before."""

    message = N_("Statement line %(line)s was already recorded.")


class BookedInFuture(Refused):
    """The statement cannot know tomorrow."""

    message = N_("The booking date %(day)s lies in the future.")


class NotPositive(Refused):
    """A transfer moves an amount above 0."""

    message = N_("The amount must be above 0.")


class AlreadyDecided(Conflict):
    """The transfer was confirmed or rejected."""

    message = N_("This transfer was already decided.")


class SamePerson(Forbidden):
    """Four eyes: who recorded a transfer does not decide on it."""

    message = N_("Another person than the one who recorded the transfer must decide on it.")


class ReasonMissing(Refused):
    """A rejection says why."""

    message = N_("Say why the transfer is rejected.")


def record(
    session: orm.Session,
    acting: Acting,
    *,
    direction: Direction,
    purpose: Purpose,
    subject_id: int,
    account_number: str,
    amount: Money,
    statement_line: str,
    booked_on: date,
    at: datetime,
) -> BankTransfer:
    """Write down a line of the bank's statement; another person decides on it (`decide`).

    ``subject_id`` is a deposit's for deposits and their refunds, else a settlement's. Refuses a
    direction that does not fit the purpose, another account than the organisation's registered
    one, an amount above what is due, and a statement line that was recorded before.
    """
    demand(acting, "bank:record", Kind.OPERATOR)
    if amount.minor <= 0:
        raise NotPositive(field="amount")
    if (direction is Direction.IN) != (purpose in INWARD):
        raise DirectionWrong(field="direction")
    if booked_on > at.astimezone(ZONE).date():
        raise BookedInFuture(field="booked_on", day=booked_on.isoformat())
    line = statement_line.strip()
    if session.scalar(sa.select(sa.exists().where(BankTransfer.statement_line == line))):
        raise StatementLineUsed(field="statement_line", line=line)
    subject = _subject(session, purpose, subject_id)
    party = session.get_one(Organisation, _party(acting, purpose, subject))
    _demand_own(party, account_number)
    _demand_due(session, purpose, subject, amount)
    transfer = BankTransfer(
        direction=direction,
        purpose=purpose,
        subject_id=subject_id,
        organisation_id=party.id,
        account_number=_plain(account_number),
        amount_minor=amount.minor,
        currency=amount.currency,
        statement_line=line,
        booked_on=booked_on,
        recorded_by=acting.user_id,
        recorded_at=at,
    )
    session.add(transfer)
    _note(session, acting, "bank:recorded", transfer, at=at)
    return transfer


def decide(
    session: orm.Session,
    acting: Acting,
    transfer_id: int,
    *,
    confirm: bool,
    reason: str = "",
    at: datetime,
) -> BankTransfer:
    """Confirm or reject a recorded transfer, once, by another person than recorded it.

    Confirming moves the money: a deposit is held, a price received, a payout, refund or fee
    leaves the client account. What is due is asked again under the lock of what it is about.
    """
    demand(acting, "bank:confirm", Kind.OPERATOR)
    transfer = db.lock(session, BankTransfer, transfer_id)
    if transfer is None:
        raise NotFound
    if transfer.state is not TransferState.RECORDED:
        raise AlreadyDecided
    if transfer.recorded_by == acting.user_id:
        raise SamePerson
    if not confirm and not reason.strip():
        raise ReasonMissing(field="reason")
    transfer.state = TransferState.CONFIRMED if confirm else TransferState.REJECTED
    transfer.decided_by, transfer.decided_at, transfer.reason = acting.user_id, at, reason.strip()
    session.flush()
    if confirm:
        _move(session, transfer, at=at)
    tag = "bank:confirmed" if confirm else "bank:rejected"
    _note(session, acting, tag, transfer, at=at)
    return transfer


def awaiting(session: orm.Session) -> list[BankTransfer]:
    """Transfers that wait for their second person, oldest first."""
    waiting = BankTransfer.state == TransferState.RECORDED
    return list(
        session.scalars(sa.select(BankTransfer).where(waiting).order_by(BankTransfer.id)),
    )


def of(session: orm.Session, purposes: frozenset[Purpose], subject_id: int) -> list[BankTransfer]:
    """The transfers of a deposit or a settlement for these purposes, oldest first."""
    about = (BankTransfer.purpose.in_(purposes), BankTransfer.subject_id == subject_id)
    return list(session.scalars(sa.select(BankTransfer).where(*about).order_by(BankTransfer.id)))


def confirmed_minor(session: orm.Session, purpose: Purpose, subject_id: int) -> int:
    """What was moved so far for a purpose of a deposit or settlement."""
    return sum(
        transfer.amount_minor
        for transfer in of(session, frozenset({purpose}), subject_id)
        if transfer.state is TransferState.CONFIRMED
    )


def _subject(
    session: orm.Session,
    purpose: Purpose,
    subject_id: int,
) -> Deposit | Settlement:
    found: Deposit | Settlement | None
    if purpose in OF_DEPOSITS:
        found = session.get(Deposit, subject_id)
    else:
        found = session.get(Settlement, subject_id)
    if found is None:
        raise NotFound
    return found


def _party(acting: Acting, purpose: Purpose, subject: Deposit | Settlement) -> int:
    """Whose account the money comes from or goes to."""
    if isinstance(subject, Deposit):
        return subject.bidder_id
    if purpose is Purpose.FEE:
        return acting.organisation_id
    return subject.payee_id if purpose is Purpose.PAYOUT else subject.payer_id


def _plain(account_number: str) -> str:
    return "".join(account_number.split()).replace("-", "")


def _demand_own(party: Organisation, account_number: str) -> None:
    registered = _plain(party.bank_account)
    if not registered or _plain(account_number) != registered:
        raise NotOwnAccount(
            field="account_number",
            account=account_number,
            organisation=party.in_full,
            registered=registered or "—",
        )


def _demand_due(
    session: orm.Session,
    purpose: Purpose,
    subject: Deposit | Settlement,
    amount: Money,
) -> None:
    """Whether this amount may move for this purpose now. A price may come in any part."""
    if amount.currency != subject.currency:
        raise CurrencyMismatch(field="amount", left=amount.currency, right=subject.currency)
    if isinstance(subject, Deposit):
        _demand_deposit(session, purpose, subject, amount)
    elif purpose is Purpose.PAYOUT:
        amounts.demand_within(amount, subject.payout_due_minor)
    elif purpose is Purpose.PRICE_REFUND:
        amounts.demand_within(amount, subject.refund_due_minor)
    elif purpose is Purpose.FEE:
        moved = confirmed_minor(session, Purpose.FEE, subject.id)
        amounts.demand_within(amount, subject.fee_minor - moved)


def _demand_deposit(
    session: orm.Session,
    purpose: Purpose,
    deposit: Deposit,
    amount: Money,
) -> None:
    if purpose is Purpose.DEPOSIT:
        if deposit.state is not DepositState.REQUIRED:
            raise DepositNotAwaited(reference=deposit.reference)
        if amount.minor != deposit.amount_minor:
            due = Money(deposit.amount_minor, deposit.currency)
            raise DepositDiffers(field="amount", due=str(due), amount=str(amount))
        return
    if deposit.state is not DepositState.RELEASED:
        raise DepositNotReleased(reference=deposit.reference)
    moved = confirmed_minor(session, Purpose.DEPOSIT_REFUND, deposit.id)
    amounts.demand_within(amount, deposit.amount_minor - moved)


def _move(session: orm.Session, transfer: BankTransfer, *, at: datetime) -> None:
    """Let a confirmed transfer have its effect, under the lock of what it is about."""
    subject = _subject(session, transfer.purpose, transfer.subject_id)
    if transfer.purpose is not Purpose.DEPOSIT:
        db.lock(session, type(subject), subject.id)
    amount = Money(transfer.amount_minor, transfer.currency)
    cause = f"bank:{transfer.id}"
    match transfer.purpose:
        case Purpose.DEPOSIT:
            # Holding locks the sale before the deposit.
            _demand_due(session, transfer.purpose, subject, amount)
            deposits.hold(session, subject.id, at=at)
        case Purpose.PRICE:
            settlements.receive(session, subject.id, amount, cause=cause, at=at)
        case Purpose.PRICE_REFUND:
            settlements.refund(session, subject.id, amount, cause=cause, at=at)
        case Purpose.PAYOUT:
            settlements.pay_out(session, subject.id, amount, cause=cause, at=at)
        case Purpose.DEPOSIT_REFUND:
            _leave(session, transfer, f"deposit:{subject.id}:refunded:{cause}", at=at)
        case Purpose.FEE:
            _leave(session, transfer, f"settlement:{subject.id}:fee:{cause}", at=at)


def _leave(session: orm.Session, transfer: BankTransfer, cause: str, *, at: datetime) -> None:
    """A deposit goes back, a fee to our own account; no more in all than there is to go."""
    subject = _subject(session, transfer.purpose, transfer.subject_id)
    whole = subject.amount_minor if isinstance(subject, Deposit) else subject.fee_minor
    before = confirmed_minor(session, transfer.purpose, subject.id) - transfer.amount_minor
    amount = Money(transfer.amount_minor, transfer.currency)
    amounts.demand_within(amount, whole - before)
    is_fee = transfer.purpose is Purpose.FEE
    movements.leave(
        session,
        cause,
        amount,
        out_of=AccountKind.OWN_BANK if is_fee else AccountKind.CLIENT_FUNDS,
        organisation_id=None if is_fee else transfer.organisation_id,
        at=at,
    )


def _note(
    session: orm.Session,
    acting: Acting,
    tag: str,
    transfer: BankTransfer,
    *,
    at: datetime,
) -> None:
    journal.record(
        session,
        tag,
        transfer,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        purpose=transfer.purpose.value,
        subject_id=transfer.subject_id,
        minor=transfer.amount_minor,
    )
