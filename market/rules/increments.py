"""The increment table (加价幅度): the least raise at each price. Pure.

Third-party libraries: none. Siblings: ``listings.errors``, ``listings.money``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from listings.errors import N_, Refused
from listings.money import Money


class NoBands(Refused):
    """The table has no row."""

    message = N_("The increment table needs at least one row, beginning at 0.")


class FirstBandNotZero(Refused):
    """The table does not say what the increment is at the lowest prices."""

    message = N_("The first row of the increment table must begin at 0, not at %(start)s.")


class BandsNotAscending(Refused):
    """Two rows begin at the same price or stand in the wrong order."""

    message = N_("Row %(row)s of the increment table must begin above the row before it.")


class StepNotPositive(Refused):
    """A raise of nothing would let equal bids follow each other for ever."""

    message = N_("The increment in row %(row)s of the increment table must be more than 0.")


class BandNotAPair(Refused):
    """A row is not two amounts."""

    message = N_("Row %(row)s of the increment table must be two amounts: from, increment.")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows ``(from, step)`` in minor units; a row holds from its own lower bound, inclusive.

    Refuses an empty table, one whose first row is not at 0, rows out of order and steps that are
    not positive. A price below 0 (where the sale allows one) takes the step of the first row.
    """

    bands: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.bands:
            raise NoBands(field="increments")
        if self.bands[0][0] != 0:
            raise FirstBandNotZero(field="increments", start=self.bands[0][0])
        for row, (start, step) in enumerate(self.bands, 1):
            if row > 1 and start <= self.bands[row - 2][0]:
                raise BandsNotAscending(field="increments", row=row)
            if step <= 0:
                raise StepNotPositive(field="increments", row=row)

    def step(self, price: int) -> int:
        """The least raise at ``price``, both in minor units."""
        row = bisect_right(self.bands, price, key=lambda band: band[0]) - 1
        return self.bands[max(row, 0)][1]

    def above(self, price: int) -> int:
        """``price`` plus its own increment: the least that beats it."""
        return price + self.step(price)


def parse(rows: Sequence[Sequence[str]], currency: str = "CNY") -> Table:
    """Read rows of two decimal strings, ``[["0", "1.00"], ["100", "5.00"]]``, as a table.

    Refuses what ``Table`` refuses, rows that are not pairs, and amounts off the currency's grid.
    """
    bands: list[tuple[int, int]] = []
    for row, texts in enumerate(rows, 1):
        if len(texts) != 2:  # noqa: PLR2004 - a pair
            raise BandNotAPair(field="increments", row=row)
        start, step = (Money.parse(text, currency).minor for text in texts)
        bands.append((start, step))
    return Table(tuple(bands))
