from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.money import Money
from pricing.bases import BasisMismatch
from pricing.coefficients import BadCoefficient, GuideCoefficients, Number
from pricing.columns import PackCannotBeValued, PackColumn, PackFacts
from pricing.intervals import Band
from pricing.levels import IndexLevels, MissingIndex
from pricing.valuation import Provenance, value
from pricing.waterfalls import explain, of_lot, total, waterfall, whole_units, worth

METALS = ("Li", "Ni", "Co", "Cu", "Al")


def pack(chemistry: str = "LFP", **facts) -> PackFacts:
    known = {
        "energy_kwh": 100.0,
        "era": "2020s",
        "soh": 0.8,
        "evidence_level": 2,
        "age_years": 7.0,
        "format": "prismatic",
        "spread": 0.03,
    }
    return PackFacts(chemistry=chemistry, **(known | facts))


def metals(valuation) -> float:
    return sum(float(valuation.regeneration.parts[name][0]) for name in METALS)


def test_lfp_at_80_percent_goes_to_cascade_in_november_2025(valued):
    valuation = valued(pack("LFP"))
    assert valuation.route(0) == "cascade"
    assert not valuation.is_indifferent[0]


def test_nmc622_goes_to_regeneration_in_november_2025(valued):
    valuation = valued(pack("NMC622"))
    assert valuation.route(0) == "regeneration"
    assert not valuation.is_indifferent[0]


def test_the_route_turns_at_the_new_cell_price_where_both_are_worth_the_same(valued, levels):
    def lead(factor: Decimal) -> float:
        there = valued(pack("LFP"), indices=levels.scaled(factor, "cell LFP"))
        return float(there.cascade.total[0] - there.regeneration.total[0])

    # Cascade is linear in the price of new cells: the crossover follows from two points.
    at_none, at_par = lead(Decimal(0)), lead(Decimal(1))
    crossover = Decimal(-at_none / (at_par - at_none))
    assert Decimal("0.3") < crossover < Decimal("0.9")
    for step, route in ((Decimal("0.99"), "regeneration"), (Decimal("1.01"), "cascade")):
        there = valued(pack("LFP"), indices=levels.scaled(crossover * step, "cell LFP"))
        assert there.route(0) == route
        assert there.is_indifferent[0]


def test_dearer_lithium_raises_regeneration_more_than_cascade(valued, levels):
    now, then = valued(pack()), valued(pack(), indices=levels.scaled(Decimal(2), "Li2CO3"))
    gain = then.regeneration.total[0] - now.regeneration.total[0]
    assert gain == pytest.approx(float(now.regeneration.parts["Li"][0]))
    assert 0 < then.cascade.total[0] - now.cascade.total[0] < gain


def test_the_state_of_health_does_not_enter_regeneration(valued):
    column = valued(*(pack(soh=soh) for soh in (0.2, 0.5, 0.8, 1.0, None)))
    assert len(set(column.regeneration.total.tolist())) == 1
    assert (np.diff(column.cascade.total[:4]) > 0).all()


def test_twice_the_energy_holds_twice_the_metal(valued):
    assert metals(valued(pack(energy_kwh=200.0))) == 2 * metals(valued(pack(energy_kwh=100.0)))


@given(factor=st.decimals("0.01", "20", places=3))
def test_metal_value_scales_with_the_index(guide, levels, tables, factor):
    column = PackColumn.of([pack("NMC622")])
    now = metals(value(column, guide, levels, tables))
    then = metals(value(column, guide, levels.scaled(factor), tables))
    assert then == pytest.approx(now * float(factor), rel=1e-12)


def test_copper_is_worth_as_much_as_lithium_in_an_lfp_pack(valued):
    parts = valued(pack("LFP")).regeneration.parts
    assert parts["Cu"][0] >= parts["Li"][0]


