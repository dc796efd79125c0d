"""[pure] How alike the parts of a subject are, and the numbers that a group standard allows.

T/DZJN 59-2021 (retired cells in street lights): capacity spread <= 5 %, voltage spread <= 4 % at
50 % state of charge. A spread is (max - min) / mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from listings.errors import N_, Refused


class TooFewParts(Refused):
    """A spread of fewer than two parts."""

    message = N_("A spread needs at least two parts, and %(count)s were given.")


class PartNotPositive(Refused):
    """A capacity or voltage that no part can have."""

    message = N_("Each part needs a number above 0, and %(value)s is not.")


def capacity_spread(capacities_ah: Sequence[float]) -> float:
    """(max - min) / mean of the parts' capacities, a fraction. Refuses fewer than two parts."""
    _check(capacities_ah)
    mean = math.fsum(capacities_ah) / len(capacities_ah)
    return (max(capacities_ah) - min(capacities_ah)) / mean


def voltage_spread_mv(rest_volts: Sequence[float]) -> float:
    """max - min of the parts' voltages at rest [mV]. Refuses fewer than two parts."""
    _check(rest_volts)
    return (max(rest_volts) - min(rest_volts)) * 1000


def _check(values: Sequence[float]) -> None:
    if len(values) < 2:  # noqa: PLR2004 - one part has no spread
        raise TooFewParts(field="parts", count=len(values))
    for value in values:
        if not (math.isfinite(value) and value > 0):
            raise PartNotPositive(field="parts", value=f"{value:g}")
