"""Reading a stranger's tester file in a confined process.

The answer comes back as a JSON document and, beside it in a private folder, an Arrow file.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from listings import confined
from listings.confined import Limits
from listings.health.readers import MAX_BYTES, read
from listings.health.recording import (
    OPTIONAL,
    REFUSALS,
    REQUIRED,
    FileRefused,
    Program,
    ReaderOutOfMemory,
    ReaderOutOfTime,
    ReaderStopped,
    Recording,
)


def read_in_child(
    path: Path, *, limits: Limits | None = None, max_bytes: int = MAX_BYTES
) -> Recording:
    """Read one tester file in a confined process and answer what ``readers.read`` would.

    Refuses what ``readers.read`` refuses, and ``ReaderOutOfTime``, ``ReaderOutOfMemory`` and
    ``ReaderStopped`` (the process ended without an answer).
    """
    with tempfile.TemporaryDirectory(prefix="packbourse-read-") as name:
        frame = Path(name) / "frame.arrow"
        order: dict[str, object] = {
            "path": str(path.resolve()),
            "frame": str(frame),
            "max_bytes": max_bytes,
        }
        answer = called("listings.health.readers.child:answer", order, limits or Limits())
        return _recording(answer, frame)


def called(
    function: str,
    order: dict[str, object],
    limits: Limits,
    refusals: Mapping[str, type[FileRefused]] = REFUSALS,
) -> confined.Answer:
    """Call a function of ours on a stranger's file; every bad end is a refusal of the file.

    The function answers a refusal as ``refusal_document`` writes it; it is raised again here.
    """
    try:
        answer = confined.call(function, order, limits)
    except confined.OutOfTime as late:
        raise ReaderOutOfTime(field="file", seconds=min(limits.cpu_s, limits.wall_s)) from late
    except confined.OutOfMemory as full:
        raise ReaderOutOfMemory(field="file", memory_mb=limits.memory_mb) from full
    except confined.Stopped as stopped:
        raise ReaderStopped(field="file", detail=stopped.detail) from stopped
    if "refusal" in answer.value:
        raise refusals[answer.value["refusal"]](field="file", **answer.value["values"])
    return answer


def refusal_document(refusal: FileRefused) -> dict[str, object]:
    """A refusal as it crosses from the confined process."""
    return {"refusal": type(refusal).__name__, "values": refusal.values}


def answer(order: dict[str, Any]) -> dict[str, object]:
    """Do what ``read_in_child`` ordered. Runs in the confined process only."""
    try:
        recording = read(Path(order["path"]), max_bytes=order["max_bytes"])
    except FileRefused as refusal:
        return refusal_document(refusal)
    recording.frame.write_ipc(order["frame"])
    return {
        "reader": recording.reader,
        "reader_version": recording.reader_version,
        "sha256": recording.sha256,
        "program": None if recording.program is None else asdict(recording.program),
        "is_sums": recording.is_sums,
    }


def _recording(answer: confined.Answer, path: Path) -> Recording:
    import polars as pl

    frame = pl.read_ipc(io.BytesIO(path.read_bytes()))
    known = {*REQUIRED, *OPTIONAL}
    if not set(REQUIRED) <= set(frame.columns) <= known or set(frame.dtypes) != {pl.Float64}:
        raise ReaderStopped(field="file", detail="unexpected columns")
    told = answer.value
    return Recording(
        frame=frame,
        reader=told["reader"],
        reader_version=told["reader_version"],
        sha256=told["sha256"],
        program=None if told["program"] is None else Program(**told["program"]),
        is_sums=told["is_sums"],
        network_isolated=answer.network_isolated,
    )
