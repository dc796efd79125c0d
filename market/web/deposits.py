"""Deposits of a bidder: what is due, where to send it, where it stands."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template

from listings import db, parties
from listings.errors import N_
from listings.parties import Organisation, may
from listings.words import gettext
from market import deposits
from market.auctions import Auction
from market.deposits import Deposit
from market.web import guard, lots
from market.web.app import go
from market.web.forms import again
from market.web.guard import guarded, member

blueprint = Blueprint("deposits", __name__)


@blueprint.get("/deposits")
@member()
def mine() -> Any:
    """All deposits of my organisation, the newest first."""
    acting = guard.acting()
    with db.transaction() as session:
        rows = session.execute(
            sa.select(Deposit, Auction)
            .join(Auction, Auction.id == Deposit.auction_id)
            .where(Deposit.bidder_id == acting.organisation_id)
            .order_by(Deposit.id.desc())
        ).all()
        return render_template("deposits/mine.html", rows=rows)


@blueprint.get("/lots/<int:lot_id>/deposit")
@member()
def show(lot_id: int) -> Any:
    """The amount due, and once it is asked for, the bank details and the reference."""
    acting = guard.acting()
    with db.transaction() as session:
        lot, auction = lots.seen(session, lot_id)
        sale = guard.visible(auction)
        firm = session.get_one(Organisation, acting.organisation_id)
        found = deposits.of(session, sale.id, acting.organisation_id)
        return render_template(
            "deposits/show.html",
            lot=lot,
            auction=sale,
            deposit=found,
            firm=firm,
            operator=parties.operator(session) if found else None,
            waits=bool(found and firm.has_four_eyes and found.approved_by is None),
            may_approve=bool(
                found and may(acting, "bid:approve") and found.requested_by != acting.user_id
            ),
        )


@blueprint.post("/lots/<int:lot_id>/deposit")
@again(show)
@guarded("bid:prepare")
def request_(lot_id: int) -> Any:
    """Ask for the deposit: from now on a transfer with its reference is recognised."""
    with db.transaction() as session:
        _, auction = lots.seen(session, lot_id)
        deposits.request(session, guard.acting(), guard.visible(auction).id, at=guard.now())
    return go("deposits.show", lot_id=lot_id)


@blueprint.post("/lots/<int:lot_id>/deposit/approve")
@again(show)
@guarded("bid:approve", fresh=True)
def approve(lot_id: int) -> Any:
    """The second person of a firm with four eyes agrees."""
    acting = guard.acting()
    with db.transaction() as session:
        _, auction = lots.seen(session, lot_id)
        found = deposits.of(session, guard.visible(auction).id, acting.organisation_id)
        deposits.approve(session, acting, guard.visible(found).id, at=guard.now())
    flash(gettext(N_("The deposit is approved; it can be transferred now.")))
    return go("deposits.show", lot_id=lot_id)
