"""What supposed levels, states and distances do to a value, on plain inputs."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal

import pytest

from pricing import values, what_if
from pricing.columns import PackFacts
from pricing.levels import MissingIndex
from pricing.what_if import Supposition, SuppositionOutOfRange, suppose


@pytest.fixture
def inputs(levels, tables):
    """A graded pack of 100 kWh and one without a report, both LFP of the 2020s."""
    facts = [
        PackFacts(energy_kwh=100, chemistry="LFP", era="2020s", soh=0.8, evidence_level=2),
        PackFacts(energy_kwh=100, chemistry="LFP", era="2020s"),
    ]
    return {
        "edition": {"guide": "G", "number": "1", "methodology_sha256": "0" * 64},
        "indices": levels.to_json(),
        "index_date": levels.on.isoformat(),
        "stale_days": 0,
        "tables": [asdict(row) for row in tables if row.chemistry == "LFP"],
        "packs": [{"id": n, "name": f"P{n}", "facts": f.to_json()} for n, f in enumerate(facts)],
    }


@pytest.fixture
def one(inputs):
    """The graded pack alone."""
    return inputs | {"packs": inputs["packs"][:1]}


def part(result, route, name):
    found = next(row for row in result["routes"] if row["name"] == route)
    return next(row["minor"] for row in found["components"] if row["name"] == name)


def test_nothing_supposed_gives_the_same_result(one, guide):
    assert Supposition().is_empty
    assert values.compute(suppose(one, Supposition()), guide) == values.compute(one, guide)


def test_lithium_at_twice_its_level_doubles_the_lithium_and_leaves_the_copper(one, guide):
    now = values.compute(one, guide)
    twice = suppose(one, Supposition(levels={"Li2CO3": Decimal(172_900)}))
    then = values.compute(twice, guide)
    for name, factor in {"Li": 2, "Cu": 1}.items():  # a fen of rounding goes to one part or other
        before, after = part(now, "regeneration", name), part(then, "regeneration", name)
        assert abs(after - factor * before) <= 1


def test_a_lower_state_of_health_lowers_the_second_life_and_not_the_material(one, guide):
    now = values.compute(one, guide)
    then = values.compute(suppose(one, Supposition(soh=0.7)), guide)
    assert part(then, "cascade", "cells") < part(now, "cascade", "cells")
    assert then["routes"][0] == now["routes"][0]
    assert now["routes"][0]["name"] == "regeneration"


def test_a_supposed_state_stands_for_a_report_where_there_is_none(inputs, guide):
    assert values.compute(inputs, guide)["indicative"] is not None
    then = values.compute(suppose(inputs, Supposition(soh=0.8)), guide)
    assert [route["name"] for route in then["routes"]] == ["regeneration", "cascade"]


def test_a_longer_way_costs_both_routes_the_same_in_transport(one, guide):
    near = values.compute(suppose(one, Supposition(distance_km=0.0)), guide)
    far = values.compute(suppose(one, Supposition(distance_km=1000.0)), guide)
    for route in ("regeneration", "cascade"):
        assert part(far, route, "transport") < part(near, route, "transport") < 0
    assert part(far, "cascade", "transport") == part(far, "regeneration", "transport")


def test_the_parts_still_sum_to_the_value_to_the_fen(one, guide):
    supposed = Supposition(levels={"Li2CO3": Decimal("91234.5")}, soh=0.733, distance_km=617.0)
    then = values.compute(suppose(one, supposed), guide)
    for route in then["routes"]:
        assert sum(row["minor"] for row in route["components"]) == route["total_minor"]


def test_the_kept_inputs_stay_as_they_were(one):
    before = json.dumps(one)
    suppose(one, Supposition(levels={"Cu": Decimal(90_000)}, soh=0.7, distance_km=1.0))
    assert json.dumps(one) == before


def test_the_series_on_offer_are_those_that_are_paid_for_and_the_cell(one, guide):
    assert [quote.series for quote in what_if.series(one, guide)] == [
        "Al",
        "Cu",
        "Li2CO3",
        "cell LFP",
    ]


@pytest.mark.parametrize(
    ("supposed", "field"),
    [
        (Supposition(levels={"Li2CO3": Decimal(864_501)}), "level.Li2CO3"),
        (Supposition(levels={"Li2CO3": Decimal(8_644)}), "level.Li2CO3"),
        (Supposition(levels={"Li2CO3": Decimal("NaN")}), "level.Li2CO3"),
        (Supposition(soh=0.29), "soh"),
        (Supposition(soh=80.0), "soh"),
        (Supposition(distance_km=-1.0), "distance_km"),
        (Supposition(distance_km=5001.0), "distance_km"),
    ],
)
def test_what_lies_outside_is_refused_by_its_field(one, supposed, field):
    with pytest.raises(SuppositionOutOfRange) as refused:
        suppose(one, supposed)
    assert refused.value.field == field


def test_a_level_of_a_series_that_is_not_there_is_refused(one):
    with pytest.raises(MissingIndex):
        suppose(one, Supposition(levels={"gold": Decimal(1)}))
