"""[pure] How far a capacity from one charge can be off, by how much of the range it covered.

Measured on ten real packs (docs/method/telemetry.md): the worst error by window of state of
charge. The errors come from the gauge and not from chance, so a median of many charges keeps that
of its narrowest window.
"""

from __future__ import annotations

from typing import Final

BANDS: Final[tuple[tuple[int, float], ...]] = (
    (80, 0.065),
    (60, 0.092),
    (40, 0.148),
    (20, 0.216),
    (10, 0.24),
    (0, 1.29),
)
"""Least window [% of full] and worst relative error. 30 to 40 % was not measured: it takes the
error of 20 to 30 %."""

WIDE: Final = 60
"""Windows from here on may carry a grade (evidence L3)."""
NARROWEST: Final = 5
"""Charges over less than this are not listed."""


def uncertainty(window: float) -> float:
    """The worst relative error of a capacity from a charge over ``window`` percent of full."""
    return next((error for least, error in BANDS if window >= least), BANDS[-1][1])
