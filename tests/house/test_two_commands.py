"""`make run` and `make test`: what they need, what they say, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from listings import embedded
from market import running

TOP = Path(__file__).parents[2]
TARGETS = ("run", "test", "dev", "lint", "types", "bench", "reset", "lock", "words", "help")


def git_files(*paths: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", *paths], cwd=TOP, check=True, capture_output=True, text=True
    )
    return listed.stdout.splitlines()


def make(*arguments: str, cwd: Path = TOP) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_make_alone_explains_every_target() -> None:
    done = make()
    assert done.returncode == 0
    assert set(TARGETS) <= set(re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt", "front-end.txt"])
def test_the_python_locks_have_hashes_and_no_addresses(lock: str) -> None:
    text = (TOP / "requirements" / lock).read_text()
    pinned = re.findall(r"^[a-z0-9][^ ]*==[^ ]+", text, re.MULTILINE)
    assert pinned
    assert len(re.findall(r"==.*\\\n    --hash=sha256:", text)) == len(pinned)
    assert "://" not in text
    assert "index" not in text.replace("--no-emit-index-url", "")


def test_every_dependency_of_the_project_is_in_its_lock() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"]
    development = [one for one in project["dependency-groups"]["dev"] if isinstance(one, str)]
    for lock, names in (("run.txt", wanted), ("dev.txt", wanted + development)):
        pinned = set(
            re.findall(r"^([a-z0-9-]+)", (TOP / "requirements" / lock).read_text(), re.MULTILINE)
        )
        assert {re.match(r"[a-z0-9-]+", name)[0] for name in names} <= pinned


def test_the_front_end_lock_matches_its_exact_versions_and_has_no_addresses() -> None:
    settings = json.loads((TOP / "package.json").read_text())
    lock = json.loads((TOP / "package-lock.json").read_text())["packages"]
    wanted = settings["dependencies"] | settings["devDependencies"]
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert lock[f"node_modules/{name}"]["version"] == version
    for name, entry in lock.items():
        assert "resolved" not in entry
        assert not name or entry["integrity"].startswith("sha512-")
    assert "registry" not in (TOP / ".npmrc").read_text().replace("registry-resolved", "")


def test_no_third_party_file_is_committed() -> None:
    assert git_files("static/vendor", "node_modules", "*.ttf", "*.woff2", "*.min.js") == []


def pretend_python(folder: Path, body: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout in which nothing was set up yet."""
    folder = tmp_path / "bare"
    (folder / "requirements").mkdir(parents=True)
    (folder / "tools").mkdir()
    for name in git_files("Makefile", "package*.json", "requirements", "tools"):
        (folder / name).write_bytes((TOP / name).read_bytes())
    return folder


def sentences(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode != 0
    return [line for line in done.stderr.splitlines() if not line.startswith("make")]


def test_an_old_python_is_named_in_one_sentence(bare: Path, tmp_path: Path) -> None:
    old = pretend_python(tmp_path, '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    (said,) = sentences(make("run", f"PYTHON={old}", cwd=bare))
    assert "3.11" in said


def test_a_missing_venv_module_is_named_in_one_sentence(bare: Path, tmp_path: Path) -> None:
    body = 'case "$2" in *ensurepip*) exit 1;; esac; exit 0'
    (said,) = sentences(make("run", f"PYTHON={pretend_python(tmp_path, body)}", cwd=bare))
    assert "python3-venv" in said
    assert not (bare / ".venv").exists()


def test_continuous_integration_runs_lint_types_and_tests() -> None:
    script = (TOP / ".ci" / "run").read_text()
    assert script.startswith("#!/usr/bin/env bash")
    assert "set -euo pipefail" in script
    assert re.search(r"^make lint types test$", script, re.MULTILINE)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def free_port() -> int:
    with taken_port() as port:
        return port


def test_a_taken_port_is_one_sentence_and_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with taken_port() as port:
        assert running.run(tmp_path / "data", port) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert str(port) in err
    assert not (tmp_path / "data").exists()


def test_the_data_stand_where_the_variable_says_else_in_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PACKBOURSE_DATA", raising=False)
    assert running.default_data_dir() == TOP / ".data"
    monkeypatch.setattr(running.resources, "checkout", lambda: None)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert running.default_data_dir() == tmp_path / "packbourse"
    monkeypatch.setenv("PACKBOURSE_DATA", str(tmp_path / "here"))
    assert running.default_data_dir() == tmp_path / "here"


def test_an_external_database_is_used_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://elsewhere/packbourse")
    with running.database(tmp_path / "data") as (url, server):
        assert url == "postgresql+psycopg://elsewhere/packbourse"
        assert server is None
    assert not (tmp_path / "data").exists()


def test_reset_stops_the_database_and_removes_the_data(tmp_path: Path) -> None:
    server = embedded.open(tmp_path / "data" / "postgres", durable=False)
    assert running.reset(tmp_path / "data") == 0
    assert not server.is_running()
    assert not (tmp_path / "data").exists()
    assert running.reset(tmp_path / "data") == 0


@contextmanager
def started(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    command = [sys.executable, "-m", "market", "run", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(
        command, cwd=TOP, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until_open(process: subprocess.Popen[str]) -> list[str]:
    """Its lines up to the last of the sign-ins."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if "@" in line:
            return lines
    raise AssertionError("\n".join(lines))


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def counted(data: Path) -> dict[str, int]:
    """How many rows some tables of a running market have."""
    engine = sa.create_engine(embedded.find(data / "postgres").url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            table: connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
            for table in ("organisation", "pack", "auction")
        }


def test_run_opens_the_market_again_as_it_was_left_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    rows: list[dict[str, int]] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with started(tmp_path / "data", port) as process:
            said = until_open(process)
            rows.append(counted(tmp_path / "data"))
            assert answers(port)
            assert f"http://127.0.0.1:{port}/" in "\n".join(said)
            process.send_signal(number)
            rest, _ = process.communicate(timeout=30)
        assert process.returncode == 0, rest
        assert "Traceback" not in "\n".join(said) + rest
        assert not answers(port)
        assert not embedded.find(tmp_path / "data" / "postgres").is_running()
    first, second = rows
    assert first["organisation"] > 0
    assert second == first, "the second start seeds nothing; the fresh sale is still open"


def test_run_starts_again_after_it_was_killed(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path / "data", port) as process:
        until_open(process)
        process.kill()
    deadline = time.monotonic() + 20
    while answers(port) and time.monotonic() < deadline:
        pass
    with started(tmp_path / "data", port) as process:
        until_open(process)
        assert answers(port)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
