"""Claiming a lot at its fixed price: the facts once more, then the award."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import capitals, db
from listings.errors import N_, Conflict, Refused
from listings.words import gettext
from market import auctions, claims
from market.auctions import Auction
from market.web import guard, lots
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("claims", __name__)


@blueprint.get("/lots/<int:lot_id>/claim")
@again(lots.show)
@guarded("bid:place")
def confirm(lot_id: int) -> Any:
    """Repeat the facts and the amount in words before the claim binds."""
    return _confirmation(lot_id)


def _again(lot_id: int) -> Any:
    """The confirmation with what was refused; the lot where nothing can be claimed any more."""
    try:
        return _confirmation(lot_id)
    except (Refused, Conflict):
        return lots.show(lot_id)


@blueprint.post("/lots/<int:lot_id>/claim")
@again(_again)
@guarded("bid:place", fresh=True)
def claim(lot_id: int) -> Any:
    """Buy the lot at its price."""
    form = Form(request.form)
    form_key = form.text("form_key", required=True, most=100)
    form.check()
    with db.transaction() as session:
        _, auction = lots.seen(session, lot_id)
        award = claims.claim(
            session,
            guard.acting(),
            guard.visible(auction).id,
            clock=guard.now,
            form_key=form_key,
        )
        ident = award.id
    flash(gettext(N_("Your organisation bought the lot. Sign the contract and pay.")))
    return go("awards.show", award_id=ident)


def _confirmation(lot_id: int) -> Any:
    with db.transaction() as session:
        lot, auction = lots.seen(session, lot_id)
        sale: Auction = guard.visible(auction)
        claims.check(session, guard.acting(), sale, at=guard.now())
        price = claims.price(sale)
        total = auctions.total(sale, price.minor)
        return render_template(
            "claims/confirm.html",
            lot=lot,
            auction=sale,
            price=price,
            total=total,
            words=capitals.amount(total) if total.currency == "CNY" else "",
            form_key=request.form.get("form_key") or secrets.token_urlsafe(12),
        )
