"""One tester file examined against the rated values of a registered type."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from listings.errors import N_, Refused
from listings.health import rapid, rapid_models, rapid_tables
from listings.health.capacity import Assessment, Cutoffs, assess
from listings.health.composition import Composition, Layout, Part
from listings.health.grade import EvidenceLevel
from listings.health.measures import NOTHING, Measured, measured
from listings.health.rapid import Estimate, Pulses
from listings.health.readers import MAX_BYTES, pulses, read, sha256_of
from listings.health.readers.child import read_in_child
from listings.health.recording import Recording
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


class PulsesOfCellsOnly(Refused):
    """Pulses of a cell say nothing of its module or pack."""

    message = N_("A pulse table is read for a cell. Choose the cell as what was examined.")


class OneCellOnly(Refused):
    """A report is of one subject."""

    message = N_(
        "The pulse table holds %(count)s cells, and a report is of one. Upload a table of that "
        "cell alone."
    )


class RatedDiffers(Refused):
    """The rated capacity is the registered type's, never the lister's."""

    message = N_(
        "The pulse table says %(said)s Ah rated, and the cell of this type is rated %(rated)s Ah. "
        "Check the table and the type."
    )


@dataclass(frozen=True, slots=True)
class Rated:
    """What a subject of a type is rated at: Ah, Wh where known, and cut-offs in V where known."""

    subject: Subject
    capacity_ah: float
    energy_wh: float | None
    cutoffs: tuple[float, float] | None
    chemistry: str = ""


@dataclass(frozen=True, slots=True)
class Combination:
    """The parts of a subject, what each level of them says, and what was tested beside them.

    ``tested`` is ``terminals`` (the subject as a whole, with ``whole_ah``), ``modules`` (files of
    modules; the examination's file is the weakest one's) or ``nothing`` (the lab's table alone).
    """

    parts: tuple[Part, ...]
    layout: Layout
    levels: tuple[Composition, ...]
    tested: str
    whole_ah: float | None

    @property
    def is_partial(self) -> bool:
        """Whether neither the terminals nor a complete level of parts speaks for the whole."""
        return self.whole_ah is None and not any(one.is_complete for one in self.levels)

    @property
    def is_recomputed(self) -> bool:
        """Whether what speaks for the whole came from tester files."""
        complete = [one for one in self.levels if one.is_complete] or self.levels
        return self.tested == "terminals" or any(one.is_recomputed for one in complete)

    @property
    def has_capacities(self) -> bool:
        """Whether any part's capacity is known, so that a spread is computed and not typed."""
        return any(one.capacity_ah is not None for one in self.levels)

    @property
    def capacity_spread(self) -> Decimal | None:
        """The widest of the complete levels."""
        return max(
            (
                one.capacity_spread
                for one in self.levels
                if one.is_complete and one.capacity_spread is not None
            ),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, from which bytes, by which reader, against which rated values.

    ``measured`` is what the file gives beyond the capacity, nothing for pulses; ``rapid`` the pulse
    model's estimate where that is all there is; then ``assessment`` holds
    its state of health and no discharge.
    """

    rated: Rated
    assessment: Assessment
    reader: str
    reader_version: str
    sha256: str
    rapid: Estimate | None = None
    measured: Measured = NOTHING
    parts: Combination | None = None

    @property
    def evidence_level(self) -> EvidenceLevel:
        """What the findings rest on: a capacity test, a model of pulses, or a table's word."""
        if self.parts is not None and not self.parts.is_recomputed:
            return "L5"
        return "L1" if self.rapid is None else "L2"

    @property
    def covered(self) -> Subject:
        """What was examined in truth: a part where the parts do not cover the whole."""
        is_partial = self.parts is not None and self.parts.is_partial
        return "cell" if is_partial else self.rated.subject


def rated(pack_type: PackType, subject: Subject) -> Rated:
    """The rated values of a pack, module or cell of a registered type; never the lister's.

    The cut-offs of a type are those of one cell: a pack's are the cells in series times that. A
    module is taken to hold all parallel strings, so that it has the pack's ampere hours; its energy
    and cut-offs are known where the registered number of modules divides the cells in series. Six
    decimals, as a signed record holds them, so that whoever computes from it gets the same.
    """
    series = pack_type.cells_in_series
    low, high = float(pack_type.lower_cutoff_v), float(pack_type.upper_cutoff_v)
    if subject == "cell":
        ah = float(pack_type.cell_rated_capacity_ah)
        volts = float(pack_type.rated_voltage_v) / series
        return Rated(subject, ah, round(ah * volts, 6), (low, high), pack_type.chemistry.value)
    ah = float(pack_type.rated_capacity_ah)
    energy = float(pack_type.rated_energy_kwh) * 1000
    if subject == "module":
        cells, modules = layout(pack_type, "pack").cells_per_module, pack_type.modules_in_series
        if not cells or not modules:
            return Rated(subject, ah, None, None)
        return module_of(Rated("pack", ah, energy, (low * series, high * series)), modules)
    return Rated(subject, ah, round(energy, 6), (round(low * series, 6), round(high * series, 6)))


def module_of(pack: Rated, modules: int | None) -> Rated:
    """One of a pack's modules in series; of an unknown number only the ampere hours are known."""
    if not modules or pack.energy_wh is None or pack.cutoffs is None:
        return Rated("module", pack.capacity_ah, None, None)
    low, high = (round(volts / modules, 6) for volts in pack.cutoffs)
    return Rated("module", pack.capacity_ah, round(pack.energy_wh / modules, 6), (low, high))


def layout(pack_type: PackType, subject: Subject) -> Layout:
    """How the parts of a pack or of one module of it are arranged, as registered."""
    series, parallel = pack_type.cells_in_series, pack_type.cells_in_parallel
    whole = Layout(series, parallel, pack_type.modules_in_series)
    return whole if subject == "pack" else Layout(whole.cells_per_module, parallel)


def examine(path: Path, rated: Rated) -> Examination:
    """Read a tester file or a pulse table in a child process; call it outside a transaction.

    Refuses what ``readers.child`` and ``capacity.assess`` refuse, and a discharge of over 1.5 times
    the rated capacity (``CapacityImplausible``). That no discharge counts is not an error here.
    Of a pulse table it refuses what ``rapid.assess`` refuses, and any but one cell of the type.
    """
    if pulses.is_table(path):
        return _from_pulses(*pulses.read_in_child(path), rated)
    return _from_recording(read_in_child(path), rated)


def examine_here(path: Path, rated: Rated, *, max_bytes: int = MAX_BYTES) -> Examination:
    """The same in the calling process, which is a confined one already."""
    if pulses.is_table(path):
        return _from_pulses(sha256_of(path), pulses.read(path), rated)
    return _from_recording(read(path, max_bytes=max_bytes), rated)


def _from_recording(recording: Recording, rated: Rated) -> Examination:
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
    return Examination(
        rated,
        found,
        recording.reader,
        recording.reader_version,
        recording.sha256,
        measured=measured(
            recording.frame,
            found,
            rated.capacity_ah,
            rated_wh=rated.energy_wh,
            sums=recording.is_sums,
        ),
    )


def _from_pulses(sha256: str, sequences: tuple[Pulses, ...], rated: Rated) -> Examination:
    if rated.subject != "cell":
        raise PulsesOfCellsOnly(field="subject")
    cells = rapid_tables.by_cell(sequences)
    if len(cells) > 1:
        raise OneCellOnly(field="file", count=len(cells))
    for one in sequences:
        if not math.isclose(one.rated_ah, rated.capacity_ah, rel_tol=rapid.SAME):
            said, ours = f"{one.rated_ah:g}", f"{rated.capacity_ah:g}"
            raise RatedDiffers(field="file", said=said, rated=ours)
    estimate = rapid.assess_cell(sequences, rated.chemistry, rapid_models.shipped())
    found = _estimated(estimate, rated)
    return Examination(rated, found, pulses.READER, pulses.VERSION, sha256, estimate)


def _estimated(estimate: Estimate, rated: Rated) -> Assessment:
    low, high = rated.cutoffs or (0.0, 0.0)
    return Assessment(
        discharges=(),
        run=(),
        capacity_ah=estimate.soh * rated.capacity_ah,
        energy_wh=None,
        soh=estimate.soh,
        soh_e=None,
        rate_c=None,
        temperature=estimate.temperature_c,
        cutoffs=Cutoffs(low, high, "given"),
        flags=estimate.flags,
        tester_difference=None,
        curve=(),
    )
