from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from deals import LATER, OVERDUE, sell
from make import NOW
from sqlalchemy.exc import IntegrityError, ProgrammingError

from listings.health.reports import HealthReport, Subject
from listings.lots import LotState, Route
from listings.money import Money
from listings.pack_types import Chemistry
from listings.parties import Kind
from market import auctions, awards, bids
from market.auctions import Delivery, Format, PriceBasis, Terms
from pricing import comparables, evidence
from pricing.comparables import Comparable, ComparablePack, ExclusionKind, SaleSource
from pricing.evidence import EvidenceKind


def report(make, pack, *, grade="B", level="L2"):
    """A standing report on a whole pack."""
    return make._add(
        HealthReport(
            pack_id=pack.id, subject=Subject.PACK, lab_id=make.organisation(Kind.LAB).id,
            examined_on=date(2026, 5, 20), rated_capacity_ah=Decimal(200), soh_q=Decimal("0.82"),
            grade=grade, evidence_level=level, policy_version=1, reported_at=NOW,
            valid_until=date(2026, 8, 1),
        )
    )  # fmt: skip


def only(session) -> Comparable:
    return session.scalars(sa.select(Comparable)).one()


def packs_of(session, sale) -> list[ComparablePack]:
    rows = sa.select(ComparablePack).where(ComparablePack.comparable_id == sale.id)
    return list(session.scalars(rows.order_by(ComparablePack.place)))


def test_a_sale_keeps_route_chemistry_tax_region_and_when_its_price_was_fixed(session, make):
    seller = make.organisation(Kind.FLEET_OWNER)
    packs = [make.pack(seller), make.pack(seller)]
    site = make.site(seller, province="江苏")
    lot = make.lot(seller, packs, route=Route.REGENERATION, site_id=site.id)
    closed = NOW - timedelta(minutes=5)
    deal = sell(
        make, 100_00, lot=lot, seller=seller, price_basis=PriceBasis.PER_KWH,
        quantity=Decimal(128), is_tax_included=False, closed_at=closed,
    )  # fmt: skip
    sale = only(session)
    assert (sale.source, sale.route, sale.chemistry) == ("market", "regeneration", "LFP")
    assert (sale.province, sale.pack_count, sale.energy_kwh) == ("江苏", 2, 128)
    assert (sale.priced_at, sale.sold_at) == (closed, NOW)
    assert (sale.grade, sale.evidence_level) == ("as_is", "L5")
    assert (sale.seller_id, sale.buyer_id) == (deal.seller.id, deal.buyer.id)
    assert sale.total == Money(14_464_00)  # 128 x 100, and 13 % on top
    assert sale.net == Money(12_800_00)
    assert sale.net_per_kwh == Decimal("100.00")


def test_the_price_of_a_fixed_price_sale_stands_from_its_publication(session, make):
    sell(make, 1000_00, format=Format.FIXED_PRICE, closed_at=NOW)
    assert only(session).priced_at == NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("basis", "shares"),
    [
        (PriceBasis.LUMP_SUM, [66_67, 33_33]),
        (PriceBasis.PER_KWH, [66_67, 33_33]),
        (PriceBasis.PER_PACK, [50_00, 50_00]),
        (PriceBasis.PER_TONNE, [25_00, 75_00]),
    ],
)
def test_the_total_is_split_over_the_packs_by_what_was_priced(session, make, basis, shares):
    seller = make.organisation(Kind.FLEET_OWNER)
    heavy = [("64", 300), ("32", 900)]
    packs = [
        make.pack(seller, make.pack_type(rated_energy_kwh=Decimal(kwh), mass_kg=Decimal(kg)))
        for kwh, kg in heavy
    ]
    lot = make.lot(seller, packs)
    sell(make, 100_00, lot=lot, seller=seller, price_basis=basis, quantity=Decimal(1))
    sale = only(session)
    rows = packs_of(session, sale)
    assert [row.share_minor for row in rows] == shares
    assert sum(row.share_minor for row in rows) == sale.total_minor
    assert [row.known.mass_kg for row in rows] == [300, 900]


def test_the_grade_of_a_lot_is_that_of_all_its_packs_or_mixed(session, make):
    seller = make.organisation(Kind.FLEET_OWNER)
    packs = [make.pack(seller), make.pack(seller)]
    report(make, packs[0], grade="B", level="L1")
    report(make, packs[1], grade="B", level="L3")
    sell(make, 100_00, lot=make.lot(seller, packs), seller=seller)
    sale = only(session)
    assert (sale.grade, sale.evidence_level) == ("B", "L3")
    assert [row.known.soh for row in packs_of(session, sale)] == [0.82, 0.82]
    others = [make.pack(seller), make.pack(seller, make.pack_type(Chemistry.NMC622))]
    report(make, others[0])
    sell(make, 100_00, lot=make.lot(seller, others), seller=seller)
    mixed = session.scalars(sa.select(Comparable).order_by(Comparable.id.desc())).first()
    assert (mixed.grade, mixed.evidence_level, mixed.chemistry) == ("mixed", "L5", "mixed")


