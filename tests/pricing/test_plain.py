"""The kernel beside the method note read aloud: one pack, exact fractions, no arrays."""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.coefficients import FORMATS, family_of
from pricing.columns import PackColumn, PackFacts
from pricing.intervals import overlap_more_than_half
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS, intensity
from pricing.valuation import value
from pricing.waterfalls import total, waterfall, worth

NEAR = 1e-9  # of the metal and cells in the pack: what double precision leaves, thousandfold

packs = st.builds(
    PackFacts,
    energy_kwh=st.floats(0.1, 700.0),
    chemistry=st.sampled_from(CHEMISTRIES),
    era=st.sampled_from(ERAS),
    soh=st.one_of(st.none(), st.floats(0.0, 1.2), st.sampled_from([0.4, 0.5, 0.8, 1.0])),
    evidence_level=st.one_of(st.none(), st.integers(1, 5)),
    age_years=st.one_of(st.none(), st.floats(0.0, 25.0), st.sampled_from([0.0, 4.0, 8.0, 12.0])),
    format=st.sampled_from(FORMATS),
    spread=st.one_of(st.none(), st.floats(0.0, 0.5), st.sampled_from([0.05, 0.1, 0.2])),
    mass_kg=st.one_of(st.none(), st.floats(0.5, 6000.0)),
    distance_km=st.one_of(st.none(), st.floats(0.0, 5000.0)),
    is_damaged=st.booleans(),
    assay_kg=st.dictionaries(st.sampled_from(ELEMENT_NAMES), st.floats(0.0, 300.0), max_size=3),
)


class Plain:
    """Both routes of one pack. ``None`` where a route gives no value."""

    def __init__(self, pack: PackFacts, guide, levels, tables) -> None:
        self.pack, self.guide = pack, guide
        self.family = family_of(pack.chemistry)
        tax, currency = Decimal(str(guide.tax_rate.value)), guide.currency
        self.price = {
            element: Fraction(levels.metal_per_kg(series, element, tax, currency))
            for element, series in guide.index_of.items()
        }
        self.cell = Fraction(levels.cell_per_kwh(guide.cell_of[self.family], tax, currency))
        found = intensity(pack.chemistry, pack.era, tables).elements
        self.energy = Fraction(pack.energy_kwh)
        self.kg = {
            element: Fraction(pack.assay_kg[element])
            if element in pack.assay_kg
            else self.energy * Fraction(amount.kg if (amount := found[element]) else 0)
            for element in ELEMENT_NAMES
        }
        per_kwh = Fraction(guide.mass_kg_per_kwh[self.family].value)
        self.mass = self.energy * per_kwh if pack.mass_kg is None else Fraction(pack.mass_kg)

    @property
    def gross(self) -> Fraction:
        return sum((self.kg[element] * price for element, price in self.price.items()), Fraction(0))

    @property
    def transport(self) -> Fraction:
        guide, given = self.guide, self.pack.distance_km
        distance = Fraction(guide.distance_km.value if given is None else given)
        loading, freight = guide.loading_per_kg.value, guide.freight_per_kg_km.value
        return self.mass * (Fraction(loading) + distance * Fraction(freight))

    def regeneration(self) -> dict[str, Fraction]:
        guide, payable = self.guide, self.guide.payable[self.family]
        parts = {
            element: self.kg[element] * price * Fraction(payable[element].value)
            for element, price in self.price.items()
            if element in payable
        }
        scrap = Fraction(guide.scrap_share.value) * Fraction(guide.scrap_per_kg.value)
        damaged = Fraction(guide.damaged_per_kg.value if self.pack.is_damaged else 0)
        return parts | {
            "scrap": self.mass * scrap,
            "transport": -self.transport,
            "dismantling": -self.mass * Fraction(guide.dismantling_per_kg.value),
            "discharge_test": -self.energy * Fraction(guide.discharge_per_kwh.value),
            "penalties": -self.mass * damaged,
        }

    def cascade(self) -> dict[str, Fraction] | None:
        pack, guide = self.pack, self.guide
        level = pack.evidence_level
        if pack.soh is None or level is None or level > 3 or pack.is_damaged:
            return None
        d = (
            at(guide.soh_discount[self.family], pack.soh)
            * at(guide.age_factor, pack.age_years, guide.age_unknown.value)
            * Fraction(guide.format_factor[pack.format].value)
            * at(guide.spread_factor, pack.spread, guide.spread_unknown.value)
        )
        years = int(guide.second_life_years[self.family].value)
        later = (
            Fraction(guide.later_share.value) / (1 + Fraction(guide.discount_rate.value)) ** years
        )
        return {
            "cells": self.energy * Fraction(pack.soh) * self.cell * d,
            "transport": -self.transport,
            "test": -self.energy * Fraction(guide.test_per_kwh.value),
            "repurposing": -self.energy * Fraction(guide.repurposing_per_kwh.value),
            "later_recycling": sum(self.regeneration().values()) * later,
        }

    def half_width(self, route: str) -> Fraction:
        width = Fraction(self.guide.stated_range[route][self.family].value)
        if self.pack.chemistry == "ternary":
            width += Fraction(self.guide.unknown_ternary_range.value)
        return self.gross * width


