"""[pure] Full cycles of a recording, their efficiencies, and the charge that ever passed.

A cycle is full when a discharge that counts follows charges that began at the lower cut-off, with
nothing discharged in between. Coulombic efficiency is its Ah discharged over its Ah charged, energy
efficiency the same in Wh.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from listings.health.capacity import CUTOFF_TOLERANCE
from listings.health.segments import Segment
from listings.health.track import Track


@dataclass(frozen=True)
class FullCycle:
    """One full cycle: the tester's count, its discharge, and the charges before it."""

    cycle: int
    discharge: Segment
    charges: tuple[Segment, ...]

    @property
    def charge_ah(self) -> float:
        """Ah charged."""
        return math.fsum(segment.ah for segment in self.charges)

    @property
    def charge_wh(self) -> float:
        """Wh charged."""
        return math.fsum(segment.wh for segment in self.charges)

    @property
    def coulombic(self) -> float:
        """Ah out over Ah in."""
        return self.discharge.ah / self.charge_ah

    @property
    def energy(self) -> float:
        """Wh out over Wh in."""
        return self.discharge.wh / self.charge_wh


def full(track: Track) -> tuple[FullCycle, ...]:
    """The full cycles of a recording, in time order."""
    found: list[FullCycle] = []
    before: dict[int, list[Segment]] = {}
    charges: list[Segment] = []
    is_empty = False
    for segment in track.pieces.segments:
        if segment.sign > 0:
            charges.append(segment)
            continue
        if is_empty and charges:
            before[segment.first] = charges
        low = track.assessment.cutoffs.low * (1 + CUTOFF_TOLERANCE)
        is_empty, charges = float(segment.volts[-1]) <= low, []
    for discharge, segment in track.judged:
        if discharge.complete and segment.first in before:
            found.append(FullCycle(discharge.cycle, segment, tuple(before[segment.first])))
    return tuple(found)


def throughput_ah(track: Track) -> float:
    """All ampere hours of the recording, in and out alike."""
    return math.fsum(segment.ah for segment in track.pieces.segments)


def equivalent(track: Track) -> float:
    """Equivalent full cycles: throughput over twice the rated capacity. Adds over recordings."""
    return throughput_ah(track) / (2 * track.rated_ah)
