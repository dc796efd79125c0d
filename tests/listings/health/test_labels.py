"""Labels with units, and times as testers write them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from listings.health.readers import labels, times
from listings.health.recording import DamagedFile


@pytest.mark.parametrize(
    ("label", "quantity", "factor"),
    [
        ("Current(mA)", "current_ampere", 1e-3),
        ("Current(µA)", "current_ampere", 1e-6),
        ("Amps", "current_ampere", 1.0),
        ("电流(A)", "current_ampere", 1.0),
        ("电流(mA)", "current_ampere", 1e-3),
        ("Voltage [V]", "voltage_volt", 1.0),
        ("Voltage (mV)", "voltage_volt", 1e-3),
        ("Test Time / h", "test_time_second", 3600.0),
        ("test_time_second", "test_time_second", 1.0),
        ("Test (Sec)", "test_time_second", 1.0),
        ("Test (Min)", "test_time_second", 60.0),
        ("Step Time (ms)", "step_time_second", 1e-3),
        ("Step (Sec)", "step_time_second", 1.0),
        ("Step", "step", 1.0),
        ("Test", "test", 1.0),
        ("Total Time (Seconds)", "test_time_second", 1.0),
        ("Time(h:min:s.ms)", "step_time_second", 1.0),
        ("Cumulative Time", "test_time_second", 1.0),
        ("DChg. Cap.(Ah)", "discharge_ah", 1.0),
        ("Charge Capacity (mAh)", "charge_ah", 1e-3),
        ("Charge Capacity (mWh)", "charge_wh", 1e-3),
        ("Amp-hr", "tester_ah", 1.0),
        ("step_net_capacity_ah", "tester_ah", 1.0),
        ("Cyc#", "cycle", 1.0),
        ("温度(℃)", "temperature_celsius", 1.0),
        ("工步类型", "state", 1.0),
    ],
)
def test_a_label_says_its_quantity_and_unit(label: str, quantity: str, factor: float) -> None:
    found = labels.known(label)
    assert found is not None
    assert (found.quantity, found.factor) == (quantity, factor)


@pytest.mark.parametrize(
    "label",
    ["Voltage", "Current", "Voltage(kV)", "Spec. Cap.(mAh/g)", "SoH", "50% DoD (mV)", "", "x / V"],
)
def test_what_names_no_known_unit_is_not_guessed(label: str) -> None:
    assert labels.known(label) is None


def test_of_two_temperatures_the_cell_s_is_taken() -> None:
    found = labels.columns(["Ambient temperature (°C)", "Cell surface temperature (°C)"])
    assert found["temperature_celsius"].place == 1


def test_clocks_of_all_forms_are_seconds() -> None:
    texts = ["0:00:01", "26:01:02.5", "1d 02:01:02.50", "1-02:01:02", "00:00:30:250", " 0:00:02 "]
    seconds = times.clock_seconds(pl.Series(texts)).to_list()
    assert seconds == pytest.approx([1, 93662.5, 93662.5, 93662, 30.25, 2])


@pytest.mark.parametrize("text", ["soon", "1:2", "1:00:xx", "12", "-1:00:00"])
def test_a_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DamagedFile, match="is no time"):
        times.clock_seconds(pl.Series(["0:00:01", text]))


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-03-01 08:00:00", "2026-03-01 08:01:00.5"],
        ["03/01/2026 08:00:00", "03/01/2026 08:01:00.5"],
        ["2026/03/01 08:00:00", "2026/03/01 08:01:00.5"],
    ],
)
def test_dates_become_seconds_since_the_first(texts: list[str]) -> None:
    assert times.instant_seconds(pl.Series(texts)).to_list() == [0.0, 60.5]


def test_dates_of_no_known_form_are_refused() -> None:
    with pytest.raises(DamagedFile, match="no known form"):
        times.instant_seconds(pl.Series(["the first of March"]))


def test_total_time_goes_on_where_each_step_ended() -> None:
    clock = np.array([0.0, 10.0, 20.0, 0.0, 5.0, 1.0, 6.0])
    ordinals = times.step_ordinals(np.array([1.0, 1, 1, 2, 2, 2, 2]), clock, 7)
    assert ordinals.tolist() == [1, 1, 1, 2, 2, 3, 3]
    assert times.total_seconds(clock, ordinals).tolist() == [0, 10, 20, 20, 25, 26, 31]