def at(grid, x: float | None, unknown: float = 0.0) -> Fraction:
    """Linear between the grid's arguments, flat outside."""
    if x is None:
        return Fraction(unknown)
    arguments = [step for step, _ in grid]
    figures = [Fraction(number.value) for _, number in grid]
    i = bisect_right(arguments, x) - 1
    if i < 0 or i == len(grid) - 1:
        return figures[max(i, 0)]
    start, end = Fraction(arguments[i]), Fraction(arguments[i + 1])
    return figures[i] + (Fraction(x) - start) / (end - start) * (figures[i + 1] - figures[i])


def near(given: float, wanted: Fraction, scale: Fraction) -> bool:
    return abs(Fraction(float(given)) - wanted) <= NEAR * float(scale + 1)


@given(pack=packs)
def test_the_kernel_says_what_the_method_note_says(guide, levels, tables, pack):
    plain = Plain(pack, guide, levels, tables)
    valuation = value(PackColumn.of([pack]), guide, levels, tables)
    scale = plain.gross + plain.transport + plain.energy * plain.cell + plain.mass
    assert near(valuation.gross_metal[0], plain.gross, scale)
    for name, wanted in (
        ("regeneration", plain.regeneration()),
        ("cascade", plain.cascade()),
    ):
        route = getattr(valuation, name)
        if wanted is None:
            assert math.isnan(route.total[0])
            continue
        worth_it = sum(wanted.values(), Fraction(0))
        assert near(route.total[0], worth_it, scale)
        assert near(route.low[0], worth_it - plain.half_width(name), scale)
        assert near(route.high[0], worth_it + plain.half_width(name), scale)
        for part, amount in route.parts.items():
            assert near(amount[0], wanted.get(part, Fraction(0)), scale), part


@given(pack=packs)
def test_the_better_route_and_the_tie_follow_from_both_intervals(guide, levels, tables, pack):
    valuation = value(PackColumn.of([pack]), guide, levels, tables)
    one, other = valuation.regeneration, valuation.cascade
    assert valuation.is_cascade[0] == (other.total[0] > one.total[0])
    shared = min(one.high[0], other.high[0]) - max(one.low[0], other.low[0])
    shorter = min(one.high[0] - one.low[0], other.high[0] - other.low[0])
    if abs(shared - shorter / 2) > 1e-6 * (1 + abs(shorter)):
        tie = overlap_more_than_half(one.low, one.high, other.low, other.high)
        assert valuation.is_indifferent[0] == tie[0]


@given(pack=packs)
def test_the_waterfall_of_any_pack_sums_to_its_value_to_the_fen(guide, levels, tables, pack):
    valuation = value(PackColumn.of([pack]), guide, levels, tables)
    for name in ("regeneration", "cascade"):
        exact = getattr(valuation, name).total[0]
        if math.isnan(exact):
            continue
        parts = waterfall(valuation, 0, name)
        assert total(parts, "CNY") == worth(valuation, 0, name)
        assert worth(valuation, 0, name).minor == round(exact * 100)
        unrounded = {key: float(part[0]) for key, part in getattr(valuation, name).parts.items()}
        for part in parts:
            assert abs(part.amount.minor - unrounded[part.name] * 100) < 1.01


@given(rows=st.lists(packs, min_size=2, max_size=12))
def test_a_pack_s_bytes_do_not_depend_on_its_neighbours(guide, levels, tables, rows):
    together = value(PackColumn.of(rows), guide, levels, tables)
    for i, row in enumerate(rows):
        alone = value(PackColumn.of([row]), guide, levels, tables)
        for route in ("regeneration", "cascade"):
            for column in ("total", "low", "high"):
                ours = getattr(getattr(together, route), column)[i]
                its = getattr(getattr(alone, route), column)[0]
                assert np.array(ours).tobytes() == np.array(its).tobytes()


@pytest.mark.parametrize("size", [1, 2, 8191, 8192, 8193, 20_000])
def test_where_a_block_ends_changes_no_byte(guide, levels, tables, size):
    row = [PackFacts(energy_kwh=50.0 + i % 7, chemistry=CHEMISTRIES[i % 10]) for i in range(70)]
    few = value(PackColumn.of(row), guide, levels, tables).regeneration.total
    many = PackColumn.of([row[i % 70] for i in range(size)])
    repeated = np.resize(few, size)
    assert value(many, guide, levels, tables).regeneration.total.tobytes() == repeated.tobytes()
