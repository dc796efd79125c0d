"""A monthly index of realised prices, brought to one kind of lot by regression (hedonic).

Price before tax for a kWh of nameplate = level of the month + b1 (SoH) + b2 (no SoH known)
+ b3 (log of the lot's energy), by least squares over all months; the characteristics are centred,
so that a month's level is the price of a lot like the average of all. The form is linear in the
price, not in its logarithm, because prices below zero are legal. A month with fewer than
``LEAST_SALES`` sales, or of fewer than ``LEAST_SELLERS`` sellers, gets no level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np
import numpy.typing as npt

from listings.errors import N_

LEAST_SALES = 5
LEAST_SELLERS = 3
SALES_PER_CHARACTERISTIC = 10
LEAST_FREEDOM = 3
NORMAL_95 = 1.6448536269514722  # two-sided band of 90 %

TOO_FEW_SALES = N_("Not enough sales")
TOO_FEW_SELLERS = N_("Not enough sellers")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One sale: the first day of its month, price per kWh before tax, and what it is compared by.

    ``seller`` tells sellers apart; None for a seller that is not known, who counts as one more.
    """

    month: date
    price: float
    energy_kwh: float
    soh: float | None = None
    seller: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its level with a band of 90 %, or ``reason`` why there is none."""

    month: date
    sales: int
    level: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def monthly(cases: Sequence[Case]) -> list[Month]:
    """Every month from the first sale to the last, of one chemistry and route."""
    if not cases:
        return []
    ordered = sorted(cases, key=lambda case: case.month)
    found = {month: list(rows) for month, rows in groupby(ordered, key=lambda case: case.month)}
    fitted = _fit(ordered, sorted(found))
    return [
        _month(month, found.get(month, []), fitted.get(month))
        for month in _months(ordered[0].month, ordered[-1].month)
    ]


def _month(month: date, cases: Sequence[Case], fitted: tuple[float, float] | None) -> Month:
    known = {case.seller for case in cases if case.seller is not None}
    sellers = len(known) + sum(case.seller is None for case in cases)
    if len(cases) < LEAST_SALES or fitted is None:
        return Month(month, len(cases), reason=TOO_FEW_SALES)
    if sellers < LEAST_SELLERS:
        return Month(month, len(cases), reason=TOO_FEW_SELLERS)
    level, half = fitted
    return Month(month, len(cases), level, level - half, level + half)


def _fit(cases: Sequence[Case], months: Sequence[date]) -> dict[date, tuple[float, float]]:
    """Level and half width of the band by month; empty where there are too few sales for one."""
    prices = np.array([case.price for case in cases])
    place = {month: i for i, month in enumerate(months)}
    dummies = np.zeros((len(cases), len(months)))
    dummies[np.arange(len(cases)), [place[case.month] for case in cases]] = 1.0
    design = np.hstack([dummies, *_characteristics(cases)])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        design = dummies
    freedom = len(cases) - design.shape[1]
    if freedom < LEAST_FREEDOM:
        return {}
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ prices)
    residuals = prices - design @ coefficients
    variance = float(residuals @ residuals) / freedom
    errors = np.sqrt(variance * np.diag(inverse))
    wide = student_95(freedom)
    return {month: (float(coefficients[i]), wide * float(errors[i])) for month, i in place.items()}


def _characteristics(cases: Sequence[Case]) -> list[Floats]:
    """Centred columns of what varies, as many as there are sales to tell them apart."""
    known = [case.soh for case in cases if case.soh is not None]
    middle = sum(known) / len(known) if known else 0.0
    columns = [
        np.array([middle if case.soh is None else case.soh for case in cases]),
        np.array([float(case.soh is None) for case in cases]),
        np.log([case.energy_kwh for case in cases]),
    ]
    varying = [column for column in columns if np.ptp(column) > 0]
    room = len(cases) // SALES_PER_CHARACTERISTIC
    return [(column - column.mean())[:, None] for column in varying[:room]]


def student_95(freedom: int) -> float:
    """The 95 % point of Student's t, by the expansion around the normal (Abramowitz 26.7.5)."""
    z, n = NORMAL_95, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def _months(first: date, last: date) -> Iterable[date]:
    month = first
    while month <= last:
        yield month
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
