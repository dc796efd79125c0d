"""Charges found in recordings with the troubles that recordings have."""

from __future__ import annotations

import polars as pl
import pytest
from telemetry_rows import BEGINS, as_text, charge

from listings.telemetry import synthetic, windows
from listings.telemetry.refusals import NoCharge


def test_one_charge_gives_current_by_time_over_the_change_of_the_gauge(computed, one_charge):
    found = computed(one_charge()).charges.to_dicts()
    assert len(found) == 1
    assert found[0]["capacity_ah"] == pytest.approx(150, rel=1e-9)
    assert found[0]["window"] == pytest.approx(70)
    assert found[0]["uncertainty"] == 0.092
    assert (found[0]["low_celsius"], found[0]["high_celsius"]) == (20.0, 30.0)
    assert found[0]["started"] == BEGINS
    assert found[0]["reason"] is None


def test_true_capacities_of_a_made_up_fleet_are_found_within_the_stated_uncertainty(
    computed, tmp_path
):
    made = synthetic.make(synthetic.Fleet(vehicles=4, days=25))
    path = tmp_path / "fleet.csv"
    made.rows.write_csv(path)
    found = computed(path)
    assert set(found.recent["vehicle"]) == set(made.true_ah)
    for row in found.recent.to_dicts():
        true = made.true_ah[row["vehicle"]]
        assert abs(row["capacity_ah"] - true) <= row["uncertainty"] * true
        assert abs(row["capacity_ah"] - true) <= 0.02 * true
    for row in found.charges.to_dicts():
        true = made.true_ah[row["vehicle"]]
        assert abs(row["capacity_ah"] - true) <= row["uncertainty"] * true


def test_charging_counted_as_positive_is_turned_and_said(computed, one_charge):
    turned = computed(one_charge(lambda frame: frame.with_columns(current=-pl.col("current"))))
    assert turned.charges["capacity_ah"].item() == pytest.approx(150)
    assert turned.charges["is_turned"].item() is True


def test_each_vehicle_of_a_file_has_its_own_sign(computed, tmp_path):
    one, other = charge(vehicle="A"), charge(vehicle="B", ah=120)
    path = tmp_path / "both.csv"
    as_text(pl.concat([one, other.with_columns(current=-pl.col("current"))])).write_csv(path)
    found = computed(path).charges.sort("vehicle")
    assert found["capacity_ah"].to_list() == pytest.approx([150, 120])
    assert found["is_turned"].to_list() == [False, True]


@pytest.mark.parametrize("mark", [65535, 65534, 6553.5, 6553.4, 5553.5, 5553.4, 655.35, -1000.1])
def test_an_invalid_mark_is_no_current(computed, one_charge, mark):
    third = pl.int_range(pl.len()) % 3 == 1
    spoil = lambda frame: frame.with_columns(  # noqa: E731
        current=pl.when(third).then(mark).otherwise("current")
    )
    found = computed(one_charge(spoil))
    assert found.charges["capacity_ah"].item() == pytest.approx(150)
    assert found.vehicles["invalid_rows"].item() > 0


@pytest.mark.parametrize("mark", [254, 255, 65535, -1])
def test_an_invalid_mark_is_no_state_of_charge(computed, one_charge, mark):
    spoil = lambda frame: frame.with_columns(  # noqa: E731
        soc=pl.when(pl.int_range(pl.len()) == 50).then(mark).otherwise("soc")
    )
    found = computed(one_charge(spoil))
    assert found.charges["capacity_ah"].item() == pytest.approx(150)
    assert found.charges["reason"].item() is None


@pytest.mark.parametrize("mark", [254, 255, 214, 215, 65535])
def test_an_invalid_mark_is_no_temperature(computed, one_charge, mark):
    spoil = lambda frame: frame.with_columns(  # noqa: E731
        max_temperature=pl.when(pl.int_range(pl.len()) == 5).then(mark).otherwise("max_temperature")
    )
    assert computed(one_charge(spoil)).charges["high_celsius"].item() == 30.0


def test_a_gap_ends_a_charge_and_what_flowed_unseen_is_not_counted(computed, one_charge):
    away = pl.col("time").is_between(BEGINS + 1500, BEGINS + 1900)
    found = computed(one_charge(lambda frame: frame.filter(~away))).charges
    assert found.height == 2
    assert found["capacity_ah"].to_list() == pytest.approx([150, 150], rel=1e-5)
    assert found["window"].sum() < 70 - 4


def test_a_short_silence_does_not_end_a_charge(computed, one_charge):
    away = pl.col("time").is_between(BEGINS + 1501, BEGINS + 1599)
    found = computed(one_charge(lambda frame: frame.filter(~away))).charges
    assert found["capacity_ah"].to_list() == pytest.approx([150])


