"""What the lot page tells a buyer of the cost at its own gate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from listings.lots import Lot
from listings.parties import Acting
from market import auctions, ceilings
from market.auctions import Auction
from market.ceilings import BUYERS
from pricing.landed_cost import LABELS


def beside(
    session: orm.Session, lot: Lot, auction: Auction | None, acting: Acting | None, at: datetime
) -> dict[str, Any]:
    """The same for the lot page at the price of the moment; empty for whoever is no buyer of it."""
    if auction is None or acting is None or not acting.is_any(*BUYERS):
        return {}
    if auction.seller_id == acting.organisation_id:
        return {}
    found = ceilings.reckon(
        session, acting.organisation_id, lot, auction, unit_minor=now_asked(auction, at)
    )
    return {} if found is None else {"reckoning": found, "labels": LABELS}


def now_asked(auction: Auction, at: datetime) -> int:
    """The unit price that a buyer would have to name now; of a sale that is over, its price."""
    if auctions.is_open(auction, at) or auction.price_minor is None:
        return auctions.next_minimum(auction)
    return auction.price_minor
