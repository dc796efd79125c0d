"""The catalogue: lots on sale and sold, by filters, with counts for each filter."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days, names
from listings.health import reports
from listings.health.reports import HealthReport, Subject
from listings.lots import Lot, LotPack, Route
from listings.pack_types import Chemistry, PackType
from listings.packs import Pack
from listings.parties import Organisation
from listings.sites import Site
from market.auctions import Auction, AuctionState, Format, PriceBasis

PAGE = 24
UNGRADED = "-"
"""Stands for a lot without a letter: as is, or letters of single packs only."""


class Stage(enum.StrEnum):
    """Whether bids are still to come."""

    OPEN = "open"
    CLOSED = "closed"


class Sort(enum.StrEnum):
    """In which order lots are shown."""

    CLOSING = "closing"
    NEWEST = "newest"
    PRICE = "price"
    ENERGY = "energy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. SoH are fractions, energies kWh of nameplate, prices minor units.

    Within one facet any choice serves, between facets all do. ``grade`` is the letter of a lot's
    weakest reported pack. Every word of ``text`` must occur in title, description, seller, maker
    or model.
    """

    text: str = ""
    stage: Stage | None = Stage.OPEN
    chemistry: frozenset[Chemistry] = frozenset()
    grade: frozenset[str] = frozenset()
    province: frozenset[str] = frozenset()
    route: frozenset[Route] = frozenset()
    basis: frozenset[PriceBasis] = frozenset()
    soh_from: Decimal | None = None
    soh_to: Decimal | None = None
    kwh_from: Decimal | None = None
    kwh_to: Decimal | None = None
    price_from: int | None = None
    price_to: int | None = None
    closes_before: datetime | None = None
    sort: Sort = Sort.CLOSING
    page: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the catalogue; ``soh_low`` and ``grade`` are those of the weakest reported pack.

    ``price_minor`` is the displayed price, or the start price while nobody bid.
    """

    lot_id: int
    title: str
    route: Route
    state: AuctionState
    seller: str
    seller_en: str
    province: str
    chemistry: str
    packs: int
    reported: int
    kwh: Decimal
    soh_low: Decimal | None
    soh_mean: Decimal | None
    grade: str
    evidence_level: str | None
    format: Format
    basis: PriceBasis
    currency: str
    price_minor: int
    has_bids: bool
    opens_at: datetime
    closes_at: datetime
    auction_id: int

    @property
    def seller_called(self) -> str:
        """The seller's name in the reader's language."""
        return names.called(self.seller, self.seller_en)


@dataclass(frozen=True, slots=True)
class Results:
    """One page of lines, how many there are, and for each facet how many each choice would give."""

    found: list[Found]
    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


FACETS = ("chemistry", "grade", "province", "route", "basis")


def search(session: orm.Session, wanted: Search, *, limit: int | None = PAGE) -> Results:
    """One page of what is wanted (all of it where ``limit`` is None), with counts.

    A facet's own counts leave its own choice out, so that another choice can be weighed.
    """
    lines = _lines()
    filtered = sa.select(lines).where(*_ranges(lines, wanted), *_words(lines, wanted)).cte("fit")
    chosen = [
        filtered.c[name].in_(_values(wanted, name)) for name in FACETS if _values(wanted, name)
    ]
    page = sa.select(filtered, sa.func.count().over().label("total")).where(*chosen)
    page = page.order_by(*_order(filtered, wanted.sort))
    if limit is not None:
        page = page.limit(limit).offset((max(wanted.page, 1) - 1) * limit)
    rows = session.execute(page).mappings().all()
    cube = session.execute(
        sa.select(*(filtered.c[name] for name in FACETS), sa.func.count().label("lots")).group_by(
            *(filtered.c[name] for name in FACETS)
        )
    ).mappings()
    counts = [dict(row) for row in cube]
    total = sum(row["lots"] for row in counts if _fits(row, wanted))
    return Results([_found(row) for row in rows], total, _facets(counts, wanted))


def _values(wanted: Search, name: str) -> frozenset[str]:
    return frozenset(str(value) for value in getattr(wanted, name))


def _fits(row: Mapping[str, str], wanted: Search, but: str = "") -> bool:
    return all(
        name == but or not _values(wanted, name) or str(row[name]) in _values(wanted, name)
        for name in FACETS
    )


def _facets(counts: list[dict[str, object]], wanted: Search) -> dict[str, dict[str, int]]:
    facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for name in FACETS:
        for row in counts:
            if _fits(row, wanted, but=name):  # type: ignore[arg-type]
                value = str(row[name])
                facets[name][value] = facets[name].get(value, 0) + int(str(row["lots"]))
        for value in _values(wanted, name):
            facets[name].setdefault(value, 0)
    return facets


def _found(row: sa.RowMapping) -> Found:
    values = {name: row[name] for name in Found.__slots__}
    return Found(**values)


def _lines() -> sa.CTE:
    """One row for each lot that is or was on sale, with what its packs sum up to."""
    goods = _goods()
    return (
        sa.select(
            Lot.id.label("lot_id"),
            Lot.title,
            Lot.description,
            Lot.route,
            Lot.catalogued_at,
            Organisation.name.label("seller"),
            Organisation.name_en.label("seller_en"),
            sa.func.coalesce(Site.province, Organisation.province).label("province"),
            goods.c.chemistry,
            goods.c.packs,
            goods.c.kwh,
            goods.c.models,
            goods.c.reported,
            goods.c.soh_low,
            goods.c.soh_mean,
            sa.func.coalesce(goods.c.grade, UNGRADED).label("grade"),
            goods.c.evidence_level,
            Auction.id.label("auction_id"),
            Auction.state,
            Auction.format,
            Auction.price_basis.label("basis"),
            Auction.currency,
            sa.func.coalesce(Auction.price_minor, Auction.start_minor).label("price_minor"),
            (Auction.bid_count > 0).label("has_bids"),
            Auction.opens_at,
            Auction.closes_at,
        )
        .select_from(Lot)
        .join(Auction, Auction.id == _newest(Lot.id))
        .join(goods, goods.c.lot_id == Lot.id)
        .join(Organisation, Organisation.id == Lot.seller_id)
        .outerjoin(Site, Site.id == Lot.site_id)
        .where(Auction.state != AuctionState.WITHDRAWN)
        .cte("line")
    )


def _newest(lot_id: orm.InstrumentedAttribute[int]) -> sa.ScalarSelect[int]:
    """The newest sale of the lot of the row: a lot that passed may have been put on sale again."""
    sale = orm.aliased(Auction)
    newest = sa.select(sa.func.max(sale.id)).where(sale.lot_id == lot_id)
    return newest.correlate(lot_id.class_).scalar_subquery()


def _opening_day() -> sa.ColumnElement[date]:
    """The day on which a sale opens, here: a report that expired before it says nothing in it."""
    return sa.cast(sa.func.timezone(str(days.ZONE), Auction.opens_at), sa.Date)


def _goods() -> sa.Subquery:
    """Sums over the packs of a lot, and over the reports of packs that counted as it opened."""
    word = sa.cast(PackType.chemistry, sa.Text)
    count = sa.func.count(sa.distinct(word))
    chemistry = sa.case((count == 1, sa.func.min(word)), else_="mixed")
    models = sa.func.string_agg(sa.distinct(PackType.maker + " " + PackType.model), ", ")
    return (
        sa.select(
            LotPack.lot_id,
            sa.func.count().label("packs"),
            sa.func.sum(PackType.rated_energy_kwh).label("kwh"),
            chemistry.label("chemistry"),
            models.label("models"),
            sa.func.count(HealthReport.id).label("reported"),
            sa.func.min(HealthReport.soh_q).label("soh_low"),
            sa.func.avg(HealthReport.soh_q).label("soh_mean"),
            # A to D and R stand in the order of the alphabet; so do levels of evidence.
            sa.func.max(HealthReport.grade).label("grade"),
            sa.func.max(HealthReport.evidence_level).label("evidence_level"),
        )
        .select_from(LotPack)
        .join(Pack, Pack.id == LotPack.pack_id)
        .join(PackType, PackType.id == Pack.type_id)
        .join(Auction, Auction.id == _newest(LotPack.lot_id))
        .outerjoin(
            HealthReport,
            sa.and_(
                HealthReport.pack_id == Pack.id,
                HealthReport.subject == Subject.PACK,
                reports.counts(_opening_day()),
            ),
        )
        .group_by(LotPack.lot_id)
        .subquery("goods")
    )


def _ranges(line: sa.CTE, wanted: Search) -> list[sa.ColumnElement[bool]]:
    columns = line.c
    found = [
        column >= least if is_least else column <= least
        for column, least, is_least in (
            (columns.soh_low, wanted.soh_from, True),
            (columns.soh_low, wanted.soh_to, False),
            (columns.kwh, wanted.kwh_from, True),
            (columns.kwh, wanted.kwh_to, False),
            (columns.price_minor, wanted.price_from, True),
            (columns.price_minor, wanted.price_to, False),
            (columns.closes_at, wanted.closes_before, False),
        )
        if least is not None
    ]
    if wanted.stage is not None:
        is_open = columns.state == AuctionState.SCHEDULED
        found.append(is_open if wanted.stage is Stage.OPEN else ~is_open)
    return found


def _words(line: sa.CTE, wanted: Search) -> list[sa.ColumnElement[bool]]:
    columns = line.c
    whole = sa.func.concat_ws(
        " ", columns.title, columns.description, columns.seller, columns.seller_en, columns.models
    )
    return [whole.icontains(word, autoescape=True) for word in wanted.text.split()]


def _order(line: sa.CTE, sort: Sort) -> list[sa.ColumnElement[Any]]:
    # What is over comes after what can still be bought.
    over = line.c.state != AuctionState.SCHEDULED
    orders: dict[Sort, list[sa.ColumnElement[Any]]] = {
        Sort.CLOSING: [over, line.c.closes_at, line.c.lot_id],
        Sort.NEWEST: [line.c.catalogued_at.desc(), line.c.lot_id.desc()],
        Sort.PRICE: [line.c.price_minor, line.c.lot_id],
        Sort.ENERGY: [line.c.kwh.desc(), line.c.lot_id],
    }
    return orders[sort]
