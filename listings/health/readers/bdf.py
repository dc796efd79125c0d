"""Battery Data Format csv: one header line, then numbers; machine names or labels with units.

Source: battery-data-alliance/battery-data-format, which defines the column names, SI units and
charging as positive. Files in mV, mA, mAh, min or h with the unit in the label are taken too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import polars as pl

from listings.health.recording import REQUIRED, DamagedFile, Recording

VERSION: Final = "1"

NAMES: Final[dict[str, str]] = {
    "test_time_second": "test_time_second",
    "voltage_volt": "voltage_volt",
    "current_ampere": "current_ampere",
    "cycle_count": "cycle",
    "step_count": "step",
    "temperature_celsius": "temperature_celsius",
    "ambient_temperature_celsius": "temperature_celsius",
    "surface_temperature_t1_celsius": "temperature_celsius",
    "discharging_capacity_ah": "tester_ah",
    "test time": "test_time_second",
    "voltage": "voltage_volt",
    "current": "current_ampere",
    "cycle count": "cycle",
    "step count": "step",
    "temperature": "temperature_celsius",
    "ambient temperature": "temperature_celsius",
    "surface temperature t1": "temperature_celsius",
    "discharging capacity": "tester_ah",
}
FACTORS: Final[dict[str, dict[str, float]]] = {
    "test_time_second": {"s": 1.0, "min": 60.0, "h": 3600.0, "ms": 1e-3},
    "voltage_volt": {"v": 1.0, "mv": 1e-3},
    "current_ampere": {"a": 1.0, "ma": 1e-3},
    "cycle": {"1": 1.0},
    "step": {"1": 1.0},
    "temperature_celsius": {"degc": 1.0, "°c": 1.0},
    "tester_ah": {"ah": 1.0, "mah": 1e-3},
}
"""Canonical column -> unit as labelled, in lower case -> factor to the canonical unit."""


def columns_of(head: bytes) -> dict[str, tuple[str, float]] | None:
    """The header's columns by canonical name, each with its own name and factor.

    ``head`` is the file's beginning. None where the three required columns are not all there.
    """
    line = head.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").strip()
    try:
        labels = [label.strip().strip('"') for label in line.decode("utf-8").split(",")]
    except UnicodeDecodeError:
        return None
    found: dict[str, tuple[str, float]] = {}
    for label in labels:
        known = _known(label)
        if known is not None and known[0] not in found:
            found[known[0]] = (label, known[1])
    return found if all(name in found for name in REQUIRED) else None


def _known(label: str) -> tuple[str, float] | None:
    name, slash, unit = (part.strip().lower() for part in label.partition(" / "))
    canonical = NAMES.get(name)
    if canonical is None:
        return None
    if not slash:
        return (canonical, 1.0) if "_" in name else None
    factor = FACTORS[canonical].get(unit)
    return None if factor is None else (canonical, factor)


def read(path: Path, sha256: str) -> Recording:
    """Read a csv whose header ``columns_of`` has found good and whose SHA-256 is ``sha256``.

    Refuses text where a number should stand, and a last line that was cut off (``DamagedFile``).
    A csv carries no checksum: a changed digit cannot be noticed.
    """
    with path.open("rb") as stream:
        columns = columns_of(stream.read(64 * 1024))
    if columns is None:
        raise DamagedFile(field="file", detail="the header changed while it was read")
    _refuse_cut_off(path)
    try:
        rows = pl.read_csv(
            path,
            columns=[label for label, _ in columns.values()],
            schema_overrides={label: pl.Float64 for label, _ in columns.values()},
        )
    except pl.exceptions.PolarsError as error:
        raise DamagedFile(field="file", detail=_reason(error)) from error
    frame = rows.select(
        (pl.col(label) * factor).alias(name) for name, (label, factor) in columns.items()
    )
    return Recording(
        frame=frame,
        reader="bdf-csv",
        reader_version=f"{VERSION} (polars {pl.__version__})",
        sha256=sha256,
    )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"\s+", " ", lines[0])[:160]


def _refuse_cut_off(path: Path) -> None:
    """Compare the last line's fields with the header's: a copy that ended early has fewer."""
    with path.open("rb") as stream:
        header = stream.readline()
        stream.seek(0, 2)
        stream.seek(max(len(header), stream.tell() - 64 * 1024))
        last = stream.read().rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
    if b"\0" in last or (last and last.count(b",") != header.count(b",")):
        raise DamagedFile(field="file", detail="the last line is cut off")
