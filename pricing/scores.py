"""How right a valuer was: bias, error, coverage, interval score and skill, with how sure that is.

Each line is one sale and what a guide said before its price was fixed. The interval score (Gneiting
and Raftery 2007, Strictly proper scoring rules) charges the width of the interval and, outside of
it, 2 / alpha times the miss; it is counted in parts of the lot's gross metal value so that a large
lot weighs no more than a small one. Skill compares it with that of the valuer's edition before,
rolled forward by the index.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

FEWEST_RANKED = 20  # a rank from fewer sales would be luck
FEWEST_RESAMPLED = 5  # fewer lines say nothing of their own spread
ALPHA = 0.10
LEVEL_Z = 1.959963984540054  # 97.5 % of the normal distribution: intervals are at 95 %
DRAWS = 1000
SEED = 20251121  # resampling draws the same lines for everybody who computes it again

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Said:
    """A value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """One sale: its price, what the guide said, the lot's gross metal value (above nothing), and
    what the guide's edition before would have said on the same day; None for a first edition.
    All in one currency, tax included.
    """

    price: float
    said: Said
    gross: float
    before: Said | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % confidence interval; None bounds where the lines are too few."""

    figure: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """What ``n`` lines say of a valuer.

    ``bias`` is the mean of log(value / price), above nothing where values were too high; ``error``
    the median of its size; both leave out lines with a price or value that is not positive
    (``n_log`` remain). ``coverage`` is the share of prices inside the interval. ``interval_score``
    is the mean, in parts of gross metal value: less is better. ``skill`` is 1 for a perfect and 0
    for one no better than the edition before, over the ``n_skill`` lines that have one.
    """

    n: int
    n_log: int
    n_skill: int
    bias: Estimate | None
    error: Estimate | None
    coverage: Estimate | None
    interval_score: Estimate | None
    skill: Estimate | None

    @property
    def is_ranked(self) -> bool:
        """Whether there are sales enough for a rank."""
        return self.n >= FEWEST_RANKED


def score(lines: Sequence[Line], alpha: float = ALPHA) -> Score:
    """What the lines say, with 95 % intervals: Wilson's for the coverage, resampled for the rest.

    Refuses a gross metal value that is not above nothing (``ValueError``).
    """
    if any(line.gross <= 0 for line in lines):
        raise ValueError("a line has a gross metal value")
    price = _column([line.price for line in lines])
    low, high = (_column([getattr(line.said, end) for line in lines]) for end in ("low", "high"))
    logs = log_ratios([line.said.value for line in lines], price)
    charged = charges(lines, alpha)
    paired = [line for line in lines if line.before is not None]
    return Score(
        n=len(lines),
        n_log=len(logs),
        n_skill=len(paired),
        bias=_resampled(lambda rows: rows[..., 0].mean(axis=-1), logs[:, None]),
        error=_resampled(lambda rows: np.median(np.abs(rows[..., 0]), axis=-1), logs[:, None]),
        coverage=wilson((low <= price) & (price <= high)),
        interval_score=_resampled(lambda rows: rows[..., 0].mean(axis=-1), charged[:, None]),
        skill=_skill(charges(paired, alpha), charges_before(paired, alpha)),
    )


def log_ratios(values: npt.ArrayLike, prices: npt.ArrayLike) -> Floats:
    """log(value / price) of the lines where both are positive; liabilities have no logarithm."""
    said, paid = _column(values), _column(prices)
    fit = (said > 0) & (paid > 0)
    logs: Floats = np.log(said[fit] / paid[fit])
    return logs


def interval_score(
    low: npt.ArrayLike, high: npt.ArrayLike, price: npt.ArrayLike, alpha: float = ALPHA
) -> Floats:
    """(u - l) + 2/alpha (l - y)+ + 2/alpha (y - u)+, row by row; never below the width."""
    lower, upper, paid = _column(low), _column(high), _column(price)
    missed = np.maximum(lower - paid, 0) + np.maximum(paid - upper, 0)
    total: Floats = (upper - lower) + 2 / alpha * missed
    return total


def charges(lines: Sequence[Line], alpha: float = ALPHA) -> Floats:
    """The interval score of each line in parts of its gross metal value."""
    return _charged(lines, [line.said for line in lines], alpha)


def charges_before(lines: Sequence[Line], alpha: float = ALPHA) -> Floats:
    """The same for what the edition before would have said. Refuses a line without one."""
    before = [line.before for line in lines if line.before is not None]
    if len(before) < len(lines):
        raise ValueError("a line of a first edition has nothing before it")
    return _charged(lines, before, alpha)


def skill(own: npt.ArrayLike, before: npt.ArrayLike) -> float | None:
    """1 - mean score / mean score of the edition before; None without lines or where that one
    was perfect.
    """
    reference = float(np.mean(_column(before))) if np.size(before) else 0.0
    return None if reference <= 0 else 1 - float(np.mean(_column(own))) / reference


def wilson(hits: npt.ArrayLike) -> Estimate | None:
    """A share of hits with Wilson's 95 % interval (1927); None without any line."""
    found = np.asarray(hits, dtype=np.bool_)
    n = len(found)
    if not n:
        return None
    share = float(found.mean())
    spread = LEVEL_Z * math.sqrt(share * (1 - share) / n + LEVEL_Z**2 / (4 * n * n))
    middle, scale = share + LEVEL_Z**2 / (2 * n), 1 + LEVEL_Z**2 / n
    # At no hit and at nothing but hits an end is the share itself, which floats miss by a hair.
    low, high = min(share, (middle - spread) / scale), max(share, (middle + spread) / scale)
    return Estimate(share, max(0.0, low), min(1.0, high))


def ranks(scores: Mapping[Key, Score]) -> dict[Key, int]:
    """The place of each by interval score, the least first; who has fewer than twenty sales has
    none. Equal scores share a place.
    """
    figures = {
        key: found.interval_score.figure
        for key, found in scores.items()
        if found.is_ranked and found.interval_score is not None
    }
    return {key: 1 + sum(other < own for other in figures.values()) for key, own in figures.items()}


def _charged(lines: Sequence[Line], said: Sequence[Said], alpha: float) -> Floats:
    total = interval_score(
        [one.low for one in said], [one.high for one in said], [line.price for line in lines], alpha
    )
    share: Floats = total / _column([line.gross for line in lines])
    return share


def _skill(own: Floats, before: Floats) -> Estimate | None:
    figure = skill(own, before)
    if figure is None:
        return None

    def of_rows(rows: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = 1 - rows[..., 0].mean(axis=-1) / rows[..., 1].mean(axis=-1)
        return found

    return _resampled(of_rows, np.column_stack([own, before]))


def _resampled(measure: Callable[[Floats], Floats], rows: Floats) -> Estimate | None:
    """A measure of rows with its percentile bootstrap interval (Efron 1979)."""
    if not len(rows):
        return None
    figure = float(measure(rows))
    if len(rows) < FEWEST_RESAMPLED:
        return Estimate(figure, None, None)
    drawn = np.random.default_rng(SEED).integers(0, len(rows), (DRAWS, len(rows)))
    found = measure(rows[drawn])
    low, high = np.quantile(found[np.isfinite(found)], (0.025, 0.975))
    return Estimate(figure, float(low), float(high))


def _column(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
