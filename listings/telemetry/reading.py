"""Telemetry files read in a confined process, or by Spark in this one.

The confined process has no network and bounded memory; its answer comes back as Arrow files. Spark
needs its own processes and network, so it is for an operator's own files on the command line only.
"""

from __future__ import annotations

import io
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from listings import confined
from listings.confined import Limits
from listings.health.readers.limits import sha256_of
from listings.telemetry.refusals import (
    REFUSALS,
    EmptyTelemetry,
    TelemetryOutOfMemory,
    TelemetryOutOfTime,
    TelemetryRefused,
    TelemetryStopped,
)

EngineName = Literal["duckdb", "spark"]
Progress = Callable[[str, int, int], None]

LIMITS: Final = Limits(memory_mb=1400, cpu_s=3600, wall_s=3600)
LOOK_S: Final = 0.5
VERSION: Final = "1"
"""Of the rules: a stored finding names the version that made it."""

COLUMNS: Final[dict[str, frozenset[str]]] = {
    "vehicles": frozenset({"vehicle", "rows", "invalid_rows", "first", "last"}),
    "charges": frozenset({
        "vehicle", "started", "ended", "rows", "is_turned", "month", "soc_low", "soc_high",
        "window", "capacity_ah", "uncertainty", "low_celsius", "high_celsius", "reason",
    }),
    "months": frozenset({
        "vehicle", "month", "is_wide", "charges", "capacity_ah", "lowest_ah", "highest_ah",
        "uncertainty", "first", "last", "low_celsius", "high_celsius",
    }),
    "recent": frozenset({
        "vehicle", "charges", "capacity_ah", "lowest_ah", "highest_ah", "uncertainty", "first",
        "last", "low_celsius", "high_celsius",
    }),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A file and what people call it; stored uploads go by their SHA-256."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What ``compute.Result`` holds, with the files it came from as (name, SHA-256) pairs."""

    vehicles: pl.DataFrame
    charges: pl.DataFrame
    months: pl.DataFrame
    recent: pl.DataFrame
    files: tuple[tuple[str, str], ...]
    engine: EngineName
    network_isolated: bool


def read(
    files: Sequence[File],
    *,
    engine: EngineName = "duckdb",
    progress: Progress = lambda _stage, _done, _of: None,
    limits: Limits = LIMITS,
) -> Reading:
    """The charges in telemetry files of any number of vehicles.

    ``progress`` is told a stage ("reading", "charges"), how much is done and of how much; it is
    called from another thread. Refuses what ``refusals`` names.
    """
    for file in files:
        if file.path.stat().st_size == 0:
            raise EmptyTelemetry(file=file.name)
    shas = tuple((file.name, sha256_of(file.path)) for file in files)
    with tempfile.TemporaryDirectory(prefix="packbourse-telemetry-") as name:
        folder = Path(name)
        order = _order(files, folder)
        if engine == "spark":
            told, isolated = _in_spark(order, progress), False
        else:
            with _watched(folder / "progress.json", progress):
                told, isolated = _confined(order, limits)
        if "refusal" in told:
            raise REFUSALS[told["refusal"]](field="file", **told["values"])
        frames = {table: _frame(folder, table) for table in COLUMNS}
        return Reading(files=shas, engine=engine, network_isolated=isolated, **frames)


def answer(order: dict[str, Any]) -> dict[str, object]:
    """Do what ``read`` ordered, with DuckDB. Runs in the confined process only."""
    return _answered(order, "duckdb", _noting(Path(order["folder"]) / "progress.json"))


def _answered(order: dict[str, Any], engine: EngineName, progress: Progress) -> dict[str, object]:
    from listings.telemetry import compute, engines, heads

    folder = Path(order["folder"])
    try:
        known = [heads.head(Path(path), name, folder) for path, name in order["files"]]
        machine: engines.Engine = (
            engines.Spark()
            if engine == "spark"
            else engines.DuckDB(folder, [head.path for head in known])
        )
        result = compute.compute(machine, known, progress)
    except TelemetryRefused as refusal:
        return {"refusal": type(refusal).__name__, "values": refusal.values}
    for field in fields(result):
        getattr(result, field.name).write_ipc(folder / f"{field.name}.arrow")
    return {"done": True}


def _order(files: Sequence[File], folder: Path) -> dict[str, object]:
    named = [(str(file.path.resolve()), file.name) for file in files]
    return {"folder": str(folder), "files": named}


def _in_spark(order: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return _answered(order, "spark", progress)


def _confined(order: dict[str, object], limits: Limits) -> tuple[dict[str, Any], bool]:
    try:
        answered = confined.call("listings.telemetry.reading:answer", order, limits)
    except confined.OutOfTime as late:
        seconds = min(limits.cpu_s, limits.wall_s)
        raise TelemetryOutOfTime(field="file", seconds=seconds) from late
    except confined.OutOfMemory as full:
        raise TelemetryOutOfMemory(field="file", memory_mb=limits.memory_mb) from full
    except confined.Stopped as stopped:
        raise TelemetryStopped(field="file", detail=stopped.detail) from stopped
    return answered.value, answered.network_isolated


def _frame(folder: Path, table: str) -> pl.DataFrame:
    frame = pl.read_ipc(io.BytesIO((folder / f"{table}.arrow").read_bytes()))
    if set(frame.columns) != COLUMNS[table]:
        raise TelemetryStopped(field="file", detail="unexpected columns")
    return frame


def _noting(path: Path) -> Progress:
    def note(stage: str, done: int, of: int) -> None:
        part = path.with_suffix(".part")
        part.write_text(json.dumps([stage, done, of]), "utf-8")
        part.rename(path)

    return note


@contextmanager
def _watched(path: Path, progress: Progress) -> Iterator[None]:
    """Pass on what the confined process notes, from a thread of its own."""
    stop = threading.Event()

    def watch() -> None:
        last: list[Any] = []
        while not stop.wait(LOOK_S):
            if path.exists() and (said := json.loads(path.read_text("utf-8"))) != last:
                last = said
                progress(str(said[0]), int(said[1]), int(said[2]))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
