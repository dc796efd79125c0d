"""Sales and awards worked out again from their terms, their bids and their clock acts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings.journal import Act
from listings.lots import Lot, LotPack, LotState
from listings.words import gettext as _
from market import auctions
from market.auctions import Auction, AuctionState, Format
from market.awarded import Award
from market.bids import Bid
from market.rules import english


def sales(session: orm.Session) -> Iterator[str]:
    """Each sale's bids stand in one order, and replaying them gives the rows that are there."""
    bids = _bids(session)
    acts = _reschedulings(session)
    awarded = set(session.scalars(sa.select(Award.auction_id)))
    for auction in session.scalars(sa.select(Auction).order_by(Auction.id)):
        own = bids[auction.id]
        yield from _order_problems(auction, own)
        yield from _replay_problems(auction, own, acts[auction.id], auction.id in awarded)
        if auction.format is Format.FIXED_PRICE:
            yield from _claim_problems(auction, own, auction.id in awarded)


def awards(session: orm.Session) -> Iterator[str]:
    """Each award goes to the leading bid of its own sale, at its price, once for each lot."""
    standing: dict[int, str] = {}
    for award in session.scalars(sa.select(Award).order_by(Award.id)):
        yield from _award_problems(session, award)
        if award.annulled_at is None:
            if award.lot_id in standing:
                yield _(
                    "Lot %(lot)s has two standing awards: %(first)s and %(second)s.",
                    lot=award.lot_id,
                    first=standing[award.lot_id],
                    second=award.number,
                )
            standing[award.lot_id] = award.number
    for lot_id in session.scalars(sa.select(Lot.id).where(Lot.state == LotState.AWARDED)):
        if lot_id not in standing:
            yield _("Lot %(lot)s is awarded, but has no standing award.", lot=lot_id)
    yield from _twice_on_sale(session)


def _award_problems(session: orm.Session, award: Award) -> Iterator[str]:
    auction = session.get(Auction, award.auction_id)
    bid = session.get(Bid, award.bid_id)
    if auction is None or bid is None or bid.auction_id != award.auction_id:
        yield _("Award %(number)s names a bid of another sale.", number=award.number)
        return
    said = (award.lot_id, award.seller_id, award.buyer_id, award.hammer_minor, award.bid_id)
    found = (
        auction.lot_id,
        auction.seller_id,
        bid.bidder_id,
        auction.price_minor,
        auction.leading_bid_id,
    )
    if said != found or award.buyer_id != auction.leader_id:
        yield _("Award %(number)s is not what its sale came to.", number=award.number)


def _twice_on_sale(session: orm.Session) -> Iterator[str]:
    rows = sa.select(LotPack.pack_id).where(LotPack.is_open).group_by(LotPack.pack_id)
    for pack_id in session.scalars(rows.having(sa.func.count() > 1)):
        yield _("Pack %(pack)s stands in more than one open sale.", pack=pack_id)


def _order_problems(auction: Auction, bids: list[Bid]) -> Iterator[str]:
    numbers = [bid.number for bid in bids]
    if numbers != list(range(1, len(bids) + 1)) or auction.bid_count != len(bids):
        yield _(
            "The bids of sale %(sale)s are not numbered from 1 to %(count)s.",
            sale=auction.id,
            count=auction.bid_count,
        )
    instants = [bid.placed_at for bid in bids]
    if instants != sorted(instants):
        yield _("The bids of sale %(sale)s go back in time.", sale=auction.id)


def _replay_problems(
    auction: Auction, bids: list[Bid], acts: list[Act], is_awarded: bool
) -> Iterator[str]:
    terms, waiting = auctions.rule(auction), list(acts)
    state = english.begin(terms)
    for bid in bids:
        state = _pass_time(state, waiting, bid.placed_at)
        outcome = english.apply(
            terms, state, english.Bid(bid.bidder_id, bid.maximum_minor), bid.placed_at
        )
        state = outcome.state
        said = (bid.leader_id, bid.price_minor)
        # A rescheduling may have moved the hard end, which ended earlier extensions.
        is_same_end = bool(waiting) or bid.ends_at == state.ends_at
        if not outcome.accepted or said != (state.lead.leader, state.lead.price) or not is_same_end:
            yield _(
                "Bid %(number)s of sale %(sale)s does not follow from the bids before it.",
                number=bid.number,
                sale=auction.id,
            )
            return
    state = _pass_time(state, waiting, None)
    yield from _end_problems(auction, terms, state, is_awarded)


def _claim_problems(auction: Auction, bids: list[Bid], is_awarded: bool) -> Iterator[str]:
    """A fixed price was paid by the one who claimed, at once, or nobody claimed."""
    found = [(bid.bidder_id, bid.maximum_minor, bid.price_minor, bid.placed_at) for bid in bids]
    price = auction.start_minor
    is_right = found == [(auction.leader_id, price, price, auction.closed_at)] if bids else True
    if not is_right or bool(bids) != is_awarded:
        yield _("Sale %(sale)s at a fixed price is not one claim at that price.", sale=auction.id)


def _end_problems(
    auction: Auction, terms: english.Terms, state: english.State, is_awarded: bool
) -> Iterator[str]:
    lead = state.lead
    found = (auction.leader_id, auction.leader_maximum_minor, auction.price_minor)
    if found != (lead.leader, lead.maximum, lead.price) or auction.closes_at != state.ends_at:
        yield _("Sale %(sale)s does not stand where its bids lead.", sale=auction.id)
    is_sold = english.result(terms, state).sold
    expected = {
        AuctionState.SCHEDULED: not is_awarded,
        AuctionState.AWARDED: is_sold and is_awarded,
        # An award that was annulled leaves its sale as one that passed.
        AuctionState.PASSED: is_sold == is_awarded,
        AuctionState.WITHDRAWN: not is_awarded and auction.bid_count == 0,
    }[auction.state]
    if not expected:
        yield _(
            "Sale %(sale)s is %(state)s, but its bids do not lead there.",
            sale=auction.id,
            state=auction.state.value,
        )


def _pass_time(state: english.State, waiting: list[Act], until: datetime | None) -> english.State:
    """Let the reschedulings that came before an instant move the end."""
    while waiting and (until is None or waiting[0].at <= until):
        moved = datetime.fromisoformat(waiting.pop(0).facts["closes_at"])
        state = replace(state, ends_at=moved)
    return state


def _bids(session: orm.Session) -> dict[int, list[Bid]]:
    found: dict[int, list[Bid]] = defaultdict(list)
    for bid in session.scalars(sa.select(Bid).order_by(Bid.auction_id, Bid.number)):
        found[bid.auction_id].append(bid)
    return found


def _reschedulings(session: orm.Session) -> dict[int, list[Act]]:
    found: dict[int, list[Act]] = defaultdict(list)
    rows = sa.select(Act).where(Act.tag == "auction:rescheduled").order_by(Act.id)
    for act in session.scalars(rows):
        found[int(act.subject.partition(":")[2])].append(act)
    return found
