"""Confined processes: an answer, or one named way in which there was none."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from listings import confined
from listings.confined import Limits, OutOfMemory, OutOfTime, Stopped, call

BODIES = """
import os, threading

kept = []

def echo(order):
    print("a parser prints")
    return {**order, "pid": os.getpid()}

def waits(order):
    threading.Event().wait()

def computes(order):
    while True:
        pass

def hoards(order):
    return len(b"x" * (order["mb"] * 2**20)) and waits(order)

def reserves(order):
    return len(bytes(16 * 2**30))

def killed(order):
    os.kill(os.getpid(), 11)

def leaves(order):
    os._exit(0)

def raises(order):
    raise SystemError("x")

def settings(order):
    return dict(os.environ)

def interfaces(order):
    import socket
    return {"names": [name for _, name in socket.if_nameindex()]}

def large(order):
    return {"text": "x" * 3_000_000}
"""


@pytest.fixture(autouse=True)
def bodies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Functions that misbehave, where only confined processes of this test find them."""
    (tmp_path / "bodies.py").write_text(BODIES)
    environment = confined._environment

    def found(folder: str) -> dict[str, str]:
        given = environment(folder)
        return {**given, "PYTHONPATH": f"{given['PYTHONPATH']}:{tmp_path}"}

    monkeypatch.setattr(confined, "_environment", found)
    monkeypatch.setattr(confined, "_idle", [])
    yield
    while confined._idle:
        confined._idle.pop().end()


def test_the_answer_comes_back_whatever_the_function_prints() -> None:
    assert call("bodies:echo", {"n": 7}, Limits()).value["n"] == 7
    assert len(call("bodies:large", {}, Limits()).value["text"]) == 3_000_000


def test_one_warm_process_answers_call_after_call_and_then_gives_way(monkeypatch) -> None:
    monkeypatch.setattr(confined, "CALLS", 3)
    pids = [call("bodies:echo", {}, Limits()).value["pid"] for _ in range(4)]
    assert len(set(pids[:3])) == 1
    assert pids[3] != pids[0]
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.parametrize(
    ("function", "limits", "error"),
    [
        ("waits", Limits(wall_s=1), OutOfTime),
        ("computes", Limits(cpu_s=1), OutOfTime),
        ("hoards", Limits(memory_mb=300), OutOfMemory),
        ("reserves", Limits(), OutOfMemory),
    ],
)
def test_a_call_over_its_limits_is_stopped_and_its_process_ended(function, limits, error) -> None:
    before = call("bodies:echo", {}, Limits()).value["pid"]
    with pytest.raises(error):
        call(f"bodies:{function}", {"mb": 600}, limits)
    assert call("bodies:echo", {}, Limits()).value["pid"] != before


def test_memory_is_counted_where_it_is_resident() -> None:
    """The negative control of the limit: half of it is let through."""
    with pytest.raises(OutOfTime):
        call("bodies:hoards", {"mb": 150}, Limits(memory_mb=600, wall_s=1))


@pytest.mark.parametrize(
    ("function", "detail"),
    [("killed", "signal 11"), ("leaves", "exit status 0"), ("raises", "SystemError")],
)
def test_a_call_that_ends_badly_says_how(function: str, detail: str) -> None:
    with pytest.raises(Stopped, match=detail):
        call(f"bodies:{function}", {}, Limits())


def test_it_sees_no_setting_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "secret")
    assert "DATABASE_URL" not in call("bodies:settings", {}, Limits()).value


def test_where_it_says_so_it_has_no_network() -> None:
    answer = call("bodies:interfaces", {}, Limits())
    assert not answer.network_isolated or answer.value["names"] in ([], ["lo"])


def test_several_threads_share_a_few_processes() -> None:
    pids: list[int] = []

    def ask() -> None:
        pids.append(call("bodies:echo", {}, Limits()).value["pid"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 8
    assert len(set(pids)) <= (os.cpu_count() or 1)
