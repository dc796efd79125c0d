"""Who may bid on a sale at all, whatever the price: what the rules on parties and licences say."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days, licences
from listings.errors import N_, Refused
from listings.lots import LotPack
from listings.packs import Pack
from listings.parties import Organisation, demand_approved
from market.auctions import Auction
from market.awarded import has_defaulted


class OwnGoods(Refused):
    """The bidder sells the lot or owns a pack of it."""

    message = N_("Your organisation sells this lot or owns packs in it; it cannot bid.")


class AffiliatedBidder(Refused):
    """Bidder and seller belong to one group."""

    message = N_("Your organisation and the seller belong to one group; it cannot bid.")


class DefaultedBefore(Refused):
    """The bidder bought these goods before and did not pay."""

    message = N_("Your organisation bought these goods before and did not pay; it cannot bid.")


def demand(session: orm.Session, auction: Auction, organisation_id: int) -> Organisation:
    """The organisation that would bid; refuses the seller, an owner, the seller's group, who
    bought these goods and did not pay, and who is not approved or holds no licence for the lot's
    route on the closing date in China.
    """
    bidder = session.get_one(Organisation, organisation_id)
    seller = session.get_one(Organisation, auction.seller_id)
    if bidder.id == seller.id or _owns_packs(session, auction, bidder.id):
        raise OwnGoods
    if are_affiliated(session, bidder.id, seller.id):
        raise AffiliatedBidder
    if has_defaulted(session, bidder.id, auction.lot_id):
        raise DefaultedBefore
    demand_approved(session, bidder.id)
    closes_on = days.of(auction.closes_at)
    licences.demand_buyer(session, bidder.id, auction.lot.route, closes_on)
    return bidder


def are_affiliated(session: orm.Session, one_id: int, other_id: int) -> bool:
    """Whether two organisations are one, or stand under a common one."""
    one, other = (session.get_one(Organisation, ident) for ident in (one_id, other_id))
    return bool(_group(session, one) & _group(session, other))


def _group(session: orm.Session, organisation: Organisation) -> set[int]:
    """The organisation and all above it: two that share one are affiliated."""
    group = {organisation.id}
    above = organisation.parent_id
    while above is not None and above not in group:
        group.add(above)
        above = session.get_one(Organisation, above).parent_id
    return group


def _owns_packs(session: orm.Session, auction: Auction, organisation_id: int) -> bool:
    owned = sa.select(LotPack.pack_id).join(Pack, Pack.id == LotPack.pack_id)
    mine = owned.where(LotPack.lot_id == auction.lot_id, Pack.owner_id == organisation_id)
    return bool(session.scalar(sa.select(mine.exists())))
