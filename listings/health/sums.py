"""[pure] Sums of many measured values that come out the same on every machine, in any order."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 62
LARGEST_SHIFT: Final = 1000


def exact_sum(values: NDArray[np.float64]) -> float:
    """The sum of finite values: each is rounded to a whole multiple of one power of two.

    Whole numbers add up to the same whatever their order, which floating-point numbers do not, and
    a report must be recomputed to the last digit. The power is the smallest with which the sum
    still fits 62 bits, so n values lose less than n^2 * 2^-62 of the largest. As exact as
    ``math.fsum`` for what is stored, and without a Python number for each row.
    """
    largest = float(np.abs(values).max(initial=0.0))
    shift = BITS - math.frexp(largest * values.size)[1]
    if largest == 0.0 or not math.isfinite(largest * values.size) or shift > LARGEST_SHIFT:
        return math.fsum(values.tolist())
    whole = np.rint(values * math.ldexp(1.0, shift)).astype(np.int64)
    return math.ldexp(int(whole.sum()), -shift)
