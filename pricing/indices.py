"""Dated index values: metals, salts, new cells, exchange rates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class IndexValue(db.Base):
    """What one material cost on one day, with its basis, unit, tax basis and source.

    A correction is a new row that supersedes; ``is_held`` waits for a person to look at it.
    """

    __tablename__ = "index_value"
    __table_args__ = (
        sa.CheckConstraint("value > 0", name="positive"),
        sa.Index(
            "uq_index_value_standing",
            "series",
            "on_date",
            unique=True,
            postgresql_where=sa.text("superseded_by_id IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    series: Mapped[str] = mapped_column(index=True)
    on_date: Mapped[date]
    value: Mapped[Decimal] = mapped_column(sa.Numeric(20, 6))
    basis: Mapped[str]
    unit: Mapped[str]
    currency: Mapped[str] = mapped_column(default="CNY")
    is_tax_included: Mapped[bool]
    source: Mapped[str]
    is_held: Mapped[bool] = mapped_column(default=False)
    entered_by: Mapped[int | None] = db.refers("person.id", default=None)
    entered_at: Mapped[datetime]
    superseded_by_id: Mapped[int | None] = db.refers("index_value.id", default=None)
