"""Prices that a figure slipped in: a robust z on the logarithm sets them apart from the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

FEWEST = 3  # two prices that differ do not say which of them is wrong
NORMAL = 1.4826  # makes the median absolute deviation a standard deviation of normal data
LEAST_SPREAD = 0.02  # prices within two per cent of one another still differ as prices do


def robust_z(prices: Sequence[float]) -> list[float | None]:
    """How far each price lies from the median of all, in robust standard deviations of log price.

    z = (ln p - median) / (1.4826 x MAD), signed (Iglewicz and Hoaglin 1993, who set apart beyond
    3.5). Where the prices are all but equal the deviation counts as two per cent. None for each
    where there are fewer than three prices, or one is not above zero.
    """
    if len(prices) < FEWEST or any(price <= 0 for price in prices):
        return [None] * len(prices)
    logs = [math.log(price) for price in prices]
    middle = median(logs)
    spread = NORMAL * median(abs(log - middle) for log in logs)
    return [(log - middle) / max(spread, LEAST_SPREAD) for log in logs]
