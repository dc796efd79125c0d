"""Columns as a tester wrote them -> the canonical frame: sign, time, step and the tester's Ah."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from listings.health.readers import times
from listings.health.recording import DamagedFile

Floats = NDArray[np.float64]

READ: Final = (
    *("test_time_second", "step_time_second", "instant", "voltage_volt", "current_ampere"),
    *("cycle", "step", "state", "temperature_celsius", "tester_ah", "charge_ah", "discharge_ah"),
    *("tester_wh", "charge_wh", "discharge_wh"),
)
"""Quantities of ``labels`` that become the canonical frame."""
DISCHARGING: Final = r"(?i)放电|dis|d\.?_?chg|^d$"
CHARGING: Final = r"(?i)充电|ch(?:g|arge|a\b)|^c$"


def canonical(columns: dict[str, pl.Series]) -> pl.DataFrame:
    """The frame of ``recording.Recording`` from columns in canonical units.

    Current gets the sign that the state of its row says (some testers write it unsigned); total
    time comes from the tester's total, else from the clocks of the steps, else from dates.
    """
    rows = len(columns["voltage_volt"])
    step_seconds = _clock(columns.get("step_time_second"))
    steps = _numbers(columns.get("step"))
    ordinals = times.step_ordinals(steps, step_seconds, rows)
    frame = {
        "test_time_second": _total(columns, step_seconds, ordinals),
        "voltage_volt": columns["voltage_volt"],
        "current_ampere": signed(columns["current_ampere"], columns.get("state")),
    }
    if "cycle" in columns:
        frame["cycle"] = columns["cycle"]
    if steps is not None or step_seconds is not None:
        frame["step"] = pl.Series(ordinals)
    if "temperature_celsius" in columns:
        frame["temperature_celsius"] = columns["temperature_celsius"]
    for unit in ("ah", "wh"):
        counted = counter(columns, unit)
        if counted is not None:
            frame[f"tester_{unit}"] = counted
    return pl.DataFrame(
        [series.cast(pl.Float64).alias(name) for name, series in frame.items()],
    )


def signed(current: pl.Series, state: pl.Series | None) -> pl.Series:
    """Current with the sign of its state: C, CC Chg, 充电 charging; D, DChg, 放电 discharging.

    Where the state says neither (rest, pulse, simulation) the sign stays as written.
    """
    if state is None:
        return current
    text = state.str.strip_chars()
    discharging = text.str.contains(DISCHARGING).fill_null(value=False)
    charging = text.str.contains(CHARGING).fill_null(value=False) & ~discharging
    frame = pl.DataFrame({"amperes": current, "down": discharging, "up": charging})
    return frame.select(
        pl.when("down")
        .then(-pl.col("amperes").abs())
        .when("up")
        .then(pl.col("amperes").abs())
        .otherwise("amperes")
    ).to_series()


def counter(columns: dict[str, pl.Series], unit: str) -> pl.Series | None:
    """The tester's own count: one column, else those of charging and discharging added up.

    Within a step only one of the two moves, so that the sum moves by what the step moved.
    """
    if f"tester_{unit}" in columns:
        return columns[f"tester_{unit}"]
    parts = [columns[name] for name in (f"charge_{unit}", f"discharge_{unit}") if name in columns]
    if not parts:
        return None
    return parts[0].abs() + parts[1].abs() if len(parts) > 1 else parts[0]


def _clock(column: pl.Series | None) -> Floats | None:
    if column is None:
        return None
    seconds = times.clock_seconds(column) if column.dtype == pl.String else column
    return _numbers(seconds)


def _numbers(column: pl.Series | None) -> Floats | None:
    if column is None:
        return None
    return np.asarray(column.cast(pl.Float64).to_numpy(), dtype=np.float64)


def _total(
    columns: dict[str, pl.Series], step_seconds: Floats | None, ordinals: Floats
) -> pl.Series:
    total = _clock(columns.get("test_time_second"))
    if total is not None:
        return pl.Series(total)
    if step_seconds is not None:
        return pl.Series(times.total_seconds(step_seconds, ordinals))
    if "instant" in columns:
        return times.instant_seconds(columns["instant"])
    raise DamagedFile(field="file", detail="no column of times")
