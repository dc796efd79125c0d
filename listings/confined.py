"""Strangers' files are read in confined processes: little memory, little time, no network.

Parsers break. Here a break costs a process that holds no secret, not even its parent's settings.
The process stays warm: it answers one call after the other, so that its libraries are loaded once.
A call that ends badly takes it along, and after ``CALLS`` calls a new one takes its place, so that
nothing which one file left behind lasts.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MEGABYTE: Final = 1024 * 1024
CALLS: Final = 500
TICK_S: Final = 0.02
ADDRESS_SPACE: Final = 16 * 1024 * MEGABYTE
"""A backstop only: thread arenas reserve gigabytes that are never resident."""
LARGEST_FILE: Final = 4096 * MEGABYTE
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
PR_SET_NO_NEW_PRIVS: Final = 38
ROOT: Final = Path(__file__).resolve().parents[1]


class Stopped(Exception):
    """The process ended without an answer; ``detail`` says how."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class OutOfTime(Stopped):
    """Processor or wall-clock time ran out."""


class OutOfMemory(Stopped):
    """More memory was resident than allowed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one call: resident memory, processor time (its own, not the process's), waiting."""

    memory_mb: int = 2048
    cpu_s: int = 120
    wall_s: int = 180


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function returned, and whether it ran without a network."""

    value: dict[str, Any]
    network_isolated: bool


def call(function: str, order: dict[str, object], limits: Limits) -> Answer:
    """Call ``module:function`` with ``order`` in a confined process; both speak JSON.

    At most as many run at once as there are processors; further calls wait for their turn.
    Raises ``OutOfTime``, ``OutOfMemory``, and ``Stopped`` where the process ended or the function
    raised, with the error's name.
    """
    with _turns:
        process = _taken()
        try:
            value = process.call(function, order, limits)
        except BaseException:
            process.end()
            raise
        if process.calls < CALLS:
            _idle.append(process)
        else:
            process.end()
        return Answer(value, process.network_isolated)


class Confined:
    """One process, from the asking side. Not for two threads at once."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="packbourse-confined-")
        self._started = subprocess.Popen(
            [sys.executable, "-P", "-m", "listings.confined"],
            cwd=self._folder.name,
            env=_environment(self._folder.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.pid, self.calls, self._unread = self._started.pid, 0, b""
        self.network_isolated = bool(self._line(Limits())["network_isolated"])

    def call(self, function: str, order: dict[str, object], limits: Limits) -> dict[str, Any]:
        """One call and its answer."""
        self.calls += 1
        asked = json.dumps({"function": function, "order": order})
        assert self._started.stdin is not None
        try:
            self._started.stdin.write(asked.encode() + b"\n")
            self._started.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        answer = self._line(limits)
        if "error" in answer:
            raise OutOfMemory("") if answer["error"] == "MemoryError" else Stopped(answer["error"])
        value: dict[str, Any] = answer["value"]
        return value

    def end(self) -> None:
        """End the process, whatever it does, and what it left in its folder."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._started.wait()
        for pipe in (self._started.stdin, self._started.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        self._folder.cleanup()

    def _line(self, limits: Limits) -> dict[str, Any]:
        """The next answer, watched over while it is waited for."""
        assert self._started.stdout is not None
        out = self._started.stdout.fileno()
        until, cpu_until = time.monotonic() + limits.wall_s, self._cpu_s() + limits.cpu_s
        while b"\n" not in self._unread:
            if select.select([out], [], [], TICK_S)[0]:
                read = os.read(out, 65536)
                if not read:
                    raise self._ended()
                self._unread += read
                continue
            if time.monotonic() > until or self._cpu_s() > cpu_until:
                raise OutOfTime("")
            if self._resident() > limits.memory_mb * MEGABYTE:
                raise OutOfMemory("")
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self) -> Stopped:
        status = self._started.wait()
        return Stopped(f"signal {-status}" if status < 0 else f"exit status {status}")

    def _resident(self) -> int:
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except OSError:
            return 0  # it has just ended; the pipe says how
        return int(pages) * resource.getpagesize()

    def _cpu_s(self) -> float:
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return 0.0
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


_turns = threading.BoundedSemaphore(max(os.cpu_count() or 1, 1))
_idle: list[Confined] = []


def _taken() -> Confined:
    """An idle process, else a new one."""
    with contextlib.suppress(IndexError):
        return _idle.pop()
    return Confined()


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


def _environment(folder: str) -> dict[str, str]:
    """All that the process is told of its parent's settings."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": folder,
        "TMPDIR": folder,
        "PYTHONPATH": str(ROOT),
        "POLARS_MAX_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


# From here on: the confined side.


def _without_network() -> bool:
    """Leave the network for an empty one, where the kernel lets an ordinary process do so."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _answered(asked: dict[str, Any]) -> dict[str, object]:
    try:
        module, _, name = asked["function"].partition(":")
        return {"value": getattr(importlib.import_module(module), name)(asked["order"])}
    except BaseException as error:  # noqa: BLE001 - a Rust panic is a BaseException of its own
        return {"error": type(error).__name__}


def main() -> None:
    """Answer calls until nobody asks any more. Runs in the confined process only."""
    # Before any library starts threads, which the kernel would not let leave the network.
    isolated = _without_network()
    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
    ):
        resource.setrlimit(which, (value, value))
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a parser prints is no answer
    answers.write(json.dumps({"network_isolated": isolated}).encode() + b"\n")
    for line in sys.stdin.buffer:
        answer = json.dumps(_answered(json.loads(line))).encode() + b"\n"
        while answer:
            answer = answer[answers.write(answer) or 0 :]


if __name__ == "__main__":
    main()
