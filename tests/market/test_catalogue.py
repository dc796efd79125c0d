"""The catalogue: filters, counts and order."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.health.reports import HealthReport, Subject
from listings.lots import Route
from listings.pack_types import Chemistry
from market import catalogue
from market.auctions import AuctionState, PriceBasis
from market.catalogue import Search, Sort, Stage


@pytest.fixture
def report(session, make):
    def of(pack, soh, grade):
        session.add(
            HealthReport(
                pack_id=pack.id,
                subject=Subject.PACK,
                lab_id=pack.owner_id,
                examined_on=date(2026, 5, 1),
                rated_capacity_ah=Decimal(200),
                soh_q=Decimal(soh),
                grade=grade,
                evidence_level="L1",
                policy_version=1,
                reported_at=NOW,
                valid_until=date(2026, 11, 1),
            )
        )
        session.flush()

    return of


@pytest.fixture
def market(make, report):
    """Three lots: 128 kWh LFP in Anhui graded B and C; 40 kWh NMC in Zhejiang; one sold."""
    seller = make.organisation(name="合肥公交集团", name_en="Hefei Bus")
    yard = make.site(seller, province="浙江")
    lfp = make.pack_type(Chemistry.LFP, maker="国轩", model="G200")
    nmc = make.pack_type(Chemistry.NMC622, rated_energy_kwh=Decimal(40))
    two = [make.pack(seller, lfp), make.pack(seller, lfp)]
    report(two[0], "0.82", "B")
    report(two[1], "0.71", "C")
    one = make.lot(seller, two, title="两包磷酸铁锂", catalogued_at=NOW)
    other = make.lot(
        seller,
        [make.pack(seller, nmc)],
        title="三元电池 50%",
        site_id=yard.id,
        route=Route.REGENERATION,
        catalogued_at=NOW + timedelta(minutes=1),
    )
    sold = make.lot(seller, title="已成交", catalogued_at=NOW - timedelta(days=3))
    make.auction(one, start_minor=500_00, closes_at=NOW + timedelta(hours=5))
    make.auction(other, start_minor=900_00, price_basis=PriceBasis.PER_KWH)
    make.auction(sold, state=AuctionState.AWARDED, closed_at=NOW)
    return {"one": one.id, "other": other.id, "sold": sold.id}


def ids(session, **wanted):
    return [row.lot_id for row in catalogue.search(session, Search(**wanted)).found]


def test_a_line_sums_up_the_packs_and_names_the_weakest(session, market):
    [line] = catalogue.search(session, Search(text="磷酸铁锂")).found
    assert (line.packs, line.reported, line.kwh) == (2, 2, Decimal("128.0000"))
    assert (line.grade, line.soh_low) == ("C", Decimal("0.710000"))
    assert (line.chemistry, line.province, line.seller_en) == ("LFP", "安徽", "Hefei Bus")
    assert (line.price_minor, line.has_bids) == (500_00, False)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["other", "one"]),
        ({"stage": Stage.CLOSED}, ["sold"]),
        ({"stage": None}, ["other", "one", "sold"]),
        ({"sort": Sort.NEWEST}, ["other", "one"]),
        ({"sort": Sort.PRICE}, ["one", "other"]),
        ({"sort": Sort.ENERGY}, ["one", "other"]),
        ({"chemistry": frozenset({Chemistry.LFP})}, ["one"]),
        ({"chemistry": frozenset({Chemistry.LFP, Chemistry.NMC622})}, ["other", "one"]),
        ({"grade": frozenset({"C"})}, ["one"]),
        ({"grade": frozenset({"B"})}, []),
        ({"grade": frozenset({catalogue.UNGRADED})}, ["other"]),
        ({"province": frozenset({"浙江"})}, ["other"]),
        ({"route": frozenset({Route.CASCADE})}, ["one"]),
        ({"basis": frozenset({PriceBasis.PER_KWH})}, ["other"]),
        ({"soh_from": Decimal("0.71")}, ["one"]),
        ({"soh_from": Decimal("0.72")}, []),
        ({"soh_to": Decimal("0.8")}, ["one"]),
        ({"kwh_from": Decimal(41)}, ["one"]),
        ({"kwh_to": Decimal(40)}, ["other"]),
        ({"price_from": 500_01}, ["other"]),
        ({"price_to": 500_00}, ["one"]),
        ({"closes_before": NOW + timedelta(hours=1)}, ["other"]),
        ({"text": "hefei"}, ["other", "one"]),
        ({"text": "国轩 磷酸"}, ["one"]),
        ({"text": "国轩 三元"}, []),
        ({"text": "50%"}, ["other"]),
        ({"text": "_"}, []),
    ],
)
def test_filters_and_order(session, market, wanted, names):
    assert ids(session, **wanted) == [market[name] for name in names]


@pytest.mark.parametrize(
    ("gone", "letter"),
    [
        ({"valid_until": NOW.date() - timedelta(days=1)}, "B"),
        ({"opened_on": date(2026, 5, 2)}, "B"),
    ],
)
def test_a_report_that_no_longer_counts_gives_a_lot_no_letter(session, market, gone, letter):
    [worst] = session.scalars(sa.select(HealthReport).where(HealthReport.grade == "C"))
    for name, value in gone.items():
        setattr(worst, name, value)
    session.flush()
    [line] = catalogue.search(session, Search(text="磷酸铁锂")).found
    assert (line.reported, line.grade) == (1, letter)


def test_counts_of_a_facet_leave_its_own_choice_out(session, market):
    results = catalogue.search(session, Search(chemistry=frozenset({Chemistry.LFP})))
    assert results.total == 1
    assert results.facets["chemistry"] == {"LFP": 1, "NMC622": 1}
    assert results.facets["province"] == {"安徽": 1}


def test_a_choice_that_finds_nothing_is_counted_as_nothing(session, market):
    results = catalogue.search(session, Search(grade=frozenset({"A"})))
    assert results.facets["grade"] == {"A": 0, "C": 1, "-": 1}
    assert results.total == 0


def test_a_withdrawn_sale_and_a_draft_are_not_shown(session, make):
    seller = make.organisation()
    make.auction(make.lot(seller), state=AuctionState.WITHDRAWN)
    make.lot(seller)
    assert ids(session, stage=None) == []


def test_a_lot_on_sale_again_is_one_line(session, make):
    lot = make.lot(make.organisation())
    make.auction(lot, state=AuctionState.PASSED, closed_at=NOW)
    again = make.auction(lot)
    [line] = catalogue.search(session, Search(stage=None)).found
    assert line.auction_id == again.id


def test_lots_of_several_chemistries_are_mixed(session, make):
    seller = make.organisation()
    packs = [make.pack(seller, make.pack_type(kind)) for kind in (Chemistry.LFP, Chemistry.NCA)]
    make.auction(make.lot(seller, packs))
    assert catalogue.search(session, Search()).found[0].chemistry == "mixed"


def test_pages_hold_24_lots_and_the_count_is_of_all(session, make):
    seller = make.organisation()
    pack_type = make.pack_type()
    for _ in range(25):
        make.auction(make.lot(seller, [make.pack(seller, pack_type)]))
    first, second = (catalogue.search(session, Search(page=page)) for page in (1, 2))
    assert (len(first.found), first.total) == (24, 25)
    assert (len(second.found), second.total) == (1, 25)
    assert len(catalogue.search(session, Search(), limit=None).found) == 25
