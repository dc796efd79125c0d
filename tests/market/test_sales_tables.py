from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from deals import LATER, sell
from make import NOW

from listings import sheets
from listings.errors import Forbidden, NotFound
from listings.lots import Route
from listings.money import Money
from listings.pack_types import Chemistry
from listings.parties import Kind, Role
from pricing import comparables, market_indices, sale_notices, sales_tables
from pricing.comparables import Comparable, ExclusionKind, SaleSource
from pricing.sale_notices import Notice
from pricing.sales_tables import Wanted


def notice(**more) -> Notice:
    values = {
        "source": "某产权交易所 公告 2026-05-20, https://example.com/1",
        "sold_on": date(2026, 5, 20),
        "route": Route.REGENERATION,
        "chemistry": Chemistry.NMC622,
        "pack_count": 40,
        "price": Money(1_000_000_00),
        "is_tax_included": False,
        "energy_kwh": Decimal(5000),
        "province": "江苏省",
    } | more
    return Notice(**values)


@pytest.fixture
def valuer(make):
    return make.member(make.organisation(Kind.VALUER))


def test_a_notice_of_a_sale_elsewhere_is_kept_as_external_with_its_source(session, valuer):
    sale = sale_notices.enter(session, valuer, notice(), at=NOW)
    assert sale.is_external
    assert sale.sale_number.startswith("E-20260520-")
    assert (sale.lot_id, sale.entered_by, sale.province) == (None, valuer.user_id, "江苏")
    assert (sale.total, sale.net) == (Money(1_130_000_00), Money(1_000_000_00))
    assert sale.net_per_kwh == Decimal("200.00")
    session.refresh(sale)
    assert [(row.share_minor, row.pack_id) for row in sale.packs] == [(1_130_000_00, None)]
    assert comparables.counting(session, NOW, source=SaleSource.EXTERNAL) == [sale]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"source": " "}, sale_notices.NoticeWithoutSource),
        ({"sold_on": date(2026, 6, 2)}, sale_notices.SoldInFuture),
        ({"energy_kwh": None, "mass_kg": None}, sale_notices.SizeUnknown),
    ],
)
def test_a_notice_that_nobody_can_check_or_compare_is_refused(session, valuer, more, refusal):
    with pytest.raises(refusal):
        sale_notices.enter(session, valuer, notice(**more), at=NOW)


def test_the_same_notice_is_taken_once(session, valuer):
    sale_notices.enter(session, valuer, notice(), at=NOW)
    with pytest.raises(sale_notices.NoticeKnown):
        sale_notices.enter(session, valuer, notice(), at=LATER)


def test_only_the_operator_and_valuers_enter_notices(session, make):
    sale_notices.enter(session, make.member(make.organisation(Kind.OPERATOR)), notice(), at=NOW)
    for other in (
        make.member(make.recycler()),
        make.member(make.organisation(Kind.VALUER), Role.VIEWER),
    ):
        with pytest.raises(Forbidden):
            sale_notices.enter(session, other, notice(pack_count=1), at=NOW)


def test_the_operator_excludes_a_sale_with_a_reason_and_restores_it(session, make, valuer):
    sale = sale_notices.enter(session, valuer, notice(), at=NOW)
    operator = make.member(make.organisation(Kind.OPERATOR))
    judge = sale_notices.judge
    related = ExclusionKind.RELATED
    judge(session, operator, sale.id, related, "same parent", at=NOW + timedelta(hours=1))
    assert comparables.counting(session, LATER) == []
    judge(session, operator, sale.id, related, "no", is_lifted=True, at=NOW + timedelta(hours=2))
    assert comparables.counting(session, LATER) == [sale]
    with pytest.raises(sale_notices.ReasonMissing):
        judge(session, operator, sale.id, related, " ", at=LATER)
    with pytest.raises(Forbidden):
        judge(session, valuer, sale.id, related, "x", at=LATER)
    with pytest.raises(NotFound):
        judge(session, operator, 0, related, "x", at=LATER)


