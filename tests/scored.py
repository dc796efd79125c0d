"""Editions in force and sales of one pack, from which lines of a valuer's record are made."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from decimal import Decimal

from make import NOW, Make

from listings.lots import Route
from listings.parties import Organisation, Role
from pricing import comparables, editions, guides, seeded
from pricing.columns import PackFacts
from pricing.comparables import Comparable, SoldPack
from pricing.guides import Edition, Guide

PACK = PackFacts(
    energy_kwh=64, chemistry="LFP", era="2010s", soh=0.8, evidence_level=1, mass_kg=480
)

_numbers = itertools.count(1)


def issue(
    make: Make,
    valuer: Organisation,
    factor: float = 1.0,
    *,
    at: datetime = NOW,
    guide: Guide | None = None,
) -> Edition:
    """A new edition in force whose second-life discounts are so many times those of the seed."""
    session = make.session
    coefficients = seeded.edition().coefficients.to_json()
    for family in coefficients["soh_discount"].values():
        for step in family:
            step[1]["value"] *= factor
    assessor, approver = make.member(valuer), make.member(valuer, Role.APPROVER)
    if guide is None:
        guide = guides.create(session, assessor, name=f"Guide of {valuer.id}", at=at)
        session.flush()
        guides.methodology(session, assessor, guide.id, text="How it is done.", at=at)
        session.flush()
    edition = editions.draft(
        session,
        assessor,
        guide.id,
        number=f"{at:%Y%m%d%H%M}",
        coefficients=coefficients,
        explanation="An edition.",
        review_due_on=date(2027, 6, 1),
        methodology_id=guides.newest_methodology(session, guide.id).id,
        at=at,
    )
    session.flush()
    editions.propose(session, assessor, edition.id, at=at)
    return editions.approve(session, approver, edition.id, at=at)


def sell(
    make: Make,
    seller: Organisation,
    buyer: Organisation,
    yuan: int = 12_000,
    facts: PackFacts = PACK,
    *,
    at: datetime = NOW,
    route: Route = Route.CASCADE,
) -> Comparable:
    """A sale of one pack for so many yuan, tax included, as the market tells it."""
    pack = make.pack(seller)
    lot = make.lot(seller, [pack], route=route)
    return comparables.record(
        make.session,
        Comparable(
            lot_id=lot.id,
            sale_number=f"CJ-TEST-{next(_numbers)}",
            seller_id=seller.id,
            buyer_id=buyer.id,
            priced_at=at,
            sold_at=at,
            format="english",
            price_basis="lump_sum",
            quantity=Decimal(1),
            hammer_minor=yuan * 100,
            total_minor=yuan * 100,
            currency="CNY",
            is_tax_included=True,
            tax_rate=Decimal("0.13"),
            route=route,
            chemistry=facts.chemistry,
            pack_count=1,
            energy_kwh=Decimal(str(facts.energy_kwh)),
            mass_kg=Decimal(480),
            grade="B",
            evidence_level="L1",
            snapshot={},
        ),
        [SoldPack(facts, Decimal(1), pack_id=pack.id)],
    )
