"""One tester file examined against the rated values of a registered type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from listings.errors import N_, Refused
from listings.health.capacity import Assessment, assess
from listings.health.readers.child import read_in_child
from listings.pack_types import PackType

Subject = Literal["pack", "module", "cell"]

HIGHEST_SOH = 1.5
"""Above it the file belongs to another subject or type: no battery gains half its capacity."""


class CapacityImplausible(Refused):
    """The file and the rated value cannot belong together."""

    message = N_(
        "The file holds a discharge of %(capacity)s Ah, but the subject is rated %(rated)s Ah. "
        "Check which part was examined and whether the type is right."
    )


@dataclass(frozen=True, slots=True)
class Rated:
    """What a subject of a type is rated at: Ah, Wh where known, and cut-offs in V where known."""

    subject: Subject
    capacity_ah: float
    energy_wh: float | None
    cutoffs: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Examination:
    """What was measured, from which bytes, by which reader, against which rated values."""

    rated: Rated
    assessment: Assessment
    reader: str
    reader_version: str
    sha256: str


def rated(pack_type: PackType, subject: Subject) -> Rated:
    """The rated values of a pack, module or cell of a registered type; never the lister's.

    The cut-offs of a type are those of one cell: a pack's are the cells in series times that. A
    module is taken to hold all parallel strings, so that it has the pack's ampere hours; how many
    cells it has in series is not registered, so its energy and cut-offs are unknown.
    """
    series = pack_type.cells_in_series
    low, high = float(pack_type.lower_cutoff_v), float(pack_type.upper_cutoff_v)
    if subject == "cell":
        ah = float(pack_type.cell_rated_capacity_ah)
        volts = float(pack_type.rated_voltage_v) / series
        return Rated(subject, ah, ah * volts, (low, high))
    ah = float(pack_type.rated_capacity_ah)
    if subject == "module":
        return Rated(subject, ah, None, None)
    energy = float(pack_type.rated_energy_kwh) * 1000
    return Rated(subject, ah, energy, (low * series, high * series))


def examine(path: Path, rated: Rated) -> Examination:
    """Read a tester file in a child process and assess it; call it outside a transaction.

    Refuses what ``readers.child`` and ``capacity.assess`` refuse, and a discharge of over 1.5 times
    the rated capacity (``CapacityImplausible``). That no discharge counts is not an error here.
    """
    recording = read_in_child(path)
    found = assess(
        recording.frame,
        rated.capacity_ah,
        cutoffs=rated.cutoffs,
        program=recording.program,
        rated_wh=rated.energy_wh,
        sums=recording.is_sums,
    )
    largest = max(discharge.ah for discharge in found.discharges)
    if largest > HIGHEST_SOH * rated.capacity_ah:
        raise CapacityImplausible(
            field="subject",
            capacity=f"{largest:.3f}",
            rated=f"{rated.capacity_ah:g}",
        )
    return Examination(rated, found, recording.reader, recording.reader_version, recording.sha256)
