"""Cheap copies of the migrated template database.

A module of its own: pytest loads a conftest.py under a name nobody can import, so what is imported
from one would count its copies a second time.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

_copies = itertools.count()


@contextmanager
def copied(template: sa.URL) -> Iterator[str]:
    """A copy of the template, by its URL, dropped at the end."""
    name = f"copy_{os.getpid()}_{next(_copies)}"
    admin = sa.create_engine(
        template.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.execute(
            sa.text(f"CREATE DATABASE {name} TEMPLATE {template.database} STRATEGY FILE_COPY")
        )
    yield template.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
