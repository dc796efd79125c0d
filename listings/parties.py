"""Organisations, what they are, who acts for them, and what each role may do."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal, names, provinces
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.identity import uscc
from listings.users import User


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


# Anybody may register as one of these; what they see of others, or sign for others to rely on,
# waits for the operator's approval.
TRUSTED = frozenset(
    {Kind.REGULATOR, Kind.LAB, Kind.VALUER, Kind.APPRAISER, Kind.CARRIER, Kind.OPERATOR}
)


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
    "submission:write": frozenset({Role.ADMIN, Role.CLERK, Role.TRADER}),
    "comment:write": frozenset({Role.ADMIN, Role.CLERK, Role.TRADER, Role.APPROVER}),
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
    def called(self) -> str:
        """Its name in the reader's language (`names.called`)."""
        return names.called(self.name, self.name_en)

    @property
    def in_full(self) -> str:
        """Its registered name, in English with the English one beside it (`names.in_full`)."""
        return names.in_full(self.name, self.name_en)

    @property
    def names(self) -> dict[str, str]:
        """Both names, for a notice that is read later (`names.kept`)."""
        return names.kept(self.name, self.name_en)

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it says it is, as a set."""
        return frozenset(row.kind for row in self.kind_rows)

    @property
    def effective_kinds(self) -> frozenset[Kind]:
        """What it may act as: a kind that others rely on (``TRUSTED``) only once approved."""
        return self.kinds if self.approved_at is not None else self.kinds - TRUSTED


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
    return Acting(
        user_id, organisation_id, membership.role, membership.organisation.effective_kinds
    )


class OrganisationNameMissing(Refused):
    """An organisation without a name, or with an endless one."""

    message = N_("Enter the organisation's registered name, of at most 200 characters.")


class KindMissing(Refused):
    """Nothing says what the organisation is."""

    message = N_("Say at least one thing that the organisation is.")


class CreditCodeTaken(Conflict):
    """The organisation is here already."""

    message = N_("An organisation with the credit code %(code)s is registered already.")


class OperatorExists(Conflict):
    """A marketplace has one operator."""

    message = N_("This marketplace has its operator already.")


class AlreadyApproved(Conflict):
    """Somebody approved it before."""

    message = N_("%(organisation)s is approved already.")


class NotApproved(Refused):
    """The operator has not looked at the organisation yet."""

    message = N_(
        "The operator has not approved %(organisation)s yet. Until then it can neither publish "
        "a sale nor bid."
    )


class AlreadyMember(Conflict):
    """The person acts for the organisation already."""

    message = N_("This person acts for the organisation already.")


def found(
    session: orm.Session,
    *,
    name: str,
    credit_code: str,
    nature: Nature,
    province: str,
    kinds: Iterable[Kind],
    at: datetime,
    **more: Any,
) -> Organisation:
    """A new organisation, not yet approved; ``more`` are further columns of `Organisation`.

    The first operator approves itself, because nobody stands above it; a second is refused, and so
    are a malformed or taken credit code, an unknown province, no name and no kind.
    """
    chosen = sorted(set(kinds))
    if not 0 < len(name.strip()) <= 200:  # noqa: PLR2004 - said in the sentence
        raise OrganisationNameMissing(field="name")
    if not chosen:
        raise KindMissing(field="kinds")
    code = uscc.validate(credit_code, field="credit_code")
    if session.scalar(sa.select(Organisation.id).where(Organisation.credit_code == code)):
        raise CreditCodeTaken(field="credit_code", code=code)
    if Kind.OPERATOR in chosen and _operator(session) is not None:
        raise OperatorExists(field="kinds")
    organisation = Organisation(
        name=name.strip(),
        credit_code=code,
        nature=nature,
        province=provinces.find(province),
        created_at=at,
        approved_at=at if Kind.OPERATOR in chosen else None,
        kind_rows=[OrganisationKind(kind=kind) for kind in chosen],
        **more,
    )
    session.add(organisation)
    journal.record(session, "organisation:founded", organisation, at=at, kinds=chosen)
    return organisation


def _operator(session: orm.Session) -> Organisation | None:
    operators = sa.select(Organisation).join(OrganisationKind)
    return session.scalar(operators.where(OrganisationKind.kind == Kind.OPERATOR))


def operator(session: orm.Session) -> Organisation:
    """The organisation that runs this marketplace; `NotFound` before it was founded."""
    found = _operator(session)
    if found is None:
        raise NotFound
    return found


def approve(
    session: orm.Session, acting: Acting, organisation_id: int, *, at: datetime
) -> Organisation:
    """The operator lets an organisation publish and bid."""
    acting = demand(acting, "operator:decide", Kind.OPERATOR)
    organisation = db.lock(session, Organisation, organisation_id)
    if organisation is None:
        raise NotFound
    if organisation.approved_at is not None:
        raise AlreadyApproved(organisation=organisation.called)
    organisation.approved_at = at
    journal.record(session, "organisation:approved", organisation, at=at, **by(acting))
    return organisation


def demand_approved(session: orm.Session, organisation_id: int) -> None:
    """Refuses an organisation that the operator has not approved."""
    organisation = session.get_one(Organisation, organisation_id)
    if organisation.approved_at is None:
        raise NotApproved(organisation=organisation.called)


def join(
    session: orm.Session, user_id: int, organisation_id: int, role: Role, *, at: datetime
) -> Membership:
    """A person begins to act for an organisation; refuses one who does already."""
    if acting_for(session, user_id, organisation_id) is not None:
        raise AlreadyMember(field="email")
    membership = Membership(user_id=user_id, organisation_id=organisation_id, role=role, since=at)
    session.add(membership)
    journal.record(
        session,
        "membership:began",
        membership,
        at=at,
        user_id=user_id,
        organisation_id=organisation_id,
        role=role.value,
    )
    return membership


def people(session: orm.Session, organisation_id: int, act: str) -> list[User]:
    """Who acts for the organisation in a role that may do the act, longest standing first."""
    return list(
        session.scalars(
            sa.select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.organisation_id == organisation_id,
                Membership.ended_at.is_(None),
                Membership.role.in_(ACTS[act]),
                User.is_active,
            )
            .order_by(Membership.id)
        )
    )


def by(acting: Acting) -> dict[str, int]:
    """Who acts, as `journal.record` takes it."""
    return {"user_id": acting.user_id, "organisation_id": acting.organisation_id}
