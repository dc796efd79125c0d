"""Backups: the database, the uploads and the keys in one folder, and the way back.

``DIR`` holds ``database.dump`` (pg_dump's custom format), ``uploads``, ``keys`` and, written last,
``manifest.json`` with the hash of every file: a folder without it is a backup that broke off.
Whoever can read a backup can sign in the market's name; it is open to its owner alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import orm

import market
from listings import db, embedded
from listings.errors import N_, Conflict, Refused
from market import schema

FORMAT: Final = "packbourse-backup-v1"
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
FOLDERS: Final = ("uploads", "keys")
OWNER_FILE, OWNER_FOLDER = 0o600, 0o700
_PORTION: Final = 1 << 20


class FolderNotEmpty(Refused):
    """A backup is written into a new folder."""

    message = N_("%(folder)s is not empty. Name a new folder for the backup.")


class NotABackup(Refused):
    """The folder holds no complete backup."""

    message = N_("%(folder)s holds no complete backup: its manifest.json is missing or unreadable.")


class BackupDamaged(Refused):
    """A file is missing, changed, or not in the manifest."""

    message = N_("The backup in %(folder)s is damaged: %(file)s is missing or was changed.")


class MarketNotEmpty(Refused):
    """A backup is never restored over another market."""

    message = N_("%(folder)s holds data already. Restore into a new data directory.")


class DatabaseNotEmpty(Refused):
    """The external database has tables."""

    message = N_("The database has tables already. Restore into an empty one.")


class BackupTooNew(Refused):
    """The tables are of a revision that this version does not know."""

    message = N_(
        "The backup is at revision %(found)s, which this version does not know. Use the version "
        "%(version)s or a newer one."
    )


class ProgramFailed(Conflict):
    """PostgreSQL's own program ended with an error."""

    message = N_("%(program)s failed: %(reason)s")


def write(url: str, data_dir: Path, folder: Path, *, at: datetime) -> dict[str, object]:
    """Write a backup into a new or empty folder and tell what it holds (docs/commands/backup.json).

    The database is dumped first: every file that its rows name was in the store before them, so
    that uploads which arrive meanwhile are more than is needed and never less.
    """
    folder = folder.absolute()
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(folder=folder)
    folder.mkdir(mode=OWNER_FOLDER, parents=True, exist_ok=True)
    folder.chmod(OWNER_FOLDER)
    _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={folder / DUMP}")
    for name in FOLDERS:
        _copy(data_dir / name, folder / name)
    _close(folder)
    files = _hashes(folder)
    manifest = {
        "format": FORMAT,
        "version": market.__version__,
        "revision": schema.revision(url),
        "made_at": at.isoformat(),
        "files": files,
    }
    _write_last(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    return {
        "folder": str(folder),
        "version": manifest["version"],
        "revision": manifest["revision"],
        "made_at": manifest["made_at"],
        "files": len(files),
        "bytes": sum((folder / name).stat().st_size for name in files),
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are all there, unchanged, and no others.

    Refuses what is no backup, a damaged one, and one of tables that this version does not know.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        is_ours = manifest["format"] == FORMAT
        files, version = dict(manifest["files"]), str(manifest["version"])
        revision = str(manifest["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        raise NotABackup(folder=folder) from None
    if not is_ours:
        raise NotABackup(folder=folder)
    found = _hashes(folder)
    for name in sorted(found.keys() | files.keys()):
        if found.get(name) != files.get(name):
            raise BackupDamaged(folder=folder, file=name)
    if revision not in schema.known():
        raise BackupTooNew(found=revision, version=version)
    return {"version": version, "revision": revision, "files": files}


def demand_empty(data_dir: Path) -> None:
    """Refuse a data directory that holds anything."""
    if data_dir.exists() and any(data_dir.iterdir()):
        raise MarketNotEmpty(folder=data_dir)


def restore(url: str, data_dir: Path, folder: Path, manifest: dict[str, Any]) -> dict[str, object]:
    """Fill an empty database and an empty data directory, and bring the tables up to date."""
    folder = folder.absolute()
    _demand_no_tables(url)
    _ensure_role(url)
    _run(
        "pg_restore",
        url,
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        str(folder / DUMP),
    )
    for name in FOLDERS:
        _copy(folder / name, data_dir / name)
        _close(data_dir / name)
    schema.upgrade(url)
    return {
        "folder": str(folder),
        "version": manifest["version"],
        "revision": schema.revision(url),
        "files": len(manifest["files"]),
    }


def _demand_no_tables(url: str) -> None:
    engine = db.make_engine(url, role=None, poolclass=sa.NullPool)
    with engine.connect() as connection:
        if sa.inspect(connection).get_table_names():
            raise DatabaseNotEmpty


def _ensure_role(url: str) -> None:
    """The role that the dump grants rights to; it belongs to the server, not to the database."""
    engine = db.make_engine(url, role=None, poolclass=sa.NullPool)
    with orm.Session(engine) as session, session.begin():
        named = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name")
        if session.scalar(named, {"name": db.APP_ROLE}) is None:
            session.execute(sa.text(f'CREATE ROLE "{db.APP_ROLE}" NOLOGIN'))
        session.execute(sa.text(f'GRANT "{db.APP_ROLE}" TO CURRENT_USER'))


def _run(program: str, url: str, *arguments: str) -> None:
    """One of PostgreSQL's programs on the database, the password kept off its command line."""
    target = sa.make_url(url).set(drivername="postgresql")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if target.password is not None:
        environment["PGPASSWORD"] = str(target.password)
    plain = target._replace(password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [embedded.binary(program), f"--dbname={plain}", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProgramFailed(program=program, reason=done.stderr.strip())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=False)
    else:
        target.mkdir(parents=True)


def _close(folder: Path) -> None:
    """Leave a folder and all in it to its owner alone."""
    folder.chmod(OWNER_FOLDER)
    for path in folder.rglob("*"):
        path.chmod(OWNER_FOLDER if path.is_dir() else OWNER_FILE)


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the manifest, by its path in the folder."""
    return {
        path.relative_to(folder).as_posix(): _hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() != MANIFEST
    }


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while portion := stream.read(_PORTION):
            digest.update(portion)
    return digest.hexdigest()


def _write_last(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, "utf-8")
    partial.chmod(OWNER_FILE)
    partial.replace(path)
