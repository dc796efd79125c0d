"""Card and online payments through Stripe: intent written first, called after, settled once."""

from __future__ import annotations

import enum
import json
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import stripe
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.money import Money
from listings.parties import Acting, demand
from market import deposits, ledger, settlements
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind
from market.settlements import Settlement


class PaymentState(enum.StrEnum):
    """intended -> open (checkout exists) -> succeeded | failed | refunded."""

    INTENDED = "intended"
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


class Payment(db.Base):
    """One intended payment; ``idempotency_key`` belongs to this row and goes with every call."""

    __tablename__ = "payment"
    __table_args__ = (sa.CheckConstraint("amount_minor > 0", name="amount"),)

    id: Mapped[int] = db.key()
    settlement_id: Mapped[int | None] = db.refers("settlement.id", default=None)
    deposit_id: Mapped[int | None] = db.refers("deposit.id", default=None)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[PaymentState] = db.choice(PaymentState, default=PaymentState.INTENDED)
    checkout_session: Mapped[str | None] = mapped_column(unique=True, default=None)
    payment_intent: Mapped[str | None] = mapped_column(unique=True, default=None)
    started_by: Mapped[int] = db.refers("person.id")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class StripeEvent(db.Base):
    """A webhook event that was handled; a second delivery finds its row."""

    __tablename__ = "stripe_event"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    received_at: Mapped[datetime]


class CardsUnavailable(Refused):
    """No keys for the card provider are set."""

    message = N_("Card payment is not set up here; pay by bank transfer.")


class NothingToPay(Conflict):
    """Nothing is due for this purpose any more."""

    message = N_("Nothing is due here any more.")


class ProviderFailed(Conflict):
    """The card provider did not answer or refused."""

    message = N_("The card provider did not take the payment. Try again or pay by bank transfer.")


class SignatureWrong(Refused):
    """The event does not come from the card provider."""

    message = N_("The signature of this event is not valid.")


class AmountDiffers(Refused):
    """The provider reports another amount than this payment has."""

    message = N_("The provider reports %(reported)s for a payment of %(expected)s.")


@dataclass(frozen=True, slots=True)
class Keys:
    """Where and as whom to speak to the provider."""

    secret: str
    webhook: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A hosted checkout page: its id, its address, and what became of it so far."""

    id: str
    url: str
    payment_intent: str | None
    is_paid: bool
    is_expired: bool
    minor: int
    currency: str
    payment_id: int


def missing() -> list[str]:
    """The names of the settings without which there is no card payment."""
    names = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    return [name for name in names if not os.environ.get(name)]


def configured() -> Keys | None:
    """The provider's keys from the environment, or None: then no page offers cards."""
    if missing():
        return None
    return Keys(
        os.environ["STRIPE_SECRET_KEY"],
        os.environ["STRIPE_WEBHOOK_SECRET"],
        os.environ.get("STRIPE_API_BASE", ""),
    )


def start(
    session: orm.Session,
    acting: Acting,
    *,
    settlement_id: int | None = None,
    deposit_id: int | None = None,
    at: datetime,
) -> Payment:
    """Write the intent to pay what is due; commit it before `checkout` calls the provider.

    An intent or open checkout of the same amount is taken up again, so that a second click does
    not make a second payment. Refuses anybody but the payer (`NotFound`).
    """
    demand(acting, "bid:prepare")
    if configured() is None:
        raise CardsUnavailable
    amount = _due(session, acting, settlement_id, deposit_id)
    before = session.scalar(
        sa.select(Payment)
        .where(
            Payment.settlement_id.is_not_distinct_from(settlement_id),
            Payment.deposit_id.is_not_distinct_from(deposit_id),
            Payment.amount_minor == amount.minor,
            Payment.state.in_((PaymentState.INTENDED, PaymentState.OPEN)),
        )
        .order_by(Payment.id.desc()),
    )
    if before is not None:
        return before
    payment = Payment(
        settlement_id=settlement_id,
        deposit_id=deposit_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        idempotency_key=str(uuid.uuid4()),
        started_by=acting.user_id,
        started_at=at,
    )
    session.add(payment)
    journal.record(
        session,
        "payment:started",
        payment,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        minor=amount.minor,
    )
    return payment


def _due(
    session: orm.Session,
    acting: Acting,
    settlement_id: int | None,
    deposit_id: int | None,
) -> Money:
    if settlement_id is not None:
        settlement = db.lock(session, Settlement, settlement_id)
        if settlement is None or settlement.payer_id != acting.organisation_id:
            raise NotFound
        due, currency = settlement.outstanding_minor, settlement.currency
    else:
        deposit = db.lock(session, Deposit, deposit_id)
        if deposit is None or deposit.bidder_id != acting.organisation_id:
            raise NotFound
        deposits.demand_approved(session, deposit)
        due = deposit.amount_minor if deposit.state is DepositState.REQUIRED else 0
        currency = deposit.currency
    if due <= 0:
        raise NothingToPay
    return Money(due, currency)


def checkout(payment: Payment, *, name: str, back_to: str) -> Checkout:
    """Open the provider's hosted page for a committed payment. Network: never in a transaction.

    The row's idempotency key goes with the call, so that a repetition gives the same page.
    ``name`` is what the page says is paid; ``back_to`` an absolute address.
    """
    session = _call(
        lambda client: client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "client_reference_id": str(payment.id),
                "metadata": {"payment": str(payment.id)},
                "payment_intent_data": {"metadata": {"payment": str(payment.id)}},
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": payment.currency.lower(),
                            "unit_amount": payment.amount_minor,
                            "product_data": {"name": name},
                        },
                    },
                ],
                "success_url": back_to,
                "cancel_url": back_to,
            },
            {"idempotency_key": payment.idempotency_key},
        ),
    )
    return _read(session)


