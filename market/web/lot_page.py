"""What the lot page shows: the goods, their state, their worth, and where the sale stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy import orm

from listings.health import policies, reports
from listings.health.grade import Policy
from listings.health.reports import HealthReport
from listings.lots import Lot, LotState
from listings.money import Money
from listings.packs import Pack
from listings.parties import Acting
from listings.words import gettext
from market import auctions, bids, claims, deposits
from market.auctions import Auction, Format
from market.bids import Bid
from market.web import agreed, formats, lives, pictures
from pricing import values, waterfalls
from pricing.guides import GuideValue

RECENT = 5


@dataclass(frozen=True, slots=True)
class Goods:
    """The packs of a lot with their reports, and what they sum up to (kWh, kg).

    ``past`` are reports that stand but no longer counted as the sale opened: no letter is theirs.
    """

    packs: list[Pack]
    reports: dict[int, HealthReport]
    past: dict[int, HealthReport]
    energy_kwh: Decimal
    mass_kg: Decimal
    chemistries: list[str]
    models: list[str]
    weakest: HealthReport | None
    histogram: Markup | None
    life: lives.Shown | None


@dataclass(frozen=True, slots=True)
class Move:
    """A bid that moved price or leader, with a name for its bidder that says nothing."""

    bid: Bid
    who: str
    is_own: bool
    is_leading: bool
    is_extension: bool


def goods(session: orm.Session, lot: Lot, on: date) -> Goods:
    """What is it, and what state is it in, by the reports that count on the day it is offered."""
    standing = reports.standing(session, [pack.id for pack in lot.packs])
    found = {ident: report for ident, report in standing.items() if report.is_valid(on)}
    known = [row for row in found.values() if row.soh_q is not None]
    weakest = min(known, key=lambda row: row.soh_q or 0, default=None)
    kinds = [pack.type for pack in lot.packs]
    return Goods(
        packs=list(lot.packs),
        reports=found,
        past={ident: report for ident, report in standing.items() if ident not in found},
        energy_kwh=sum((kind.rated_energy_kwh for kind in kinds), Decimal(0)),
        mass_kg=sum((pack.mass_kg or pack.type.mass_kg for pack in lot.packs), Decimal(0)),
        chemistries=sorted({formats.word(kind.chemistry) for kind in kinds}),
        models=sorted({f"{kind.maker} {kind.model}" for kind in kinds}),
        weakest=weakest,
        histogram=_histogram(known, _policy(session, known)) if known else None,
        life=lives.of_report(weakest) if weakest else None,
    )


def _policy(session: orm.Session, reports_: list[HealthReport]) -> Policy:
    """The newest policy among those that graded these reports."""
    return policies.of_version(session, max(row.policy_version for row in reports_))


def _histogram(reports_: list[HealthReport], policy: Policy) -> Markup:
    ends = [*policy.bands, ("R", 0.0)]
    bands = [
        (letter, low, ends[place - 1][1] if place else 1.5)
        for place, (letter, low) in enumerate(ends)
    ]
    return pictures.soh_histogram(
        [float(row.soh_q or 0) for row in reports_],
        bands,
        title=gettext("State of health of the examined packs"),
        x_label=gettext("State of health"),
        y_label=gettext("Packs"),
    )


def worth(session: orm.Session, lot: Lot, auction: Auction | None, at: datetime) -> dict[str, Any]:
    """The guide value with its pictures, the price on the same line, and what the valuers agree on;
    empty without a guide.
    """
    said = values.statements(session, lot.id, at=at)
    found = next((value for _, value in said if isinstance(value, GuideValue)), None)
    if found is None:
        return {}
    explained = values.explain(found)
    low, middle, high = (
        pictures.Mark(
            float(Money(minor, found.currency).decimal), formats.money(minor, found.currency)
        )
        for minor in (found.low_minor, found.value_minor, found.high_minor)
    )
    priced = auction if auction and auction.currency == found.currency else None
    price = _total_mark(priced) if priced else None
    parts = explained.chosen
    reference = agreed.of_lot(session, lot.id, said, at=at)
    most = (
        reference.high
        if isinstance(reference, agreed.Shown)
        else Money(found.high_minor, found.currency)
    )
    return {
        "value": found,
        "explained": explained,
        "reference": reference,
        "dear": _above(priced, most),
        "line": pictures.value_line(
            low, middle, high, price, title=gettext("Guide value and current price")
        ),
        "parts": [
            (gettext(waterfalls.LABELS[part.name]), part.amount) for part in parts.components
        ],
        "total": parts.total,
        "waterfall": pictures.waterfall(
            [
                pictures.Step(
                    gettext(waterfalls.LABELS[part.name]),
                    float(part.amount.decimal),
                    formats.money(part.amount),
                )
                for part in parts.components
            ],
            pictures.Step(
                gettext("Guide value"), float(parts.total.decimal), formats.money(parts.total)
            ),
            title=gettext("How the guide value comes about"),
        ),
    }


def _asked(auction: Auction) -> Money:
    unit = auction.price_minor if auction.price_minor is not None else auction.start_minor
    return auctions.total(auction, unit)


def _above(auction: Auction | None, most: Money) -> Money | None:
    """What is asked for the whole lot, where that is above the likely range."""
    asked = _asked(auction) if auction else None
    return asked if asked and asked.currency == most.currency and asked > most else None


def _total_mark(auction: Auction) -> pictures.Mark:
    total = _asked(auction)
    is_price = auction.price_minor is not None or auction.format is Format.FIXED_PRICE
    says = gettext("Price") if is_price else gettext("Start")
    return pictures.Mark(float(total.decimal), f"{says} {formats.money(total)}")


def moves(session: orm.Session, auction: Auction, acting: Acting | None) -> list[Move]:
    """The public history of a sale, newest first; bidders by numbers in order of appearance."""
    names: dict[int, str] = {}
    end = auction.original_closes_at
    found = []
    for bid in bids.history(session, auction.id):
        names.setdefault(bid.bidder_id, gettext("Bidder %(number)s", number=len(names) + 1))
        is_own = acting is not None and acting.organisation_id == bid.bidder_id
        found.append(
            Move(
                bid=bid,
                who=gettext("You") if is_own else names[bid.bidder_id],
                is_own=is_own,
                is_leading=bid.leader_id == bid.bidder_id,
                is_extension=bid.ends_at > end,
            )
        )
        end = max(end, bid.ends_at)
    return found[::-1]


def price_picture(auction: Auction, history: list[Move]) -> Markup | None:
    """The price over time with the moments at which the end moved; None without bids."""
    if not history:
        return None
    places = history[::-1]
    unit = auction.currency
    return pictures.price_over_time(
        [(move.bid.placed_at, float(Money(move.bid.price_minor, unit).decimal)) for move in places],
        [move.bid.placed_at for move in places if move.is_extension],
        auction.opens_at,
        auction.closes_at,
        title=gettext("Price over time"),
        labels=(
            gettext("Opened"),
            gettext("Closes") if auction.closed_at is None else gettext("Closed"),
            unit,
            gettext("Closing moved"),
        ),
    )


def status(
    session: orm.Session, lot: Lot, auction: Auction, acting: Acting | None, at: datetime
) -> dict[str, Any]:
    """Where the sale stands, for this person: the part of the page that follows the sale live."""
    history = moves(session, auction, acting)
    return {
        "lot": lot,
        "auction": auction,
        "at": at,
        "phase": _phase(auction, at),
        "is_met": auctions.is_minimum_met(auction),
        "has_minimum": auction.floor_minor is not None or auction.reserve_minor is not None,
        "next_minimum": auctions.next_minimum(auction),
        "unit_minor": _unit(auction),
        "total": auctions.total(auction, _unit(auction)),
        "history": history,
        "recent": history[:RECENT],
        **_position(session, auction, acting),
    }


def _unit(auction: Auction) -> int:
    return auction.start_minor if auction.price_minor is None else auction.price_minor


def _phase(auction: Auction, at: datetime) -> str:
    """``upcoming``, ``open``, ``closing`` (the end has come, the award not yet) or the state."""
    if auction.state is not auctions.AuctionState.SCHEDULED:
        return auction.state.value
    if at < auction.opens_at:
        return "upcoming"
    return "open" if at < auction.closes_at else "closing"


def _position(session: orm.Session, auction: Auction, acting: Acting | None) -> dict[str, Any]:
    """Whether this organisation leads, and its own highest maximum, which nobody else sees."""
    if acting is None:
        return {"position": None, "own_maximum": None, "is_seller": False}
    mine = acting.organisation_id
    own = session.scalar(
        sa.select(sa.func.max(Bid.maximum_minor)).where(
            Bid.auction_id == auction.id, Bid.bidder_id == mine
        )
    )
    position = None if own is None else ("leading" if auction.leader_id == mine else "outbid")
    return {
        "position": position,
        "own_maximum": own,
        "is_seller": auction.seller_id == mine,
    }


def bidding(session: orm.Session, auction: Auction, acting: Acting | None) -> dict[str, Any]:
    """What a person may do here: what it lacks, its deposit, a claim that waits for approval."""
    if acting is None or acting.organisation_id == auction.seller_id:
        return {"lacks": [], "deposit": None, "prepared": None}
    mine, is_fixed = acting.organisation_id, auction.format is Format.FIXED_PRICE
    find = claims.lacks if is_fixed else bids.lacks
    return {
        "lacks": find(session, auction, acting),
        "deposit": deposits.of(session, auction.id, mine),
        "prepared": claims.prepared(session, auction, mine) if is_fixed else None,
    }


def may_see(lot: Lot, auction: Auction | None, acting: Acting | None) -> bool:
    """A draft is its seller's own; whatever was on sale is everybody's."""
    is_seller = acting is not None and acting.organisation_id == lot.seller_id
    return is_seller or (auction is not None and lot.state is not LotState.DRAFT)
