"""Every state that the register of types was ever in: an edit adds a revision, none is lost."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db

Change = tuple[str | None, str | None]
"""What stood before, and what stands after; None where nothing did."""


class TypeRevision(db.Base):
    """What the register said of a type from ``recorded_at`` on; ``number`` counts from 1.

    ``values`` are the fields of `pack_types.Rating` and ``maker_id``, numbers as decimal strings.
    The database takes new revisions and changes none.
    """

    __tablename__ = "pack_type_revision"
    __table_args__ = (sa.UniqueConstraint("type_id", "number"),)

    id: Mapped[int] = db.key()
    type_id: Mapped[int] = db.refers("pack_type.id")
    number: Mapped[int] = mapped_column(sa.Integer)
    values: Mapped[db.Facts]
    user_id: Mapped[int | None] = db.refers("person.id", default=None)
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    recorded_at: Mapped[datetime]


def add(
    session: orm.Session,
    type_id: int,
    number: int,
    values: Mapping[str, object],
    *,
    user_id: int,
    organisation_id: int,
    at: datetime,
) -> TypeRevision:
    """Write down what the register says of a type from now on."""
    revision = TypeRevision(
        type_id=type_id,
        number=number,
        values={name: written(value) for name, value in values.items()},
        user_id=user_id,
        organisation_id=organisation_id,
        recorded_at=at,
    )
    session.add(revision)
    return revision


def of(session: orm.Session, type_id: int) -> list[TypeRevision]:
    """The revisions of a type, the newest first."""
    return list(
        session.scalars(
            sa.select(TypeRevision)
            .where(TypeRevision.type_id == type_id)
            .order_by(TypeRevision.number.desc())
        )
    )


def changes(newer: TypeRevision, older: TypeRevision | None) -> dict[str, Change]:
    """The fields in which two revisions differ, by name; of the first one, all that it fills."""
    before = older.values if older is not None else {}
    return {
        name: (before.get(name), value)
        for name, value in newer.values.items()
        if value != before.get(name) and (older is not None or value not in {None, ""})
    }


def written(value: object) -> str | None:
    """A value as a revision keeps it: numbers without trailing zeros, words as they are."""
    if value is None:
        return None
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)
