from __future__ import annotations

from dataclasses import replace

import pytest

from pricing.materials import CHEMISTRIES, TERNARY, UnknownChemistry, intensity


def test_the_formula_knows_the_cathode_and_no_foils():
    found = intensity("NMC622", "formula")
    assert found.cathode is not None
    assert found.cathode.kg == pytest.approx(1000 / (180 * 3.7))
    assert found.elements["Cu"] is None
    assert found.elements["Al"] is None
    assert found.elements["graphite"] is None


def test_the_formula_lithium_is_the_cathode_s_and_the_electrolyte_s():
    lithium = intensity("LFP", "formula").elements["Li"]
    assert lithium is not None
    molar = 6.94 + 55.845 + 30.974 + 4 * 15.999
    assert lithium.kg == pytest.approx(1000 / (155 * 3.2) * 6.94 / molar + 0.0026)


def test_there_is_no_formula_for_the_elements_of_lto():
    assert set(intensity("LTO", "formula").elements.values()) == {None}


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize("era", ["formula", "2010s", "2020s", "unknown"])
def test_every_figure_lies_in_its_interval_and_names_its_source(chemistry, era, tables):
    found = intensity(chemistry, era, tables)
    assert found.source
    for amount in found.elements.values():
        assert amount is None or 0 <= amount.low <= amount.kg <= amount.high


def test_an_unknown_ternary_is_the_span_of_all(tables):
    span = intensity("ternary", "unknown", tables)
    for element in ("Li", "Ni", "Co", "Cu"):
        amounts = [intensity(name, "unknown", tables).elements[element] for name in TERNARY]
        assert span.elements[element].low == min(amount.low for amount in amounts)
        assert span.elements[element].high == max(amount.high for amount in amounts)


def test_an_unknown_era_spans_a_factor_of_almost_two_in_copper(tables):
    copper = intensity("NMC622", "unknown", tables).elements["Cu"]
    assert copper.high / copper.low > 1.8


def test_a_known_era_takes_its_own_table_s_figure(tables):
    assert intensity("LFP", "2020s", tables).elements["Cu"].kg == 0.5655
    assert intensity("LFP", "2010s", tables).elements["Cu"].kg == 0.87206


@pytest.mark.parametrize(("chemistry", "era"), [("NMC955", "formula"), ("LFP", "1990s")])
def test_words_that_no_table_knows_are_refused_by_name(chemistry, era):
    with pytest.raises(UnknownChemistry, match=r"NMC955|1990s"):
        intensity(chemistry, era)


@pytest.mark.parametrize("chemistry", ["NMC111", "NMC532", "NMC622", "NMC811", "NCA", "LFP", "LMO"])
def test_the_formula_is_within_11_percent_of_the_packaged_tables(chemistry, tables):
    # The same against the files as published: tests/real/test_material_tables.py.
    formula = intensity(chemistry, "formula")
    for row in (row for row in tables if row.chemistry == chemistry):
        if row.cathode is not None:
            assert formula.cathode.kg == pytest.approx(row.cathode, rel=0.11)
        for element in ("Li", "Ni", "Co"):
            if element in row.elements:
                published = row.elements[element]
                assert formula.elements[element].kg == pytest.approx(published, rel=0.11, abs=1e-9)


@pytest.mark.parametrize("chemistry", [*TERNARY, "NCA"])
def test_nickel_to_cobalt_is_within_a_thousandth_of_the_packaged_tables(chemistry, tables):
    formula = intensity(chemistry, "formula").elements
    rows = [row for row in tables if row.chemistry == chemistry and row.era == "2020s"]
    assert rows
    for row in rows:
        published = row.elements["Ni"] / row.elements["Co"]
        assert formula["Ni"].kg / formula["Co"].kg == pytest.approx(published, rel=0.001)


def test_tables_that_say_the_same_are_one_and_those_that_do_not_are_not(tables):
    row = tables[0]
    other = replace(row, elements={**row.elements, "Cu": 9.0})
    assert hash(row) == hash(other)
    assert row != other
    assert replace(row) == row
