"""Any tester's file as Battery Data Format csv, so that every tool of the field can read it.

Columns and units are those of battery-data-alliance/battery-data-format; numbers are written so
that reading them gives the same floating-point numbers.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from listings.errors import N_, Conflict, Refused
from listings.health.readers.child import read_in_child
from listings.health.recording import OnlySums, Recording
from listings.health.segments import cut

if TYPE_CHECKING:
    import polars as pl

COLUMNS: Final = {
    "test_time_second": "test_time_second",
    "voltage_volt": "voltage_volt",
    "current_ampere": "current_ampere",
    "cycle": "cycle_count",
    "step": "step_count",
    "temperature_celsius": "temperature_celsius",
    "tester_ah": "step_net_capacity_ah",
    "tester_wh": "step_net_energy_wh",
}
"""Canonical column -> column of the format."""


class OutputExists(Conflict):
    """A file stands where the new one should."""

    message = N_("The file %(file)s exists already. Name another one.")


class OutputNotWritten(Refused):
    """No file can be written there."""

    message = N_("The file %(file)s cannot be written: %(reason)s")


def convert(path: Path, out: Path) -> dict[str, Any]:
    """Read a tester file in a child process and write it to ``out``; tell what was written.

    Charging is positive in what is written: a file that counts the other way has its currents
    turned (``sign_turned``). Cut-offs of the file's program have no column in the format and are
    answered instead. Refuses what the reader refuses, a sheet of sums (``OnlySums``), an ``out``
    that exists (``OutputExists``) or cannot be written (``OutputNotWritten``).
    """
    if out.exists():
        raise OutputExists(file=out)
    recording = read_in_child(path)
    frame, turned = bdf(recording)
    _write(frame, out)
    program = recording.program
    known = program is not None and program.low is not None and program.high is not None
    return {
        "reader": recording.reader,
        "reader_version": recording.reader_version,
        "sha256": recording.sha256,
        "file": str(out),
        "rows": frame.height,
        "columns": frame.columns,
        "cutoffs": [program.low, program.high] if program is not None and known else None,
        "sign_turned": turned,
    }


def bdf(recording: Recording) -> tuple[pl.DataFrame, bool]:
    """The recording's rows with the format's names, and whether currents were turned.

    A cycle column that does not count (one real file holds 6.283 throughout) is left out. The
    tester's own counts begin at 0 in every step and fall while discharging. Refuses a sheet of
    sums (``OnlySums``).
    """
    import polars as pl

    if recording.is_sums:
        raise OnlySums(field="file")
    frame = recording.frame
    largest = frame["current_ampere"].abs().max()
    turned = "current_sign_turned" in cut(frame, float(largest or 0.0)).flags  # type: ignore[arg-type]
    if turned:
        frame = frame.with_columns(-pl.col("current_ampere"))
    frame = frame.with_columns(_net(frame, name) for name in frame.columns if "tester" in name)
    kept = [name for name in COLUMNS if name in frame.columns]
    if "cycle" in kept and not bool((frame["cycle"] % 1 == 0).all()):
        kept.remove("cycle")
    whole = [name for name in ("cycle", "step") if name in kept and not frame[name].is_nan().any()]
    return (
        frame.with_columns(pl.col(whole).cast(pl.Int64)).select(
            pl.col(name).alias(COLUMNS[name]) for name in kept
        ),
        turned,
    )


def _net(frame: pl.DataFrame, name: str) -> pl.Expr:
    """What the counter moved since the step's first row, negative in a step that discharges."""
    import polars as pl

    if "step" not in frame.columns:
        return pl.col(name)
    moved = (pl.col(name) - pl.col(name).first().over("step")).abs()
    # Adding 0.0 makes a negative zero positive.
    return (moved * pl.col("current_ampere").sum().sign().over("step") + 0.0).alias(name)


def _write(frame: pl.DataFrame, out: Path) -> None:
    """Under another name first: a file of this name is whole or not there."""
    part = ""
    try:
        handle, part = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        with os.fdopen(handle, "wb") as stream:
            frame.write_csv(stream)
        Path(part).chmod(0o644)
        os.link(part, out)
    except FileExistsError:
        raise OutputExists(file=out) from None
    except OSError as error:
        raise OutputNotWritten(file=out, reason=error.strerror or error) from None
    finally:
        if part:
            Path(part).unlink(missing_ok=True)