def test_lithium_priced_by_hydroxide_or_carbonate_never_by_the_salt_s_own_mass(guide, levels):
    rate, currency = Decimal("0.13"), "CNY"
    carbonate = levels.metal_per_kg("Li2CO3", "Li", rate, currency)
    assert carbonate == Decimal("86.45") * Decimal("5.3233")
    with pytest.raises(BasisMismatch):
        levels.metal_per_kg("NiSO4.6H2O", "Li", rate, currency)
    with pytest.raises(BasisMismatch):
        levels.cell_per_kwh("Cu", rate, currency)


@pytest.mark.parametrize("facts", [{"soh": None}, {"evidence_level": 4}, {"evidence_level": 5}])
def test_without_a_grade_there_is_an_indicative_range_and_no_cascade_value(valued, facts):
    valuation = valued(pack(**facts))
    assert np.isnan(valuation.cascade.total[0])
    assert valuation.route(0) == "regeneration"
    assert valuation.indicative_low[0] < valuation.indicative_high[0]
    with pytest.raises(ValueError, match="NaN"):
        waterfall(valuation, 0, "cascade")


def test_a_damaged_pack_has_no_second_life_and_pays_for_its_damage(valued):
    whole, damaged = valued(pack()), valued(pack(is_damaged=True))
    assert np.isnan(damaged.cascade.total[0])
    assert np.isnan(damaged.indicative_low[0])
    assert damaged.regeneration.total[0] < whole.regeneration.total[0]


def test_a_negative_value_is_a_liability_and_is_shown_as_one(valued):
    valuation = valued(pack("LFP", soh=None, distance_km=9000.0, is_damaged=True))
    assert worth(valuation, 0).minor < 0
    assert of_lot(valuation).value == worth(valuation, 0)


def test_an_assay_wins_over_the_tables(valued):
    measured = valued(pack("NMC622", assay_kg={"Ni": 40.0}), pack("NMC622"))
    nickel = measured.regeneration.parts["Ni"]
    assert nickel[0] / nickel[1] == pytest.approx(40.0 / 51.201)
    assert measured.regeneration.parts["Co"][0] == measured.regeneration.parts["Co"][1]


def test_values_of_a_column_are_those_of_its_packs_alone(valued):
    packs = [
        pack(chemistry, soh=soh, era=era)
        for chemistry in ("LFP", "NMC811", "ternary", "LMO", "LCO", "LTO", "NCA")
        for soh in (0.55, 0.8, None)
        for era in ("formula", "2010s", "unknown")
    ]
    together = valued(*packs)
    for i, one in enumerate(packs):
        assert explain(together, i) == explain(valued(one), 0)


def test_the_same_inputs_give_the_same_bytes_after_a_journey_through_json(valued, guide, levels):
    again = valued(
        PackFacts(**pack().to_json()),
        indices=IndexLevels.from_json(levels.to_json()),
        by=GuideCoefficients.from_json(guide.to_json()),
    )
    first = valued(pack())
    for name, part in first.cascade.parts.items():
        assert part.tobytes() == again.cascade.parts[name].tobytes()


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_a_waterfall_sums_exactly(parts):
    so_far = 0.0
    for part in parts:
        so_far = so_far + part
    units = whole_units(parts)
    assert sum(units) == round(so_far * 100)
    assert all(abs(unit - part * 100) < 1.001 for unit, part in zip(units, parts, strict=True))


@given(
    facts=st.builds(
        pack,
        chemistry=st.sampled_from(["LFP", "NMC622", "ternary", "NCA", "LTO"]),
        energy_kwh=st.floats(0.5, 600.0),
        soh=st.floats(0.0, 1.1),
        distance_km=st.floats(0.0, 4000.0),
    )
)
def test_components_sum_to_the_value_to_the_fen(guide, levels, tables, facts):
    valuation = value(PackColumn.of([facts]), guide, levels, tables)
    for route in ("regeneration", "cascade"):
        parts = waterfall(valuation, 0, route)
        exact = float(getattr(valuation, route).total[0])
        assert total(parts, "CNY") == Money(round(exact * 100))


