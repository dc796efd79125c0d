from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden
from listings.journal import Act
from listings.money import Money
from listings.pack_types import Chemistry
from listings.packs import Mounting
from listings.parties import Kind, Role
from listings.provinces import ProvinceUnknown
from market import ceilings
from market.auctions import Delivery, PriceBasis
from pricing.landed_cost import Ceiling, Rates

RATES = Rates(Money(300_00), Money(100_00), Money(1_00))


def save(session, acting, **more):
    values = {
        "province": "江苏",
        "rates": RATES,
        "ceilings": {Chemistry.LFP: Ceiling("kwh", Money(100_00))},
        "at": NOW,
    } | more
    return ceilings.save(session, acting, **values)


@pytest.fixture
def sale(make):
    seller = make.organisation(Kind.FLEET_OWNER)
    site = make.site(seller, province="安徽")
    kind = make.pack_type(rated_energy_kwh=Decimal(100), mass_kg=Decimal(1000))
    lot = make.lot(seller, [make.pack(seller, kind)], site_id=site.id)
    return make.auction(lot, price_basis=PriceBasis.PER_KWH, quantity=Decimal(100))


def test_a_lot_is_reckoned_with_the_buyers_own_costs_and_ceiling(session, make, sale):
    buyer = make.member(make.recycler())
    save(session, buyer)
    found = ceilings.reckon(
        session, buyer.organisation_id, sale.lot, sale, unit_minor=90_00, distance_km=Decimal(200)
    )
    assert {line.part: line.paid.minor for line in found.cost.lines} == {
        "price": 9_000_00, "loading": 100_00, "freight": 200_00,
    }  # fmt: skip
    assert found.allowed == Money(10_000_00)
    assert found.room == Money(10_000_00) - found.cost.net
    assert found.room.minor > 0
    at = [
        ceilings.reckon(
            session, buyer.organisation_id, sale.lot, sale, unit_minor=unit,
            distance_km=Decimal(200),
        ).room.minor
        for unit in (found.highest, found.highest + 1)
    ]  # fmt: skip
    assert at[0] >= 0 > at[1]


def test_without_own_terms_the_packaged_costs_and_no_ceiling_stand(session, make, sale):
    buyer = make.recycler(province="江苏")
    found = ceilings.reckon(session, buyer.id, sale.lot, sale, unit_minor=90_00)
    assert found.distance_km == 190
    assert {line.part: line.paid.minor for line in found.cost.lines} == {
        "price": 9_000_00, "loading": 180_00, "freight": 171_00,
    }  # fmt: skip
    assert (found.allowed, found.room, found.highest) == (None, None, None)
    assert found.missing == ["LFP"]


def test_where_the_seller_delivers_no_way_is_paid(session, make, sale):
    sale.delivery = Delivery.DELIVERED
    found = ceilings.reckon(
        session, make.recycler().id, sale.lot, sale, unit_minor=1, distance_km=Decimal(9)
    )
    assert found.distance_km is None
    assert [line.part for line in found.cost.lines] == ["price"]


def test_packs_on_a_vehicle_have_to_be_taken_off_it(session, make, sale):
    sale.lot.packs[0].mounting = Mounting.MOUNTED
    buyer = make.member(make.recycler())
    save(session, buyer)
    found = ceilings.reckon(session, buyer.organisation_id, sale.lot, sale, unit_minor=1)
    assert ("removal", 300_00) in {(line.part, line.paid.minor) for line in found.cost.lines}


def test_a_sale_in_another_currency_is_not_reckoned(session, make, sale):
    sale.currency = "EUR"
    assert ceilings.reckon(session, make.recycler().id, sale.lot, sale, unit_minor=1) is None


def test_the_newest_terms_count_and_the_older_ones_are_kept(session, make):
    buyer = make.member(make.recycler())
    save(session, buyer)
    save(session, buyer, province="浙江省", ceilings={})
    assert ceilings.of(session, buyer.organisation_id).province == "浙江"
    assert ceilings.of(session, buyer.organisation_id).ceilings == []
    assert session.scalar(sa.select(sa.func.count()).select_from(ceilings.BuyerTerms)) == 2


def test_ceilings_are_a_buyers_own_and_their_amounts_stand_in_no_journal(session, make):
    buyer = make.member(make.recycler())
    save(session, buyer)
    act = session.scalars(sa.select(Act).where(Act.tag == "ceilings:set")).one()
    assert "100" not in str(act.facts)
    assert ceilings.of(session, make.recycler().id) is None
    for other in (
        make.member(make.organisation(Kind.FLEET_OWNER)),
        make.member(make.organisation(Kind.OPERATOR)),
        make.member(make.recycler(), Role.VIEWER),
    ):
        with pytest.raises(Forbidden):
            save(session, other)
    with pytest.raises(ProvinceUnknown):
        save(session, buyer, province="Atlantis")


def test_a_cost_below_zero_is_refused_and_a_ceiling_below_zero_is_not(session, make, sale):
    buyer = make.member(make.recycler())
    with pytest.raises(ceilings.CostNegative):
        save(session, buyer, rates=Rates(Money(0), Money(-1), Money(0)))
    save(session, buyer, ceilings={Chemistry.LFP: Ceiling("kwh", Money(-5_00))})
    found = ceilings.reckon(session, buyer.organisation_id, sale.lot, sale, unit_minor=0)
    assert found.allowed == Money(-500_00)
    assert found.highest < 0
