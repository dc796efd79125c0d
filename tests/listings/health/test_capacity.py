"""Which discharges count, and what they add up to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listings.health.capacity import CutoffsWrong, RatedCapacityWrong, assess
from listings.health.recording import DischargesTooSmall, NoDischarge, Program

RATED = 10.0
CUTOFFS = (3.0, 4.2)

type_of_log = Callable[[], Any]
fixture_ok = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def verdicts(frame: pl.DataFrame, **given_: Any) -> list[str | None]:
    given_.setdefault("cutoffs", CUTOFFS)
    return [d.reason for d in assess(frame, RATED, **given_).discharges]


def test_a_discharge_from_full_to_the_cut_off_counts(log: type_of_log) -> None:
    found = assess(log().charge().rest().discharge(1.8).rest().frame(), RATED, cutoffs=CUTOFFS)
    assert found.capacity_ah == pytest.approx(9.0)
    assert found.soh == pytest.approx(0.9)
    assert found.energy_wh == pytest.approx(9.0 * 3.55)
    assert found.rate_c == pytest.approx(0.5)
    assert found.flags == ("single_discharge",)
    assert found.cutoffs.source == "given"


def test_a_first_discharge_without_a_charge_is_rejected(log: type_of_log) -> None:
    frame = log().discharge(0.5).charge().discharge(1.8).frame()
    assert verdicts(frame) == ["no_charge_before", None]


def test_a_program_that_starts_full_makes_it_count_and_is_flagged(log: type_of_log) -> None:
    frame = log().discharge(1.8).frame()
    found = assess(frame, RATED, cutoffs=CUTOFFS, program=Program(starts_full=True))
    assert found.capacity_ah == pytest.approx(9.0)
    assert "starts_full_by_program" in found.flags


def test_a_discharge_after_a_part_charge_is_rejected(log: type_of_log) -> None:
    frame = log().charge(to=3.9, taper=5.0).discharge(0.8).charge().discharge(1.8).frame()
    assert verdicts(frame) == ["charge_below_cutoff", None]


def test_a_charge_broken_off_while_held_is_not_full(log: type_of_log) -> None:
    frame = log().charge(taper=2.0).discharge(1.5).frame()
    assert verdicts(frame) == ["charge_not_tapered"]


@pytest.mark.parametrize(("last", "reason"), [(0.51, None), (0.512, "charge_not_tapered")])
def test_the_taper_is_c_over_20_with_2_percent(
    log: type_of_log, last: float, reason: str | None
) -> None:
    assert verdicts(log().charge(taper=last).discharge(1.8).frame()) == [reason]


def test_a_cc_only_charge_to_the_upper_cut_off_counts_and_is_flagged(log: type_of_log) -> None:
    found = assess(log().charge(taper=5.0).discharge(1.7).frame(), RATED, cutoffs=CUTOFFS)
    assert found.capacity_ah == pytest.approx(8.5)
    assert "cc_only_charge" in found.flags


def test_a_cccv_program_that_never_held_is_not_full(log: type_of_log) -> None:
    program = Program(low=3.0, high=4.2, charge="cccv")
    frame = log().charge(taper=5.0).discharge(1.7).frame()
    assert verdicts(frame, program=program) == ["charge_not_tapered"]


def test_a_last_discharge_cut_short_is_rejected_and_does_not_lower_the_result(
    log: type_of_log,
) -> None:
    made = log().charge().discharge(1.8).charge().discharge(1.8).charge().discharge(0.9, to=3.6)
    found = assess(made.frame(), RATED, cutoffs=CUTOFFS)
    assert [d.reason for d in found.discharges] == [None, None, "ended_above_cutoff"]
    assert found.soh == pytest.approx(0.9)


@pytest.mark.parametrize(("end", "reason"), [(3.03, None), (3.031, "ended_above_cutoff")])
def test_the_lower_cut_off_is_met_within_1_percent(
    log: type_of_log, end: float, reason: str | None
) -> None:
    assert verdicts(log().charge().discharge(1.8, to=end).frame()) == [reason]


def test_a_discharge_after_another_does_not_begin_full(log: type_of_log) -> None:
    frame = log().charge().discharge(0.9).rest().discharge(0.9).frame()
    assert verdicts(frame) == [None, "discharged_since_charge"]


def test_a_short_pulse_between_is_neither_listed_nor_held_against_it(log: type_of_log) -> None:
    frame = log().charge().discharge(10 / 3600, to=4.0).rest().discharge(1.8).frame()
    assert verdicts(frame) == [None]


def test_many_pulses_between_add_up(log: type_of_log) -> None:
    made = log().charge()
    for _ in range(9):
        made.discharge(10 / 3600, to=4.0).rest()
    assert verdicts(made.discharge(1.8).frame()) == ["discharged_since_charge"]


def test_without_any_cut_offs_the_extremes_are_assumed_and_marked(log: type_of_log) -> None:
    found = assess(log().charge().discharge(1.8).frame(), RATED)
    assert (found.cutoffs.low, found.cutoffs.high, found.cutoffs.source) == (3.0, 4.2, "assumed")
    assert "cutoffs_assumed" in found.flags


def test_the_file_s_program_goes_before_given_cut_offs(log: type_of_log) -> None:
    found = assess(
        log().charge().discharge(1.8).frame(),
        RATED,
        cutoffs=(2.0, 5.0),
        program=Program(low=3.0, high=4.2, charge="cccv"),
    )
    assert found.cutoffs.source == "program"
    assert found.discharges[0].complete


def test_the_capacity_is_the_mean_of_the_last_run_at_one_rate(log: type_of_log) -> None:
    made = log().charge().discharge(0.8, amperes=10.0)
    for hours in (1.80, 1.79, 1.78):
        made.charge().discharge(hours)
    found = assess(made.frame(), RATED, cutoffs=CUTOFFS)
    assert found.run == (1, 2, 3)
    assert found.capacity_ah == pytest.approx(5 * 1.79)


def test_a_run_ends_where_its_values_are_over_3_percent_apart(log: type_of_log) -> None:
    made = log()
    for hours in (1.90, 1.84, 1.80):
        made.charge().discharge(hours)
    assert assess(made.frame(), RATED, cutoffs=CUTOFFS).run == (1, 2)


def test_when_no_discharge_counts_there_is_no_capacity_and_no_error(log: type_of_log) -> None:
    found = assess(log().discharge(0.9).frame(), RATED, cutoffs=CUTOFFS)
    assert (found.capacity_ah, found.soh, found.run, found.curve) == (None, None, (), ())


def test_a_cycle_column_that_does_not_count_is_replaced_by_the_ordinal(log: type_of_log) -> None:
    frame = log().charge().discharge(1.8).charge().discharge(1.8).frame()
    frame = frame.with_columns(cycle=pl.lit(6.283185307179586))
    assert [d.cycle for d in assess(frame, RATED, cutoffs=CUTOFFS).discharges] == [1, 2]


def test_65535_as_a_voltage_is_left_out_and_flagged(log: type_of_log) -> None:
    frame = log().charge().discharge(1.8).frame()
    place = pl.int_range(pl.len()) == frame.height - 20
    broken = frame.with_columns(voltage_volt=pl.when(place).then(65535.0).otherwise("voltage_volt"))
    found = assess(broken, RATED, cutoffs=CUTOFFS)
    assert "invalid_rows" in found.flags
    assert found.capacity_ah == pytest.approx(9.0)
    assert found.energy_wh == pytest.approx(9.0 * 3.55, rel=1e-4)


def test_missing_and_infinite_values_are_left_out_and_flagged(log: type_of_log) -> None:
    frame = log().charge().discharge(1.8).frame()
    row = pl.int_range(pl.len())
    broken = frame.with_columns(
        current_ampere=pl.when(row == frame.height - 20).then(None).otherwise("current_ampere"),
        voltage_volt=pl.when(row == frame.height - 10).then(math.inf).otherwise("voltage_volt"),
    )
    found = assess(broken, RATED, cutoffs=CUTOFFS)
    assert "invalid_rows" in found.flags
    assert found.capacity_ah == pytest.approx(9.0)


def test_a_clock_that_jumps_back_counts_nothing_for_that_interval(log: type_of_log) -> None:
    frame = log().charge().discharge(1.8).frame()
    half = frame.height - 25
    jumped = frame.with_columns(
        test_time_second=pl.when(pl.int_range(pl.len()) >= half)
        .then(pl.col("test_time_second") - 5000)
        .otherwise("test_time_second")
    )
    found = assess(jumped, RATED, cutoffs=CUTOFFS)
    assert "clock_jumped_back" in found.flags
    assert found.capacity_ah == pytest.approx(9.0 * 49 / 50)


def test_a_gap_in_a_discharge_is_flagged(log: type_of_log) -> None:
    frame = log().charge().discharge(1.8).frame()
    kept = frame.with_row_index().filter(
        (pl.col("index") < frame.height - 30) | (pl.col("index") > frame.height - 25)
    )
    found = assess(kept.drop("index"), RATED, cutoffs=CUTOFFS)
    assert "gap_in_discharge" in found.flags


def test_a_file_that_counts_discharging_as_positive_is_turned_and_flagged(
    log: type_of_log,
) -> None:
    frame = log().charge().rest().discharge(1.8).charge().discharge(1.79).frame()
    straight = assess(frame, RATED, cutoffs=CUTOFFS)
    turned = assess(frame.with_columns(-pl.col("current_ampere")), RATED, cutoffs=CUTOFFS)
    assert turned.discharges == straight.discharges
    assert "current_sign_turned" in turned.flags
    assert "current_sign_turned" not in straight.flags


@pytest.mark.parametrize(("factor", "differs"), [(1.004, False), (0.99, True), (-1.01, True)])
def test_a_tester_s_own_figure_over_half_a_percent_apart_is_shown(
    log: type_of_log, factor: float, differs: bool
) -> None:
    frame = log().charge().discharge(1.8).frame()
    own = [0.0] * (frame.height - 51) + [9.0 * factor * i / 50 for i in range(51)]
    found = assess(frame.with_columns(tester_ah=pl.Series(own)), RATED, cutoffs=CUTOFFS)
    assert ("tester_differs" in found.flags) is differs
    assert found.tester_difference == pytest.approx(abs(1 - abs(factor)) / abs(factor))


def test_the_curve_has_at_most_200_points_from_nothing_to_all(log: type_of_log) -> None:
    frame = log().charge().discharge(1.8).frame()
    dense = pl.concat([frame.head(frame.height - 51), split(frame.tail(51), 12)])
    curve = assess(dense, RATED, cutoffs=CUTOFFS).curve
    assert len(curve) == 200
    assert curve[0] == (0.0, 4.1)
    assert curve[-1] == (9.0, 3.0)


@pytest.mark.parametrize("rated", [0.0, -1.0, math.nan, math.inf])
def test_a_rated_capacity_that_is_no_positive_number_is_refused(
    log: type_of_log, rated: float
) -> None:
    with pytest.raises(RatedCapacityWrong, match="above 0"):
        assess(log().charge().discharge(1.8).frame(), rated)


@pytest.mark.parametrize("cutoffs", [(4.2, 3.0), (3.0, 3.0), (0.0, 4.2), (3.0, math.inf)])
def test_cut_offs_in_the_wrong_order_are_refused(
    log: type_of_log, cutoffs: tuple[float, float]
) -> None:
    with pytest.raises(CutoffsWrong, match="lower one first"):
        assess(log().charge().discharge(1.8).frame(), RATED, cutoffs=cutoffs)


def test_a_rated_capacity_in_mah_is_refused_with_the_unit(log: type_of_log) -> None:
    with pytest.raises(NoDischarge):
        assess(log().charge().discharge(1.8).frame(), 10_000.0, cutoffs=CUTOFFS)
    with pytest.raises(DischargesTooSmall, match="given in Ah"):
        assess(log().charge().discharge(1.8).frame(), 2_000.0, cutoffs=CUTOFFS)


def test_a_frame_without_a_discharge_is_refused(log: type_of_log) -> None:
    with pytest.raises(NoDischarge):
        assess(log().charge().rest().frame(), RATED)
    with pytest.raises(NoDischarge):
        assess(log().frame(), RATED, cutoffs=CUTOFFS)


def split(frame: pl.DataFrame, parts: int) -> pl.DataFrame:
    """The same straight lines, with ``parts`` rows where there was one interval."""
    rows = frame.rows()
    finer = [
        tuple(a + (b - a) * i / parts for a, b in zip(left, right, strict=True))
        for left, right in itertools.pairwise(rows)
        for i in range(parts)
    ]
    return pl.DataFrame([*finer, rows[-1]], orient="row", schema=frame.schema)


@fixture_ok
@given(hours=st.floats(0.5, 3.0), factor=st.floats(0.2, 5.0))
def test_stretching_time_stretches_ampere_hours_alike(
    log: type_of_log, hours: float, factor: float
) -> None:
    frame = log().charge().discharge(hours).frame()
    stretched = frame.with_columns(pl.col("test_time_second") * factor)
    one = assess(frame, RATED, cutoffs=CUTOFFS).discharges[0]
    other = assess(stretched, RATED, cutoffs=CUTOFFS).discharges[0]
    assert other.ah == pytest.approx(one.ah * factor, rel=1e-9)
    assert other.wh == pytest.approx(one.wh * factor, rel=1e-9)


@fixture_ok
@given(hours=st.floats(0.5, 3.0), parts=st.integers(2, 8))
def test_logging_more_often_changes_no_ampere_hour(
    log: type_of_log, hours: float, parts: int
) -> None:
    frame = log().charge().discharge(hours).frame()
    finer = pl.concat([frame.head(frame.height - 51), split(frame.tail(51), parts)])
    assert assess(finer, RATED, cutoffs=CUTOFFS).capacity_ah == pytest.approx(
        assess(frame, RATED, cutoffs=CUTOFFS).capacity_ah, rel=1e-9
    )


@fixture_ok
@given(hours=st.lists(st.floats(0.5, 3.0), min_size=1, max_size=4))
def test_computing_again_gives_the_very_same_answer(log: type_of_log, hours: list[float]) -> None:
    made = log()
    for each in hours:
        made.charge().discharge(each)
    assert assess(made.frame(), RATED) == assess(made.frame(), RATED)


@fixture_ok
@given(hours=st.floats(0.5, 3.0))
def test_without_step_and_cycle_columns_the_sign_alone_tells_the_same(
    log: type_of_log, hours: float
) -> None:
    made = log().charge().rest().discharge(hours)
    bare = assess(made.frame(columns=3), RATED, cutoffs=CUTOFFS)
    assert bare.discharges == assess(made.frame(), RATED, cutoffs=CUTOFFS).discharges


def test_a_single_row_logged_while_switching_off_is_no_charge(log: Callable[[], Any]) -> None:
    """Arbin logs one: it neither spoils a full charge nor makes a charge tapered."""
    test = log().charge(taper=5)
    test.rows.append((test.seconds + 1, 3.9, 0.1, 1, 9))
    found = assess(test.discharge(1.8).frame(), 10.0, cutoffs=(3.0, 4.2))
    assert [(d.complete, d.flags) for d in found.discharges] == [(True, ("cc_only_charge",))]
