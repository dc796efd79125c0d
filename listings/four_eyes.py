"""Four eyes of an organisation: one administrator turns them on, two turn them off."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.journal import Act
from listings.parties import Acting, Membership, Role, by, people
from listings.profiles import own

STANDING = timedelta(days=7)
"""How long an administrator has been one before approving, so that the others can notice."""


class FourEyesRequest(db.Base):
    """An administrator asks for the end of four eyes; closed when decided or taken back.

    The switch itself stands in `Organisation`; a trigger lets it go off only with an open request
    that another administrator approved, and closes that request.
    """

    __tablename__ = "four_eyes_request"
    __table_args__ = (
        sa.CheckConstraint("approved_by <> asked_by", name="two_people"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approval"),
        sa.Index(
            "uq_four_eyes_request_open",
            "organisation_id",
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id", index=False)
    asked_by: Mapped[int] = db.refers("person.id", index=False)
    asked_at: Mapped[datetime]
    approved_by: Mapped[int | None] = db.refers("person.id", index=False, default=None)
    approved_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)


class FourEyesNeedTwo(Refused):
    """One person cannot both prepare and approve."""

    message = N_(
        "Four eyes need a second person who may prepare or approve bids. Invite one first."
    )


class OnlyAdministrator(Refused):
    """Nobody else could approve the end of four eyes."""

    message = N_(
        "Your organisation has one administrator, and the end of four eyes needs a second one. "
        "Make a colleague an administrator under People; seven days later that person can approve."
    )


class AskedAlready(Conflict):
    """A request waits for its decision."""

    message = N_("The end of four eyes is asked for already and waits for another administrator.")


class FourEyesAreOff(Conflict):
    """There is nothing to turn off."""

    message = N_("Four eyes are off already.")


class OwnRequest(Refused):
    """Who asks does not approve."""

    message = N_("You asked for this yourself. Another administrator approves it.")


class AdministratorTooNew(Refused):
    """Who became an administrator days ago may have been made one for this."""

    message = N_(
        "Who approves the end of four eyes has been an administrator for seven days. You can from "
        "%(since)s on."
    )


class AskerGone(Conflict):
    """Who asked is no administrator any more."""

    message = N_("Who asked is no longer an administrator. Ask anew.")


def waiting(session: orm.Session, organisation_id: int) -> FourEyesRequest | None:
    """The request that waits for another administrator, or None."""
    return session.scalar(
        sa.select(FourEyesRequest).where(
            FourEyesRequest.organisation_id == organisation_id,
            FourEyesRequest.closed_at.is_(None),
        )
    )


def turn_on(session: orm.Session, acting: Acting, *, at: datetime) -> None:
    """From now on one person prepares and another approves bids and deposits."""
    organisation = own(session, acting)
    if len(people(session, organisation.id, "bid:prepare")) < 2:  # noqa: PLR2004 - two people
        raise FourEyesNeedTwo(field="step")
    organisation.has_four_eyes = True
    journal.record(
        session, "organisation:four-eyes-set", organisation, at=at, **by(acting), is_on=True
    )


def ask_end(session: orm.Session, acting: Acting, *, at: datetime) -> FourEyesRequest:
    """Ask another administrator to end four eyes; refuses where there is none to ask."""
    organisation = own(session, acting)
    if not organisation.has_four_eyes:
        raise FourEyesAreOff(field="step")
    if len(people(session, organisation.id, "organisation:manage")) < 2:  # noqa: PLR2004 - two people
        raise OnlyAdministrator(field="step")
    open_one = waiting(session, organisation.id)
    if open_one is not None and _administrator(session, open_one, open_one.asked_by) is not None:
        raise AskedAlready(field="step")
    if open_one is not None:
        open_one.closed_at = at
        session.flush()
    request = FourEyesRequest(organisation_id=organisation.id, asked_by=acting.user_id, asked_at=at)
    session.add(request)
    journal.record(session, "organisation:four-eyes-end-asked", request, at=at, **by(acting))
    return request


def approve_end(session: orm.Session, acting: Acting, *, at: datetime) -> FourEyesRequest:
    """End four eyes as another administrator asked; refuses who asked and who is new."""
    organisation = own(session, acting)
    request = _demand_open(session, organisation.id)
    if request.asked_by == acting.user_id:
        raise OwnRequest(field="step")
    if _administrator(session, request, request.asked_by) is None:
        raise AskerGone(field="step")
    since = _administrator(session, request, acting.user_id)
    if since is None or at < since + STANDING:
        raise AdministratorTooNew(field="step", since=((since or at) + STANDING).date())
    request.approved_by, request.approved_at = acting.user_id, at
    session.flush()
    organisation.has_four_eyes = False
    journal.record(
        session, "organisation:four-eyes-set", organisation, at=at, **by(acting), is_on=False
    )
    session.refresh(request)
    return request


def keep(session: orm.Session, acting: Acting, *, at: datetime) -> FourEyesRequest:
    """Four eyes stay: the request is refused, or taken back by who asked."""
    organisation = own(session, acting)
    request = _demand_open(session, organisation.id)
    request.closed_at = at
    journal.record(session, "organisation:four-eyes-kept", request, at=at, **by(acting))
    return request


def _demand_open(session: orm.Session, organisation_id: int) -> FourEyesRequest:
    request = waiting(session, organisation_id)
    if request is None:
        raise NotFound
    return request


def _administrator(session: orm.Session, request: FourEyesRequest, user_id: int) -> datetime | None:
    """Since when a person is an administrator of the organisation, or None."""
    membership = session.scalar(
        sa.select(Membership).where(
            Membership.user_id == user_id,
            Membership.organisation_id == request.organisation_id,
            Membership.ended_at.is_(None),
            Membership.role == Role.ADMIN,
        )
    )
    if membership is None:
        return None
    changed = session.scalar(
        sa.select(sa.func.max(Act.at)).where(
            Act.subject == f"membership:{membership.id}", Act.tag == "membership:role-changed"
        )
    )
    return max(membership.since, changed) if changed else membership.since
