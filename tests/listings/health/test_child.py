"""Reading in a child process: the same answer, and no way to take the caller down."""

from __future__ import annotations

from pathlib import Path

import pytest

from listings.health.readers import child, read
from listings.health.readers.child import read_in_child
from listings.health.recording import (
    DamagedFile,
    FileTooLarge,
    ReaderOutOfMemory,
    ReaderOutOfTime,
    ReaderStopped,
)
from listings.health.synthetic import write_bdf


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.9)
    return path


def as_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """Let the child run ``body`` where its reader would run."""
    script = tmp_path / "broken.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\n"
        "from listings.health.readers import child\n"
        f"def broken(path, max_bytes):\n    {body}\n"
        "child.read = broken\nchild.main(Path(sys.argv[-1]))\n"
    )
    started = child.subprocess.run

    def instead(command: list[str], **options: object) -> object:
        return started([command[0], "-P", str(script), command[-1]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(child.subprocess, "run", instead)


def test_the_child_answers_what_the_reader_answers(good: Path) -> None:
    here, there = read(good), read_in_child(good)
    assert there.frame.equals(here.frame)
    assert (there.reader, there.reader_version, there.sha256, there.program) == (
        here.reader,
        here.reader_version,
        here.sha256,
        here.program,
    )


def test_a_refusal_crosses_with_its_values(tmp_path: Path, good: Path) -> None:
    cut = tmp_path / "cut.csv"
    cut.write_bytes(good.read_bytes()[:-12])
    with pytest.raises(DamagedFile, match="last line is cut off") as caught:
        read_in_child(cut)
    assert caught.value.field == "file"
    with pytest.raises(FileTooLarge, match="at most 0 MB"):
        read_in_child(good, max_bytes=1000)


def test_a_reader_that_waits_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path
) -> None:
    as_child(monkeypatch, tmp_path, "import threading; threading.Event().wait()")
    with pytest.raises(ReaderOutOfTime, match="more than 1 seconds"):
        read_in_child(good, wall_s=1)


def test_a_reader_that_computes_for_ever_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path
) -> None:
    as_child(monkeypatch, tmp_path, "while True: pass")
    with pytest.raises(ReaderOutOfTime, match="more than 1 seconds"):
        read_in_child(good, cpu_s=1)


def test_a_reader_that_takes_all_memory_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path
) -> None:
    as_child(monkeypatch, tmp_path, "bytes(3 * 2**30)")
    with pytest.raises(ReaderOutOfMemory, match="more than 2048 MB"):
        read_in_child(good, memory_mb=2048)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import os; os.kill(os.getpid(), 11)", "signal 11"),
        ("import os; os._exit(0)", "exit status 0"),
        ("raise SystemError('x')", "SystemError"),
    ],
)
def test_a_reader_that_crashes_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path, body: str, sentence: str
) -> None:
    as_child(monkeypatch, tmp_path, body)
    with pytest.raises(ReaderStopped, match=sentence):
        read_in_child(good)


def test_the_child_sees_no_setting_of_its_parent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "secret")
    as_child(
        monkeypatch,
        tmp_path,
        "import os; raise SystemExit(0) if 'DATABASE_URL' not in os.environ else ValueError",
    )
    with pytest.raises(ReaderStopped, match="SystemExit"):
        read_in_child(good)


def test_where_it_says_so_the_child_has_no_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path
) -> None:
    isolated = read_in_child(good).network_isolated
    as_child(
        monkeypatch,
        tmp_path,
        "import socket; raise (KeyError if len(socket.if_nameindex()) > 1 else LookupError)()",
    )
    with pytest.raises(ReaderStopped) as caught:
        read_in_child(good)
    assert not isolated or caught.value.values["detail"] == "LookupError"
