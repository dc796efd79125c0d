"""Card payments: off to the provider's page, back from it, and what the provider reports."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState

from listings import db
from listings.errors import N_, NotFound
from listings.parties import Kind
from listings.words import gettext
from market import awards, payments, settlements
from market.deposits import Deposit
from market.payments import Payment, PaymentState
from market.settlements import Settlement
from market.web import guard
from market.web.awards import show
from market.web.forms import again
from market.web.guard import guarded, member, public

blueprint = Blueprint("payments", __name__)


@blueprint.post("/awards/<int:award_id>/pay")
@again(show)
@guarded("bid:prepare")
def price(award_id: int) -> Any:
    """Pay what is due for a deal by card."""
    acting = guard.acting()
    with db.transaction() as writing:
        award = awards.seen_by(writing, acting, award_id)
        settlement_id = settlements.of(writing, award.id).id
        payment = payments.start(writing, acting, settlement_id=settlement_id, at=guard.now())
    return _leave(payment, award.number)


@blueprint.post("/deposits/<int:deposit_id>/pay")
@guarded("bid:prepare")
def deposit(deposit_id: int) -> Any:
    """Put a deposit down by card."""
    with db.transaction() as writing:
        payment = payments.start(writing, guard.acting(), deposit_id=deposit_id, at=guard.now())
        reference = writing.get_one(Deposit, deposit_id).reference
    return _leave(payment, reference)


def _leave(payment: Payment, name: str) -> Any:
    """The intent is committed: ask for the page, keep it, go there."""
    back_to = url_for("payments.back", payment_id=payment.id, _external=True)
    page = payments.checkout(payment, name=name, back_to=back_to)
    with db.transaction() as writing:
        payments.record_checkout(writing, payment.id, page)
    return redirect(page.url or back_to, 303)


@blueprint.get("/payments/<int:payment_id>/back")
@member()
def back(payment_id: int) -> Any:
    """Back from the provider's page: look what became of it, settle, and show the deal."""
    with db.transaction() as reading:
        payment = guard.visible(reading.get(Payment, payment_id))
        onward = _onward(payment, reading)
    page = payments.look(payment) if payment.state is not PaymentState.SUCCEEDED else None
    if page is not None:
        with db.transaction() as writing:
            settled = payments.settle(writing, page, at=guard.now())
            payment = settled or payment
    if payment.state is PaymentState.SUCCEEDED:
        flash(gettext(N_("Your payment has arrived.")))
    else:
        flash(gettext(N_("The payment has not arrived yet.")), "attention")
    return redirect(onward, 303)


def _onward(payment: Payment, reading: Any) -> str:
    """Where this payment belongs, for the payer only."""
    ours = guard.acting().organisation_id
    if payment.settlement_id is not None:
        settlement = reading.get_one(Settlement, payment.settlement_id)
        payer, address = settlement.payer_id, f"/awards/{settlement.award_id}"
    else:
        payer, address = reading.get_one(Deposit, payment.deposit_id).bidder_id, "/deposits"
    if payer != ours:
        raise NotFound
    return address


@blueprint.post("/payments/events")
@public
def events() -> Any:
    """The provider reports; its signature is checked, not a session."""
    signature = request.headers.get("Stripe-Signature", "")
    with db.transaction() as writing:
        payments.handle(writing, request.get_data(), signature, at=guard.now())
    return "", 204


@blueprint.record_once
def exempt(state: BlueprintSetupState) -> None:
    """The provider has no form of ours: its signature stands in for the token."""
    state.app.extensions["csrf"].exempt(events)


@blueprint.get("/settings")
@member(Kind.OPERATOR)
def settings() -> Any:
    """What is set up here, and what is missing for card payments."""
    return render_template("payments/settings.html", missing=payments.missing())
