"""Who could sign an edition as the second person."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from listings.parties import ACTS, Membership
from listings.users import User
from pricing.guides import Edition


def of(session: orm.Session, edition: Edition) -> list[str]:
    """The names of those of its valuer who may approve an edition and did not assess it."""
    people = (
        sa.select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.organisation_id == edition.guide.valuer_id,
            Membership.ended_at.is_(None),
            Membership.role.in_(ACTS["guide:approve"]),
            User.id != edition.assessor_id,
        )
        .order_by(User.id)
    )
    return list(session.scalars(people))
