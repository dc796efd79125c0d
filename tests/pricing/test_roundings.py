from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.roundings import whole, whole_columns
from pricing.waterfalls import whole_units

AMOUNTS = st.floats(-1e7, 1e7) | st.sampled_from([0.0, -0.0, 0.005, -0.005, 1.115, 2.5, -1 / 3])


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(st.lists(AMOUNTS, min_size=n, max_size=n), min_size=1, max_size=5)
    )
)
def test_a_column_is_rounded_as_each_of_its_packs(rows):
    parts = [np.array(column) for column in zip(*rows, strict=True)]
    units, sums = whole_columns(parts, 2)
    for i, row in enumerate(rows):
        assert [int(unit[i]) for unit in units] == whole_units(row)
        assert sum(int(unit[i]) for unit in units) == sums[i]


@given(st.lists(AMOUNTS, min_size=1, max_size=5))
def test_a_bound_is_rounded_half_to_even_as_python_does(amounts):
    assert whole(np.array(amounts), 2).tolist() == [round(amount * 100) for amount in amounts]


@pytest.mark.parametrize("amount", [np.nan, np.inf, 1e15])
def test_what_has_no_exact_unit_is_refused(amount):
    with pytest.raises(ValueError, match="no exact unit"):
        whole_columns([np.array([1.0, amount])], 2)
