"""Rows of made-up charges with an exact gauge, for tests of telemetry."""

from __future__ import annotations

import polars as pl

BEGINS = 1_767_225_600
"""2026-01-01 00:00:00 in Beijing, as the computation counts seconds."""


def charge(
    *, vehicle: str = "A", at: int = 0, soc: tuple[int, int] = (20, 90), ah: float = 150.0,
    amperes: float = 60.0, cadence: int = 10,
) -> pl.DataFrame:  # fmt: skip
    """One charge at constant current between two readings of an exact gauge, then a minute's rest."""
    seconds = round((soc[1] - soc[0]) / 100 * ah / amperes * 3600)
    times = [*range(0, seconds, cadence), seconds]
    rows = [
        {
            "vehicle": vehicle,
            "time": BEGINS + at + second,
            "soc": soc[0] + (soc[1] - soc[0]) * second / seconds,
            "current": -amperes,
            "max_temperature": 30.0,
            "min_temperature": 20.0,
        }
        for second in times
    ]
    return pl.DataFrame(rows)


def as_text(frame: pl.DataFrame, pattern: str = "%Y-%m-%d %H:%M:%S") -> pl.DataFrame:
    """The same with its time as text."""
    stamp = pl.from_epoch("time", time_unit="s").dt.strftime(pattern)
    return frame.with_columns(time=stamp)
