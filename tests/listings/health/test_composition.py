"""The rule of packs: parallel cells add up, and the weakest group in series decides."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.errors import Refused
from listings.health import composition
from listings.health.composition import Layout, Part, Place, compose

AMPERE_HOURS = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(1000), places=3)


@st.composite
def packs(draw):
    """A layout, and its cells with a capacity each."""
    layout = Layout(draw(st.integers(1, 12)), draw(st.integers(1, 4)))
    cells = [
        Part(place=Place("cell", i, k), capacity_ah=draw(AMPERE_HOURS))
        for i in range(1, layout.series + 1)
        for k in range(1, layout.parallel + 1)
    ]
    return layout, cells


def capacity(parts, layout):
    (cells,) = compose(parts, layout)
    return cells.capacity_ah


@given(packs())
def test_the_weakest_group_decides_and_parallel_cells_add_up(pack):
    layout, cells = pack
    sums = {}
    for cell in cells:
        sums[cell.place.series] = sums.get(cell.place.series, 0) + cell.capacity_ah
    (found,) = compose(cells, layout)
    assert found.capacity_ah == min(sums.values())
    assert [group.capacity_ah for group in found.groups] == [sums[i] for i in sorted(sums)]
    assert found.weakest[0].capacity_ah == found.capacity_ah
    assert found.is_complete


@given(packs(), st.data())
def test_more_capacity_anywhere_never_lowers_the_pack(pack, data):
    layout, cells = pack
    which, more = data.draw(st.integers(0, len(cells) - 1)), data.draw(AMPERE_HOURS)
    better = list(cells)
    better[which] = replace(cells[which], capacity_ah=cells[which].capacity_ah + more)
    assert capacity(better, layout) >= capacity(cells, layout)


@given(packs(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_says_nothing(pack, chance: random.Random):
    layout, cells = pack
    shuffled = list(cells)
    chance.shuffle(shuffled)
    assert compose(shuffled, layout) == compose(cells, layout)


@given(packs())
def test_the_parallel_places_of_a_group_are_alike(pack):
    layout, cells = pack
    turned = [
        replace(c, place=Place("cell", c.place.series, layout.parallel + 1 - c.place.parallel))
        for c in cells
    ]
    assert compose(turned, layout) == compose(cells, layout)


@given(packs(), st.data())
def test_a_missing_position_is_named_and_leaves_the_whole_incomplete(pack, data):
    layout, cells = pack
    gone = cells[data.draw(st.integers(0, len(cells) - 1))]
    left = [replace(c, capacity_ah=None, rest_v=Decimal(3)) if c is gone else c for c in cells]
    (found,) = compose(left, layout)
    assert found.missing == (gone.place.name(layout),)
    assert not found.is_complete
    assert found.groups[gone.place.series - 1].capacity_ah is None


def test_modules_of_an_unregistered_number_are_never_complete():
    parts = [Part(place=Place("module", i), capacity_ah=Decimal(5)) for i in (1, 3)]
    (found,) = compose(parts, Layout(96, 2))
    assert (found.is_complete, found.missing) == (False, ("M2",))


def test_spreads_are_of_the_parts_and_not_of_the_groups():
    cells = [
        Part(place=Place("cell", 1, k), capacity_ah=ah, rest_v=volts)
        for k, ah, volts in ((1, Decimal(2), Decimal("3.3")), (2, Decimal(3), Decimal("3.2")))
    ]
    (found,) = compose(cells, Layout(1, 2))
    assert found.capacity_spread == Decimal("0.4")
    assert found.voltage_spread == Decimal("0.1") / Decimal("3.25")
    assert composition.spread([Decimal(1)]) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("M3", "M3"), ("模组 03", "M3"), ("模块3", "M3"), ("3号模块", None), ("s12", "S12P1"),
        ("12-2", "S12P2"), ("S12P2", "S12P2"), ("12串2并", None), ("Ｓ１２Ｐ２", "S12P2"),
        ("M3-12", "S44P1"), ("M3-12-2", "S44P2"), ("第12", "S12P1"),
    ],
)  # fmt: skip
def test_positions_are_read_as_labs_write_them(text, name):
    layout = Layout(96, 2, 6)
    if name is None:
        with pytest.raises(Refused):
            composition.place(text, layout)
        return
    assert composition.place(text, layout).name(layout) == name


@pytest.mark.parametrize("text", ["", "x", "M0", "M7", "S97", "S1P3", "M1-17", "S0", "-1"])
def test_a_position_that_the_type_does_not_have_is_refused(text):
    with pytest.raises(Refused):
        composition.place(text, Layout(96, 2, 6))


def test_a_cell_is_not_named_by_its_module_where_modules_are_not_registered():
    with pytest.raises(composition.CellsPerModuleUnknown):
        composition.place("M3-12", Layout(96, 2))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("M3_C5 2026.ndax", "M3"), ("模组03-放电.csv", "M3"), ("Module 12.res", "M12"),
        ("m7.022", "M7"), ("M50T_1.ndax", None), ("cell 3.csv", None), ("3.csv", None),
    ],
)  # fmt: skip
def test_a_file_says_its_module_by_the_beginning_of_its_name(name, module):
    assert composition.leading_module(name) == module
