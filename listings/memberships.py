"""Who acts for an organisation, how a role changes and how acting for it ends."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import db, journal
from listings.errors import N_, NotFound, Refused
from listings.parties import Acting, Membership, Organisation, Role, by, demand
from listings.users import User


class LastAdministrator(Refused):
    """Nobody would be left to manage the organisation."""

    message = N_("This is the only administrator. Make somebody else an administrator first.")


def of(session: orm.Session, organisation_id: int) -> list[tuple[Membership, User]]:
    """Who acts for an organisation today, longest standing first."""
    rows = session.execute(
        sa.select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    return [(membership, user) for membership, user in rows]


def held_by(session: orm.Session, user_id: int) -> list[Membership]:
    """What a person may choose to act for, longest standing first."""
    return list(
        session.scalars(
            sa.select(Membership)
            .where(Membership.user_id == user_id, Membership.ended_at.is_(None))
            .order_by(Membership.id)
        )
    )


def _standing(session: orm.Session, acting: Acting, membership_id: int) -> Membership:
    """The membership of the acting organisation, with the organisation locked around it."""
    demand(acting, "organisation:manage")
    # Two administrators who end each other at once meet here.
    db.lock(session, Organisation, acting.organisation_id)
    membership = session.get(Membership, membership_id, populate_existing=True)
    if (
        membership is None
        or membership.organisation_id != acting.organisation_id
        or membership.ended_at is not None
    ):
        raise NotFound
    return membership


def _demand_another_administrator(session: orm.Session, membership: Membership) -> None:
    administrators = sa.select(sa.func.count(Membership.id)).where(
        Membership.organisation_id == membership.organisation_id,
        Membership.ended_at.is_(None),
        Membership.role == Role.ADMIN,
        Membership.id != membership.id,
    )
    if membership.role is Role.ADMIN and not session.scalar(administrators):
        raise LastAdministrator(field="role")


def change_role(
    session: orm.Session, acting: Acting, membership_id: int, role: Role, *, at: datetime
) -> Membership:
    """Give a person of the acting organisation another role; one administrator always remains."""
    membership = _standing(session, acting, membership_id)
    if membership.role is role:
        return membership
    if role is not Role.ADMIN:
        _demand_another_administrator(session, membership)
    membership.role = role
    journal.record(
        session, "membership:role-changed", membership, at=at, **by(acting), role=role.value
    )
    return membership


def end(session: orm.Session, acting: Acting, membership_id: int, *, at: datetime) -> Membership:
    """End a person's acting for the acting organisation; one administrator always remains."""
    membership = _standing(session, acting, membership_id)
    _demand_another_administrator(session, membership)
    membership.ended_at = at
    journal.record(session, "membership:ended", membership, at=at, **by(acting))
    return membership
