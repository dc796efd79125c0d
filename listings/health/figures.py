"""[pure] Measures as documents carry them: told in JSON, signed in a record, drawn as a curve.

Seven significant digits, so that every machine writes the same ones.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from listings.health.incremental import IncrementalCurve
from listings.health.measures import Condition, Measure
from listings.health.uncertainty import COVERAGE

DIGITS: Final = 7
POINTS: Final = 250
"""Of a curve that is kept for drawing, at most."""


def told(measure: Measure) -> dict[str, object]:
    """One entry of the key ``measures`` of ``packbourse health read --json``."""
    return {
        "code": measure.code,
        "value": _short(measure.value),
        "unit": measure.unit,
        "method": measure.method,
        "uncertainty": _short(measure.uncertainty),
        "coverage_factor": COVERAGE,
        "conditions": {name: _short(value) for name, value in measure.conditions.items()},
        "budget": {name: _short(part) for name, part in measure.budget.items()},
        "absence": measure.absence,
    }


def signed(measure: Measure) -> dict[str, object]:
    """The same without floating-point numbers: decimal strings. The method follows from the code
    and the version of the record.
    """
    return {
        "code": measure.code,
        "value": _text(measure.value),
        "unit": measure.unit,
        "uncertainty": _text(measure.uncertainty),
        "coverage_factor": COVERAGE,
        "conditions": {name: _text(value) for name, value in measure.conditions.items()},
        "budget": {name: _text(part) for name, part in measure.budget.items()},
        "absence": measure.absence,
    }


def drawn(curve: IncrementalCurve) -> dict[str, object]:
    """An incremental capacity curve for its picture: points (V, Ah/V), and the peaks."""
    count = curve.volts.size
    kept = sorted({round(i * (count - 1) / (POINTS - 1)) for i in range(POINTS)})
    return {
        "charging": curve.charging,
        "rate_c": _short(curve.rate_c),
        "points": [
            [round(float(curve.volts[i]), 5), round(float(curve.ah_per_volt[i]), 6)] for i in kept
        ],
        "peaks": [[round(peak.volts, 5), round(peak.ah_per_volt, 6)] for peak in curve.peaks],
    }


def _short(value: Condition) -> Condition:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _text(value: Condition) -> Condition:
    return f"{Decimal(f'{value:.{DIGITS}g}'):f}" if isinstance(value, float) else value
