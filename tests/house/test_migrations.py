"""Migrations: one head, numbered, clean against the models, down and up again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from listings import db
from market import schema

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


@pytest.fixture
def empty(server: sa.URL) -> str:
    """The URL of a database without a table, dropped at the end."""
    admin = sa.create_engine(
        server.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    name = "migrating"
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def tables(url: str) -> set[str]:
    engine = db.make_engine(url, role=None, poolclass=sa.NullPool)
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_there_is_one_head_and_every_file_bears_its_number():
    scripts = ScriptDirectory.from_config(schema.config(""))
    assert len(scripts.get_heads()) == 1
    names = sorted(path.stem for path in VERSIONS.glob("*.py"))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+", name) for name in names)
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert scripts.get_current_head() == names[-1][:4]


def test_the_migrated_tables_are_those_of_the_models(template):
    found = schema.check(template.render_as_string(hide_password=False))
    assert found["is_current"]
    assert found["differences"] == []


def test_the_database_goes_down_to_nothing_and_up_again(empty):
    schema.upgrade(empty)
    built = tables(empty)
    schema.downgrade(empty, "base")
    assert tables(empty) == set()
    schema.upgrade(empty)
    assert tables(empty) == built
    assert schema.check(empty)["differences"] == []


def test_a_process_waits_neither_for_ever_for_a_lock_nor_for_a_statement(engine):
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "3s"
        assert connection.scalar(sa.text("SHOW statement_timeout")) == "30s"
        assert connection.scalar(sa.text("SELECT current_user")) == db.APP_ROLE


@pytest.mark.parametrize(
    "table", ["act", "bid", "leaf", "posting", "checkpoint", "comparable", "pack_type_revision"]
)
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_history_cannot_be_rewritten_by_the_processes(engine, table, act):
    column = sa.inspect(engine).get_columns(table)[0]["name"]
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission"):
        connection.execute(sa.text(act.format(table, column)))


@pytest.mark.parametrize("table", ["act", "bid", "leaf", "posting"])
def test_history_cannot_be_rewritten_by_the_owner_without_removing_the_trigger(template, table):
    owner = sa.create_engine(template, poolclass=sa.NullPool)
    with owner.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
        connection.execute(sa.text(f"TRUNCATE {table} CASCADE"))
