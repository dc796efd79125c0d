"""The kernel's arithmetic: what it may use, the bytes it gives, and its tables of lines."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import subprocess
import sys
from bisect import bisect_right
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from pricing import kernel, seeded
from pricing.coefficients import FORMATS, Number
from pricing.columns import PackCannotBeValued, PackColumn
from pricing.kernel import totals
from pricing.lines import lines
from pricing.materials import CHEMISTRIES, ERAS
from pricing.rates import rates
from pricing.valuation import look_up

TOP = Path(__file__).parents[2]

# What rounds once and alike everywhere, or does not round at all.
ARITHMETIC = {
    "add", "subtract", "multiply", "abs", "maximum", "fmax", "take", "greater", "greater_equal",
    "less", "less_equal", "logical_or", "flatnonzero", "where", "isnan", "copyto", "empty", "zeros",
    "array",
}  # fmt: skip
TYPES = {"float64", "bool_", "intp", "uint8", "nan"}
# Of 50 000 made-up packs at the seeded guide and indices. It changes with the seeded figures, and
# with nothing else but a change of the kernel's arithmetic, which the changelog must then tell.
SHA256 = "f08655fb98be13dcbe8100852e22370be3b178cc11608ea1c300ae10b58adf06"


def made_up(count: int) -> PackColumn:
    """Packs from a counter (Lehmer's generator), so that no library decides what they are."""
    state = 20251121

    def draws() -> np.ndarray:
        nonlocal state
        found = np.empty(count, np.int64)
        for i in range(count):
            state = state * 48271 % 2147483647
            found[i] = state
        return found

    def fact(least: int, most: int, share_known: int = 3) -> np.ndarray:
        given = draws()
        whole = least * 1000 + given % ((most - least) * 1000)
        return np.where(given // 7 % 4 < share_known, whole / 1000, np.nan)

    return PackColumn(
        energy_kwh=fact(20, 300, 4),
        chemistry=draws() % len(CHEMISTRIES),
        era=draws() % len(ERAS),
        soh=fact(30, 110) / 100,
        is_graded=draws() % 4 > 0,
        age_years=fact(0, 15),
        format=draws() % len(FORMATS),
        spread=fact(0, 25) / 100,
        mass_kg=fact(100, 2500, 2),
        distance_km=fact(0, 3000, 2),
        is_damaged=draws() % 50 == 0,
        assay_kg={"Ni": np.where(draws() % 40 == 0, fact(1, 90, 4), np.nan)},
    )


def digest() -> str:
    """Of every column that the kernel gives for the made-up packs."""
    known = rates(seeded.edition().coefficients, seeded.index_levels(), seeded.material_tables())
    found = totals(made_up(50_000), known, 1.25)
    bytes_of = hashlib.sha256()
    for name in ("regeneration", "cascade", "regeneration_half", "cascade_half"):
        column = getattr(found, name)
        # Which NaN stands for "no value" is the processor's choice.
        bytes_of.update(np.where(np.isnan(column), 0.0, column).astype("<f8").tobytes())
        bytes_of.update(np.packbits(np.isnan(column)).tobytes())
    bytes_of.update(np.packbits(found.is_cascade).tobytes())
    bytes_of.update(np.packbits(found.is_indifferent).tobytes())
    return bytes_of.hexdigest()


def test_the_bytes_of_fifty_thousand_packs_are_the_ones_on_record():
    assert digest() == SHA256


def test_a_processor_without_wide_registers_gives_the_same_bytes():
    wide = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    told = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(wide), "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == SHA256


def test_the_kernel_uses_nothing_that_another_machine_could_round_otherwise():
    tree = ast.parse(inspect.getsource(kernel))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "np"
    }
    assert used <= ARITHMETIC | TYPES
    powers = [node for node in ast.walk(tree) if isinstance(node, ast.Pow | ast.MatMult)]
    assert powers == []


steps = st.lists(
    st.tuples(st.integers(0, 200), st.floats(0.0, 3.0)),
    min_size=2,
    max_size=9,
    unique_by=lambda step: step[0],
)


def grid(figures: list[tuple[int, float]]) -> list[tuple[float, Number]]:
    return [(at / 100, Number(figure, "test")) for at, figure in sorted(figures)]


def by_hand(table: list[tuple[float, Number]], x: float) -> float:
    at = [step for step, _ in table]
    i = min(max(bisect_right(at, x) - 1, 0), len(at) - 2)
    share = min(max((x - at[i]) / (at[i + 1] - at[i]), 0.0), 1.0)
    return table[i][1].value + share * (table[i + 1][1].value - table[i][1].value)


@given(rows=st.lists(steps, min_size=1, max_size=4), x=st.floats(0.0, 2.5))
def test_lines_of_many_grids_say_what_each_grid_says(rows, x):
    grids = [grid(row) for row in rows]
    table = lines(grids, factors=(1.0, 0.5))
    for i, one in enumerate(grids):
        whole, half = (look_up(np.array([x]), table, i * 2 + j)[0] for j in (0, 1))
        # A steep line through two close arguments costs digits of what it says.
        assert whole == pytest.approx(by_hand(one, x), abs=1e-11)
        assert half == pytest.approx(by_hand(one, x) / 2, abs=1e-11)


@given(row=steps, x=st.floats(0.0, 2.5))
def test_what_is_unknown_has_its_own_factor_and_moves_no_other(row, x):
    table = lines([grid(row)], unknown=0.77)
    told = look_up(np.array([kernel.UNKNOWN, x]), table)
    assert told[0] == 0.77
    assert told[1] == pytest.approx(by_hand(grid(row), x), abs=1e-11)


def test_breakpoints_at_which_nothing_bends_are_left_out():
    flat_first = grid([(0, 1.0), (400, 1.0), (800, 0.9), (1200, 0.7)])
    assert lines([flat_first]).breaks == (4.0, 8.0, 12.0)


@pytest.mark.parametrize(("name", "code"), [("chemistry", 10), ("era", 4), ("format", -1)])
def test_a_code_that_stands_for_nothing_is_refused(name, code):
    one = np.array([1.0])
    columns = {
        "energy_kwh": one, "soh": one, "age_years": one, "spread": one, "mass_kg": one,
        "distance_km": one, "is_graded": one > 0, "is_damaged": one < 0,
        "chemistry": np.array([0]), "era": np.array([0]), "format": np.array([0]),
    }  # fmt: skip
    with pytest.raises(PackCannotBeValued, match=name):
        PackColumn(**columns | {name: np.array([code])})


if __name__ == "__main__":
    sys.stdout.write(digest() + "\n")