def test_a_negative_price_is_split_as_well(session, make):
    sell(make, -100_01, energies=("64", "64"), is_negative_allowed=True)
    assert [row.share_minor for row in packs_of(session, only(session))] == [-50_01, -50_00]


def test_a_sale_within_a_group_is_kept_and_does_not_count(session, make):
    deal = sell(make, 1000_00)
    parent = make.organisation(Kind.FLEET_OWNER)
    deal.seller.parent_id = deal.buyer.parent_id = parent.id
    deal.auction.lot.state = LotState.CATALOGUED
    deal.award.annulled_at = LATER
    session.flush()
    assert len(comparables.counting(session, LATER)) == 1
    bid = session.get_one(bids.Bid, deal.auction.leading_bid_id)
    awards.make(session, deal.auction, bid, at=LATER)
    assert len(session.scalars(sa.select(Comparable)).all()) == 2
    assert [sale.sale_number for sale in comparables.counting(session, OVERDUE)] == [
        deal.award.number
    ]


def test_goods_that_the_buyer_did_not_take_make_the_sale_a_dispute(session, make):
    from market import acceptances

    deal = sell(make, 1000_00, energies=("64", "64"))
    packs = [pack.id for pack in deal.auction.lot.packs]
    handover = deal.hand_over(rejected=(packs[0],))
    acceptances._dispute(session, handover, 2, LATER)
    assert comparables.counting(session, LATER)
    acceptances._dispute(session, handover, 1, LATER)
    assert comparables.counting(session, LATER) == []


def test_an_exclusion_counts_from_its_day_and_may_be_lifted_for_its_kind_alone(session, make):
    number = sell(make, 1000_00).award.number
    day = [NOW + timedelta(days=count) for count in range(5)]

    def counted():
        return [bool(comparables.counting(session, at)) for at in day]

    exclude = comparables.exclude
    exclude(session, number, ExclusionKind.DISPUTE, "weight", at=day[1])
    assert counted() == [True, False, False, False, False]
    exclude(session, number, ExclusionKind.DISPUTE, "settled", at=day[2], is_lifted=True)
    assert counted() == [True, False, True, True, True]
    exclude(session, number, ExclusionKind.RELATED, "one group", at=day[3])
    exclude(session, number, ExclusionKind.DISPUTE, "again settled", at=day[4], is_lifted=True)
    assert counted() == [True, False, True, False, False]
    assert comparables.exclude(session, "A-0", ExclusionKind.MISTAKE, "none", at=NOW) is None


def test_sales_of_one_source_are_told_apart(session, make):
    sell(make, 1000_00)
    assert comparables.counting(session, LATER, source=SaleSource.MARKET)
    assert comparables.counting(session, LATER, source=SaleSource.EXTERNAL) == []


@pytest.mark.parametrize("table", ["comparable", "comparable_pack", "exclusion", "evidence"])
def test_what_was_told_is_never_rewritten(session, make, table):
    sell(make, 1000_00)
    with pytest.raises((IntegrityError, ProgrammingError)), session.begin_nested():
        session.execute(sa.text(f"DELETE FROM {table}"))


def test_a_price_that_moves_is_evidence_and_the_maximum_behind_it_is_not(session, make):
    auction = make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)))
    first, second = (make.member(make.recycler()) for _ in range(2))
    for acting, maximum in ((first, 5000_00), (second, 3000_00), (first, 6000_00)):
        bids.place(
            session, acting, auction.id, Money(maximum), clock=lambda: NOW, form_key=str(maximum)
        )
    rows = evidence.since(session, NOW - timedelta(days=1), NOW)
    assert [(row.kind, row.unit_minor) for row in rows] == [("bid", 10_00), ("bid", 3001_00)]
    assert {row.organisation_id for row in rows} == {first.organisation_id}
    assert not {5000_00, 6000_00} & {row.unit_minor for row in rows}


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"format": Format.FIXED_PRICE}, [1000_00]),
        ({"floor_minor": 1200_00}, [1200_00]),
        ({"reserve_minor": 1200_00}, []),
        ({}, []),
    ],
)
def test_only_a_price_asked_in_public_is_an_offer(session, make, more, asked):
    seller = make.member(make.organisation(Kind.FLEET_OWNER))
    owner = session.get_one(type(make.organisation()), seller.organisation_id)
    lot = make.lot(owner, state=LotState.DRAFT)
    terms = Terms(
        price_basis=PriceBasis.LUMP_SUM, start_minor=1000_00, opens_at=NOW,
        closes_at=NOW + timedelta(days=1), delivery=Delivery.COLLECTED, **more,
    )  # fmt: skip
    auctions.publish(session, seller, lot.id, terms, at=NOW)
    session.flush()
    rows = evidence.since(session, NOW, NOW, EvidenceKind.OFFER)
    assert [row.unit_minor for row in rows] == asked
