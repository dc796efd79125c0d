from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from listings import accounts, embedded

TOP = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other accounts can walk through, as a checkout in /srv would be."""
    path = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def private(folder: Path) -> Path:
    """A folder closed to everybody else, as a home directory is."""
    path = folder / "home"
    path.mkdir(mode=0o700)
    return path


def ask(server: embedded.Server, query: str) -> object:
    with psycopg.connect(
        host=str(server.socket_dir), port=5432, user="postgres", dbname="packbourse"
    ) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def stats(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    every = {parent for path in paths for parent in (path, *path.parents)}
    return {path: (s.st_mode, s.st_uid, s.st_gid) for path in every for s in [path.stat()]}


def test_a_new_data_directory_becomes_a_utf8_database_that_stops_cleanly(folder: Path) -> None:
    server = embedded.find(folder / "pg", durable=False)
    assert not server.is_running()
    server.start()
    try:
        assert server.is_running()
        assert server.is_owner
        assert str(ask(server, "SHOW server_version")).startswith("18.")
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SHOW jit") == "off"
        assert ask(server, "SHOW fsync") == "off"
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SELECT datlocprovider = 'b' FROM pg_database LIMIT 1") is True
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
    assert not server.is_running()


def test_a_durable_database_waits_for_the_disk_and_keeps_its_rows(folder: Path) -> None:
    server = embedded.find(folder / "pg")
    server.start()
    assert ask(server, "SHOW fsync") == "on"
    ask(server, "WITH t AS (SELECT 1) SELECT 1 FROM t")
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    again = embedded.open(folder / "pg")
    try:
        assert ask(again, "SELECT n FROM kept") == 7
    finally:
        again.stop()


@pytest.mark.parametrize("place", ["folder", "private"])
def test_no_mode_or_owner_outside_the_data_directory_changes(
    place: str, request: pytest.FixtureRequest
) -> None:
    where: Path = request.getfixturevalue(place)
    before = stats(where, TOP / ".venv", Path(sys.prefix), embedded.binary("postgres"))
    server = embedded.find(where / "pg", durable=False)
    server.start()
    server.stop()
    assert stats(*before) == before
    assert sorted(entry.name for entry in where.iterdir() if entry.name != "home") == ["pg"]


def test_a_long_path_gets_a_short_socket_folder_that_goes_with_the_server(folder: Path) -> None:
    server = embedded.find(folder / ("x" * 120) / "pg", durable=False)
    server.start()
    sockets = server.socket_dir
    try:
        assert len(os.fsencode(sockets)) <= embedded.LONGEST_SOCKET_DIR
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert embedded.find(server.data_dir).socket_dir == sockets
        assert ask(server, "SELECT 1") == 1
    finally:
        server.stop()
    assert not sockets.exists()


def test_a_server_in_use_is_used_too_and_left_running(folder: Path) -> None:
    first = embedded.find(folder / "pg", durable=False)
    first.start()
    try:
        second = embedded.open(folder / "pg")
        assert not second.is_owner
        assert second.url == first.url
        second.stop()
        assert first.is_running()
    finally:
        first.stop()


def start_and_die(data_dir: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from listings import embedded;"
        "embedded.open(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, data_dir], cwd=TOP, check=False)
    assert done.returncode == -9


def test_a_server_whose_starter_was_killed_is_taken_over_and_stopped(folder: Path) -> None:
    start_and_die(folder / "pg")
    server = embedded.find(folder / "pg", durable=False)
    assert server.is_running()
    server.start()
    assert server.is_owner
    assert ask(server, "SHOW fsync") == "off"
    server.stop()
    assert not server.is_running()


def test_the_next_start_recovers_from_a_killed_server(folder: Path) -> None:
    start_and_die(folder / "pg")
    pid_file = folder / "pg" / "cluster" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), 9)
    server = embedded.find(folder / "pg", durable=False)
    server.start()
    try:
        assert ask(server, "SELECT 1") == 1
    finally:
        server.stop()


def test_left_lock_files_that_name_a_living_stranger_do_not_stop_the_start(
    private: Path,
) -> None:
    server = embedded.find(private / "pg", durable=False)
    server.start()
    pid_file = server.cluster / "postmaster.pid"
    socket_lock = server.socket_dir / ".s.PGSQL.5432.lock"
    left = {path: path.read_text().splitlines()[1:] for path in (pid_file, socket_lock)}
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for path, lines in left.items():
            path.write_text("\n".join([str(stranger.pid), *lines]) + "\n")
        try:
            server.start()
            assert ask(server, "SELECT 1") == 1
            server.stop()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_the_short_socket_folder_of_a_killed_server_is_removed(folder: Path) -> None:
    data_dir = folder / ("x" * 120) / "pg"
    start_and_die(data_dir)
    server = embedded.find(data_dir, durable=False)
    left = server.socket_dir
    os.kill(int((server.cluster / "postmaster.pid").read_text().split()[0]), 9)
    server.start()
    try:
        assert server.socket_dir != left
        assert not left.exists()
    finally:
        server.stop()


def test_another_major_version_is_refused_and_not_touched(folder: Path) -> None:
    cluster = folder / "pg" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("17\n")
    before = stats(cluster, cluster / "PG_VERSION")
    with pytest.raises(embedded.OtherMajorVersion, match=r"PostgreSQL 17 .*packbourse backup"):
        embedded.open(folder / "pg")
    assert stats(*before) == before
    assert [path.name for path in (folder / "pg").rglob("*")] == ["cluster", "PG_VERSION"]


def test_a_folder_with_other_files_is_refused(folder: Path) -> None:
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(embedded.NotADataDirectory, match="holds other files"):
        embedded.open(folder)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_an_initialisation_broken_off_half_way_is_begun_anew(folder: Path) -> None:
    (folder / "pg" / "cluster.new").mkdir(parents=True)
    (folder / "pg" / "cluster.new" / "PG_VERSION").write_text("18\n")
    server = embedded.find(folder / "pg", durable=False)
    server.start()
    server.stop()
    assert not (folder / "pg" / "cluster.new").exists()


def test_variables_of_the_callers_postgresql_do_not_lead_it_astray(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    server = embedded.find(folder / "pg", durable=False)
    server.start()
    try:
        with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
            assert connection.info.dbname == "packbourse"
    finally:
        server.stop()


def test_root_runs_it_as_nobody_where_that_account_reaches_everything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(accounts.Account, "can_run", lambda self, program: True)
    account = accounts.choose(folder, Path("postgres"))
    assert account.changes
    assert account.uid in {pwd.getpwnam("nobody").pw_uid, folder.stat().st_uid} - {0}


def test_root_in_a_private_home_runs_it_inside_a_user_namespace(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(accounts.Account, "can_run", lambda self, program: bool(self.prefix))
    account = accounts.choose(private / "..", Path("postgres"))
    assert account.prefix[:2] == ("unshare", "--user")
    assert not account.changes


def test_root_without_either_way_is_asked_for_a_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(accounts.Account, "can_run", lambda self, program: False)
    with pytest.raises(accounts.NoUnprivilegedAccount, match="DATABASE_URL"):
        accounts.choose(folder, Path("postgres"))
