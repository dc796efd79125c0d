"""Times of testers: clocks written h:m:s, dates, and a total time that only goes forward."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from listings.health.recording import DamagedFile

Floats = NDArray[np.float64]

CLOCK: Final = r"^(?:(\d+)\s*(?:d|-|\.)\s*)?(\d+):(\d{1,2}):(\d{1,2}(?:[.:]\d+)?)$"
"""Days (optional), hours, minutes, seconds: "26:01:02.5", "1d 02:01:02", "1-02:01:02:500"."""
FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%m/%d/%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M:%S%.f",
    "%m/%d/%Y %I:%M:%S %p",
)


def clock_seconds(texts: pl.Series) -> pl.Series:
    """Seconds of texts such as "01:02:03.5"; refuses any other text (``DamagedFile``)."""
    column = texts.str.strip_chars()
    frame = pl.DataFrame({"text": column}).select(
        *(
            pl.col("text").str.extract(CLOCK, group).alias(name)
            for group, name in enumerate(("day", "hour", "minute", "second"), start=1)
        )
    )
    whole = frame.select(
        pl.col("day").cast(pl.Float64).fill_null(0) * 86400
        + pl.col("hour").cast(pl.Float64) * 3600
        + pl.col("minute").cast(pl.Float64) * 60
        + pl.col("second").str.replace(":", ".", literal=True).cast(pl.Float64)
    ).to_series()
    if whole.null_count() > column.null_count():
        odd = column.filter(whole.is_null() & column.is_not_null())[0]
        raise DamagedFile(field="file", detail=f"“{odd[:40]}” is no time")
    return whole.alias(texts.name)


def instant_seconds(texts: pl.Series) -> pl.Series:
    """Seconds since the first of some dates; refuses texts of no known form (``DamagedFile``)."""
    column = texts.str.strip_chars()
    for form in FORMATS:
        read = column.str.to_datetime(form, time_unit="us", strict=False)
        if read.null_count() == column.null_count():
            seconds = read.dt.epoch("us").cast(pl.Float64) / 1e6
            first = seconds.drop_nulls()
            return seconds - (first[0] if first.len() else 0.0)
    raise DamagedFile(field="file", detail="the dates are written in no known form")


def step_ordinals(steps: Floats | None, step_seconds: Floats | None, rows: int) -> Floats:
    """A count that goes up whenever the step's number changes or its clock starts anew."""
    changed = np.zeros(rows, dtype=np.bool_)
    if steps is not None:
        changed[1:] |= np.diff(steps) != 0
    if step_seconds is not None:
        changed[1:] |= np.diff(step_seconds) < 0
    return np.cumsum(changed, dtype=np.float64) + 1


def total_seconds(step_seconds: Floats, ordinals: Floats) -> Floats:
    """Total time from the clock of each step: every step begins where the one before ended.

    A tester's own total may be in whole seconds or missing; pauses between steps move nothing and
    are not counted.
    """
    begins = np.diff(ordinals) != 0
    before = np.where(begins, step_seconds[:-1], 0.0)
    return np.asarray(step_seconds + np.concatenate([[0.0], np.cumsum(before)]), dtype=np.float64)
