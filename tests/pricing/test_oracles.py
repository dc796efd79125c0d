"""What other people's programs say of the same figures: MAPIE and crepes of the bands, molmass of
the masses. They are installed for these tests alone.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from pricing.bases import Substance, salt_factor
from pricing.intervals import FEWEST, conformal_half_width, mondrian_bands
from pricing.materials import ELECTROLYTE_LITHIUM, from_cathode

# Powers of two are exact in floats, so that both sides round k the same way at every n.
EXACT = (0.5, 0.25, 0.125, 0.0625)
CATHODES = {
    "NMC111": "Li3NiMnCoO6",
    "NMC532": "Li10Ni5Mn3Co2O20",
    "NMC622": "Li10Ni6Mn2Co2O20",
    "NMC811": "Li10Ni8MnCoO20",
    "NCA": "Li20Ni16Co3AlO40",
    "LCO": "LiCoO2",
    "LMO": "LiMn2O4",
    "LFP": "LiFePO4",
}


def residuals(n: int, seed: int = 20251121) -> np.ndarray:
    return np.random.default_rng(seed + n).normal(0.02, 0.1, n)


@pytest.fixture(scope="module")
def by_mapie():
    """Half width of the interval that MAPIE puts around a prediction of nothing."""
    from mapie.regression import SplitConformalRegressor
    from sklearn.base import BaseEstimator, RegressorMixin

    class Nothing(RegressorMixin, BaseEstimator):
        n_features_in_ = 1

        def fit(self, x, y):
            return self

        def predict(self, x):
            return np.zeros(len(x))

        def __sklearn_is_fitted__(self):
            return True

    def half_width(values: np.ndarray, alpha: float) -> float:
        regressor = SplitConformalRegressor(Nothing(), confidence_level=1 - alpha, prefit=True)
        regressor.conformalize(np.zeros((len(values), 1)), values)
        _, interval = regressor.predict_interval(np.zeros((1, 1)))
        low, high = interval[0, :, 0]
        assert low == -high
        return float(high)

    return half_width


@pytest.fixture(scope="module")
def by_crepes():
    """Half widths that crepes gives each cell (Mondrian category)."""
    from crepes import ConformalRegressor

    def half_widths(values: np.ndarray, cells: list[str], alpha: float) -> dict[str, float]:
        regressor = ConformalRegressor().fit(residuals=np.array(values), bins=np.array(cells))
        names = sorted(set(cells))
        interval = regressor.predict_int(
            np.zeros(len(names)), bins=np.array(names), confidence=1 - alpha
        )
        return {name: float(high) for name, (_, high) in zip(names, interval, strict=True)}

    return half_widths


@pytest.mark.parametrize("alpha", EXACT)
@pytest.mark.parametrize("n", [19, 20, 31, 64, 200])
def test_the_band_is_mapie_s(by_mapie, n, alpha):
    assert conformal_half_width(residuals(n), alpha) == by_mapie(residuals(n), alpha)


@pytest.mark.parametrize("n", [20, 27, 53, 98, 101, 250])
def test_the_band_at_one_tenth_is_mapie_s_and_crepes(by_mapie, by_crepes, n):
    ours = conformal_half_width(residuals(n))
    assert ours == by_mapie(residuals(n), 0.1)
    assert by_crepes(residuals(n), ["all"] * n, 0.1) == {"all": ours}


@pytest.mark.parametrize("n", [19, 29, 39, 99])
def test_where_a_float_misses_a_whole_k_the_others_take_it_or_the_next(by_mapie, by_crepes, n):
    # (n + 1) x 0.1 is a whole number here; 1 - 0.9 in floats is not 0.1. k is exact with us.
    scores = np.sort(np.abs(residuals(n)))
    k = (n + 1) * 9 // 10
    assert conformal_half_width(residuals(n)) == scores[k - 1]
    others = {by_mapie(residuals(n), 0.1), *by_crepes(residuals(n), ["a"] * n, 0.1).values()}
    assert others <= {scores[k - 1], scores[k]}


@pytest.mark.parametrize("alpha", EXACT)
def test_each_cell_s_band_is_that_of_crepes(by_crepes, alpha):
    sizes = {"cascade LFP": 19, "regeneration LFP": 40, "regeneration NMC622": 133}
    cells = [name for name, n in sizes.items() for _ in range(n)]
    values = np.concatenate([residuals(n) * (1 + n / 50) for n in sizes.values()])
    ours = mondrian_bands(values, cells, dict.fromkeys(sizes, math.inf), alpha)
    assert {name: band.half_width for name, band in ours.items()} == by_crepes(values, cells, alpha)


def test_a_thin_cell_s_band_is_that_of_crepes_over_all_cells(by_crepes):
    cells = ["LFP"] * 60 + ["LTO"] * (FEWEST - 1)
    values = np.concatenate([residuals(60), 3 * residuals(FEWEST - 1)])
    ours = mondrian_bands(values, cells, {"LTO": 0.3}, 0.125)["LTO"]
    assert ours.origin == "pooled"
    assert by_crepes(values, ["all"] * len(values), 0.125) == {"all": ours.half_width}


@pytest.mark.parametrize(
    ("salt", "formula"),
    [
        (Substance.LI2CO3, "Li2CO3"),
        (Substance.LIOH, "LiOH.H2O"),
        (Substance.NISO4, "NiSO4.6H2O"),
        (Substance.COSO4, "CoSO4.7H2O"),
    ],
)
def test_salt_factors_are_those_of_molmass(salt, formula):
    from molmass import Formula

    whole = Formula(formula)
    metal = formula[:2]
    # Both agree on the isotopes; abridged weights differ from the full ones by up to 4e-5.
    factor = whole.mass / whole.composition()[metal].mass
    assert float(salt_factor(salt)) == pytest.approx(factor, rel=5e-5)


@pytest.mark.parametrize(("chemistry", "formula"), CATHODES.items())
def test_a_cathode_holds_the_metals_that_molmass_finds_in_it(chemistry, formula):
    from molmass import Formula

    found = from_cathode(chemistry, 1.0)
    shares = Formula(formula).composition()
    for element in ("Li", "Ni", "Co", "Mn"):
        there = shares[element].mass / Formula(formula).mass if element in shares else 0.0
        electrolyte = ELECTROLYTE_LITHIUM if element == "Li" else 0.0
        assert found[element] - electrolyte == pytest.approx(there, rel=2e-4), element


def test_nothing_but_these_tests_rests_on_the_oracles():
    top = Path(__file__).parents[2]
    oracles = re.compile(r"^\s*(?:import|from) (?:mapie|crepes|molmass|sklearn)\b", re.MULTILINE)
    found = [
        path
        for folder in ("market", "pricing", "listings", "migrations", "tools", "bench")
        for path in (top / folder).rglob("*.py")
        if oracles.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
