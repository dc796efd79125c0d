"""Bidding: naming a maximum, confirming it, and what a firm bid on."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import capitals, db
from listings.errors import N_, Conflict, Refused
from listings.money import Money
from listings.parties import Organisation, may
from listings.words import gettext
from market import auctions, bids, proposals
from market.auctions import Auction, AuctionState, Format, SaleOver
from market.web import guard, lots
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("bids", __name__)


@blueprint.get("/bids")
@member()
def show() -> Any:
    """The sales that my organisation bid on, and what waits for a second person."""
    acting, at = guard.acting(), guard.now()
    with db.transaction() as session:
        rows = bids.of(session, acting.organisation_id)
        waiting = [
            (proposal, sale, auctions.total(sale, proposal.maximum_minor))
            for proposal, sale in proposals.waiting(session, acting.organisation_id, at=at)
        ]
        return render_template(
            "bids/show.html",
            rows=rows,
            waiting=waiting,
            may_approve=may(acting, "bid:approve"),
            at=at,
        )


def _list(**_: int) -> Any:
    return show()


@blueprint.post("/lots/<int:lot_id>/bid/check")
@again(lots.show)
@guarded("bid:prepare")
def check(lot_id: int) -> Any:
    """Repeat the facts and the amount in words before the bid binds."""
    return _confirmation(lot_id)


def confirm(lot_id: int) -> Any:
    """The confirmation again, with what was refused; the lot where nothing can be confirmed."""
    try:
        return _confirmation(lot_id)
    except (Refused, Conflict):
        return lots.show(lot_id)


@blueprint.post("/lots/<int:lot_id>/bid")
@again(confirm)
@guarded("bid:prepare", fresh=True)
def place(lot_id: int) -> Any:
    """Bid; in a firm with four eyes, put the maximum before the second person."""
    form = Form(request.form)
    maximum = form.money("maximum", required=True)
    form_key = form.text("form_key", required=True, most=100)
    form.check()
    assert maximum is not None
    acting = guard.acting()
    with db.transaction() as session:
        _, auction = lots.seen(session, lot_id)
        ident = guard.visible(auction).id
        if session.get_one(Organisation, acting.organisation_id).has_four_eyes:
            proposals.prepare(session, acting, ident, maximum, at=guard.now())
            sentence = N_("The maximum waits for the approval of a second person.")
            flash(gettext(sentence))
            return go("bids.show")
        placed = bids.place(session, acting, ident, maximum, clock=guard.now, form_key=form_key)
    _say(placed)
    return go("lots.show", lot_id=lot_id)


@blueprint.post("/proposals/<int:proposal_id>/approve")
@again(_list)
@guarded("bid:approve", fresh=True)
def approve(proposal_id: int) -> Any:
    """The second person lets a prepared maximum become a bid."""
    with db.transaction() as session:
        placed = proposals.approve(session, guard.acting(), proposal_id, clock=guard.now)
    _say(placed)
    return go("bids.show")


@blueprint.post("/proposals/<int:proposal_id>/reject")
@again(_list)
@guarded("bid:prepare")
def reject(proposal_id: int) -> Any:
    """Give a prepared maximum or claim up."""
    with db.transaction() as session:
        proposal = proposals.reject(session, guard.acting(), proposal_id, at=guard.now())
        kind = session.get_one(Auction, proposal.auction_id).format
    is_claim = kind is Format.FIXED_PRICE
    given_up = N_("The prepared claim is given up."), N_("The prepared maximum is given up.")
    flash(gettext(given_up[0] if is_claim else given_up[1]))
    return go("bids.show")


def _say(placed: bids.Placed) -> None:
    if placed.is_leading:
        flash(gettext(N_("Your bid stands. Your organisation leads.")))
    else:
        flash(gettext(N_("Your bid stands, but another maximum is higher.")), "attention")
    if placed.is_extended:
        flash(gettext(N_("The closing time moved, because the bid came near the end.")))


def _confirmation(lot_id: int) -> Any:
    form = Form(request.form)
    maximum = form.money("maximum", required=True)
    form.check()
    assert maximum is not None
    with db.transaction() as session:
        lot, auction = lots.seen(session, lot_id)
        sale: Auction = guard.visible(auction)
        _demand_open(sale, guard.now())
        bids.demand_bids_taken(session, sale.id)
        bids.demand_currency(sale, maximum)
        least = auctions.next_minimum(sale)
        leads = sale.leader_id == guard.acting().organisation_id
        if not leads and maximum.minor < least:
            raise bids.BidTooLow(field="maximum", minimum=str(Money(least, sale.currency)))
        own = sale.leader_maximum_minor or 0
        if leads and maximum.minor <= own:
            raise bids.NotAboveOwnMaximum(field="maximum", maximum=str(Money(own, sale.currency)))
        bids.demand_bidder(session, sale, guard.acting())
        total = auctions.total(sale, maximum.minor)
        firm = session.get_one(Organisation, guard.acting().organisation_id)
        return render_template(
            "bids/confirm.html",
            lot=lot,
            auction=sale,
            maximum=maximum,
            total=total,
            words=capitals.amount(total) if total.currency == "CNY" else "",
            four_eyes=firm.has_four_eyes,
            form_key=request.form.get("form_key") or secrets.token_urlsafe(12),
        )


def _demand_open(sale: Auction, at: datetime) -> None:
    if sale.state is not AuctionState.SCHEDULED or at >= sale.closes_at:
        raise SaleOver
    if at < sale.opens_at:
        raise bids.SaleNotOpen
