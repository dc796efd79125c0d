"""What the market tells the valuation of its sales, bids and offers: prices, never maximums."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days, db
from listings.health import reports
from listings.health.reports import HealthReport, Subject
from listings.lots import Lot
from listings.packs import Pack
from market import amounts, eligibility
from market.auctions import Auction, Format, PriceBasis
from market.awarded import Award
from pricing import appearances, comparables, evidence
from pricing.comparables import AS_IS, WEAKEST, Comparable, ExclusionKind, SoldPack
from pricing.evidence import Evidence, EvidenceKind


def sale(session: orm.Session, award: Award, total_minor: int) -> Comparable:
    """An award becomes a comparable: price, tax, and each pack as known when the price was fixed.

    A sale within one group is excluded at once: its price is not one between strangers.
    """
    auction = session.get_one(Auction, award.auction_id)
    lot = session.get_one(Lot, award.lot_id)
    priced_at = min(_priced_at(auction), award.awarded_at)
    packs = _sold(session, auction, lot.packs, days.of(priced_at))
    kept = comparables.record(
        session,
        Comparable(
            lot_id=lot.id,
            sale_number=award.number,
            seller_id=award.seller_id,
            buyer_id=award.buyer_id,
            priced_at=priced_at,
            sold_at=award.awarded_at,
            format=auction.format.value,
            price_basis=auction.price_basis.value,
            quantity=auction.quantity,
            hammer_minor=award.hammer_minor,
            total_minor=total_minor,
            currency=award.currency,
            is_tax_included=auction.is_tax_included,
            tax_rate=auction.tax_rate,
            route=lot.route,
            chemistry=comparables.one_word([pack.facts.chemistry for pack in packs]),
            pack_count=len(packs),
            energy_kwh=sum((pack.type.rated_energy_kwh for pack in lot.packs), Decimal(0)),
            mass_kg=sum((pack.mass_kg or pack.type.mass_kg for pack in lot.packs), Decimal(0)),
            grade=comparables.one_word([pack.grade for pack in packs]),
            evidence_level=max(pack.evidence_level for pack in packs),
            province=lot.site.province if lot.site else "",
            snapshot=_snapshot(session, auction, lot),
        ),
        packs,
    )
    if eligibility.are_affiliated(session, award.seller_id, award.buyer_id):
        exclude(session, award, ExclusionKind.RELATED, "one group", at=award.awarded_at)
    return kept


def exclude(
    session: orm.Session, award: Award, kind: ExclusionKind, reason: str, *, at: datetime
) -> None:
    """The sale behind an award does not count from ``at`` on."""
    comparables.exclude(session, award.number, kind, reason, at=at)


def bid(session: orm.Session, auction: Auction, bid_id: int, *, at: datetime) -> None:
    """The displayed price moved: that price is evidence, the maximum behind it stays secret."""
    if auction.price_minor is None or auction.leader_id is None:
        return
    _push(
        session,
        auction,
        EvidenceKind.BID,
        f"bid:{bid_id}",
        unit=auction.price_minor,
        of=auction.leader_id,
        at=at,
    )


def offer(session: orm.Session, auction: Auction, *, at: datetime) -> None:
    """A seller asks a price in public: a fixed one, or a floor. A hidden reserve says nothing."""
    is_fixed = auction.format is Format.FIXED_PRICE
    asked = auction.start_minor if is_fixed else auction.floor_minor
    if asked is None:
        return
    _push(
        session,
        auction,
        EvidenceKind.OFFER,
        f"auction:{auction.id}",
        unit=asked,
        of=auction.seller_id,
        at=at,
    )


def _push(
    session: orm.Session,
    auction: Auction,
    kind: EvidenceKind,
    subject: str,
    *,
    unit: int,
    of: int,
    at: datetime,
) -> None:
    total, _tax = amounts.due(auction, unit, auction.quantity)
    evidence.record(
        session,
        Evidence(
            kind=kind,
            subject=subject,
            lot_id=auction.lot_id,
            organisation_id=of,
            price_basis=auction.price_basis.value,
            quantity=auction.quantity,
            unit_minor=unit,
            total_minor=total.minor,
            currency=auction.currency,
            is_tax_included=auction.is_tax_included,
            tax_rate=auction.tax_rate,
            at=at,
        ),
    )


def _priced_at(auction: Auction) -> datetime:
    """When nobody could move the price any more: a fixed one stands from its publication on."""
    if auction.format is Format.FIXED_PRICE:
        return auction.published_at
    return auction.closed_at or auction.closes_at


def _sold(session: orm.Session, auction: Auction, packs: list[Pack], on: date) -> list[SoldPack]:
    found = appearances.standing_reports(session, [pack.id for pack in packs], on)
    sold = []
    for pack in packs:
        report = found.get(pack.id)
        sold.append(
            SoldPack(
                facts=appearances.facts(pack, report, on),
                weight=_weight(auction, pack),
                grade=(report.grade if report else None) or AS_IS,
                evidence_level=report.evidence_level if report else WEAKEST,
                pack_id=pack.id,
            )
        )
    return sold


def _weight(auction: Auction, pack: Pack) -> Decimal:
    """What the price was asked for: packs, mass, else nameplate kWh, as settlements divide it."""
    if auction.price_basis is PriceBasis.PER_PACK:
        return Decimal(1)
    if auction.price_basis is PriceBasis.PER_TONNE:
        return pack.mass_kg or pack.type.mass_kg
    return pack.type.rated_energy_kwh


def _snapshot(session: orm.Session, auction: Auction, lot: Lot) -> db.Facts:
    """The lot and the terms in plain JSON, as the catalogue showed them when the sale opened."""
    kinds = [pack.type for pack in lot.packs]
    return {
        "route": lot.route.value,
        "province": lot.site.province if lot.site else "",
        "packs": len(lot.packs),
        "energy_kwh": str(sum(kind.rated_energy_kwh for kind in kinds)),
        "mass_kg": str(sum(pack.mass_kg or pack.type.mass_kg for pack in lot.packs)),
        "chemistries": sorted({kind.chemistry.value for kind in kinds}),
        "models": sorted({f"{kind.maker} {kind.model}" for kind in kinds}),
        "grades": _grades(session, [pack.id for pack in lot.packs], days.of(auction.opens_at)),
        "quantity": str(auction.quantity),
        "is_quantity_provisional": auction.is_quantity_provisional,
        "tax_rate": str(auction.tax_rate),
        "payment_term": auction.payment_term.value,
        "delivery": auction.delivery.value,
    }


def _grades(session: orm.Session, pack_ids: list[int], on: date) -> dict[str, int]:
    counted = session.execute(
        sa.select(HealthReport.grade, sa.func.count(HealthReport.pack_id.distinct()))
        .where(
            HealthReport.pack_id.in_(pack_ids),
            HealthReport.subject == Subject.PACK,
            reports.counts(on),
        )
        .group_by(HealthReport.grade),
    )
    return {str(grade): int(count) for grade, count in counted}
