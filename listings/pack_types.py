"""The register of types: rated values come from here, never from the lister."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Chemistry(enum.StrEnum):
    """Cathode chemistry; ``ternary`` where the grade of nickel is not known."""

    LFP = "LFP"
    NMC111 = "NMC111"
    NMC532 = "NMC532"
    NMC622 = "NMC622"
    NMC811 = "NMC811"
    NCA = "NCA"
    LMO = "LMO"
    LCO = "LCO"
    LTO = "LTO"
    TERNARY = "ternary"
    OTHER = "other"


class PackType(db.Base):
    """Rated values of one model. Capacity in Ah and voltage in V of the subject itself."""

    __tablename__ = "pack_type"
    __table_args__ = (
        sa.UniqueConstraint("maker", "model"),
        sa.CheckConstraint("rated_capacity_ah > 0 AND rated_voltage_v > 0", name="rated"),
        sa.CheckConstraint("lower_cutoff_v < upper_cutoff_v", name="cutoffs"),
    )

    id: Mapped[int] = db.key()
    maker: Mapped[str]
    model: Mapped[str]
    chemistry: Mapped[Chemistry] = db.choice(Chemistry)
    rated_capacity_ah: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    rated_voltage_v: Mapped[Decimal] = mapped_column(sa.Numeric(10, 3))
    rated_energy_kwh: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    mass_kg: Mapped[Decimal] = mapped_column(sa.Numeric(12, 3))
    cell_rated_capacity_ah: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    lower_cutoff_v: Mapped[Decimal] = mapped_column(sa.Numeric(8, 4))
    upper_cutoff_v: Mapped[Decimal] = mapped_column(sa.Numeric(8, 4))
    cells_in_series: Mapped[int] = mapped_column(sa.Integer, default=1)
    cells_in_parallel: Mapped[int] = mapped_column(sa.Integer, default=1)
    design_year: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    source: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
