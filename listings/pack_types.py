"""The register of types: rated values come from here, never from the lister."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal, type_revisions
from listings.errors import N_, Conflict, DomainError, Forbidden, NotFound, Refused, Several
from listings.parties import Acting, Kind, Organisation, OrganisationKind, demand

ENERGY_TOLERANCE = Decimal("0.10")
"""Rated energy may differ by this share from capacity times voltage: nameplates round."""
WRITERS = (Kind.OPERATOR, Kind.BATTERY_MAKER)
SHORTEST_NAME = 2
"""Characters of a trade name that may stand for its maker's registered name."""


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
    """Rated values of one model. Capacity in Ah and voltage in V of the subject itself.

    The row is what the register says now; ``revision`` is the number of its `TypeRevision`.
    ``maker_id`` is the organisation that may edit it beside the operator.
    """

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
    modules_in_series: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    temperature_low_c: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2), default=None)
    temperature_high_c: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2), default=None)
    guide_url: Mapped[str] = mapped_column(default="")
    guide_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    maker_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    revision: Mapped[int] = mapped_column(sa.Integer, default=1)
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


class ModulesUnfit(Refused):
    """More modules than cells in series."""

    message = N_("%(modules)s modules in series cannot hold %(cells)s cells in series.")


class TemperaturesSwapped(Refused):
    """The range of temperature is upside down, or has one end only."""

    message = N_("Give the recommended temperature as a range, the lower value first.")


class NotALink(Refused):
    """A text that no browser opens as a page."""

    message = N_("“%(value)s” is not a link. Begin with https:// or http://.")


class NotYourName(Refused):
    """A battery maker enters a type under a name that is not its own."""

    message = N_(
        "“%(maker)s” is not part of your organisation's registered name. Enter your own types, or "
        "ask the operator to enter this one and to name you as its maker."
    )


class NotAMaker(Refused):
    """The organisation named as maker makes no batteries."""

    message = N_("Choose an approved battery maker.")


class EditedMeanwhile(Conflict):
    """Two people correct the same type at once."""

    message = N_(
        "Somebody else has saved revision %(number)s meanwhile. Open the form again and look at it."
    )


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What the nameplate or datasheet of a type says.

    ``rated_capacity_ah``, ``rated_voltage_v``, ``rated_energy_kwh`` and ``mass_kg`` are those of
    the whole pack, ``cell_rated_capacity_ah`` and the cut-offs those of one cell. ``source`` says
    where the numbers stand. ``modules_in_series`` is None where the type has no modules, or nobody
    knows. The temperatures are the range in which the maker recommends to run it. The guide tells
    how to dismantle it: a link, or an uploaded paper by its SHA-256.
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
    modules_in_series: int | None = None
    temperature_low_c: Decimal | None = None
    temperature_high_c: Decimal | None = None
    guide_url: str = ""
    guide_sha256: str | None = None


