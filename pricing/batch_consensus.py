"""What several guides agree on for a column of packs: the reference value, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from listings.money import Money
from pricing import consensus
from pricing.batches import Amounts
from pricing.coefficients import ROUTES
from pricing.roundings import Whole


@dataclass(frozen=True, eq=False)
class Agreed:
    """Weighted medians in minor units, the route with more weight behind it, and the voices:
    what each guide says and its weight (parts of ``consensus.WHOLE``).
    """

    currency: str
    value: Whole
    low: Whole
    high: Whole
    is_cascade: npt.NDArray[np.bool_]
    is_indifferent: npt.NDArray[np.bool_]
    voices: Sequence[tuple[Amounts, int]]

    def __len__(self) -> int:
        return len(self.value)

    def document(self, i: int) -> dict[str, Any]:
        """What `packbourse value --consensus --json` says of pack ``i``. A median has no parts."""
        said = [
            {
                "valuer": amounts.valuer,
                "weight": f"{weight / consensus.WHOLE:.6f}",
                **amounts.document(i),
            }
            for amounts, weight in self.voices
        ]
        return {
            "value": self._decimal(self.value[i]),
            "low": self._decimal(self.low[i]),
            "high": self._decimal(self.high[i]),
            "route": ROUTES[int(self.is_cascade[i])],
            "indifferent": bool(self.is_indifferent[i]),
            "components": [],
            "guide": None,
            "edition": None,
            "methodology_sha256": None,
            "index_date": min(one["index_date"] for one in said),
            "voices": said,
        }

    def _decimal(self, minor: Any) -> str:
        return str(Money(int(minor), self.currency).decimal)


def agree(said: Sequence[Amounts], weights: Sequence[int]) -> Agreed:
    """The reference value of every pack. Refuses guides in different currencies."""
    if len({one.currency for one in said}) > 1:
        raise consensus.CurrenciesDiffer
    parts = np.array(weights, dtype=np.int64)

    def median(name: str) -> Whole:
        said_by_each = [one.chosen(name) for one in said]
        return np.rint(consensus.weighted_median(said_by_each, parts)).astype(np.int64)

    behind_cascade = parts @ np.array([one.is_cascade for one in said], dtype=np.int64)
    unsure = parts @ np.array([one.is_indifferent for one in said], dtype=np.int64)
    return Agreed(
        currency=said[0].currency,
        value=median("total"),
        low=median("low"),
        high=median("high"),
        is_cascade=behind_cascade * 2 >= parts.sum(),
        is_indifferent=unsure * 2 > parts.sum(),
        voices=list(zip(said, weights, strict=True)),
    )
