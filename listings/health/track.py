"""[pure] A recording followed through: verdicts beside their segments, and state of charge.

State of charge is counted from the nearest point where it is known: a discharge that counts began
at 1 and ended at 0. In between it moves by Ah / capacity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from listings.health.capacity import SMALLEST, Assessment, Discharge
from listings.health.segments import Cut, Floats, Segment

SOC_STEP: Final = 0.05


@dataclass(frozen=True)
class Track:
    """Segments with the assessment made from them.

    ``judged`` pairs every listed discharge with its segment; ``sums`` says that the file holds
    only a tester's sums per step, so that nothing between a segment's ends is known.
    """

    pieces: Cut
    assessment: Assessment
    rated_ah: float
    judged: tuple[tuple[Discharge, Segment], ...]
    net_ah: Floats
    known: tuple[tuple[int, float], ...]
    sums: bool = False

    @property
    def run(self) -> list[tuple[Discharge, Segment]]:
        """The discharges that make the capacity."""
        return [self.judged[place] for place in self.assessment.run]

    def soc(self, row: int) -> float | None:
        """State of charge 0..1 at a row of ``pieces.columns``; None where nothing counts."""
        capacity = self.assessment.capacity_ah
        if not self.known or not capacity:
            return None
        before = [point for point in self.known if point[0] <= row]
        place, level = before[-1] if before else self.known[0]
        moved = float(self.net_ah[row] - self.net_ah[place]) / capacity
        return min(1.0, max(0.0, level + moved))


def follow(pieces: Cut, assessment: Assessment, rated_ah: float, *, sums: bool = False) -> Track:
    """Bring a cut recording and its assessment together. Refuses those of different recordings."""
    listed = [s for s in pieces.segments if s.sign < 0 and s.ah >= SMALLEST * rated_ah]
    judged = tuple(zip(assessment.discharges, listed, strict=True))
    known: list[tuple[int, float]] = []
    for discharge, segment in judged:
        if discharge.complete:
            known += [(segment.first, 1.0), (segment.first + segment.seconds.size - 1, 0.0)]
    return Track(pieces, assessment, rated_ah, judged, _net(pieces), tuple(known), sums)


def _net(pieces: Cut) -> Floats:
    """Ampere hours taken up since the first row, at every row."""
    rows = next(iter(pieces.columns.values())).size if pieces.columns else 0
    net, level, after = np.zeros(rows), 0.0, 0
    for segment in pieces.segments:
        stop = segment.first + segment.seconds.size
        net[after : segment.first] = level
        counted = float(segment.ah_so_far[-1])
        share = segment.ah / counted if counted else 0.0
        net[segment.first : stop] = level + segment.sign * share * segment.ah_so_far
        level += segment.sign * segment.ah
        after = stop
    net[after:] = level
    return net