def test_sales_are_found_by_every_filter_and_told_whether_they_count(session, make, valuer):
    elsewhere = sale_notices.enter(session, valuer, notice(), at=NOW)
    number = sell(make, 1000_00).award.number
    comparables.exclude(session, number, ExclusionKind.DISPUTE, "weight", at=NOW)

    def numbers(**more):
        rows, total = sales_tables.search(session, Wanted(**more), LATER)
        assert total == len(rows)
        return [row.sale.sale_number for row in rows]

    other = elsewhere.sale_number
    assert numbers() == [number, other]
    assert numbers(chemistry="NMC622") == numbers(route="regeneration") == [other]
    assert numbers(province="江苏") == numbers(source=SaleSource.EXTERNAL) == [other]
    assert numbers(sold_to=date(2026, 5, 20)) == numbers(counts=True) == [other]
    assert numbers(sold_from=date(2026, 5, 21)) == numbers(counts=False) == [number]
    assert numbers(format="english") == [number]
    assert numbers(grade="A") == []
    rows, _ = sales_tables.search(session, Wanted(), LATER)
    assert [row.excluded_for for row in rows] == [["dispute"], []]
    assert sales_tables.offered(session)["chemistry"] == ["LFP", "NMC622"]


def test_pages_follow_each_other_and_count_everything(session, make):
    first, second = (sell(make, 1000_00).award.number for _ in range(2))
    pages = [sales_tables.search(session, Wanted(page=page), LATER, limit=1) for page in (1, 2, 3)]
    assert [[row.sale.sale_number for row in rows] for rows, _ in pages] == [[second], [first], []]
    assert {total for _, total in pages} == {2}


def test_the_table_has_a_cell_for_each_column_and_exact_amounts(session, make, valuer):
    sale_notices.enter(session, valuer, notice(energy_kwh=None, mass_kg=Decimal(9000)), at=NOW)
    sell(make, 100_00)
    rows, _ = sales_tables.search(session, Wanted(), LATER, limit=None)
    text = sheets.write_csv(sales_tables.HEADER, map(sales_tables.cells, rows)).decode("utf-8-sig")
    ours, other = csv.DictReader(io.StringIO(text))
    assert (ours["total_with_tax"], ours["unit_price"], ours["counts"]) == (
        "100.00",
        "100.00",
        "yes",
    )
    assert ours["total_before_tax"] == "88.50"
    assert (other["kwh"], other["kg"], other["before_tax_per_kwh"]) == ("", "9000.000", "")
    assert (other["source"], other["total_with_tax"]) == ("external", "1130000.00")


def test_the_market_index_is_of_sales_that_count_and_says_where_they_are_too_few(session, make):
    for hammer in (5000_00, 5100_00, 5200_00, 5300_00, 5400_00):
        last = sell(make, hammer).award.number
    found = market_indices.series(session, LATER)
    assert [(row.chemistry, row.route, row.sales) for row in found] == [("LFP", "cascade", 5)]
    # 64 kWh each, 13 % inside: the mean is 5200 / 1.13 / 64.
    assert found[0].latest.level == pytest.approx(5200 / 1.13 / 64, abs=0.01)
    comparables.exclude(session, last, ExclusionKind.RELATED, "one group", at=NOW)
    thin = market_indices.series(session, LATER)
    assert (thin[0].latest, thin[0].months[0].reason) == (None, "Not enough sales")


def test_sales_without_energy_or_of_mixed_chemistry_have_no_place_in_the_index(
    session, make, valuer
):
    sale_notices.enter(session, valuer, notice(energy_kwh=None, mass_kg=Decimal(9000)), at=NOW)
    seller = make.organisation(Kind.FLEET_OWNER)
    mixed = [make.pack(seller), make.pack(seller, make.pack_type(Chemistry.NMC622))]
    sell(make, 1000_00, lot=make.lot(seller, mixed), seller=seller)
    assert len(session.scalars(sa.select(Comparable)).all()) == 2
    assert market_indices.series(session, LATER) == []
