"""Claiming a lot at its fixed price: the facts once more, then the award.

In a firm with four eyes the first person's form prepares the claim, and the second person's
approval buys.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import capitals, db
from listings.errors import N_, Conflict, Refused
from listings.words import gettext
from market import auctions, claims
from market.auctions import Auction
from market.web import bids, guard, lots
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("claims", __name__)


@blueprint.get("/lots/<int:lot_id>/claim")
@again(lots.show)
@guarded("bid:prepare")
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
@guarded("bid:prepare", fresh=True)
def claim(lot_id: int) -> Any:
    """Buy the lot at its price; with four eyes, put the claim before the second person."""
    form = Form(request.form)
    form_key = form.text("form_key", required=True, most=100)
    form.check()
    with db.transaction() as session:
        _, auction = lots.seen(session, lot_id)
        acting, sale_id = guard.acting(), guard.visible(auction).id
        if claims.has_four_eyes(session, acting):
            claims.prepare(session, acting, sale_id, at=guard.now())
            flash(gettext(N_("The claim waits for the approval of a second person.")))
            return go("bids.show")
        award = claims.claim(session, acting, sale_id, clock=guard.now, form_key=form_key)
        ident = award.id
    return _to_award(ident)


def _waiting(**_: int) -> Any:
    return bids.show()


@blueprint.post("/proposals/<int:proposal_id>/claim")
@again(_waiting)
@guarded("bid:approve", fresh=True)
def approve(proposal_id: int) -> Any:
    """The second person lets a prepared claim buy the lot."""
    with db.transaction() as session:
        ident = claims.approve(session, guard.acting(), proposal_id, clock=guard.now).id
    return _to_award(ident)


def _to_award(award_id: int) -> Any:
    flash(gettext(N_("Your organisation bought the lot. Sign the contract and pay.")))
    return go("awards.show", award_id=award_id)


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
            four_eyes=claims.has_four_eyes(session, guard.acting()),
            form_key=request.form.get("form_key") or secrets.token_urlsafe(12),
        )
