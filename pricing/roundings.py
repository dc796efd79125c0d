"""Rounding to the minor unit for whole columns of packs at once.

What ``waterfalls`` does for one pack, to the same unit: the sum is rounded once, half to even, and
its signed parts by largest remainder, so that they make the sum exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Column = TypeVar("Column", Floats, Whole)

# From here on neighbouring floats are more than a minor unit apart: nothing to be exact about.
MOST = 2.0**53


def whole(amounts: Floats, digits: int) -> Whole:
    """Amounts in minor units, each rounded half to even. Refuses what is not finite or beyond
    2^53 minor units (``ValueError``).
    """
    return _units(np.rint(amounts * 10**digits))


def whole_columns(
    parts: Sequence[Floats], digits: int, of: Floats | None = None
) -> tuple[list[Whole], Whole]:
    """Parts of many sums in minor units, and the sums, which they make exactly, row by row.

    The sums are ``of``, else those of the parts in their order; of equal remainders the earlier
    part gets the unit. As `waterfalls.whole_units`, to the same unit. Refuses as `whole` does.
    """
    scale = 10**digits
    scaled = [part * scale for part in parts]
    floors = [np.floor(part) for part in scaled]
    wanted = whole(_sum(parts) if of is None else of, digits)
    floored = [_units(floor) for floor in floors]
    missing = wanted - _sum(floored)
    rounds, left = np.divmod(np.abs(missing), len(floored))
    units = [
        unit + np.sign(missing) * (rounds + (rank < left))
        for unit, rank in zip(floored, _ranks(floors, scaled), strict=True)
    ]
    return units, wanted


def _units(amounts: Floats) -> Whole:
    if not (np.abs(amounts) < MOST).all():
        raise ValueError("NaN, infinities and amounts beyond 2^53 minor units have no exact unit")
    return amounts.astype(np.int64)


def _sum(units: Sequence[Column]) -> Column:
    total = units[0]
    for unit in units[1:]:
        total = total + unit
    return total


def _ranks(floors: Sequence[Floats], scaled: Sequence[Floats]) -> list[Whole]:
    """The place of each part, row by row, in the order of greatest remainder, then position."""
    remainders = [floor - part for floor, part in zip(floors, scaled, strict=True)]
    ranks = [np.zeros(len(remainders[0]), dtype=np.int8) for _ in remainders]
    for earlier, later in combinations(range(len(remainders)), 2):
        overtaken = remainders[later] < remainders[earlier]
        ranks[earlier] += overtaken
        ranks[later] += ~overtaken
    return [rank.astype(np.int64) for rank in ranks]