def test_a_lot_is_worth_its_packs_and_its_waterfall_sums_to_it(valued):
    valuation = valued(*(pack(energy_kwh=kwh) for kwh in (33.3, 66.7, 101.01)))
    lot = of_lot(valuation)
    assert lot.value == total(
        [*waterfall(valuation, 0), *waterfall(valuation, 1), *waterfall(valuation, 2)], "CNY"
    )
    assert total(lot.components, "CNY") == lot.value
    assert lot.low < lot.value < lot.high
    assert lot.route == "cascade"
    assert lot.indicative is None


def test_a_lot_with_one_ungraded_pack_has_only_an_indicative_cascade_range(valued):
    lot = of_lot(valued(pack(), pack(soh=None)))
    assert lot.cascade is None
    assert lot.route == "regeneration"
    assert lot.indicative is not None
    assert lot.indicative[0] < lot.indicative[1]


def test_an_old_edition_widens_the_interval_and_moves_nothing(valued):
    fresh, stale = of_lot(valued(pack())), of_lot(valued(pack(), stale_days=60))
    assert stale.value == fresh.value
    width = (fresh.high.minor - fresh.low.minor, stale.high.minor - stale.low.minor)
    assert width[1] == pytest.approx(2 * width[0], abs=2)


def test_a_conformal_band_replaces_the_guide_s_stated_range(valued):
    bands = {("cascade", "LFP"): Band(0.01, 40, "cell")}
    narrow = valued(pack(), bands=bands)
    gross = narrow.gross_metal[0]
    assert narrow.cascade.high[0] - narrow.cascade.total[0] == pytest.approx(0.01 * gross)


def test_an_unknown_ternary_is_less_sure_than_a_known_one(valued):
    column = valued(pack("NMC622"), pack("ternary"))
    relative = (column.regeneration.high - column.regeneration.low) / column.gross_metal
    assert relative[1] > relative[0]


def test_the_explanation_names_guide_edition_methodology_and_index_date(valued):
    provenance = Provenance("Guide A", "2025-11", "ab" * 32)
    told = explain(valued(pack(), provenance=provenance), 0)
    assert told["guide"] == "Guide A"
    assert told["edition"] == "2025-11"
    assert told["methodology_sha256"] == "ab" * 32
    assert told["index_date"] == "2025-11-21"
    assert sum(Decimal(part["amount"]) for part in told["components"]) == Decimal(told["value"])


def test_a_missing_index_is_refused_by_name(valued, levels):
    without = IndexLevels(levels.on, {k: q for k, q in levels.quotes.items() if k != "Cu"})
    with pytest.raises(MissingIndex, match="Cu"):
        valued(pack(), indices=without)


@pytest.mark.parametrize(
    "facts",
    [
        {"energy_kwh": 0.0},
        {"energy_kwh": float("nan")},
        {"soh": 80.0},
        {"soh": -0.1},
        {"mass_kg": -5.0},
        {"chemistry": "lead"},
        {"format": "round"},
        {"assay_kg": {"Au": 1.0}},
    ],
)
def test_an_impossible_fact_is_refused_with_its_row(facts):
    with pytest.raises(PackCannotBeValued):
        PackColumn.of([pack(), replace(pack(), **facts)])


def test_a_coefficient_without_a_source_or_below_nothing_is_refused(guide):
    with pytest.raises(BadCoefficient):
        Number(1.0, " ")
    with pytest.raises(BadCoefficient):
        replace(guide, scrap_share=Number(-0.1, "test"))
    with pytest.raises(BadCoefficient):
        replace(guide, age_factor=[(4.0, Number(1, "test")), (0.0, Number(1, "test"))])
    with pytest.raises(BadCoefficient):
        GuideCoefficients.from_json({**guide.to_json(), "extra": 1})


@pytest.mark.parametrize("bounds", [(60.0, 80.0), (0.8, 0.6)])
def test_an_indicative_range_in_percent_or_upside_down_is_refused(guide, bounds):
    with pytest.raises(BadCoefficient, match="indicative_soh"):
        replace(guide, indicative_soh=[Number(bound, "test") for bound in bounds])
