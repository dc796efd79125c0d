"""Past sales, the market index and a buyer's landed cost, through the browser's eyes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal

import pytest
from deals import sell
from make import NOW

from listings.parties import Acting, Kind, Role
from market.auctions import PriceBasis
from pricing import comparables
from pricing.comparables import ExclusionKind


@dataclass
class Sold:
    """One sale here, and people."""

    sale_id: int
    number: str
    lot_id: int
    operator: Acting
    valuer: Acting
    buyer: Acting


@pytest.fixture
def sold(made) -> Sold:
    with made() as make:
        deal = sell(make, 6400_00, energies=("64", "64"))
        sale = comparables.of_number(make.session, deal.award.number)
        return Sold(
            sale.id, sale.sale_number, sale.lot_id, deal.confirmer,
            make.member(make.organisation(Kind.VALUER)), make.member(make.recycler()),
        )  # fmt: skip


NOTICE = {
    "source": "某产权交易所 2026-05-20 https://example.com/1", "sold_on": "2026-05-20",
    "format": "tender", "route": "regeneration", "chemistry": "NMC622", "pack_count": "40",
    "energy_kwh": "5000", "mass_kg": "", "soh": "", "price": "1,000,000", "currency": "CNY",
    "tax_rate": "13", "province": "江苏",
}  # fmt: skip


def test_a_visitor_reads_past_sales_and_keeps_them_as_csv(client, sold):
    page = client.get("/comparables").text
    assert sold.number in page
    assert "44.25" in page  # 6400 / 1.13 / 128
    rows = list(
        csv.DictReader(io.StringIO(client.get("/comparables.csv").data.decode("utf-8-sig")))
    )
    assert [(row["sale"], row["total_with_tax"], row["counts"]) for row in rows] == [
        (sold.number, "6400.00", "yes")
    ]
    assert "No sale fits" in client.get("/comparables?chemistry=NCA").text
    assert client.get("/comparables?sold_from=nonsense").status_code == 200


def test_a_sale_shows_its_split_and_nobody_by_name(client, sold, made):
    page = client.get(f"/comparables/{sold.sale_id}").text
    assert page.count("¥3,200.00") == 2
    assert "counts as a comparable" in page
    assert "Test firm" not in page
    assert client.get("/comparables/999999").status_code == 404


def test_the_operator_excludes_and_restores_a_sale_and_everybody_reads_why(client, sign_in, sold):
    address = f"/comparables/{sold.sale_id}/judge"
    desk = sign_in(sold.operator)
    assert desk.post(address, data={"kind": "related", "reason": ""}).status_code == 422
    sent = {"kind": "related", "reason": "One parent company", "decision": "exclude"}
    assert desk.post(address, data=sent).status_code == 303
    page = client.get(f"/comparables/{sold.sale_id}").text
    assert "does not count: Related parties" in page
    assert "One parent company" in page
    assert desk.post(address, data=sent | {"decision": "restore"}).status_code == 303
    assert "counts as a comparable" in client.get(f"/comparables/{sold.sale_id}").text
    assert sign_in(sold.valuer).post(address, data=sent).status_code == 403


def test_a_valuer_enters_a_notice_once_and_it_is_marked_as_sold_elsewhere(client, sign_in, sold):
    desk = sign_in(sold.valuer)
    assert desk.get("/comparables/new").status_code == 200
    answer = desk.post("/comparables/new", data=NOTICE)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Sold elsewhere" in page
    assert "某产权交易所" in page
    assert "Public tender" in page
    assert "200.00" in page  # a million before tax, as the box was not ticked, for 5000 kWh
    again = desk.post("/comparables/new", data=NOTICE)
    assert again.status_code == 409
    assert "stands here already" in again.text
    empty = desk.post("/comparables/new", data={"price": "x"})
    assert empty.status_code == 422
    assert sign_in(sold.buyer).post("/comparables/new", data=NOTICE).status_code == 403


def test_the_market_index_says_where_sales_are_too_few_and_draws_where_they_are_not(
    client, made, sold
):
    page = client.get("/market-index").text
    assert "Not enough sales" in page
    with made() as make:
        for hammer in (6300_00, 6400_00, 6500_00, 6600_00):
            sell(make, hammer, energies=("64", "64"))
    page = client.get("/market-index").text
    assert "Not enough sales" not in page
    text = client.get("/market-index.csv").data.decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["chemistry"], row["month"], row["sales"]) == ("LFP", "2026-06", "5")
    assert float(row["low"]) < float(row["cny_per_kwh"]) < float(row["high"])


def test_an_excluded_sale_is_found_as_such(client, made, sold):
    with made() as make:
        comparables.exclude(make.session, sold.number, ExclusionKind.DISPUTE, "weight", at=NOW)
    assert sold.number in client.get("/comparables?counts=no").text
    assert "No sale fits" in client.get("/comparables?counts=yes").text


@pytest.fixture
def open_lot(made) -> int:
    with made() as make:
        seller = make.organisation(Kind.FLEET_OWNER)
        lot = make.lot(seller, [make.pack(seller)], site_id=make.site(seller, province="江苏").id)
        make.auction(lot, price_basis=PriceBasis.PER_KWH, quantity=Decimal(64), start_minor=90_00)
        return lot.id


TERMS = {
    "province": "江苏", "removal_per_tonne": "0", "loading_per_tonne": "200",
    "freight_per_tonne_km": "1", "is_tax_credited": "1", "ceiling_LFP": "95", "unit_LFP": "kwh",
}  # fmt: skip


def test_a_buyer_reads_the_landed_cost_and_its_ceiling_on_the_lot_page(
    client, sign_in, sold, open_lot
):
    buyer = sign_in(sold.buyer)
    page = buyer.get(f"/lots/{open_lot}").text
    assert "What it costs me at my gate" in page
    assert "You have no ceiling for LFP" in page
    assert buyer.post("/ceilings", data=TERMS).status_code == 303
    page = buyer.get(f"/lots/{open_lot}").text
    assert "Within my ceiling" in page
    assert "Over my ceiling" in buyer.get(f"/lots/{open_lot}/landed-cost?price=200").text
    typed = buyer.get(f"/lots/{open_lot}/landed-cost?price=90&distance_km=1000").text
    assert "1,000 km" in typed
    assert "¥480.00" in typed  # 0.48 t x 1000 km x 1.00
    assert "is not a number" in buyer.get(f"/lots/{open_lot}/landed-cost?distance_km=far").text


def test_nobody_but_the_buyer_sees_costs_and_ceilings(client, sign_in, sold, open_lot):
    sign_in(sold.buyer).post("/ceilings", data=TERMS)
    for other in (client, sign_in(sold.operator)):
        assert "What it costs me" not in other.get(f"/lots/{open_lot}").text
    assert sign_in(sold.operator).get("/ceilings").status_code == 403
    assert sign_in(sold.operator).get(f"/lots/{open_lot}/landed-cost").status_code == 403


def test_a_wrong_ceiling_is_said_and_what_was_typed_stays(made, sign_in, sold):
    answer = sign_in(sold.buyer).post("/ceilings", data=TERMS | {"ceiling_NCA": "much"})
    assert answer.status_code == 422
    assert 'value="much"' in answer.text
    with made() as make:
        viewer = make.member(make.recycler(), Role.VIEWER)
    assert sign_in(viewer).get("/ceilings").status_code == 200
    assert sign_in(viewer).post("/ceilings", data=TERMS).status_code == 403
