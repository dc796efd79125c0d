"""The packaged intensities against the published tables, where ../shared is there."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pricing import seeded
from pricing.materials import intensity

MATERIALS = Path(__file__).parents[2] / "../shared/data/materials"
BATPAC = MATERIALS / "batpac52_intensity_kg_per_kwh.csv"
EVERBATT = MATERIALS / "everbatt_2019_cells.csv"
NAMES = {"Lithium": "Li", "Nickel": "Ni", "Cobalt": "Co"}

pytestmark = pytest.mark.skipif(
    not MATERIALS.is_dir(), reason="../shared/data/materials is not beside the project"
)


def batpac() -> dict[str, dict[str, float]]:
    with BATPAC.open(encoding="utf-8") as file:
        rows = {row.pop("chemistry").replace(" ", ""): row for row in csv.DictReader(file)}
    return {name: {k: float(v) for k, v in row.items()} for name, row in rows.items()}


def everbatt() -> dict[str, dict[str, float]]:
    with EVERBATT.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["chem"]: {k: float(row[k]) for k in list(row)[2:]} for row in rows}


CHEMISTRIES = ("NMC111", "NMC532", "NMC622", "NMC811", "NCA", "LFP", "LMO")


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_the_formula_is_within_11_percent_of_batpac(chemistry):
    computed = intensity(chemistry, "formula").elements
    for name, element in NAMES.items():
        published = batpac()[chemistry][name]
        assert computed[element].kg == pytest.approx(published, rel=0.11, abs=1e-9), element


@pytest.mark.parametrize("chemistry", CHEMISTRIES[:5])
def test_nickel_to_cobalt_is_within_a_thousandth_of_batpac(chemistry):
    computed = intensity(chemistry, "formula").elements
    published = batpac()[chemistry]
    ratio = computed["Ni"].kg / computed["Co"].kg
    assert ratio == pytest.approx(published["Nickel"] / published["Cobalt"], rel=0.001)


@pytest.mark.parametrize("chemistry", [*sorted(set(CHEMISTRIES) - {"NMC532"}), "LCO"])
def test_the_formula_cathode_is_within_11_percent_of_everbatt(chemistry):
    row = everbatt()[chemistry]
    published = row["cell_kg"] * row["cathode_frac"] / row["cell_kwh"]
    assert intensity(chemistry, "formula").cathode.kg == pytest.approx(published, rel=0.11)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_the_packaged_2020s_are_batpac_s_figures(chemistry):
    packaged = intensity(chemistry, "2020s", seeded.material_tables()).elements
    published = batpac()[chemistry]
    for name, element in {**NAMES, "Copper": "Cu", "Graphite": "graphite"}.items():
        assert packaged[element].kg == published[name]


@pytest.mark.parametrize("chemistry", ["NMC111", "NMC622", "NMC811", "NCA", "LFP", "LMO", "LCO"])
def test_the_packaged_2010s_are_everbatt_s_cells(chemistry):
    packaged = intensity(chemistry, "2010s", seeded.material_tables())
    row = everbatt()[chemistry]
    for element, share in {"Cu": "cu_frac", "Al": "al_frac", "graphite": "graphite_frac"}.items():
        published = row["cell_kg"] * row[share] / row["cell_kwh"]
        assert packaged.elements[element].kg == pytest.approx(published, abs=1e-5)
    assert packaged.cathode.kg == pytest.approx(
        row["cell_kg"] * row["cathode_frac"] / row["cell_kwh"], abs=1e-5
    )
