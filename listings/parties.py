"""Organisations, what they are, who acts for them, and what each role may do."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import Forbidden


class Nature(enum.StrEnum):
    """Who owns the enterprise (企业性质)."""

    STATE = "state"
    COLLECTIVE = "collective"
    PRIVATE = "private"
    FOREIGN = "foreign"


class Kind(enum.StrEnum):
    """What an organisation is. What it may hold or receive stands in its licences."""

    FLEET_OWNER = "fleet_owner"
    VEHICLE_MAKER = "vehicle_maker"
    BATTERY_MAKER = "battery_maker"
    DISMANTLER = "dismantler"
    REPAIR_SHOP = "repair_shop"
    SWAP_OPERATOR = "swap_operator"
    SECOND_LIFE = "second_life"
    REGENERATION = "regeneration"
    OUTLET = "outlet"
    LAB = "lab"
    VALUER = "valuer"
    APPRAISER = "appraiser"
    CARRIER = "carrier"
    REGULATOR = "regulator"
    OPERATOR = "operator"


class Role(enum.StrEnum):
    """What a person does for an organisation."""

    ADMIN = "admin"
    CLERK = "clerk"
    TRADER = "trader"
    APPROVER = "approver"
    SIGNER = "signer"
    VIEWER = "viewer"


_EVERY_WRITER = frozenset(Role) - {Role.VIEWER}
# What a role may do for its own organisation. Which organisation may do it at all is asked of
# its kinds, its licences and the row itself by the domain function.
ACTS: dict[str, frozenset[Role]] = {
    "organisation:manage": frozenset({Role.ADMIN}),
    "licence:submit": frozenset({Role.ADMIN, Role.CLERK}),
    "register:write": frozenset({Role.ADMIN, Role.CLERK}),
    "report:write": frozenset({Role.ADMIN, Role.CLERK, Role.SIGNER}),
    "lot:write": frozenset({Role.ADMIN, Role.CLERK, Role.TRADER}),
    "lot:publish": frozenset({Role.ADMIN, Role.TRADER}),
    "bid:prepare": frozenset({Role.ADMIN, Role.CLERK, Role.TRADER, Role.APPROVER}),
    "bid:place": frozenset({Role.ADMIN, Role.TRADER, Role.APPROVER}),
    "bid:approve": frozenset({Role.ADMIN, Role.APPROVER}),
    "contract:sign": frozenset({Role.ADMIN, Role.SIGNER}),
    "bank:record": frozenset({Role.ADMIN, Role.CLERK}),
    "bank:confirm": frozenset({Role.ADMIN, Role.APPROVER}),
    "invoice:write": frozenset({Role.ADMIN, Role.CLERK}),
    "guide:write": frozenset({Role.ADMIN, Role.CLERK}),
    "guide:approve": frozenset({Role.ADMIN, Role.APPROVER}),
    "handover:write": _EVERY_WRITER,
    "handover:sign": frozenset({Role.ADMIN, Role.SIGNER}),
    "operator:decide": frozenset({Role.ADMIN, Role.APPROVER}),
}


class Organisation(db.Base):
    """A party to trades and handovers, known by its unified social credit code."""

    __tablename__ = "organisation"

    id: Mapped[int] = db.key()
    name: Mapped[str]
    credit_code: Mapped[str] = mapped_column(unique=True)
    nature: Mapped[Nature] = db.choice(Nature)
    province: Mapped[str]
    city: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    name_en: Mapped[str] = mapped_column(default="")
    bank_name: Mapped[str] = mapped_column(default="")
    bank_account: Mapped[str] = mapped_column(default="")
    regulator_level: Mapped[str] = mapped_column(default="")
    regulator_department: Mapped[str] = mapped_column(default="")
    accreditation_number: Mapped[str] = mapped_column(default="")
    accreditation_scope: Mapped[str] = mapped_column(default="")
    accreditation_until: Mapped[datetime | None] = mapped_column(default=None)
    has_four_eyes: Mapped[bool] = mapped_column(default=False)
    parent_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    created_at: Mapped[datetime]
    approved_at: Mapped[datetime | None] = mapped_column(default=None)

    kind_rows: Mapped[list[OrganisationKind]] = orm.relationship(
        default_factory=list,
        lazy="selectin",
        cascade="all, delete-orphan",
    )

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it is, as a set."""
        return frozenset(row.kind for row in self.kind_rows)


class OrganisationKind(db.Base):
    """One of the kinds of an organisation."""

    __tablename__ = "organisation_kind"

    organisation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("organisation.id"),
        primary_key=True,
        init=False,
    )
    kind: Mapped[Kind] = db.choice(Kind, primary_key=True)


class Membership(db.Base):
    """A person acts for an organisation in a role. Ended, never deleted."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.Index(
            "uq_membership_standing",
            "user_id",
            "organisation_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    user_id: Mapped[int] = db.refers("person.id")
    organisation_id: Mapped[int] = db.refers("organisation.id")
    role: Mapped[Role] = db.choice(Role)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    organisation: Mapped[Organisation] = orm.relationship(init=False, lazy="joined")


@dataclass(frozen=True, slots=True)
class Acting:
    """One person acting for one organisation in one role: who does what a function is asked."""

    user_id: int
    organisation_id: int
    role: Role
    kinds: frozenset[Kind] = field(default_factory=frozenset)

    def is_any(self, *kinds: Kind) -> bool:
        """Whether the organisation is of one of these kinds."""
        return not self.kinds.isdisjoint(kinds)


def may(acting: Acting | None, act: str) -> bool:
    """Whether the role allows the act for its own organisation (``ACTS``)."""
    return acting is not None and acting.role in ACTS[act]


def demand(acting: Acting | None, act: str, *kinds: Kind) -> Acting:
    """The acting person; `Forbidden` where role or kind of organisation does not allow the act."""
    if acting is None or not may(acting, act) or (kinds and not acting.is_any(*kinds)):
        raise Forbidden
    return acting


def acting_for(session: orm.Session, user_id: int, organisation_id: int) -> Acting | None:
    """The standing membership of a person in an organisation as `Acting`, or None."""
    membership = session.scalar(
        sa.select(Membership).where(
            Membership.user_id == user_id,
            Membership.organisation_id == organisation_id,
            Membership.ended_at.is_(None),
        ),
    )
    if membership is None:
        return None
    return Acting(user_id, organisation_id, membership.role, membership.organisation.kinds)
