"""Invitations: a letter that lets one person join one organisation once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal, users
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import (
    ACTS,
    Acting,
    AlreadyMember,
    Membership,
    Organisation,
    Role,
    acting_for,
    by,
    demand,
    join,
)
from listings.users import User

LASTS = timedelta(days=14)


class Invitation(db.Base):
    """A letter that lets one person join one organisation once. Only its token's hash is kept."""

    __tablename__ = "invitation"

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id")
    email: Mapped[str]
    role: Mapped[Role] = db.choice(Role)
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    invited_by: Mapped[int] = db.refers("person.id")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    mailed_at: Mapped[datetime | None] = mapped_column(default=None)

    organisation: Mapped[Organisation] = orm.relationship(init=False)


class InvitationOver(NotFound):
    """The invitation was used, withdrawn, is too old or never existed."""

    message = N_("This invitation was used or withdrawn, or is over. Ask for a new one.")


class InvitationForAnother(Refused):
    """Somebody else is signed in."""

    message = N_("This invitation is for %(email)s. Sign out, then sign in as %(email)s.")


class SignInFirst(Conflict):
    """The invited person has an account; its password decides, not the letter."""

    message = N_("There is an account for %(email)s already. Sign in with it to accept.")


def send(
    session: orm.Session, acting: Acting, email: str, role: Role, *, at: datetime
) -> tuple[Invitation, str]:
    """Invite a mail address; the invitation and the token that whoever calls sends on.

    An open invitation of the same address to the same organisation is over from now on.
    """
    acting = demand(acting, "organisation:manage")
    email = users.normalise_email(email)
    user = users.find(session, email)
    if user is not None and acting_for(session, user.id, acting.organisation_id) is not None:
        raise AlreadyMember(field="email")
    session.execute(
        sa.update(Invitation)
        .where(Invitation.email == email, _of(acting.organisation_id), *_open(at))
        .execution_options(synchronize_session="fetch")
        .values(expires_at=at)
    )
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organisation_id=acting.organisation_id,
        email=email,
        role=role,
        token_sha256=users.token_hash(token),
        invited_by=acting.user_id,
        created_at=at,
        expires_at=at + LASTS,
    )
    session.add(invitation)
    journal.record(session, "invitation:sent", invitation, at=at, **by(acting), role=role.value)
    return invitation, token


def _open(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Nobody accepted it, it is not over, and who sent it is an administrator still."""
    may_invite = sa.exists().where(
        Membership.organisation_id == Invitation.organisation_id,
        Membership.user_id == Invitation.invited_by,
        Membership.role.in_(ACTS["organisation:manage"]),
        Membership.ended_at.is_(None),
    )
    return (Invitation.accepted_at.is_(None), Invitation.expires_at > at, may_invite)


def _of(organisation_id: int) -> sa.ColumnElement[bool]:
    return Invitation.organisation_id == organisation_id


def waiting(session: orm.Session, organisation_id: int, *, at: datetime) -> list[Invitation]:
    """Invitations nobody accepted yet, newest first."""
    rows = sa.select(Invitation).where(_of(organisation_id), *_open(at))
    return list(session.scalars(rows.order_by(Invitation.id.desc())))


def withdraw(
    session: orm.Session, acting: Acting, invitation_id: int, *, at: datetime
) -> Invitation:
    """Take back an invitation nobody accepted."""
    acting = demand(acting, "organisation:manage")
    invitation = db.lock(session, Invitation, invitation_id)
    if invitation is None or invitation.organisation_id != acting.organisation_id:
        raise NotFound
    if invitation.accepted_at is not None:
        raise InvitationOver
    invitation.expires_at = min(invitation.expires_at, at)
    journal.record(session, "invitation:withdrawn", invitation, at=at, **by(acting))
    return invitation


def find(session: orm.Session, token: str, *, at: datetime) -> Invitation:
    """The open invitation of a token, locked; refuses one that is over."""
    return _locked(session, Invitation.token_sha256 == users.token_hash(token), at=at)


def renew(
    session: orm.Session, invitation_id: int | None, *, at: datetime
) -> tuple[Invitation, str]:
    """An open invitation with another token, which replaces the one until now."""
    invitation = _locked(session, Invitation.id == invitation_id, at=at)
    token = secrets.token_urlsafe(32)
    invitation.token_sha256 = users.token_hash(token)
    return invitation, token


def resend(
    session: orm.Session, acting: Acting, invitation_id: int, *, at: datetime
) -> tuple[Invitation, str]:
    """Invite once more, for another fourteen days; the letter until now is over."""
    acting = demand(acting, "organisation:manage")
    kept = session.get(Invitation, invitation_id)
    if kept is None or kept.organisation_id != acting.organisation_id:
        raise NotFound
    invitation, token = renew(session, invitation_id, at=at)
    invitation.expires_at = at + LASTS
    invitation.invited_by = acting.user_id
    journal.record(session, "invitation:resent", invitation, at=at, **by(acting))
    return invitation, token


def _locked(session: orm.Session, which: sa.ColumnElement[bool], *, at: datetime) -> Invitation:
    invitation = session.scalar(
        sa.select(Invitation)
        .where(which, *_open(at))
        .with_for_update(of=Invitation)
        .execution_options(populate_existing=True)
    )
    if invitation is None:
        raise InvitationOver
    return invitation


def accept(session: orm.Session, token: str, user_id: int, *, at: datetime) -> Membership:
    """A person with an account joins; refuses anybody but the one invited."""
    invitation = find(session, token, at=at)
    user = session.get_one(User, user_id)
    if user.email != invitation.email:
        raise InvitationForAnother(email=invitation.email)
    return _join(session, invitation, user, at=at)


def accept_anew(
    session: orm.Session,
    token: str,
    *,
    name: str,
    password: str,
    locale: str,
    at: datetime,
) -> Membership:
    """A person without an account gets one and joins; refuses where there is one already."""
    invitation = find(session, token, at=at)
    if users.find(session, invitation.email) is not None:
        raise SignInFirst(email=invitation.email)
    user = users.register(
        session, email=invitation.email, name=name, password=password, at=at, locale=locale
    )
    return _join(session, invitation, user, at=at)


def _join(session: orm.Session, invitation: Invitation, user: User, *, at: datetime) -> Membership:
    session.flush()
    invitation.accepted_at = at
    return join(session, user.id, invitation.organisation_id, invitation.role, at=at)