def add(
    session: orm.Session,
    acting: Acting,
    *,
    maker: str,
    model: str,
    rating: Rating,
    at: datetime,
    maker_id: int | None = None,
) -> PackType:
    """Enter a type. Only the operator and battery makers do: the lister never rates its own packs.

    ``maker_id`` is the organisation that may edit it, which the operator names; a maker enters its
    own types only. Refuses a type without names or already known, rated values not above 0,
    cut-offs in the wrong order, an energy that differs by over 10 % from capacity times voltage,
    and what the classes above name.
    """
    demand(acting, "register:write", *WRITERS)
    maker, model = maker.strip(), model.strip()
    _demand_named(maker, model)
    check(rating)
    if find(session, maker, model) is not None:
        raise TypeKnown(field="model", maker=maker, model=model)
    maker_id = _maker(session, acting, maker, maker_id)
    entered = PackType(maker=maker, model=model, maker_id=maker_id, created_at=at, **vars(rating))
    session.add(entered)
    session.flush()
    _revise(session, acting, entered, rating, at)
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
    session: orm.Session,
    acting: Acting,
    type_id: int,
    *,
    rating: Rating,
    at: datetime,
    seen: int | None = None,
    maker_id: int | None = None,
) -> PackType:
    """Correct a type's rating in a new revision. Reports keep the one they were made with.

    ``seen`` is the revision that the person was shown, None where nobody was; ``maker_id`` counts
    where the operator acts. Refuses what `add` refuses, anybody but the operator and the type's own
    maker, an edit of an older revision, and `NotFound` for an unknown type. Nothing is written
    where nothing changes.
    """
    demand(acting, "register:write", *WRITERS)
    check(rating)
    found = db.lock(session, PackType, type_id)
    if found is None:
        raise NotFound
    if not may_edit(acting, found):
        raise Forbidden
    if seen is not None and seen != found.revision:
        raise EditedMeanwhile(field="revision", number=found.revision)
    given = vars(rating)
    if acting.is_any(Kind.OPERATOR) and maker_id != found.maker_id and seen is not None:
        given = given | {"maker_id": _maker(session, acting, found.maker, maker_id)}
    changed = {
        name: [str(getattr(found, name)), str(value)]
        for name, value in given.items()
        if getattr(found, name) != value
    }
    if not changed:
        return found
    for name in changed:
        setattr(found, name, given[name])
    found.revision += 1
    _revise(session, acting, found, rating, at)
    journal.record(
        session,
        "pack_type:corrected",
        found,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        changed=changed,
        revision=found.revision,
    )
    return found


def may_edit(acting: Acting, pack_type: PackType) -> bool:
    """Whether the acting organisation is the operator, or the maker that the register names."""
    if acting.is_any(Kind.OPERATOR):
        return True
    return acting.is_any(Kind.BATTERY_MAKER) and pack_type.maker_id == acting.organisation_id


def makers(session: orm.Session) -> list[Organisation]:
    """The approved battery makers, by name: whom the operator may name as a type's maker."""
    return list(
        session.scalars(
            sa.select(Organisation)
            .join(OrganisationKind)
            .where(
                OrganisationKind.kind == Kind.BATTERY_MAKER,
                Organisation.approved_at.is_not(None),
            )
            .order_by(Organisation.name)
        )
    )


def _maker(session: orm.Session, acting: Acting, maker: str, maker_id: int | None) -> int | None:
    """Who may edit the type: whom the operator names, or the maker itself where the name is its."""
    if acting.is_any(Kind.OPERATOR):
        if maker_id is not None and maker_id not in {one.id for one in makers(session)}:
            raise NotAMaker(field="maker_id")
        return maker_id
    own = session.get_one(Organisation, acting.organisation_id)
    same = sa.func.lower(PackType.maker) == maker.lower()
    bearers = set(session.scalars(sa.select(PackType.maker_id).where(same)))
    is_named = len(maker) >= SHORTEST_NAME and any(
        maker.lower() in name.lower() for name in (own.name, own.name_en)
    )
    is_free = is_named and own.approved_at is not None and bearers <= {None, own.id}
    if not is_free and own.id not in bearers:
        raise NotYourName(field="maker", maker=maker)
    return own.id


def _revise(
    session: orm.Session, acting: Acting, entered: PackType, rating: Rating, at: datetime
) -> None:
    type_revisions.add(
        session,
        entered.id,
        entered.revision,
        vars(rating) | {"maker_id": entered.maker_id},
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        at=at,
    )


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
        if isinstance(value, Decimal | int) and value <= 0 and not name.startswith("temperature")
    ]
    if errors:
        raise Several(errors)
    _check_extent(rating)
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


def _check_extent(rating: Rating) -> None:
    low, high = rating.temperature_low_c, rating.temperature_high_c
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        raise TemperaturesSwapped(field="temperature_low_c")
    if rating.modules_in_series is not None and rating.modules_in_series > rating.cells_in_series:
        raise ModulesUnfit(
            field="modules_in_series",
            modules=rating.modules_in_series,
            cells=rating.cells_in_series,
        )
    link = rating.guide_url
    if link and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", link):
        raise NotALink(field="guide_url", value=link)


def _demand_named(maker: str, model: str) -> None:
    errors: list[DomainError] = [
        TypeUnnamed(field=name) for name, value in (("maker", maker), ("model", model)) if not value
    ]
    if errors:
        raise Several(errors)
