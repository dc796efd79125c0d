"""The lot page, its live part, and a seller's own lots."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template

from listings import days, db
from listings.lots import Lot, LotState
from listings.parties import Organisation
from market import auctions
from market.auctions import Auction
from market.web import guard, lot_page
from market.web.guard import member, public
from market.web.landed import beside
from market.web.public import mask

blueprint = Blueprint("lots", __name__)


@blueprint.get("/lots/<int:lot_id>")
@public
def show(lot_id: int) -> Any:
    """What is it, in what state, what is it worth, and what happens now."""
    acting, at = guard.acting_or_none(), guard.now()
    with db.transaction() as session:
        lot, auction = seen(session, lot_id)
        page: dict[str, Any] = {
            "lot": lot,
            "auction": auction,
            "goods": lot_page.goods(session, lot, days.of(auction.opens_at if auction else at)),
            "worth": lot_page.worth(session, lot, auction, at),
            "landed": beside(session, lot, auction, acting, at),
            "is_seller": acting is not None and acting.organisation_id == lot.seller_id,
            # Codes are for those who have a name here; a visitor sees their ends.
            "named": str if acting is not None else mask,
        }
        if auction is not None:
            page["status"] = lot_page.status(session, lot, auction, acting, at)
            page["bidding"] = lot_page.bidding(session, auction, acting)
            page["picture"] = lot_page.price_picture(auction, page["status"]["history"])
            page["four_eyes"] = acting is not None and _has_four_eyes(
                session, acting.organisation_id
            )
        return render_template("lots/show.html", form_key=secrets.token_urlsafe(12), **page)


@blueprint.get("/lots/<int:lot_id>/status")
@public
def status(lot_id: int) -> Any:
    """Price, time and position, as a fragment: the page asks for it whenever the sale moved."""
    with db.transaction() as session:
        lot, auction = seen(session, lot_id)
        found = lot_page.status(
            session, lot, guard.visible(auction), guard.acting_or_none(), guard.now()
        )
        return render_template("lots/_status.html", status=found)


@blueprint.get("/lots")
@member()
def mine() -> Any:
    """The lots of my organisation: drafts first, then what is on sale, then the rest."""
    acting = guard.acting()
    order = sa.case(
        (Lot.state == LotState.DRAFT, 0), (Lot.state == LotState.CATALOGUED, 1), else_=2
    )
    with db.transaction() as session:
        lots = session.scalars(
            sa.select(Lot)
            .where(Lot.seller_id == acting.organisation_id)
            .order_by(order, Lot.id.desc())
        ).all()
        newest = session.scalars(
            sa.select(Auction)
            .where(Auction.lot_id.in_([lot.id for lot in lots]))
            .order_by(Auction.id)
        )
        sales = {auction.lot_id: auction for auction in newest}
        return render_template("lots/mine.html", lots=lots, sales=sales, at=guard.now())


def seen(session: Any, lot_id: int) -> tuple[Lot, Auction | None]:
    """The lot with its newest sale, for those who may see it; `NotFound` for everybody else."""
    lot: Lot = guard.visible(session.get(Lot, lot_id))
    auction = auctions.latest(session, lot_id)
    guard.visible(lot_page.may_see(lot, auction, guard.acting_or_none()) or None)
    return lot, auction


def _has_four_eyes(session: Any, organisation_id: int) -> bool:
    return bool(session.get_one(Organisation, organisation_id).has_four_eyes)
