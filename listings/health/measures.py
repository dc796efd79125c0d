"""[pure] What a recording says beyond its capacity, each number with unit, method and uncertainty.

Formulas, sources and worked examples: docs/method/health.md. A quantity that the file does not
give is listed without a value and with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from listings.health import consistency, cycles, fade, incremental, resistance, self_discharge
from listings.health import uncertainty as budgets
from listings.health.capacity import Assessment, Discharge
from listings.health.incremental import IncrementalCurve
from listings.health.quantities import QUANTITIES
from listings.health.segments import Segment, cut
from listings.health.track import Track, follow
from listings.health.uncertainty import Tester

if TYPE_CHECKING:
    import polars as pl

Condition = float | int | str | None
MOST_RESISTANCES = 12
"""Groups of pulses printed for each time after the step, those nearest 50 % and 1 C."""


@dataclass(frozen=True)
class Measure:
    """One number: ``code`` of ``quantities.QUANTITIES``, value and expanded uncertainty (k = 2).

    Both are in ``unit``; ``value`` is None where ``absence`` (a code of ``quantities.ABSENCES``)
    says why. ``conditions`` are what the number depends on, units in their names; ``budget`` the
    standard uncertainties that make up ``uncertainty``, by code of ``quantities.COMPONENTS``.
    """

    code: str
    value: float | None
    uncertainty: float | None = None
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    budget: Mapping[str, float] = field(default_factory=dict)
    absence: str | None = None

    @property
    def unit(self) -> str:
        """Ah, Wh, V, mΩ, mV, cycles, or 1, 1/cycle, 1/day for shares."""
        return QUANTITIES[self.code].unit

    @property
    def method(self) -> str:
        """How it was found, an English sentence that is translated for a page."""
        return QUANTITIES[self.code].method


@dataclass(frozen=True)
class Measured:
    """All measures of a recording, and the curves for its pictures."""

    measures: tuple[Measure, ...]
    curves: tuple[IncrementalCurve, ...]


NOTHING = Measured((), ())
"""Where there is no recording to measure."""


def measure(
    frame: pl.DataFrame,
    assessment: Assessment,
    rated_ah: float,
    *,
    rated_wh: float | None = None,
    accuracy: float | None = None,
    sums: bool = False,
) -> tuple[Measure, ...]:
    """All measures of a canonical frame and the assessment made of it.

    ``accuracy`` is the tester's class as a share of its range, where it is known; ``sums`` says
    that the frame holds each step's ends only. Refuses an assessment of another frame
    (ValueError).
    """
    found = measured(frame, assessment, rated_ah, rated_wh=rated_wh, accuracy=accuracy, sums=sums)
    return found.measures


def measured(
    frame: pl.DataFrame,
    assessment: Assessment,
    rated_ah: float,
    *,
    rated_wh: float | None = None,
    accuracy: float | None = None,
    sums: bool = False,
) -> Measured:
    """As ``measure``, with the incremental capacity curves."""
    pieces = cut(frame, rated_ah, sums=sums)
    track = follow(pieces, assessment, rated_ah, sums=sums)
    by = budgets.behind(track.pieces, accuracy)
    curves = tuple(incremental.curves(track))
    return Measured(
        (
            *_capacity(track, by, rated_wh),
            *_efficiency(track, by),
            *_fade(track),
            _throughput(track, by),
            *_resistance(track, by),
            *_peaks(track, curves, by),
            _self_discharge(track, by),
        ),
        curves,
    )


def of_parts(
    capacities_ah: Sequence[float],
    rest_volts: Sequence[float] = (),
    *,
    accuracy: float = budgets.CLASS,
) -> tuple[Measure, ...]:
    """Spreads over the parts of a subject, as far as their numbers are given.

    Each part's number has the tester's accuracy as a share of the largest one's range. Refuses
    fewer than two parts.
    """
    found: list[Measure] = []
    if capacities_ah:
        spread = consistency.capacity_spread(capacities_ah)
        mean = math.fsum(capacities_ah) / len(capacities_ah)
        part = accuracy * budgets.full_scale(max(capacities_ah)) / budgets.RECTANGLE / mean
        found.append(
            _of("capacity_spread", spread, {"tester": math.sqrt(2) * part},
                parts=len(capacities_ah))
        )  # fmt: skip
    if rest_volts:
        part = accuracy * budgets.full_scale(max(rest_volts)) / budgets.RECTANGLE * 1000
        found.append(
            _of("voltage_spread", consistency.voltage_spread_mv(rest_volts),
                {"voltage": math.sqrt(2) * part}, parts=len(rest_volts))
        )  # fmt: skip
    return tuple(found)


def _of(code: str, value: float, budget: Mapping[str, float], **conditions: Condition) -> Measure:
    return Measure(code, value, budgets.expanded(budget), conditions, dict(budget))


def _absent(code: str, why: str, **conditions: Condition) -> Measure:
    return Measure(code, None, conditions=conditions, absence=why)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _capacity(track: Track, by: Tester, rated_wh: float | None) -> list[Measure]:
    found, run = track.assessment, track.run
    if not run or found.capacity_ah is None or found.energy_wh is None:
        return [_absent(code, "no_capacity") for code in ("capacity", "energy", "soh_q", "soh_e")]
    under = _conditions(found, by) | {"runs": len(run)}
    pieces = [segment for _, segment in run]
    ah = {
        "tester": _mean([budgets.charge(s, by) for s in pieces]),
        **({} if track.sums else {"step": _mean([budgets.charge_step(s) for s in pieces])}),
        **budgets.repeat([d.ah for d, _ in run]),
    }
    wh = {
        "tester": _mean([budgets.energy(s, by) for s in pieces]),
        **({} if track.sums else {"step": _mean([budgets.energy_step(s) for s in pieces])}),
        **budgets.repeat([d.wh for d, _ in run]),
    }
    rated = track.rated_ah
    soh_q = _of("soh_q", found.capacity_ah / rated, budgets.scaled(ah, 1 / rated), **under,
                rated_ah=rated)  # fmt: skip
    measures = [_of("capacity", found.capacity_ah, ah, **under),
                _of("energy", found.energy_wh, wh, **under), soh_q]  # fmt: skip
    if rated_wh is None:
        return [*measures, _absent("soh_e", "no_rated_energy")]
    share = budgets.scaled(wh, 1 / rated_wh)
    return [*measures, _of("soh_e", found.energy_wh / rated_wh, share, **under, rated_wh=rated_wh)]


def _conditions(found: Assessment, by: Tester) -> dict[str, Condition]:
    return {
        "rate_c": found.rate_c,
        "temperature_c": found.temperature,
        "low_v": found.cutoffs.low,
        "high_v": found.cutoffs.high,
        "cutoffs": found.cutoffs.source,
        "accuracy": by.accuracy,
        "accuracy_source": by.source,
        "range_a": by.amperes,
        "range_v": by.volts,
    }


def _efficiency(track: Track, by: Tester) -> list[Measure]:
    whole = cycles.full(track)
    in_run = {segment.first for _, segment in track.run}
    found = [cycle for cycle in whole if cycle.discharge.first in in_run]
    if not found:
        return [_absent(c, "no_full_cycle") for c in ("coulombic_efficiency", "energy_efficiency")]
    under: dict[str, Condition] = {
        "rate_c": track.assessment.rate_c,
        "temperature_c": track.assessment.temperature,
        "cycles": len(found),
        "first_cycle": found[0].cycle,
        "last_cycle": found[-1].cycle,
    }
    coulombic, energy = [c.coulombic for c in found], [c.energy for c in found]
    ah = _mean([_ratio(c, by, budgets.charge, c.coulombic) for c in found])
    wh = _mean([_ratio(c, by, budgets.energy, c.energy) for c in found])
    return [
        _of("coulombic_efficiency", _mean(coulombic),
            {"tester": ah} | budgets.repeat(coulombic), **under),
        _of("energy_efficiency", _mean(energy), {"tester": wh} | budgets.repeat(energy), **under),
    ]  # fmt: skip


def _ratio(cycle: cycles.FullCycle, by: Tester, of: budgets.OfSegment, value: float) -> float:
    """Standard uncertainty of discharge over charge, as if the two errors were independent."""
    is_energy = of is budgets.energy
    out = cycle.discharge.wh if is_energy else cycle.discharge.ah
    put_in = cycle.charge_wh if is_energy else cycle.charge_ah
    charged = math.fsum(of(segment, by) for segment in cycle.charges)
    return value * math.hypot(of(cycle.discharge, by) / out, charged / put_in)


def _fade(track: Track) -> list[Measure]:
    codes = ("fade_per_cycle", "fade_over_record")
    rate = track.assessment.rate_c
    if rate is None:
        return [_absent(code, "no_capacity") for code in codes]
    found = fade.robust(fade.comparable(track.assessment.discharges, rate))
    if found is None:
        return [_absent(code, "too_few_discharges") for code in codes]
    share = found.ah_per_cycle / track.rated_ah
    # Sen's interval is one of 95 % already: half of it stands for one standard uncertainty.
    budget = {"slope": found.half_width / budgets.COVERAGE / track.rated_ah}
    length = found.last - found.first
    under: dict[str, Condition] = {
        "rate_c": rate,
        "discharges": found.count,
        "first_cycle": found.first,
        "last_cycle": found.last,
    }
    return [
        _of("fade_per_cycle", share, budget, **under),
        _of("fade_over_record", share * length, budgets.scaled(budget, length), **under),
    ]


def _throughput(track: Track, by: Tester) -> Measure:
    double = 2 * track.rated_ah
    tester = math.fsum(budgets.charge(segment, by) for segment in track.pieces.segments)
    return _of("equivalent_full_cycles", cycles.equivalent(track), {"tester": tester / double},
               ah=cycles.throughput_ah(track))  # fmt: skip


def _resistance(track: Track, by: Tester) -> list[Measure]:
    found: list[Measure] = []
    for after_s in resistance.TIMES:
        pulses, why = resistance.pulses(track, by, after_s)
        if not pulses:
            found.append(_absent("dcir", why, after_s=after_s))
        found += [_group(group, after_s) for group in resistance.grouped(pulses)[:MOST_RESISTANCES]]
    return found


def _group(group: resistance.Group, after_s: float) -> Measure:
    first = group.pulses[0]
    warm = [p.temperature for p in group.pulses if p.temperature is not None]
    filled = [p.soc for p in group.pulses if p.soc is not None]
    return _of(
        "dcir",
        group.ohm * 1000,
        budgets.scaled(group.budget, 1000),
        after_s=after_s,
        direction="charge" if first.charging else "discharge",
        soc=_mean(filled) if filled else None,
        rate_c=_mean([p.rate_c for p in group.pulses]),
        temperature_c=_mean(warm) if warm else None,
        rest_s=min(p.rest_s for p in group.pulses),
        pulses=len(group.pulses),
    )


def _peaks(track: Track, curves: Sequence[IncrementalCurve], by: Tester) -> list[Measure]:
    if not curves:
        return [_absent("incremental_peak", "sums_only" if track.sums else "rate_too_high")]
    return [
        _of(
            "incremental_peak",
            peak.volts,
            {"voltage": by.volt, "smoothing": curve.window_v / 2 / budgets.RECTANGLE},
            direction="charge" if curve.charging else "discharge",
            ah_per_volt=peak.ah_per_volt,
            rate_c=curve.rate_c,
            window_v=curve.window_v,
        )
        for curve in curves
        for peak in curve.peaks
    ]


def _self_discharge(track: Track, by: Tester) -> Measure:
    """By the longest rest; the slow discharge is the last that counts at C/10 or slower."""
    rests = sorted(self_discharge.rests(track), key=lambda rest: rest.days)
    slow = [s for d, s in track.judged if _is_curve(d, s, track.rated_ah)]
    if not rests:
        return _absent("self_discharge", "no_long_rest")
    if not slow or track.sums:
        return _absent("self_discharge", "rate_too_high")
    rest, curve = rests[-1], self_discharge.curve(slow[-1])
    under: dict[str, Condition] = {
        "days": rest.days, "first_v": rest.first_v, "last_v": rest.last_v,
    }  # fmt: skip
    try:
        value = self_discharge.from_voltages(rest.first_v, rest.last_v, rest.days, curve)
    except self_discharge.VoltageOutsideCurve:
        return _absent("self_discharge", "voltage_outside_curve", **under)
    steepest = max(curve.slope(rest.first_v), curve.slope(rest.last_v))
    budget = {"voltage": math.sqrt(2) * by.volt * steepest / rest.days}
    return _of("self_discharge", value, budget, **under, soc=curve.at(rest.first_v))


def _is_curve(discharge: Discharge, segment: Segment, rated_ah: float) -> bool:
    return discharge.complete and incremental.is_slow(segment, rated_ah)
