from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa

import market
from listings import db, embedded
from market import backup, cli, running, schema, verify

NOW = datetime(2026, 9, 2, 8, 0, tzinfo=UTC)
TOP = Path(__file__).parents[2]


@pytest.fixture
def copy(seeded, tmp_path: Path) -> Path:
    """A backup of the seeded market."""
    told = backup.write(seeded.url, seeded.data, tmp_path / "copy", at=NOW)
    jsonschema.validate(told, json.loads((TOP / "docs/commands/backup.json").read_text()))
    assert told["files"] > 15
    return tmp_path / "copy"


@pytest.fixture
def empty(seeded):
    """The URL of an empty database on the same server."""
    server = sa.make_url(seeded.url)
    name = f"{server.database}_restored"
    admin = sa.create_engine(
        server.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def restored(url: str, data: Path, copy: Path) -> dict[str, object]:
    return backup.restore(url, data, copy, backup.read_manifest(copy))


def test_what_was_restored_is_what_was_there_and_keeps_every_invariant(
    seeded, copy: Path, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "elsewhere"
    told = restored(empty, data, copy)
    assert told["revision"] == schema.head()
    monkeypatch.setenv("PACKBOURSE_DATA", str(data))
    assert schema.check(empty)["differences"] == []
    engine = db.connect(empty)
    try:
        with db.transaction() as session:
            found = verify.verify(session)
            counted = session.scalar(sa.text("SELECT count(*) FROM act"))
    finally:
        engine.dispose()
    assert found["problems"] == []
    with db.make_engine(seeded.url, poolclass=sa.NullPool).connect() as connection:
        assert counted == connection.scalar(sa.text("SELECT count(*) FROM act"))
    for name in backup.FOLDERS:
        before = {p.relative_to(seeded.data): p.read_bytes() for p in (seeded.data / name).rglob("*") if p.is_file()}  # fmt: skip
        after = {p.relative_to(data): p.read_bytes() for p in (data / name).rglob("*") if p.is_file()}  # fmt: skip
        assert after == before != {}


def test_the_restored_database_keeps_its_guards(
    seeded, copy: Path, empty: str, tmp_path: Path
) -> None:
    restored(empty, tmp_path / "elsewhere", copy)
    engine = db.make_engine(empty, poolclass=sa.NullPool)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text("DELETE FROM act"))


def test_only_the_owner_can_read_a_backup_and_the_restored_keys(
    seeded, copy: Path, empty: str, tmp_path: Path
) -> None:
    restored(empty, tmp_path / "elsewhere", copy)
    for path in [copy, *copy.rglob("*"), *(tmp_path / "elsewhere" / "keys").rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_the_manifest_tells_version_revision_and_every_file(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    assert manifest["version"] == market.__version__
    assert manifest["revision"] == schema.head()
    there = {p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file()}
    assert set(manifest["files"]) == there - {"manifest.json"}
    assert "database.dump" in manifest["files"]


def test_a_backup_never_fills_a_folder_that_holds_something(seeded, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(backup.FolderNotEmpty):
        backup.write(seeded.url, seeded.data, tmp_path, at=NOW)


@pytest.mark.parametrize("act", ["changed", "lost", "added"])
def test_a_damaged_backup_is_refused_by_the_name_of_the_file(copy: Path, act: str) -> None:
    path = copy / "database.dump"
    if act == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    elif act == "lost":
        path.unlink()
    else:
        path = copy / "uploads" / "smuggled"
        path.write_text("x")
    with pytest.raises(backup.BackupDamaged) as refused:
        backup.read_manifest(copy)
    assert path.name in str(refused.value)


def test_a_backup_that_broke_off_has_no_manifest_and_is_refused(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    with pytest.raises(backup.NotABackup):
        backup.read_manifest(copy)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "another"}'])
def test_another_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(backup.NotABackup):
        backup.read_manifest(copy)


def test_a_backup_of_a_newer_version_is_refused(copy: Path) -> None:
    path = copy / "manifest.json"
    path.write_text(path.read_text().replace(f'"{schema.head()}"', '"9999"'))
    with pytest.raises(backup.BackupTooNew):
        backup.read_manifest(copy)


def test_a_database_with_tables_and_a_folder_with_files_are_never_restored_over(
    seeded, copy: Path, tmp_path: Path
) -> None:
    with pytest.raises(backup.DatabaseNotEmpty):
        restored(seeded.url, tmp_path / "elsewhere", copy)
    with pytest.raises(backup.MarketNotEmpty):
        backup.demand_empty(seeded.data)
    assert not (tmp_path / "elsewhere").exists()


def test_what_the_program_says_reaches_the_operator(tmp_path: Path) -> None:
    with pytest.raises(backup.ProgramFailed, match="pg_dump"):
        backup._run("pg_dump", f"postgresql://nobody@/none?host={tmp_path}", "--schema-only")


def test_a_backup_restored_on_an_empty_machine_verifies(
    copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the commands alone, into an embedded database that they start and stop."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    data = tmp_path / "machine"
    assert cli.main(["restore", str(copy), "--data", str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, json.loads((TOP / "docs/commands/restore.json").read_text()))
    assert told["verified"] is True
    assert not embedded.find(data / "postgres").is_running()
    assert cli.main(["verify", "--data", str(data)]) == 0
    assert cli.main(["backup", str(tmp_path / "second"), "--data", str(data)]) == 0
    assert cli.main(["restore", str(copy), "--data", str(data)]) == 1
    assert str(data) in capsys.readouterr().err
    running.reset(data)
