"""The bank desk: lines of the statement, recorded by one person and confirmed by another."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import db
from listings.errors import N_, Refused
from listings.money import Money
from listings.parties import Kind, Organisation
from listings.users import User
from listings.words import gettext
from market import bank
from market.awarded import ZONE
from market.bank import BankTransfer, Direction, Purpose, TransferState
from market.deposits import Deposit, DepositState
from market.settlements import Settlement, SettlementState
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("bank", __name__)


class NoSuchReference(Refused):
    """No deposit or settlement has this reference."""

    message = N_("“%(value)s” is the reference of no %(kind)s; copy it from the statement.")


@blueprint.get("/bank")
@member(Kind.OPERATOR)
def index() -> Any:
    """What waits for a second person, what is due to leave, and the last decisions."""
    with db.transaction() as reading:
        waiting = _with_names(reading, bank.awaiting(reading))
        decided = reading.scalars(
            sa.select(BankTransfer)
            .where(BankTransfer.state != TransferState.RECORDED)
            .order_by(BankTransfer.id.desc())
            .limit(30),
        ).all()
        return render_template(
            "bank/index.html",
            waiting=waiting,
            decided=_with_names(reading, list(decided)),
            due=_due(reading),
        )


def _with_names(
    session: orm.Session, transfers: list[BankTransfer]
) -> list[tuple[BankTransfer, str, str]]:
    return [
        (
            transfer,
            session.get_one(Organisation, transfer.organisation_id).in_full,
            _reference(session, transfer.purpose, transfer.subject_id),
        )
        for transfer in transfers
    ]


def _reference(session: orm.Session, purpose: Purpose, subject_id: int) -> str:
    kind: Any = Deposit if purpose in bank.OF_DEPOSITS else Settlement
    return str(session.get_one(kind, subject_id).reference)


def _due(session: orm.Session) -> list[tuple[Purpose, str, str, str, Money]]:
    """Money that is to leave: purpose, reference, recipient, its account, amount."""
    found: list[tuple[Purpose, str, str, str, Money]] = []
    not_done = Settlement.state != SettlementState.COMPLETED
    for settlement in session.scalars(sa.select(Settlement).where(not_done)):
        for purpose, party, minor in (
            (Purpose.PAYOUT, settlement.payee_id, settlement.payout_due_minor),
            (Purpose.PRICE_REFUND, settlement.payer_id, settlement.refund_due_minor),
        ):
            if minor > 0:
                to = session.get_one(Organisation, party)
                amount = Money(minor, settlement.currency)
                found.append((purpose, settlement.reference, to.in_full, to.bank_account, amount))
    released = Deposit.state == DepositState.RELEASED
    for deposit in session.scalars(sa.select(Deposit).where(released)):
        moved = bank.confirmed_minor(session, Purpose.DEPOSIT_REFUND, deposit.id)
        if deposit.amount_minor > moved:
            to = session.get_one(Organisation, deposit.bidder_id)
            amount = Money(deposit.amount_minor - moved, deposit.currency)
            found.append(
                (Purpose.DEPOSIT_REFUND, deposit.reference, to.in_full, to.bank_account, amount),
            )
    return found


@blueprint.get("/bank/new")
@guarded("bank:record", Kind.OPERATOR)
def new() -> Any:
    """The form for one line; an address may bring what is known already."""
    known = {
        name: request.args.get(name, "") for name in ("purpose", "reference", "account", "amount")
    }
    today = guard.now().astimezone(ZONE).date()
    return render_template("bank/new.html", purposes=Purpose, known=known, today=today)


@blueprint.post("/bank/new")
@again(new)
@guarded("bank:record", Kind.OPERATOR)
def record() -> Any:
    """Write the line down."""
    form = Form(request.form)
    purpose = form.choice("purpose", Purpose) or Purpose.PRICE
    reference = form.text("reference", required=True, most=80)
    account = form.text("account_number", required=True, most=80)
    amount = form.money("amount", required=True)
    line = form.text("statement_line", required=True, most=80)
    booked_on = form.date("booked_on", required=True)
    form.check()
    with db.transaction() as writing:
        bank.record(
            writing,
            guard.acting(),
            direction=Direction.IN if purpose in bank.INWARD else Direction.OUT,
            purpose=purpose,
            subject_id=_subject(writing, purpose, reference),
            account_number=account,
            amount=amount or Money(0),
            statement_line=line,
            booked_on=booked_on or date.min,
            at=guard.now(),
        )
    flash(gettext(N_("Recorded. Another person confirms it.")))
    return go("bank.index")


def _subject(session: orm.Session, purpose: Purpose, reference: str) -> int:
    is_deposit = purpose in bank.OF_DEPOSITS
    kind: Any = Deposit if is_deposit else Settlement
    found = session.scalar(sa.select(kind).where(kind.reference == reference))
    if found is None:
        of = gettext(N_("deposit")) if is_deposit else gettext(N_("settlement"))
        raise NoSuchReference(field="reference", value=reference, kind=of)
    return int(found.id)


@blueprint.get("/bank/<int:transfer_id>")
@member(Kind.OPERATOR)
def show(transfer_id: int) -> Any:
    """One line with all its facts, to be compared with the statement."""
    with db.transaction() as reading:
        transfer = guard.visible(reading.get(BankTransfer, transfer_id))
        party = reading.get_one(Organisation, transfer.organisation_id)
        reference = _reference(reading, transfer.purpose, transfer.subject_id)
        people = {
            ident: reading.get_one(User, ident).name
            for ident in (transfer.recorded_by, transfer.decided_by)
            if ident is not None
        }
        is_of_deposit = transfer.purpose in bank.OF_DEPOSITS
        deal = None if is_of_deposit else reading.get_one(Settlement, transfer.subject_id).award_id
    return render_template(
        "bank/show.html",
        transfer=transfer,
        party=party,
        reference=reference,
        people=people,
        deal=deal,
        is_own=transfer.recorded_by == guard.acting().user_id,
    )


@blueprint.post("/bank/<int:transfer_id>")
@again(show)
@guarded("bank:confirm", Kind.OPERATOR, fresh=True)
def decide(transfer_id: int) -> Any:
    """Confirm or reject it."""
    form = Form(request.form)
    is_confirmed = form.text("decision") == "confirm"
    reason = form.text("reason")
    form.check()
    with db.transaction() as writing:
        bank.decide(
            writing,
            guard.acting(),
            transfer_id,
            confirm=is_confirmed,
            reason=reason,
            at=guard.now(),
        )
    flash(gettext(N_("Confirmed.") if is_confirmed else N_("Rejected.")))
    return go("bank.index")
