"""The register of types: rated values come from here, never from the lister."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, DomainError, NotFound, Refused, Several
from listings.parties import Acting, Kind, demand

ENERGY_TOLERANCE = Decimal("0.10")
"""Rated energy may differ by this share from capacity times voltage: nameplates round."""


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


class TypeUnnamed(Refused):
    """A type is known by its maker and its model."""

    message = N_("Fill in this field: a type is known by its maker and its model.")


class TypeKnown(Conflict):
    """The register has this type."""

    message = N_("%(maker)s %(model)s is already in the register of pack types.")


class RatedNotPositive(Refused):
    """A rated value of zero or less."""

    message = N_("A rated value must be above 0, and %(value)s is not.")


class CutoffsSwapped(Refused):
    """The lower cut-off is not below the upper one."""

    message = N_("The lower cut-off of %(low)s V must be below the upper one of %(high)s V.")


class EnergyImplausible(Refused):
    """Rated energy, capacity and voltage do not fit each other."""

    message = N_(
        "%(ah)s Ah at %(volts)s V are %(expected)s kWh, but the rated energy says %(energy)s kWh. "
        "Compare the nameplate."
    )


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What the nameplate or datasheet of a type says.

    ``rated_capacity_ah``, ``rated_voltage_v``, ``rated_energy_kwh`` and ``mass_kg`` are those of
    the whole pack, ``cell_rated_capacity_ah`` and the cut-offs those of one cell. ``source`` says
    where the numbers stand.
    """

    chemistry: Chemistry
    rated_capacity_ah: Decimal
    rated_voltage_v: Decimal
    rated_energy_kwh: Decimal
    mass_kg: Decimal
    cell_rated_capacity_ah: Decimal
    lower_cutoff_v: Decimal
    upper_cutoff_v: Decimal
    cells_in_series: int = 1
    cells_in_parallel: int = 1
    design_year: int | None = None
    source: str = ""


def add(
    session: orm.Session, acting: Acting, *, maker: str, model: str, rating: Rating, at: datetime
) -> PackType:
    """Enter a type. Only the operator and battery makers do: the lister never rates its own packs.

    Refuses a type without names or already known, rated values not above 0, cut-offs in the wrong
    order, and an energy that differs by over 10 % from capacity times voltage.
    """
    demand(acting, "register:write", Kind.OPERATOR, Kind.BATTERY_MAKER)
    maker, model = maker.strip(), model.strip()
    _demand_named(maker, model)
    check(rating)
    if find(session, maker, model) is not None:
        raise TypeKnown(field="model", maker=maker, model=model)
    entered = PackType(maker=maker, model=model, created_at=at, **vars(rating))
    session.add(entered)
    journal.record(
        session,
        "pack_type:added",
        entered,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
    )
    return entered


def correct(
    session: orm.Session, acting: Acting, type_id: int, *, rating: Rating, at: datetime
) -> PackType:
    """Correct a type's rating. Reports keep the rated value they were made with.

    Refuses what `add` refuses, and `NotFound` for an unknown type. The journal keeps each value
    that changed, before and after.
    """
    demand(acting, "register:write", Kind.OPERATOR, Kind.BATTERY_MAKER)
    check(rating)
    found = db.lock(session, PackType, type_id)
    if found is None:
        raise NotFound
    changed = {
        name: [str(getattr(found, name)), str(value)]
        for name, value in vars(rating).items()
        if getattr(found, name) != value
    }
    for name in changed:
        setattr(found, name, getattr(rating, name))
    journal.record(
        session,
        "pack_type:corrected",
        found,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        changed=changed,
    )
    return found


def find(session: orm.Session, maker: str, model: str) -> PackType | None:
    """The type of a maker by its model, whatever the case of the letters, or None."""
    return session.scalar(
        sa.select(PackType).where(
            sa.func.lower(PackType.maker) == maker.strip().lower(),
            sa.func.lower(PackType.model) == model.strip().lower(),
        )
    )


def check(rating: Rating) -> None:
    """Refuse a rating that cannot be, naming every field that is wrong."""
    errors: list[DomainError] = [
        RatedNotPositive(field=name, value=value)
        for name, value in vars(rating).items()
        if isinstance(value, Decimal | int) and value <= 0
    ]
    if errors:
        raise Several(errors)
    if rating.lower_cutoff_v >= rating.upper_cutoff_v:
        raise CutoffsSwapped(
            field="lower_cutoff_v", low=rating.lower_cutoff_v, high=rating.upper_cutoff_v
        )
    expected = rating.rated_capacity_ah * rating.rated_voltage_v / 1000
    if abs(rating.rated_energy_kwh - expected) > expected * ENERGY_TOLERANCE:
        raise EnergyImplausible(
            field="rated_energy_kwh",
            ah=rating.rated_capacity_ah,
            volts=rating.rated_voltage_v,
            expected=f"{expected:.2f}",
            energy=rating.rated_energy_kwh,
        )


def _demand_named(maker: str, model: str) -> None:
    errors: list[DomainError] = [
        TypeUnnamed(field=name) for name, value in (("maker", maker), ("model", model)) if not value
    ]
    if errors:
        raise Several(errors)


def search(session: orm.Session, wanted: str = "") -> list[PackType]:
    """Types whose maker or model holds the text, by maker and model."""
    query = sa.select(PackType).order_by(PackType.maker, PackType.model)
    if wanted:
        query = query.where(
            sa.or_(
                PackType.maker.icontains(wanted, autoescape=True),
                PackType.model.icontains(wanted, autoescape=True),
            )
        )
    return list(session.scalars(query))
