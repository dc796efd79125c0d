"""Tests as a tester would have logged them, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl
import pytest

Row = tuple[float, float, float, float, float]


@dataclass
class Log:
    """A test of a 10 Ah cell between 3.0 and 4.2 V; every step appends rows."""

    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    step: int = 0
    cycle: int = 1

    def run(self, hours: float, volts: tuple[float, float], amperes: tuple[float, float]) -> Log:
        """One step of 50 intervals with voltage and current on straight lines."""
        self.step += 1
        for i in range(51):
            share = i / 50
            self.rows.append(
                (
                    self.seconds + share * hours * 3600,
                    volts[0] + share * (volts[1] - volts[0]),
                    amperes[0] + share * (amperes[1] - amperes[0]),
                    self.cycle,
                    self.step,
                )
            )
        self.seconds += hours * 3600
        return self

    def charge(self, *, to: float = 4.2, taper: float = 0.5) -> Log:
        self.run(1.0, (3.0, to), (5.0, 5.0))
        return self.run(1.0, (to, to), (5.0, taper)) if taper < 5 else self

    def discharge(self, hours: float, *, to: float = 3.0, amperes: float = 5.0) -> Log:
        self.run(hours, (4.1, to), (-amperes, -amperes))
        self.cycle += 1
        return self

    def rest(self) -> Log:
        return self.run(0.1, (3.5, 3.5), (0.0, 0.0))

    def frame(self, *, columns: int = 5) -> pl.DataFrame:
        names = ["test_time_second", "voltage_volt", "current_ampere", "cycle", "step"]
        whole = pl.DataFrame(self.rows, orient="row", schema=dict.fromkeys(names, pl.Float64))
        return whole.select(names[:columns])


@pytest.fixture
def log() -> Callable[[], Log]:
    return Log
