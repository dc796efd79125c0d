"""A real PostgreSQL for every test: one server a process, one migrated template, cheap copies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from copies import copied
from hypothesis import settings
from make import Make
from sqlalchemy import orm

from listings import db, words
from market import schema

settings.register_profile("packbourse", deadline=None, max_examples=60)
settings.load_profile("packbourse")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Sentences are English in each test until it speaks otherwise, whatever ran before it."""
    with words.speaking("en"):
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real files that stands beside the project, where it is there."""
    if not (SHARED / "data").is_dir():
        pytest.skip("../shared/data is not here: real files are not tested")
    return SHARED / "data"


@pytest.fixture(scope="session")
def server() -> Iterator[sa.URL]:
    """A PostgreSQL server: TEST_DATABASE_URL, else an embedded one that ends with the tests."""
    external = os.environ.get("TEST_DATABASE_URL")
    if external:
        yield sa.make_url(external)
        return
    from listings import embedded

    with tempfile.TemporaryDirectory(prefix="pbtest-", ignore_cleanup_errors=True) as folder:
        started = embedded.open(Path(folder) / "pg", durable=False)
        try:
            yield sa.make_url(started.url)
        finally:
            started.stop()


@pytest.fixture(scope="session")
def template(server: sa.URL) -> Iterator[sa.URL]:
    """A database built by the migrations, to be copied."""
    name = f"template_{os.getpid()}"
    admin = sa.create_engine(
        server.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = server.set(database=name)
    schema.upgrade(url.render_as_string(hide_password=False))
    yield url
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
def database(template: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a fresh database for tests that commit; `db.transaction` writes there."""
    monkeypatch.setenv("PACKBOURSE_DATA", str(tmp_path / "data"))
    with copied(template) as url:
        engine = db.connect(url)
        yield url
        engine.dispose()


@pytest.fixture(scope="session")
def engine(template: sa.URL) -> Iterator[sa.Engine]:
    """Connections to one copy for all tests that roll back."""
    with copied(template) as url:
        engine = db.make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[orm.Session]:
    """A session whose work is rolled back at the end."""
    monkeypatch.setenv("PACKBOURSE_DATA", str(tmp_path / "data"))
    with engine.connect() as connection:
        outer = connection.begin()
        with orm.Session(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            yield session
        outer.rollback()


@pytest.fixture
def make(session: orm.Session) -> Make:
    """Rows for tests, made directly in the test's own session."""
    return Make(session)
