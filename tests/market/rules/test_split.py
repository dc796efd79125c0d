from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.money import Money
from market.rules import split
from market.rules.split import Basis, Share


def minors(parts):
    return [part.minor for part in parts]


def test_a_lump_sum_is_split_by_nameplate_energy():
    packs = [Share(energy_kwh=Decimal(10)), Share(energy_kwh=Decimal(20))]
    assert minors(split.hammer_price(Money(100), packs)) == [33, 67]


def test_a_unit_price_splits_by_the_priced_quantity_and_not_by_energy():
    packs = [
        Share(quantity=Decimal("0.5"), energy_kwh=Decimal(10)),
        Share(quantity=Decimal("1.5"), energy_kwh=Decimal(10)),
    ]
    assert split.choose(packs) is Basis.QUANTITY
    assert minors(split.hammer_price(Money(1000), packs)) == [250, 750]


def test_value_serves_where_an_energy_is_missing_and_every_value_is_positive():
    packs = [Share(energy_kwh=Decimal(10), value=300), Share(value=100)]
    assert minors(split.hammer_price(Money(1000), packs)) == [750, 250]


def test_value_can_be_asked_for_and_is_refused_when_one_is_not_positive():
    packs = [Share(energy_kwh=Decimal(10), value=300), Share(energy_kwh=Decimal(10), value=100)]
    assert minors(split.hammer_price(Money(1000), packs, Basis.VALUE)) == [750, 250]
    packs[1] = Share(energy_kwh=Decimal(10), value=-5)
    with pytest.raises(split.BasisIncomplete, match="number 2"):
        split.hammer_price(Money(1000), packs, Basis.VALUE)


def test_a_lot_with_nothing_to_split_by_is_refused():
    for packs in ([], [Share(energy_kwh=Decimal(10)), Share(value=5)]):
        with pytest.raises(split.NothingToSplitBy):
            split.hammer_price(Money(1000), packs)


def test_equal_remainders_go_to_the_earlier_pack():
    packs = [Share(energy_kwh=Decimal(1))] * 3
    assert minors(split.hammer_price(Money(100), packs)) == [34, 33, 33]
    assert minors(split.hammer_price(Money(-100), packs)) == [-34, -33, -33]


@given(
    st.integers(-(10**14), 10**14),
    st.lists(st.decimals("0.001", "1000", places=3), min_size=1, max_size=12),
)
def test_the_parts_sum_to_the_hammer_price_and_each_is_within_a_fen_of_its_share(minor, energies):
    parts = split.hammer_price(Money(minor), [Share(energy_kwh=kwh) for kwh in energies])
    assert sum(minors(parts)) == minor
    total = sum(energies)
    for part, kwh in zip(parts, energies, strict=True):
        assert abs(part.minor - Decimal(minor) * kwh / total) < Decimal("1.0001")