def look(payment: Payment) -> Checkout | None:
    """What the provider says about a payment's page now; None before there is one. Network."""
    ident = payment.checkout_session
    if ident is None:
        return None
    return _read(_call(lambda client: client.v1.checkout.sessions.retrieve(ident)))


def _call(ask: Any) -> dict[str, Any]:
    keys = configured()
    if keys is None:
        raise CardsUnavailable
    addresses: Any = {"api": keys.base} if keys.base else {}
    client = stripe.StripeClient(keys.secret, base_addresses=addresses, max_network_retries=2)
    try:
        found = ask(client)
    except stripe.StripeError as error:
        raise ProviderFailed from error
    return dict(found.to_dict())


def _read(session: dict[str, Any]) -> Checkout:
    reference = str(session.get("client_reference_id") or "")
    return Checkout(
        id=str(session["id"]),
        url=str(session.get("url") or ""),
        payment_intent=session.get("payment_intent"),
        is_paid=session.get("payment_status") == "paid",
        is_expired=session.get("status") == "expired",
        minor=int(session.get("amount_total") or 0),
        currency=str(session.get("currency") or "").upper(),
        payment_id=int(reference) if reference.isdigit() else 0,
    )


def record_checkout(
    session: orm.Session,
    payment_id: int,
    page: Checkout,
) -> Payment:
    """Keep the page of a payment; a page that the webhook settled first changes nothing."""
    payment = db.lock(session, Payment, payment_id)
    if payment is None:
        raise NotFound
    if payment.checkout_session is None:
        payment.checkout_session = page.id
    if payment.state is PaymentState.INTENDED:
        payment.state = PaymentState.OPEN
    session.flush()
    return payment


def handle(session: orm.Session, payload: bytes, signature: str, *, at: datetime) -> str:
    """Take one event of the provider: verified, written down once, then settled.

    Gives the event's type. Repetitions and events about anything else change nothing.
    """
    keys = configured()
    if keys is None:
        raise CardsUnavailable
    try:
        stripe.WebhookSignature.verify_header(payload.decode(), signature, keys.webhook, 300)
        event = json.loads(payload)
    except (stripe.SignatureVerificationError, ValueError):
        raise SignatureWrong from None
    ident, kind = str(event["id"]), str(event["type"])
    known = sa.select(sa.exists().where(StripeEvent.id == ident))
    if session.scalar(known):
        return kind
    session.add(StripeEvent(id=ident, type=kind, received_at=at))
    session.flush()
    if kind.startswith("checkout.session."):
        settle(session, _read(event["data"]["object"]), at=at, has_failed=kind.endswith("failed"))
    return kind


def settle(
    session: orm.Session,
    page: Checkout,
    *,
    at: datetime,
    has_failed: bool = False,
) -> Payment | None:
    """Let a payment have its effect, once: the webhook and the return page both end here.

    Takes any order and any repetition. Refuses another amount than the payment's. Money for a
    deposit that is no longer awaited stays on the payer's funds and is refunded from there.
    """
    payment = db.lock(session, Payment, page.payment_id)
    if payment is None:
        return None
    payment.checkout_session = payment.checkout_session or page.id
    if payment.checkout_session != page.id or payment.state is PaymentState.SUCCEEDED:
        return payment
    if page.is_paid:
        _succeed(session, payment, page, at=at)
    elif has_failed or page.is_expired:
        payment.state, payment.ended_at = PaymentState.FAILED, at
        journal.record(session, "payment:failed", payment, at=at)
    session.flush()
    return payment


def _succeed(session: orm.Session, payment: Payment, page: Checkout, *, at: datetime) -> None:
    expected = Money(payment.amount_minor, payment.currency)
    if (page.minor, page.currency) != (expected.minor, expected.currency):
        raise AmountDiffers(reported=f"{page.minor} {page.currency}", expected=str(expected))
    payment.state, payment.ended_at = PaymentState.SUCCEEDED, at
    payment.payment_intent = page.payment_intent
    cause = f"payment:{payment.id}"
    if payment.settlement_id is not None:
        settlements.receive(
            session,
            payment.settlement_id,
            expected,
            cause=cause,
            at=at,
            into=AccountKind.CARD_CLEARING,
        )
    else:
        _put_down(session, payment, expected, at=at)
    journal.record(session, "payment:succeeded", payment, at=at, minor=expected.minor)


def _put_down(session: orm.Session, payment: Payment, amount: Money, *, at: datetime) -> None:
    """Hold the deposit that was paid; its money lies with the provider, not in the bank."""
    deposit = session.get_one(Deposit, payment.deposit_id)
    clearing = ledger.account(session, AccountKind.CARD_CLEARING, currency=amount.currency)
    other = ledger.account(session, AccountKind.CLIENT_BANK, currency=amount.currency)
    if deposit.state is DepositState.REQUIRED:
        deposits.hold(session, deposit.id, at=at)
    else:
        kind = AccountKind.CLIENT_FUNDS
        other = ledger.account(session, kind, deposit.bidder_id, amount.currency)
    lines = [(clearing, amount.minor), (other, -amount.minor)]
    ledger.post(session, f"payment:{payment.id}:cleared", lines, at=at)
