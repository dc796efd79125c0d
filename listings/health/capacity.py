"""[pure] Which discharges of a recording count, and the capacity and state of health they give.

A discharge counts when it began full and ended at the lower cut-off; the capacity is the mean of
the longest run of counting discharges at the record's end that had one rate and agree within 3 %.
Formulas and rules with a worked example: docs/method/health.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from listings.errors import N_, Refused
from listings.health.recording import DischargesTooSmall, NoDischarge, Program
from listings.health.segments import Cut, Segment, cut

if TYPE_CHECKING:
    import polars as pl

CUTOFF_TOLERANCE: Final = 0.01
TAPER_C: Final = 0.05 * 1.02
HELD: Final = 0.95
"""A charge whose last current is below this share of its highest was held at a voltage."""
RUN_TOLERANCE: Final = 0.03
SMALLEST: Final = 0.01
"""Discharges under this share of the rated capacity are pulses, not listed."""
TESTER_TOLERANCE: Final = 0.005
LARGEST_GAP: Final = 0.05
CURVE_POINTS: Final = 200

REASONS: Final[dict[str, str]] = {
    "no_charge_before": N_("No charge before it is on record."),
    "charge_below_cutoff": N_("The charge before it did not reach the upper cut-off voltage."),
    "charge_not_tapered": N_(
        "The charge before it was ended before its current had fallen to C/20."
    ),
    "discharged_since_charge": N_("Something was discharged between the charge and this."),
    "ended_above_cutoff": N_("It was ended above the lower cut-off voltage."),
}
"""Why a discharge does not count, by code."""

FLAGS: Final[dict[str, str]] = {
    "cutoffs_assumed": N_("The cut-off voltages are assumed from the highest and lowest measured."),
    "single_discharge": N_("The capacity rests on one discharge."),
    "cc_only_charge": N_("The charge ended at the upper cut-off without a constant voltage."),
    "starts_full_by_program": N_("That the test began full is known only from its program."),
    "tester_differs": N_("The integral and the tester's own ampere hours differ by over 0.5 %%."),
    "invalid_rows": N_("Rows with missing or invalid values were left out."),
    "clock_jumped_back": N_("The tester's clock jumped back; such intervals count nothing."),
    "current_sign_turned": N_("The file counts discharging as positive; the sign was turned."),
    "tester_sums": N_("The file holds only the tester's sums per step; nothing was recomputed."),
    "gap_in_discharge": N_("A gap between two rows makes up over 5 %% of a counting discharge."),
}
"""What a reader of the report must know, by code."""

CutoffSource = Literal["program", "given", "assumed"]


class RatedCapacityWrong(Refused):
    """A rated capacity that is no positive number."""

    message = N_("The rated capacity must be a number of Ah above 0, and %(rated)s is not.")


class CutoffsWrong(Refused):
    """Cut-off voltages that cannot belong to one test."""

    message = N_(
        "The cut-offs must be two voltages above 0, the lower one first; %(low)s and %(high)s "
        "are not."
    )


@dataclass(frozen=True)
class Cutoffs:
    """Lower and upper cut-off in volts, and where they come from."""

    low: float
    high: float
    source: CutoffSource


@dataclass(frozen=True)
class Discharge:
    """One discharge of at least 1 % of the rated capacity.

    ``cycle`` is the tester's count, or the ordinal among the discharges where it has none;
    ``rate_c`` the mean current over the rated capacity [1/h]; ``reason`` a code of ``REASONS``
    where the discharge does not count; ``tester_ah`` the tester's own figure.
    """

    cycle: int
    ah: float
    wh: float
    rate_c: float
    complete: bool
    reason: str | None
    start_voltage: float
    end_voltage: float
    temperature: float | None
    tester_ah: float | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """What one recording says about its test object.

    ``soh`` is Q / Q_rated and ``soh_e`` E / E_rated, unrounded fractions; ``run`` the places in
    ``discharges`` that make the capacity, ``rate_c`` and ``temperature`` their means;
    ``tester_difference`` the largest |integral - tester| / tester among them. ``curve`` is
    (Ah, V) of the run's last discharge for drawing, at most 200 points.
    """

    discharges: tuple[Discharge, ...]
    run: tuple[int, ...]
    capacity_ah: float | None
    energy_wh: float | None
    soh: float | None
    soh_e: float | None
    rate_c: float | None
    temperature: float | None
    cutoffs: Cutoffs
    flags: tuple[str, ...]
    tester_difference: float | None
    curve: tuple[tuple[float, float], ...]


def assess(
    frame: pl.DataFrame,
    rated_ah: float,
    *,
    cutoffs: tuple[float, float] | None = None,
    program: Program | None = None,
    rated_wh: float | None = None,
    sums: bool = False,
) -> Assessment:
    """Assess a canonical frame (see ``recording.Recording``) against a rated capacity in Ah.

    Cut-offs come from the file's ``program``, else from ``cutoffs`` (lower, upper; volts), else
    from the observed extremes, marked ``assumed``. ``sums`` says that the frame is a step sheet's
    (``Recording.is_sums``). That none of the discharges counts is not an
    error: capacity and SoH are then None. Refuses a rated capacity that is no positive number
    (``RatedCapacityWrong``), cut-offs in the wrong order (``CutoffsWrong``), and a frame with no
    discharge (``NoDischarge``) or pulses only (``DischargesTooSmall``).
    """
    _check(rated_ah, cutoffs)
    pieces = cut(frame, rated_ah, sums=sums)
    chosen = _cutoffs(pieces, cutoffs, program)
    judged = _judge(pieces.segments, rated_ah, chosen, program)
    if not judged:
        raise DischargesTooSmall(field="rated_ah", rated_ah=f"{rated_ah:g}")
    discharges = tuple(discharge for discharge, _ in judged)
    run = trailing_run(discharges)
    kept = [discharges[place] for place in run]
    capacity, energy = _mean([d.ah for d in kept]), _mean([d.wh for d in kept])
    difference = _tester_difference(kept)
    warm = [d.temperature for d in kept if d.temperature is not None]
    return Assessment(
        discharges=discharges,
        run=run,
        capacity_ah=capacity,
        energy_wh=energy,
        soh=None if capacity is None else capacity / rated_ah,
        soh_e=None if energy is None or rated_wh is None else energy / rated_wh,
        rate_c=_mean([d.rate_c for d in kept]),
        temperature=_mean(warm),
        cutoffs=chosen,
        flags=_flags(pieces, chosen, kept, difference),
        tester_difference=difference,
        curve=_curve(judged[run[-1]][1]) if run else (),
    )


def trailing_run(discharges: tuple[Discharge, ...]) -> tuple[int, ...]:
    """Places of the longest run of complete discharges at the end: one rate, within 3 %.

    (max - min) / mean may not pass 3 % for the run's rates nor for its ampere hours. Incomplete
    discharges in between are passed over.
    """
    run: list[int] = []
    for place in reversed([i for i, d in enumerate(discharges) if d.complete]):
        tried = [discharges[i] for i in [*run, place]]
        if spread([d.rate_c for d in tried]) > RUN_TOLERANCE:
            break
        if spread([d.ah for d in tried]) > RUN_TOLERANCE:
            break
        run.append(place)
    return tuple(reversed(run))


def spread(values: list[float]) -> float:
    """(max - min) / mean of positive values, a fraction; 0 for one value."""
    return (max(values) - min(values)) * len(values) / math.fsum(values)


def _check(rated_ah: float, cutoffs: tuple[float, float] | None) -> None:
    if not (math.isfinite(rated_ah) and rated_ah > 0):
        raise RatedCapacityWrong(field="rated_ah", rated=f"{rated_ah:g}")
    if cutoffs is not None:
        low, high = cutoffs
        if not (math.isfinite(high) and 0 < low < high):
            raise CutoffsWrong(field="cutoffs", low=f"{low:g}", high=f"{high:g}")


def _cutoffs(pieces: Cut, given: tuple[float, float] | None, program: Program | None) -> Cutoffs:
    if program is not None and program.low is not None and program.high is not None:
        return Cutoffs(program.low, program.high, "program")
    if given is not None:
        return Cutoffs(*given, "given")
    falling = [s for s in pieces.segments if s.sign < 0]
    if not falling:
        raise NoDischarge(field="file")
    low = min(float(s.volts.min()) for s in falling)
    high = max(float(s.volts.max()) for s in pieces.segments)
    return Cutoffs(low, high, "assumed")


def _judge(
    segments: tuple[Segment, ...], rated_ah: float, cutoffs: Cutoffs, program: Program | None
) -> list[tuple[Discharge, Segment]]:
    """Every discharge that is no pulse, with the verdict on it."""
    judged: list[tuple[Discharge, Segment]] = []
    charge: Segment | None = None
    taken = 0.0  # Ah discharged since that charge
    if not any(segment.sign < 0 for segment in segments):
        raise NoDischarge(field="file")
    for segment in segments:
        if segment.sign > 0:
            if not _is_transient(segment, rated_ah):
                charge, taken = segment, 0.0
            continue
        if segment.ah >= SMALLEST * rated_ah:
            untouched = taken <= SMALLEST * rated_ah
            reason, flags = _start(charge, rated_ah, cutoffs, program, untouched=untouched)
            if reason is None and segment.volts[-1] > cutoffs.low * (1 + CUTOFF_TOLERANCE):
                reason = "ended_above_cutoff"
            judged.append((_discharge(segment, rated_ah, len(judged) + 1, reason, flags), segment))
        taken += segment.ah
    return judged


def _is_transient(segment: Segment, rated_ah: float) -> bool:
    """One row of a small current, logged as the tester switches off: it charged nothing."""
    return segment.seconds.size == 1 and bool(segment.amperes[0] <= TAPER_C * rated_ah)


def _start(
    charge: Segment | None,
    rated_ah: float,
    cutoffs: Cutoffs,
    program: Program | None,
    *,
    untouched: bool,
) -> tuple[str | None, tuple[str, ...]]:
    """Why a discharge did not begin full, or None, and what to flag."""
    if charge is None:
        if untouched and program is not None and program.starts_full:
            return None, ("starts_full_by_program",)
        return "no_charge_before", ()
    if not untouched:
        return "discharged_since_charge", ()
    if charge.volts[-1] < cutoffs.high * (1 - CUTOFF_TOLERANCE):
        return "charge_below_cutoff", ()
    return _tapered(charge, rated_ah, program)


def _tapered(
    charge: Segment, rated_ah: float, program: Program | None
) -> tuple[str | None, tuple[str, ...]]:
    if charge.amperes[-1] <= TAPER_C * rated_ah:
        return None, ()
    was_held = charge.amperes[-1] < HELD * charge.amperes.max()
    if was_held or (program is not None and program.charge == "cccv"):
        return "charge_not_tapered", ()
    return None, ("cc_only_charge",)


def _discharge(
    segment: Segment, rated_ah: float, ordinal: int, reason: str | None, flags: tuple[str, ...]
) -> Discharge:
    gap = segment.largest_gap_ah > LARGEST_GAP * segment.ah
    return Discharge(
        cycle=ordinal if segment.cycle is None else segment.cycle,
        ah=segment.ah,
        wh=segment.wh,
        rate_c=segment.ah / segment.hours / rated_ah,
        complete=reason is None,
        reason=reason,
        start_voltage=float(segment.volts[0]),
        end_voltage=float(segment.volts[-1]),
        temperature=segment.temperature,
        tester_ah=segment.tester_ah,
        flags=(*flags, "gap_in_discharge") if gap else flags,
    )


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _tester_difference(kept: list[Discharge]) -> float | None:
    differences = [abs(d.ah - d.tester_ah) / d.tester_ah for d in kept if d.tester_ah]
    return max(differences, default=None)


def _flags(
    pieces: Cut, cutoffs: Cutoffs, kept: list[Discharge], difference: float | None
) -> tuple[str, ...]:
    raised = set(pieces.flags).union(*(d.flags for d in kept))
    if cutoffs.source == "assumed":
        raised.add("cutoffs_assumed")
    if len(kept) == 1:
        raised.add("single_discharge")
    if difference is not None and difference > TESTER_TOLERANCE:
        raised.add("tester_differs")
    return tuple(flag for flag in FLAGS if flag in raised)


def _curve(segment: Segment) -> tuple[tuple[float, float], ...]:
    count = segment.volts.size
    points = min(count, CURVE_POINTS)
    places = sorted({round(i * (count - 1) / max(points - 1, 1)) for i in range(points)})
    return tuple(
        (round(float(segment.ah_so_far[i]), 6), round(float(segment.volts[i]), 6)) for i in places
    )
