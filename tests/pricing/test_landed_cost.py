from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from listings.money import Money
from pricing import landed_cost
from pricing.distances import CAPITALS, great_circle_km, road_km
from pricing.landed_cost import Ceiling, Goods, Rates

RATES = Rates(Money(200_00), Money(180_00), Money(90))
VAT = Decimal("0.13")


def goods(mounted: str = "0") -> Goods:
    return Goods({"LFP": Decimal(100)}, {"LFP": Decimal(1000)}, Decimal(mounted))


def test_the_landed_cost_is_price_removal_loading_and_freight_each_net_of_its_tax():
    cost = landed_cost.compute(Money(11_300_00), VAT, goods("500"), RATES, distance_km=Decimal(400))
    found = {line.part: (line.paid.minor, line.credit.minor) for line in cost.lines}
    assert found == {
        "price": (11_300_00, 1_300_00),
        "removal": (100_00, 5_66),  # half a tonne, 6 % inside
        "loading": (180_00, 10_19),
        "freight": (360_00, 29_72),  # 1 t x 400 km x 0.90, 9 % inside
    }
    assert cost.paid == Money(11_940_00)
    assert cost.net == cost.paid - cost.credit == Money(10_594_43)
    assert cost.per(Decimal(100)) == Money(105_94)


def test_a_buyer_who_deducts_no_tax_bears_all_of_it():
    rates = Rates(Money(0), Money(0), Money(0), is_credited=False)
    cost = landed_cost.compute(Money(11_300_00), VAT, goods(), rates, distance_km=Decimal(1))
    assert (cost.credit.minor, cost.net.minor) == (0, 11_300_00)


def test_a_delivered_lot_costs_neither_loading_nor_freight():
    cost = landed_cost.compute(Money(11_300_00), VAT, goods(), RATES, distance_km=None)
    assert [line.part for line in cost.lines] == ["price"]


def test_a_ceiling_is_for_each_chemistry_by_energy_or_by_mass():
    mixed = Goods(
        {"LFP": Decimal(100), "NMC622": Decimal(50)}, {"LFP": Decimal(1000), "NMC622": Decimal(400)}
    )
    ceilings = {"LFP": Ceiling("kwh", Money(90_00)), "NMC622": Ceiling("t", Money(20_000_00))}
    assert landed_cost.allowed(mixed, ceilings) == Money(9_000_00 + 8_000_00)
    assert landed_cost.allowed(mixed, {"LFP": ceilings["LFP"]}) is None


@given(
    limit=st.integers(-(10**9), 10**9),
    quantity=st.decimals("0.0001", "5000", places=4),
    credited=st.booleans(),
)
def test_the_highest_unit_price_is_within_the_ceiling_and_a_fen_more_is_not(
    limit, quantity, credited
):
    rates = Rates(Money(0), Money(180_00), Money(90), is_credited=credited)

    def cost_at(unit):
        price = Money(unit).times(quantity)
        return landed_cost.compute(price, VAT, goods(), rates, distance_km=Decimal(300))

    highest = landed_cost.highest_unit(cost_at, Money(limit))
    if highest is None:
        # So small a quantity that no price that can be written gets the cost down to the limit.
        assert cost_at(-landed_cost.MOST_UNIT_MINOR).net.minor > limit
        return
    assert cost_at(highest).net.minor <= limit
    if highest < landed_cost.MOST_UNIT_MINOR:
        assert cost_at(highest + 1).net.minor > limit


def test_distances_are_symmetric_plausible_and_known_for_every_province():
    from listings.provinces import PROVINCES

    assert set(CAPITALS) == set(PROVINCES)
    assert 1_000 < great_circle_km(CAPITALS["北京"], CAPITALS["上海"]) < 1_130
    assert road_km("安徽", "江苏") == road_km("江苏", "安徽") == 190
    assert road_km("安徽", "安徽") == 150
    assert road_km("安徽", "Atlantis") is None
