"""The database: one dialect (PostgreSQL), one way to write, one order of locks."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar, dataclass_transform

import sqlalchemy as sa
from psycopg import errors as pg
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB

from listings.errors import Busy, Conflict

APP_ROLE = "packbourse_app"
LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 30_000
# What is made scarcer is locked in this order, so that two transactions never wait in a circle.
LOCK_ORDER = ("auction", "lot", "pack", "handover", "account", "log")

Facts = dict[str, Any]


def key(*, init: Literal[False] = False) -> orm.MappedColumn[int]:
    """A bigint identity primary key."""
    return orm.mapped_column(sa.BigInteger, sa.Identity(), primary_key=True, init=init)


def refers(target: str, *, index: bool = True, **more: Any) -> orm.MappedColumn[Any]:
    """A foreign key that is never deleted under its row."""
    return orm.mapped_column(sa.ForeignKey(target, ondelete="RESTRICT"), index=index, **more)


def choice(
    kinds: type[enum.StrEnum],
    *,
    check: str | None = None,
    **more: Any,
) -> orm.MappedColumn[Any]:
    """A word of a closed set, kept as text with a check named after the set or ``check``."""
    words = sa.Enum(
        kinds,
        native_enum=False,
        length=40,
        create_constraint=True,
        name=check or kinds.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )
    return orm.mapped_column(words, **more)


@dataclass_transform(
    kw_only_default=True,
    field_specifiers=(orm.mapped_column, orm.relationship, key, refers, choice),
)
class Base(orm.MappedAsDataclass, orm.DeclarativeBase, kw_only=True):
    """A row. Constraint names are fixed so that refusals and migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012 - the name and form the ORM reads
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        int: sa.BigInteger,
        Facts: JSONB,
        list[Facts]: JSONB,
        list[str]: JSONB,
        bytes: sa.LargeBinary,
    }


class LockOrderViolated(AssertionError):
    """A lock was taken before one that stands earlier in ``LOCK_ORDER``."""


_sessions: orm.sessionmaker[orm.Session] | None = None


def make_engine(url: str, *, role: str | None = APP_ROLE, **more: Any) -> sa.Engine:
    """An engine whose connections take ``role``, UTC and the lock and statement timeouts."""
    options = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    target = sa.make_url(url)
    if target.drivername in {"postgres", "postgresql"}:
        target = target.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        target,
        connect_args={"options": f"{options} -c timezone=UTC -c jit=off"},
        **more,
    )
    if role is not None:

        @sa.event.listens_for(engine, "connect")
        def take_role(connection: Any, _record: object) -> None:
            connection.execute(f'SET ROLE "{role}"')
            connection.commit()

    return engine


def connect(url: str) -> sa.Engine:
    """Bind this process to a database; `transaction` opens its sessions there from now on."""
    global _sessions  # noqa: PLW0603 - one process, one database
    engine = make_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
    _sessions = orm.sessionmaker(engine, expire_on_commit=False)
    return engine


@contextmanager
def transaction() -> Iterator[orm.Session]:
    """The one write transaction of a request, a job or a command: commits at the end or not at all.

    A lock that is not to be had in time becomes `Busy`, a lost race on a constraint `Conflict`.
    """
    if _sessions is None:
        raise RuntimeError("db.connect(url) comes first")
    try:
        with _sessions() as session, session.begin():
            yield session
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, pg.LockNotAvailable | pg.DeadlockDetected | pg.QueryCanceled):
            raise Busy from error
        raise
    except sa.exc.IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation | pg.ExclusionViolation):
            raise Conflict from error
        raise


def note_lock(session: orm.Session, name: str) -> None:
    """Remember that a lock of this name is held; refuses one that comes out of order."""
    rank = LOCK_ORDER.index(name)
    transaction = session.get_transaction()
    owner, names = session.info.get("locks", (None, ()))
    held: list[str] = names if owner is transaction else []
    if any(LOCK_ORDER.index(other) > rank for other in held):
        raise LockOrderViolated(f"{name} after {', '.join(held)}")
    session.info["locks"] = (transaction, [*held, name])


Row = TypeVar("Row", bound=Base)


def lock(session: orm.Session, row_type: type[Row], ident: Any) -> Row | None:
    """The row, locked for this transaction and read anew, or None where there is none."""
    name = row_type.__tablename__
    if name in LOCK_ORDER:
        note_lock(session, name)
    return session.get(row_type, ident, with_for_update=True, populate_existing=True)


def lock_all(session: orm.Session, row_type: type[Row], idents: list[int]) -> list[Row]:
    """Several rows of one table, locked in the order of their keys and read anew."""
    name = row_type.__tablename__
    if name in LOCK_ORDER:
        note_lock(session, name)
    column = sa.inspect(row_type).primary_key[0]
    rows = sa.select(row_type).where(column.in_(idents)).order_by(column).with_for_update()
    return list(session.scalars(rows, execution_options={"populate_existing": True}))