def test_rows_sent_twice_and_late_count_once(computed, one_charge):
    def spoil(frame):
        return pl.concat([frame, frame.head(200)]).sample(fraction=1.0, shuffle=True, seed=3)

    found = computed(one_charge(spoil)).charges
    assert found["capacity_ah"].to_list() == pytest.approx([150])
    assert found["reason"].to_list() == [None]


@pytest.mark.parametrize("back", [1200, 1234])
def test_a_clock_that_jumps_back_in_a_charge_makes_it_not_count(computed, one_charge, back):
    later = pl.int_range(pl.len()) > 300
    spoil = lambda frame: frame.with_columns(  # noqa: E731
        time=pl.col("time") - pl.when(later).then(back).otherwise(0)
    )
    found = computed(one_charge(spoil))
    assert (
        found.charges.filter(pl.col("reason").is_null()).filter(pl.col("window") >= 60).is_empty()
    )
    assert set(found.charges["reason"]) & {"time_repeated", "gauge_fell"}
    assert found.recent.is_empty()


def test_a_clock_that_starts_in_1970_is_invalid(computed, one_charge):
    spoil = lambda frame: frame.with_columns(  # noqa: E731
        time=pl.when(pl.int_range(pl.len()) < 4).then(1000).otherwise("time")
    )
    found = computed(one_charge(spoil))
    assert found.vehicles["invalid_rows"].item() == 4
    assert found.charges["capacity_ah"].item() == pytest.approx(150)


def test_a_reset_gauge_makes_a_charge_not_count(computed, one_charge):
    spoil = lambda frame: frame.with_columns(  # noqa: E731
        soc=pl.when(pl.col("soc") > 85).then(100).otherwise("soc")
    )
    assert computed(one_charge(spoil)).charges["reason"].to_list() == ["gauge_jumped"]


def test_current_recovered_while_driving_is_no_charge(computed, one_charge):
    spoil = lambda frame: frame.with_columns(speed=40.0)  # noqa: E731
    with pytest.raises(NoCharge, match="120 seconds"):
        computed(one_charge(spoil))


def test_a_discharge_is_no_charge(computed, tmp_path):
    made = synthetic.make(synthetic.Fleet(vehicles=1, days=2))
    path = tmp_path / "drive.csv"
    made.rows.filter(pl.col("current") >= 0).with_columns(speed=0.0).write_csv(path)
    with pytest.raises(NoCharge):
        computed(path)


def test_a_state_of_charge_from_0_to_1_is_a_fraction(computed, one_charge):
    spoil = lambda frame: frame.with_columns(soc=pl.col("soc") / 100)  # noqa: E731
    assert computed(one_charge(spoil)).charges["capacity_ah"].item() == pytest.approx(150, rel=1e-3)


def test_narrow_windows_have_no_recent_median_but_a_month(computed, one_charge):
    found = computed(one_charge(soc=(40, 95)))
    assert found.recent.is_empty()
    assert found.months.select("month", "is_wide", "charges").rows() == [(202601, False, 1)]
    assert found.months["uncertainty"].item() == 0.148


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two(computed, tmp_path):
    path = tmp_path / "four.csv"
    frames = [charge(at=n * 86400, ah=ah) for n, ah in enumerate([140, 150, 152, 199])]
    as_text(pl.concat(frames)).write_csv(path)
    month = computed(path).months.to_dicts()[0]
    assert month["capacity_ah"] == pytest.approx(151)
    assert (month["lowest_ah"], month["highest_ah"]) == pytest.approx((140, 199))
    assert month["charges"] == 4


def test_charges_over_90_days_before_the_last_one_are_not_recent(computed, tmp_path):
    path = tmp_path / "old.csv"
    as_text(pl.concat([charge(ah=180), charge(at=95 * 86400, ah=150)])).write_csv(path)
    found = computed(path)
    assert found.recent["capacity_ah"].item() == pytest.approx(150)
    assert found.months["month"].to_list() == [202601, 202604]


def test_vehicles_computed_in_groups_are_as_computed_at_once(computed, tmp_path, work):
    path = tmp_path / "fleet.csv"
    synthetic.make(synthetic.Fleet(vehicles=3, days=4)).rows.write_csv(path)
    whole = computed(path)
    (work / "telemetry.duckdb").unlink()
    parts = computed(path, at_once=9000)
    assert parts.charges.equals(whole.charges)
    assert parts.months.equals(whole.months)


@pytest.mark.parametrize(
    ("window", "error"),
    [
        (100, 0.065),
        (80, 0.065),
        (79.9, 0.092),
        (60, 0.092),
        (40, 0.148),
        (35, 0.216),
        (20, 0.216),
        (10, 0.24),
        (9.9, 1.29),
    ],
)
def test_the_uncertainty_is_that_measured_for_the_window(window, error):
    assert windows.uncertainty(window) == error
