"""The seeded guide, indices and tables, and one call that values packs with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pricing import seeded
from pricing.columns import PackColumn, PackFacts
from pricing.valuation import Valuation, value


@pytest.fixture(scope="session")
def guide():
    return seeded.edition().coefficients


@pytest.fixture(scope="session")
def levels():
    return seeded.index_levels()


@pytest.fixture(scope="session")
def tables():
    return seeded.material_tables()


@pytest.fixture
def valued(guide, levels, tables) -> Callable[..., Valuation]:
    """``valued(pack, pack, indices=..., guide=...)`` with the seed where nothing else is said."""

    def call(*packs: PackFacts, indices: Any = levels, by: Any = guide, **more: Any) -> Valuation:
        return value(PackColumn.of(packs), by, indices, tables, **more)

    return call
