"""The terms of a sale, their confirmation, and taking a sale back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import db
from listings.errors import N_, DomainError, Refused
from listings.lots import Lot
from listings.money import Money
from listings.words import gettext
from market import auctions
from market.auctions import Auction, Delivery, Format, PaymentTerm, PriceBasis, Terms
from market.rules import increments
from market.web import guard
from market.web.app import go
from market.web.drafts import own
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("sales", __name__)

NO_MINIMUM = N_("At a fixed price the floor and the reserve that you entered do not count.")


class IncrementsUnreadable(Refused):
    """A line of the table is not two amounts."""

    message = N_("Write one line for each band: the price from which it holds, then the increment.")


@blueprint.get("/lots/<int:lot_id>/terms")
@guarded("lot:publish")
def terms(lot_id: int) -> Any:
    """The form, filled with what the last sale of the organisation used."""
    with db.transaction() as session:
        lot = own(session, lot_id)
        return render_template(
            "lots/terms.html",
            lot=lot,
            template=_last(session),
            estimates={basis: auctions.estimate(lot, basis) for basis in PriceBasis},
            bases=PriceBasis,
            formats=Format,
            payment_terms=PaymentTerm,
            deliveries=Delivery,
            at=guard.now(),
            closes_at=guard.now() + timedelta(days=10),
        )


@blueprint.post("/lots/<int:lot_id>/terms")
@again(terms)
@guarded("lot:publish")
def check(lot_id: int) -> Any:
    """Repeat the facts before they bind."""
    wanted = _terms()
    with db.transaction() as session:
        lot = own(session, lot_id)
        wanted.check(guard.now())
        quantity = _quantity(lot, wanted)
        start = Money(wanted.start_minor, wanted.currency)
        return render_template(
            "lots/confirm.html",
            lot=lot,
            terms=wanted,
            quantity=quantity,
            total=start.times(quantity),
            advice=[
                *_left_aside(wanted),
                *(gettext(says, **values) for says, values in wanted.advice(quantity)),
            ],
            sent=request.form,
        )


@blueprint.post("/lots/<int:lot_id>/publish")
@again(terms)
@guarded("lot:publish", fresh=True)
def publish(lot_id: int) -> Any:
    """Put the lot on sale."""
    wanted = _terms()
    with db.transaction() as session:
        auctions.publish(session, guard.acting(), lot_id, wanted, at=guard.now())
    flash(gettext(N_("The lot is on sale.")))
    return go("lots.show", lot_id=lot_id)


@blueprint.get("/lots/<int:lot_id>/withdraw")
@guarded("lot:publish")
def ask_withdraw(lot_id: int) -> Any:
    """What taking the lot back means."""
    with db.transaction() as session:
        lot = own(session, lot_id)
        auction = guard.visible(auctions.latest(session, lot_id))
        return render_template("lots/withdraw.html", lot=lot, auction=auction)


@blueprint.post("/lots/<int:lot_id>/withdraw")
@again(ask_withdraw)
@guarded("lot:publish", fresh=True)
def withdraw(lot_id: int) -> Any:
    """Take the lot out of the catalogue while nobody bid."""
    with db.transaction() as session:
        lot = own(session, lot_id)
        auction = guard.visible(auctions.latest(session, lot.id))
        auctions.withdraw(session, guard.acting(), auction.id, at=guard.now())
    flash(gettext(N_("The lot is withdrawn.")))
    return go("lots.mine")


def _last(session: orm.Session) -> Auction | None:
    from sqlalchemy import select

    mine = guard.acting().organisation_id
    newest = select(Auction).where(Auction.seller_id == mine).order_by(Auction.id.desc()).limit(1)
    return session.scalar(newest)


def _quantity(lot: Lot, wanted: Terms) -> Any:
    expected = auctions.estimate(lot, wanted.price_basis)
    quantity = wanted.quantity if wanted.quantity is not None else expected
    if not wanted.is_quantity_provisional and quantity != expected:
        raise auctions.QuantityWrong(field="quantity", expected=expected)
    return quantity


def _terms() -> Terms:
    """The terms as typed. What only bids have a use for is not read at a fixed price."""
    form = Form(request.form)
    kind = form.choice("format", Format, required=False) or Format.ENGLISH
    start, deposit = form.money("start", required=True), form.money("deposit")
    percent = form.decimal("tax_percent", most=100)
    values: dict[str, Any] = {
        "format": kind,
        "price_basis": form.choice("price_basis", PriceBasis),
        "quantity": form.decimal("quantity"),
        "is_quantity_provisional": form.flag("is_quantity_provisional"),
        "is_tax_included": form.flag("is_tax_included"),
        "payment_term": form.choice("payment_term", PaymentTerm),
        "payment_days": form.integer("payment_days", required=True),
        "delivery": form.choice("delivery", Delivery),
        "pickup_until": form.date("pickup_until"),
        "is_negative_allowed": form.flag("is_negative_allowed"),
        "viewing": form.text("viewing", most=2000),
        "opens_at": _opening(form),
        "closes_at": form.instant("closes_at", required=True),
    }
    if kind is Format.ENGLISH:
        values |= _for_bids(form)
    form.check()
    assert start is not None
    if deposit is not None:
        values["deposit_minor"] = deposit.minor
    if percent is not None:
        values["tax_rate"] = percent / 100
    return Terms(start_minor=start.minor, **values)


def _for_bids(form: Form) -> dict[str, Any]:
    """The terms that a sale at a fixed price does not have."""
    amounts = {name: form.money(name) for name in ("floor", "reserve")}
    seconds = {name: form.integer(name, most=24 * 60) for name in ("window", "extension")}
    return {
        "increments": _increments(form),
        "hard_end": form.instant("hard_end"),
        **{f"{name}_minor": amount.minor for name, amount in amounts.items() if amount is not None},
        **{f"{name}_s": 60 * found for name, found in seconds.items() if found is not None},
    }


def _left_aside(wanted: Terms) -> list[str]:
    """The minima that were typed and do not count, because the price is fixed."""
    if wanted.format is not Format.FIXED_PRICE:
        return []
    return [gettext(NO_MINIMUM)] if any(map(request.form.get, ("floor", "reserve"))) else []


def _opening(form: Form) -> datetime:
    """An empty field means at once."""
    return form.instant("opens_at") or guard.now()


def _increments(form: Form) -> list[list[int]]:
    """One band a line: ``0 1.00``, ``100 5.00``."""
    text = form.text("increments", required=True)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    try:
        rows = [line.replace("，", " ").replace(":", " ").split() for line in lines]
        if any(len(row) != 2 for row in rows):  # noqa: PLR2004 - a pair
            raise IncrementsUnreadable
        return [list(band) for band in increments.parse(rows).bands]
    except DomainError as error:
        error.field = "increments"
        form.fail(error)
    return []
