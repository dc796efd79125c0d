"""Reading a stranger's file in a process of its own, with little memory, time and no network.

Parsers of binary files break; here a break costs one short-lived process that has no secrets in
its environment. The answer comes back as an Arrow file and a JSON document in a private folder.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

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

MEGABYTE: Final = 1024 * 1024
MIN_MEMORY_MB: Final = 2048
"""Address space, not memory in use: thread arenas alone reserve over 1 GB (115 MB are used)."""
MAX_ANSWER_BYTES: Final = 2048 * MEGABYTE
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
PR_SET_NO_NEW_PRIVS: Final = 38


def read_in_child(
    path: Path,
    *,
    memory_mb: int = 4096,
    cpu_s: int = 120,
    wall_s: int = 180,
    max_bytes: int = MAX_BYTES,
) -> Recording:
    """Read one tester file in a child process and answer what ``readers.read`` would.

    Refuses what ``readers.read`` refuses, and ``ReaderOutOfTime`` (``cpu_s`` of processor time or
    ``wall_s`` of waiting), ``ReaderOutOfMemory`` (``memory_mb`` of address space, at least 2048)
    and ``ReaderStopped`` (the process ended without an answer).
    """
    limits = {
        "memory_mb": max(memory_mb, MIN_MEMORY_MB),
        "cpu_s": cpu_s,
        "max_bytes": max_bytes,
    }
    with tempfile.TemporaryDirectory(prefix="packbourse-read-") as name:
        folder = Path(name)
        order = {"path": str(path.resolve()), "limits": limits}
        (folder / "order.json").write_text(json.dumps(order), "utf-8")
        returncode = _run(folder, wall_s)
        _refuse_stopped(returncode, limits, folder)
        return _answer(folder)


def _run(folder: Path, wall_s: int) -> int:
    command = [sys.executable, "-P", "-m", "listings.health.readers.child", str(folder)]
    root = Path(__file__).resolve().parents[3]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(root),
        "POLARS_MAX_THREADS": "1",
    }
    try:
        finished = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise ReaderOutOfTime(field="file", seconds=wall_s) from late
    return finished.returncode


def _refuse_stopped(returncode: int, limits: dict[str, int], folder: Path) -> None:
    if returncode == -signal.SIGXCPU:
        raise ReaderOutOfTime(field="file", seconds=limits["cpu_s"])
    if returncode < 0:
        raise ReaderStopped(field="file", detail=f"signal {-returncode}")
    if not (folder / "answer.json").exists():
        raise ReaderStopped(field="file", detail=f"exit status {returncode}")


def _answer(folder: Path) -> Recording:
    import polars as pl

    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text("utf-8"))
    if "refusal" in answer:
        refusal = REFUSALS[answer["refusal"]]
        raise refusal(field="file", **answer["values"])
    frame = pl.read_ipc(io.BytesIO((folder / "frame.arrow").read_bytes()))
    known = {*REQUIRED, *OPTIONAL}
    if not set(REQUIRED) <= set(frame.columns) <= known or set(frame.dtypes) != {pl.Float64}:
        raise ReaderStopped(field="file", detail="unexpected columns")
    program = answer["program"]
    return Recording(
        frame=frame,
        reader=answer["reader"],
        reader_version=answer["reader_version"],
        sha256=answer["sha256"],
        program=None if program is None else Program(**program),
        network_isolated=answer["network_isolated"],
    )


def _without_network() -> bool:
    """Leave the network for an empty one, where the kernel lets an ordinary process do so."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _limit(limits: dict[str, int]) -> None:
    memory = limits["memory_mb"] * MEGABYTE
    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, MAX_ANSWER_BYTES),
    ):
        resource.setrlimit(which, (value, value))
    # The soft limit ends the process with SIGXCPU, which the asking process can tell apart.
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 1))


def _write_answer(folder: Path, answer: dict[str, object]) -> None:
    part = folder / "answer.part"
    part.write_text(json.dumps(answer), "utf-8")
    part.rename(folder / "answer.json")


def _read_and_answer(folder: Path, order: dict[str, Any], *, isolated: bool) -> None:
    recording = read(Path(order["path"]), max_bytes=order["limits"]["max_bytes"])
    recording.frame.write_ipc(folder / "frame.arrow")
    _write_answer(
        folder,
        {
            "reader": recording.reader,
            "reader_version": recording.reader_version,
            "sha256": recording.sha256,
            "program": None if recording.program is None else asdict(recording.program),
            "network_isolated": isolated,
        },
    )


def main(folder: Path) -> None:
    """Do the order that ``read_in_child`` left in ``folder``. Runs in the child process only."""
    order: dict[str, Any] = json.loads((folder / "order.json").read_text("utf-8"))
    isolated = _without_network()
    _limit(order["limits"])
    try:
        _read_and_answer(folder, order, isolated=isolated)
    except FileRefused as refusal:
        _write_answer(folder, {"refusal": type(refusal).__name__, "values": refusal.values})
    except MemoryError:
        values = {"memory_mb": order["limits"]["memory_mb"]}
        _write_answer(folder, {"refusal": ReaderOutOfMemory.__name__, "values": values})
    except BaseException as error:  # noqa: BLE001 - a Rust panic is a BaseException of its own
        values = {"detail": type(error).__name__}
        _write_answer(folder, {"refusal": ReaderStopped.__name__, "values": values})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
