"""Several valuers, one reference value: the weighted median of their guide values, or none at all.

At least three valuers are needed. A valuer weighs by its skill on past sales (see ``scores``), and
nobody more than a third, so that no single valuer makes the reference value. Weights are whole
parts of ``WHOLE`` and the median is taken over them with integers: the same opinions give the same
bytes, for one lot or for a column of packs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from listings.errors import N_, Refused

FEWEST_VALUERS = 3
FEWEST_SCORED = 20  # with fewer scored sales a skill is luck, and says nothing of a weight
A_LITTLE = 0.05  # what a valuer without any skill still weighs: its voice is heard
WHOLE = 3_000_000  # all weights together; a third of it is the most for one valuer
MOST = WHOLE // 3

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


class NotEnoughValuers(Refused):
    """Fewer than three valuers value it: each guide stands alone."""

    message = N_("%(n)s valuers give a value; a reference value needs at least %(fewest)s.")


class CurrenciesDiffer(Refused):
    """Guides in different currencies have no common median."""

    message = N_("The guides are in different currencies, so there is no reference value.")


@dataclass(frozen=True, slots=True)
class Standing:
    """How well a valuer did on ``n`` scored sales; ``skill`` is None where it is not known."""

    n: int
    skill: float | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one valuer says: its value, interval and better route, in minor units."""

    valuer: str
    value: int
    low: int
    high: int
    route: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The weighted medians of the opinions, and who weighed what (parts of ``WHOLE``).

    ``route`` is the one with the greater weight behind it, ``route_weight`` that weight.
    """

    value: int
    low: int
    high: int
    route: str
    route_weight: int
    weights: dict[str, int]


def weights(standings: Mapping[str, Standing]) -> dict[str, int]:
    """What each valuer weighs, in whole parts that sum to ``WHOLE``; nobody above a third.

    A skill counts as max(skill, 0) + ``A_LITTLE``. Who has fewer than twenty scored sales weighs
    like the mean of those who have them, so that all are equal while nobody has. Refuses fewer
    than three valuers, with whom a third each cannot be kept.
    """
    if len(standings) < FEWEST_VALUERS:
        raise NotEnoughValuers(n=len(standings), fewest=FEWEST_VALUERS)
    earned = {
        name: max(standing.skill, 0.0) + A_LITTLE
        for name, standing in standings.items()
        if standing.skill is not None and standing.n >= FEWEST_SCORED
    }
    usual = fmean(earned.values()) if earned else 1.0
    return _whole(_capped({name: earned.get(name, usual) for name in standings}))


def of(opinions: Sequence[Opinion], standings: Mapping[str, Standing]) -> Reference:
    """The reference value of one lot or pack; the order of the opinions does not matter.

    A valuer without a standing counts as one without a scored sale. Refuses fewer than three
    valuers (`NotEnoughValuers`) and two opinions of one valuer (``ValueError``).
    """
    if len({opinion.valuer for opinion in opinions}) < len(opinions):
        raise ValueError("one valuer has one voice")
    said = sorted(opinions, key=lambda opinion: opinion.valuer)
    parts = weights({one.valuer: standings.get(one.valuer, Standing(0, None)) for one in said})
    order = np.array([parts[one.valuer] for one in said], dtype=np.int64)
    behind = {
        route: sum(parts[one.valuer] for one in said if one.route == route)
        for route in sorted({one.route for one in said})
    }
    route = max(behind, key=lambda name: behind[name])
    return Reference(
        value=_median([one.value for one in said], order),
        low=_median([one.low for one in said], order),
        high=_median([one.high for one in said], order),
        route=route,
        route_weight=behind[route],
        weights=parts,
    )


def weighted_median(columns: npt.ArrayLike, parts: npt.ArrayLike) -> Floats:
    """The weighted median of each pack: ``columns`` has a row for each valuer, ``parts`` its weight
    in whole numbers.

    Half of the weight lies on either side; where it falls exactly between two values, their middle.
    NaN where any valuer gives no value. Refuses shapes that do not fit (``ValueError``).
    """
    said = np.asarray(columns, dtype=np.float64)
    lower, upper = _middle(said, np.asarray(parts, dtype=np.int64))
    middle: Floats = np.where(lower == upper, lower, lower / 2 + upper / 2)
    return np.where(np.isnan(said).any(axis=0), np.nan, middle)


def _median(values: Sequence[int], parts: Whole) -> int:
    """The weighted median of whole numbers, a middle rounded half to even."""
    lower, upper = _middle(np.array(values, dtype=np.int64)[:, None], parts)
    both = int(lower[0]) + int(upper[0])
    return both // 2 + (both % 2 and both // 2 % 2)


def _middle(values: npt.NDArray[np.generic], parts: Whole) -> tuple[Floats, Floats]:
    """For each column the value at which half of the weight is reached, and where it is passed."""
    if values.shape[0] != len(parts):
        raise ValueError("a weight for each valuer")
    order = np.argsort(values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0)
    running = np.cumsum(parts[order], axis=0)
    total = int(parts.sum())
    reached = np.argmax(running * 2 >= total, axis=0)[None]
    passed = np.argmax(running * 2 > total, axis=0)[None]
    first: Floats = np.take_along_axis(ranked, reached, axis=0)[0]
    last: Floats = np.take_along_axis(ranked, passed, axis=0)[0]
    return first, last


def _capped(raw: Mapping[str, float]) -> dict[str, float]:
    """Shares that sum to one, none above a third: what is cut off goes to the others in
    proportion.
    """
    full: set[str] = set()
    while True:
        free = {name: weight for name, weight in raw.items() if name not in full}
        left = 1 - len(full) / FEWEST_VALUERS
        total = sum(free.values())
        shares = {name: weight / total * left for name, weight in free.items()}
        over = {name for name, share in shares.items() if share * WHOLE >= MOST}
        if not over or len(full) + len(over) >= len(raw):
            return dict.fromkeys(full | over, 1 / FEWEST_VALUERS) | {
                name: share for name, share in shares.items() if name not in over
            }
        full |= over


def _whole(shares: Mapping[str, float]) -> dict[str, int]:
    """Whole parts of ``WHOLE`` by largest remainder, ties by name; nobody above ``MOST``."""
    parts = {name: min(MOST, int(share * WHOLE)) for name, share in sorted(shares.items())}
    missing = WHOLE - sum(parts.values())
    free = [name for name in parts if parts[name] < MOST]
    free.sort(key=lambda name: (parts[name] - shares[name] * WHOLE, name))
    for turn in range(missing):
        parts[free[turn % len(free)]] += 1
    return parts
