"""Measures of logged tests: what they say, what they refuse to say, and laws that hold for all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import canonical
from listings.health import (
    consistency,
    cycles,
    fade,
    figures,
    incremental,
    measures,
    resistance,
    self_discharge,
    uncertainty,
)  # fmt: skip
from listings.health.capacity import assess
from listings.health.measures import Measure, measure, measured
from listings.health.quantities import ABSENCES, COMPONENTS, QUANTITIES
from listings.health.segments import cut
from listings.health.track import Track, follow

Row = tuple[float, float, float]
NAMES = ["test_time_second", "voltage_volt", "current_ampere"]
RATED = 10.0


def frame_of(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, orient="row", schema=dict.fromkeys(NAMES, pl.Float64))


def taken(frame: pl.DataFrame, rated: float = RATED, **more: Any) -> dict[str, Measure]:
    found = measure(frame, assess(frame, rated, cutoffs=(3.0, 4.2)), rated, **more)
    return {one.code: one for one in found}


def track_of(frame: pl.DataFrame, rated: float = RATED) -> Track:
    return follow(cut(frame, rated), assess(frame, rated, cutoffs=(3.0, 4.2)), rated)


def pulse_rows(
    *,
    spacing: float = 0.5,
    lasting: float = 20.0,
    amperes: float = 10.0,
    rest: float = 60.0,
    delay: float = 0.0,
    ohm: float = 0.002,
) -> list[Row]:
    """A full discharge before, then a rest and a charge pulse whose voltage rises by 1 mV/s."""
    rows: list[Row] = [(0, 4.2, 10.0), (60, 4.2, 0.4), (60, 4.2, -10), (3660, 3.0, -10)]
    rows += [(3660 + at, 3.3, 0.0) for at in (1.0, rest)]
    start = 3660 + rest + delay
    count = round(lasting / spacing)
    return rows + [
        (start + i * spacing, 3.3 + ohm * amperes + 0.001 * i * spacing, amperes)
        for i in range(count + 1)
    ]


def pulses(rows: list[Row], after: float) -> tuple[list[resistance.Pulse], str]:
    track = track_of(frame_of(rows))
    return resistance.pulses(track, uncertainty.behind(track.pieces), after)


# Efficiency, fade, throughput


def test_a_full_cycle_gives_both_efficiencies(log: Callable[[], Any]) -> None:
    full = log().charge().discharge(1.5).rest().charge().discharge(1.4)
    found = taken(full.frame())
    # The second charge: 1 h at 5 A, then 1 h falling from 5 to 0.5 A; 1.4 h at 5 A out of it.
    assert found["coulombic_efficiency"].value == pytest.approx(7.0 / 7.75)
    into = 5 * 3.6 + 4.2 * 2.75
    assert found["energy_efficiency"].value == pytest.approx(7.0 * 3.55 / into, rel=1e-3)
    assert found["coulombic_efficiency"].conditions["cycles"] == 1


def test_a_charge_that_did_not_begin_empty_gives_no_efficiency(log: Callable[[], Any]) -> None:
    found = taken(log().charge().discharge(1.5, to=3.5).charge().discharge(1.5).frame())
    assert found["coulombic_efficiency"].value is None
    assert found["coulombic_efficiency"].absence == "no_full_cycle"


def test_fade_is_the_middle_slope_and_one_outlier_does_not_pull_it() -> None:
    steady = [(cycle, 10 - 0.01 * cycle) for cycle in range(1, 12)]
    pulled = [*steady[:5], (6, 9.0), *steady[6:]]
    for points in (steady, pulled):
        found = fade.robust(points)
        assert found is not None
        assert found.ah_per_cycle == pytest.approx(0.01, rel=1e-6)
    assert fade.robust(steady[:2]) is None


def test_discharges_at_another_rate_do_not_enter_the_fade(log: Callable[[], Any]) -> None:
    test = log()
    for hours, amperes in ((1.6, 5), (1.59, 5), (0.7, 10), (1.58, 5)):
        test.charge().discharge(hours, amperes=amperes)
    found = taken(test.frame())
    assert found["fade_per_cycle"].conditions["discharges"] == 3
    assert found["fade_per_cycle"].value == pytest.approx(0.05 / 10 / 2, rel=0.35)


def test_equivalent_full_cycles_add_over_two_recordings(log: Callable[[], Any]) -> None:
    one, other = log().charge().discharge(1.5), log().charge().discharge(0.7)
    both = log().charge().discharge(1.5).charge().discharge(0.7)
    parts = [cycles.equivalent(track_of(test.frame())) for test in (one, other)]
    assert cycles.equivalent(track_of(both.frame())) == pytest.approx(math.fsum(parts))


# Resistance


@pytest.mark.parametrize("after", [1.0, 5.0, 10.0])
def test_a_pulse_gives_its_resistance_at_each_time(after: float) -> None:
    ((pulse,), _why) = pulses(pulse_rows(), after)
    assert pulse.ohm * 1000 == pytest.approx(2 + 0.1 * after)
    assert pulse.charging
    assert pulse.soc == pytest.approx(0.0, abs=1e-9)
    assert (pulse.rest_v, pulse.rate_c) == (3.3, 1.0)


def test_the_voltage_is_interpolated_in_time_between_near_rows() -> None:
    ((pulse,), _why) = pulses(pulse_rows(spacing=0.7, lasting=14), 5.0)
    assert pulse.ohm * 1000 == pytest.approx(2.5)


def test_a_row_at_the_end_of_a_pulse_stands_for_its_time() -> None:
    ((pulse,), _why) = pulses(pulse_rows(spacing=5.0, lasting=5.0), 5.0)
    assert pulse.ohm * 1000 == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("rows", "after", "why"),
    [
        (pulse_rows(spacing=10), 1.0, "sampling_too_coarse"),
        (pulse_rows(spacing=10), 5.0, "sampling_too_coarse"),
        (pulse_rows(delay=1.5), 5.0, "sampling_too_coarse"),
        (pulse_rows(lasting=3), 5.0, "pulse_too_short"),
        (pulse_rows(rest=8), 5.0, "rest_too_short"),
        (pulse_rows(amperes=0.5), 5.0, "current_too_small"),
    ],
)
def test_a_step_that_cannot_be_read_says_why(rows: list[Row], after: float, why: str) -> None:
    assert pulses(rows, after) == ([], why)


def test_a_current_that_strays_is_no_pulse() -> None:
    rows = pulse_rows()
    rows[-38] = (*rows[-38][:2], 8.0)
    assert pulses(rows, 5.0) == ([], "current_not_constant")


def test_a_file_without_a_rest_has_no_pulse(log: Callable[[], Any]) -> None:
    found = taken(log().charge().discharge(1.5).frame())
    assert found["dcir"].absence == "no_pulse"


def test_like_pulses_become_one_number_nearest_half_charge_first() -> None:
    track = track_of(frame_of(pulse_rows()))
    ((one,), _why) = resistance.pulses(track, uncertainty.behind(track.pieces), 5.0)
    from dataclasses import replace

    half = [replace(one, soc=0.49, ohm=0.001), replace(one, soc=0.51, ohm=0.003)]
    groups = resistance.grouped([one, *half])
    assert [round(group.ohm, 6) for group in groups] == [0.002, 0.0025]
    assert "repeat" in groups[0].budget
    assert "repeat" not in groups[1].budget


# Incremental capacity and self-discharge


def slow(amperes: float, sign: int = -1) -> list[Row]:
    """4.2 to 3.0 V at a voltage that hangs at 3.7 V: V = 3.6 -+ 0.6 u^3, so dQ/dV peaks at 3.6."""
    hours = 8.0 / amperes
    return [
        (60 + i / 1000 * hours * 3600, 3.6 + sign * 0.6 * (2 * i / 1000 - 1) ** 3, sign * amperes)
        for i in range(1001)
    ]


def test_the_peak_of_a_slow_discharge_stands_where_its_voltage_hangs() -> None:
    frame = frame_of([(0, 4.2, 1.0), (60, 4.2, 0.4), *slow(0.8)])
    found = measured(frame, assess(frame, RATED, cutoffs=(3.0, 4.2)), RATED)
    (curve,) = found.curves
    (peak,) = curve.peaks
    assert not curve.charging
    assert peak.volts == pytest.approx(3.6, abs=0.005)
    # The area under dQ/dV is the charge, but for the smoothed ends.
    area = math.fsum(curve.ah_per_volt.tolist()) * float(curve.volts[1] - curve.volts[0])
    assert area == pytest.approx(8.0, rel=0.02)


def test_a_faster_discharge_has_no_incremental_curve() -> None:
    found = taken(frame_of([(0, 4.2, 1.0), (60, 4.2, 0.4), *slow(2.0)]))
    assert found["incremental_peak"].absence == "rate_too_high"


def test_a_long_rest_loses_charge_by_the_curve_of_the_slow_discharge() -> None:
    rows = [(0.0, 4.2, 1.0), (60.0, 4.2, 0.4), *slow(0.8)]
    end = rows[-1][0]
    rows += [(end + 60, 3.9, 2.0), (end + 120, 3.9, 2.0)]
    day = 86400.0
    rest = [(end + 200 + at, 3.9 - 0.01 * at / day, 0.0) for at in (0, 6 * 3600, day, 5.25 * day)]
    found = taken(frame_of([*rows, *rest]))["self_discharge"]
    first, last = 3.9 - 0.01 / 4, 3.9 - 0.0525

    def soc(volts: float) -> float:
        return 0.5 + ((volts - 3.6) / 0.6) ** (1 / 3) / 2

    assert found.conditions["days"] == pytest.approx(5)
    assert found.value == pytest.approx((soc(first) - soc(last)) / 5, rel=1e-3)


def test_two_capacities_give_the_loss_per_day_and_no_time_is_refused() -> None:
    assert self_discharge.from_capacities(10, 9.5, 10) == pytest.approx(0.005)
    with pytest.raises(self_discharge.TimeTooShort):
        self_discharge.from_capacities(10, 9.5, 0)


def test_a_voltage_outside_the_slow_discharge_is_refused() -> None:
    track = track_of(frame_of([(0, 4.2, 1.0), (60, 4.2, 0.4), *slow(0.8)]))
    curve = self_discharge.curve(track.judged[-1][1])
    with pytest.raises(self_discharge.VoltageOutsideCurve):
        self_discharge.from_voltages(4.3, 3.9, 2, curve)


# Parts


def test_spreads_of_parts_have_their_units() -> None:
    capacity, voltage = measures.of_parts([9.5, 10.0, 10.5], [3.301, 3.309])
    assert (capacity.value, capacity.unit) == (pytest.approx(0.1), "1")
    assert (voltage.value, voltage.unit) == (pytest.approx(8.0), "mV")


def test_one_part_has_no_spread() -> None:
    with pytest.raises(consistency.TooFewParts):
        consistency.capacity_spread([10.0])
    with pytest.raises(consistency.PartNotPositive):
        consistency.voltage_spread_mv([3.3, 0.0])


# Uncertainty


def test_the_budget_is_combined_in_quadrature_and_expanded(log: Callable[[], Any]) -> None:
    found = taken(log().charge().discharge(1.5).rest().charge().discharge(1.48).frame())
    for one in found.values():
        if one.value is not None:
            assert one.uncertainty == pytest.approx(2 * math.hypot(*one.budget.values()))
            assert set(one.budget) <= set(COMPONENTS)
    assert found["capacity"].budget["repeat"] == pytest.approx(0.1 / 2)
    assert found["capacity"].conditions["accuracy_source"] == "assumed"
    # 5 A range, 0.05 %, a rectangle, for 1.49 h.
    assert found["capacity"].budget["tester"] == pytest.approx(0.0025 / math.sqrt(3) * 1.49)


def test_a_stated_class_replaces_the_assumed_one(log: Callable[[], Any]) -> None:
    frame = log().charge().discharge(1.5).frame()
    coarse, fine = taken(frame, accuracy=0.001), taken(frame)
    assert coarse["capacity"].conditions["accuracy_source"] == "stated"
    assert coarse["capacity"].budget["tester"] == pytest.approx(
        2 * fine["capacity"].budget["tester"]
    )


@pytest.mark.parametrize(
    ("largest", "scale"), [(4.2, 5), (5.01, 5), (5.2, 10), (0.165, 0.2), (300, 500), (0, 0)]
)
def test_the_range_is_the_next_of_1_2_5(largest: float, scale: float) -> None:
    assert uncertainty.full_scale(largest) == pytest.approx(scale)


def test_every_absence_is_a_known_one(log: Callable[[], Any]) -> None:
    test = log()
    test.run(0.2, (4.0, 3.9), (-5, -5))
    for one in taken(test.frame()).values():
        assert one.code in QUANTITIES
        assert (one.value is None) == (one.absence in ABSENCES)
    assert taken(test.frame())["capacity"].absence == "no_capacity"


def test_a_signed_measure_holds_no_floating_point_number_and_says_the_same(
    log: Callable[[], Any],
) -> None:
    for one in taken(log().charge().discharge(1.5).rest().frame()).values():
        record, document = figures.signed(one), figures.told(one)
        canonical.dumps(record)
        assert not any(isinstance(part, float) for part in record["conditions"].values())  # type: ignore[attr-defined]
        if one.value is not None:
            assert float(str(record["value"])) == document["value"]
            assert document["value"] == pytest.approx(one.value, rel=1e-6)


# Laws


def cycle_rows(amperes: float, hours: float, count: int = 20, start: float = 0.0) -> list[Row]:
    def line(since: float, volts: tuple[float, float], current: float) -> list[Row]:
        return [
            (
                start + since + i / count * hours * 3600,
                volts[0] + (volts[1] - volts[0]) * i / count,
                current,
            )
            for i in range(count + 1)
        ]

    long = hours * 3600
    full: list[Row] = [(start + long + 60, 4.2, 0.05 * amperes)]
    empty = line(0, (4.2, 3.0), -amperes)
    return [
        (start - 120, 4.2, amperes),
        (start - 60, 4.2, 0.03 * amperes),
        *empty,
        *[(t + long + 120, v, c) for t, v, c in line(0, (3.0, 4.2), amperes)],
        *[(t + long + 120, v, c) for t, v, c in full],
        *[(t + 2 * long + 300, v, c) for t, v, c in line(0, (4.2, 3.0), -amperes)],
    ]


AMPERES = st.floats(1.0, 8.0)
HOURS = st.floats(0.5, 3.0)


@given(amperes=AMPERES, hours=HOURS)
def test_twice_the_current_is_twice_the_charge_and_the_same_efficiency(
    amperes: float, hours: float
) -> None:
    once, twice = (taken(frame_of(cycle_rows(n * amperes, hours)), 10 * n) for n in (1, 2))
    for code in ("capacity", "energy"):
        assert twice[code].value == pytest.approx(2 * (once[code].value or 0))
    for code in ("coulombic_efficiency", "energy_efficiency", "equivalent_full_cycles", "soh_q"):
        assert twice[code].value == pytest.approx(once[code].value)


@given(amperes=AMPERES, hours=HOURS, shift=st.floats(0, 1e7))
def test_a_shift_of_the_clock_changes_no_measure(
    amperes: float, hours: float, shift: float
) -> None:
    here, there = (
        taken(frame_of(cycle_rows(amperes, hours, start=start))) for start in (0.0, shift)
    )
    for code, one in here.items():
        assert there[code].value == (
            None if one.value is None else pytest.approx(one.value, rel=1e-6, abs=1e-9)
        )


@given(amperes=AMPERES, hours=HOURS, places=st.sets(st.integers(3, 20), max_size=8))
def test_rows_split_in_two_keep_charge_and_efficiency(
    amperes: float, hours: float, places: set[int]
) -> None:
    rows = cycle_rows(amperes, hours)
    split: list[Row] = []
    for i, row in enumerate(rows):
        if i in places:
            before = rows[i - 1]
            split.append(tuple((a + b) / 2 for a, b in zip(before, row, strict=True)))  # type: ignore[arg-type]
        split.append(row)
    whole, parted = taken(frame_of(rows)), taken(frame_of(split))
    for code in ("capacity", "coulombic_efficiency", "equivalent_full_cycles"):
        assert parted[code].value == pytest.approx(whole[code].value)


@given(amperes=AMPERES, hours=HOURS)
def test_efficiencies_are_positive_and_near_one_at_most(amperes: float, hours: float) -> None:
    found = taken(frame_of(cycle_rows(amperes, hours)))
    assert 0 < (found["coulombic_efficiency"].value or 0) <= 1.05
    assert 0 < (found["energy_efficiency"].value or 0) <= 1.05


@given(amperes=AMPERES, ohm=st.floats(0.0005, 0.05))
def test_resistance_is_that_of_the_law_at_any_current(amperes: float, ohm: float) -> None:
    rows = pulse_rows(amperes=amperes, ohm=ohm)
    ((pulse,), _why) = pulses(rows, 5.0)
    assert pulse.ohm == pytest.approx(ohm + 0.005 / amperes)


def test_a_slow_curve_is_that_of_charge_and_discharge_alike() -> None:
    down = track_of(frame_of([(0, 4.2, 1.0), (60, 4.2, 0.4), *slow(0.8)])).judged[-1][1]
    up = next(
        s for s in cut(frame_of([*slow(0.8, sign=1), (99999, 3.0, -1), (100999, 3.0, -1)]), RATED).segments
        if s.sign > 0
    )  # fmt: skip
    falling, rising = incremental.of(down, RATED), incremental.of(up, RATED)
    assert rising.peaks[0].volts == pytest.approx(falling.peaks[0].volts, abs=1e-6)
    assert rising.peaks[0].ah_per_volt == pytest.approx(falling.peaks[0].ah_per_volt, rel=1e-6)
