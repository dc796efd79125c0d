"""Tables of a guide as straight lines: between its arguments linear, outside them flat.

Looking up is counting how many breakpoints an argument has reached, then one multiplication and
one addition. Every breakpoint of every row is one for all rows, so that the count serves them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.coefficients import Grid

Floats = npt.NDArray[np.float64]
Line = tuple[float, float]  # intercept and slope


@dataclass(frozen=True, eq=False)
class Lines:
    """``intercept + slope x argument``, at ``row * width + segment``; a segment is the number of
    ``breaks`` at or below the argument.
    """

    breaks: tuple[float, ...]
    intercept: Floats
    slope: Floats

    @property
    def width(self) -> int:
        """Segments in a row."""
        return len(self.breaks) + 1


def lines(
    grids: Sequence[Grid], factors: Sequence[float] = (1.0,), unknown: float | None = None
) -> Lines:
    """A row for each grid and factor: ``factor`` times what the grid says. Grids outermost.

    Breakpoints at which no row bends are left out. Where ``unknown`` is given it stands below
    nought, for arguments of which nothing is known and which are written as -1.
    """
    points = sorted({step for grid in grids for step, _ in grid})
    segments = [[_line(grid, start) for grid in grids] for start in (None, *points)]
    if unknown is not None:
        above = [at for at in points if at > 0]
        segments = [[_line(grid, start) for grid in grids] for start in (0.0, *above)]
        segments.insert(0, [(unknown, 0.0)] * len(grids))
        points = [0.0, *above]
    bends = [i for i in range(len(points)) if segments[i] != segments[i + 1]]
    kept = [segments[0], *(segments[i + 1] for i in bends)]
    rows = [
        [(intercept * factor, slope * factor) for intercept, slope in by_segment]
        for by_segment in zip(*kept, strict=True)
        for factor in factors
    ]
    flat = np.array(rows, dtype=np.float64).reshape(-1, 2)
    breaks = tuple(points[i] for i in bends)
    return Lines(breaks, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1]))


def _line(grid: Grid, start: float | None) -> Line:
    """The grid's line over the segment that begins at ``start``; None: before everything."""
    at = [step for step, _ in grid]
    figures = [number.value for _, number in grid]
    if start is None or start < at[0]:
        return figures[0], 0.0
    i = sum(step <= start for step in at) - 1
    if i == len(at) - 1:
        return figures[i], 0.0
    slope = (figures[i + 1] - figures[i]) / (at[i + 1] - at[i])
    return figures[i] - slope * at[i], slope
