"""A seeded market, built once, for the tests that look at all of it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from listings import db
from market import seed

SEEDED_AT = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
_numbers = itertools.count()


@dataclass
class Seeded:
    """A market of its own: its database, its data directory, and what the seeding said."""

    url: str
    data: Path
    at: datetime = SEEDED_AT
    said: tuple[str, ...] = ()

    @contextmanager
    def superuser(self) -> Iterator[orm.Session]:
        """A session past every guard: no triggers, no foreign keys; commits at the end."""
        engine = db.make_engine(self.url, role=None, poolclass=sa.NullPool)
        with orm.Session(engine) as session, session.begin():
            session.execute(sa.text("SET session_replication_role = replica"))
            yield session


@contextmanager
def _copy(source: sa.URL, name: str) -> Iterator[str]:
    admin = sa.create_engine(
        source.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.execute(
            sa.text(f"CREATE DATABASE {name} TEMPLATE {source.database} STRATEGY FILE_COPY")
        )
    yield source.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def seeded_once(template: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """The market as `seed.ensure` leaves it at `SEEDED_AT`; copied, never used itself."""
    data = tmp_path_factory.mktemp("seeded") / "data"
    said: list[str] = []
    with _copy(template, f"seeded_{os.getpid()}") as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PACKBOURSE_DATA", str(data))
        patch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")
        assert seed.ensure(url, at=SEEDED_AT, say=said.append)
        yield Seeded(url, data, said=tuple(said))


@pytest.fixture
def seeded(
    seeded_once: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seeded]:
    """A copy of the seeded market; `db.transaction` writes there."""
    data = tmp_path / "seeded-data"
    shutil.copytree(seeded_once.data, data)
    monkeypatch.setenv("PACKBOURSE_DATA", str(data))
    with _copy(sa.make_url(seeded_once.url), f"seeded_{os.getpid()}_{next(_numbers)}") as url:
        engine = db.connect(url)
        yield Seeded(url, data, said=seeded_once.said)
        engine.dispose()
