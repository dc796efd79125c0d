"""Requests to a device: the exact bytes of a record, frozen for a few minutes to be signed once.

`freeze` lets an act go as far as its signature and takes everything back; what would have been
signed is kept. `sign` does the same act again for good, from the rows as they are then: it is
written only where it gives the same bytes and the signature fits them. So nothing of what the
browser sends counts but the signature.
"""

from __future__ import annotations

import binascii
import secrets
import uuid
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.custody import devices, signing
from listings.custody.keys import SigningKey
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import Acting
from market.handed_over import Handover
from market.pens import SEED_BYTES, DevicePen, Pen, Rehearsed

VALID = timedelta(minutes=5)
"""How long a frozen record may be signed: its instant is that of the freezing."""

Act = Callable[[Pen], Handover]


class SignatureRequest(db.Base):
    """What a key was asked to sign for a handover. ``kind`` is that of the record.

    The seed gives the record its random bytes, salts of commitments among them: it goes with the
    signature, and with the end of the time.
    """

    __tablename__ = "signature_request"
    __table_args__ = (sa.CheckConstraint("(seed IS NULL) = (signed_at IS NOT NULL)", name="once"),)

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    handover_id: Mapped[uuid.UUID] = mapped_column(
        sa.Uuid, sa.ForeignKey("handover.id", ondelete="RESTRICT"), index=True
    )
    key_id: Mapped[int] = db.refers("signing_key.id")
    kind: Mapped[str]
    options: Mapped[bytes]
    document: Mapped[bytes]
    seed: Mapped[bytes | None]
    frozen_at: Mapped[datetime]
    signed_at: Mapped[datetime | None] = mapped_column(default=None)

    key: Mapped[SigningKey] = orm.relationship(init=False)

    @property
    def ends_at(self) -> datetime:
        """Until when it may be signed."""
        return self.frozen_at + VALID


class RequestUnknown(Conflict):
    """A signature to no request, or to one of another person, handover or kind of record."""

    message = N_(
        "This signature was made for something else: another handover, step or person. "
        "Go through the facts and sign again."
    )


class RequestUsed(Conflict):
    """A signature that arrived before."""

    message = N_("This signature was received already. Look at the handover.")


class RequestOver(Conflict):
    """A signature that took too long."""

    message = N_(
        "What you signed was frozen for %(minutes)s minutes, and they are over. "
        "Go through the facts and sign again."
    )


class SignatureUnreadable(Refused):
    """A field that holds no signature."""

    message = N_("The browser sent no signature. Sign again, or let the platform sign.")


def freeze(
    session: orm.Session,
    acting: Acting,
    handover_id: uuid.UUID,
    kind: str,
    act: Act,
    *,
    public_key: str,
    at: datetime,
) -> SignatureRequest:
    """What the act would have this key sign at ``at``; nothing else of the act remains.

    ``act`` does it with the pen that it is given. Refuses what the act refuses, and a key that is
    not this person's or revoked.
    """
    key = devices.standing(session, acting, public_key)
    forget(session, at=at)
    seed = secrets.token_bytes(SEED_BYTES)
    try:
        with session.begin_nested():
            act(DevicePen(key, at, seed))
    except Rehearsed as rehearsed:
        request = SignatureRequest(
            id=uuid.uuid4(),
            handover_id=handover_id,
            key_id=key.id,
            kind=kind,
            options=rehearsed.options,
            document=rehearsed.document,
            seed=seed,
            frozen_at=at,
        )
        session.add(request)
        session.flush()
        return request
    raise AssertionError("an act that a device signs comes to its signature")


def sign(
    session: orm.Session,
    acting: Acting,
    handover_id: uuid.UUID,
    kind: str,
    act: Act,
    *,
    request_id: uuid.UUID | None,
    signature: str,
    at: datetime,
) -> Handover:
    """Do the act with the device's signature, base64 of 64 bytes, over what was frozen for it.

    Refuses a request of another person, handover or kind, one that was signed or is over, a
    revoked key, rows that changed meanwhile, and a signature that does not fit.
    """
    request = None if request_id is None else db.lock(session, SignatureRequest, request_id)
    if request is None or (request.handover_id, request.kind) != (handover_id, kind):
        raise RequestUnknown
    if request.key.user_id != acting.user_id:
        raise RequestUnknown
    if request.signed_at is not None:
        raise RequestUsed
    key = devices.standing(session, acting, request.key.public_key)
    if request.seed is None or not request.frozen_at <= at < request.ends_at:
        raise RequestOver(minutes=VALID // timedelta(minutes=1))
    shown = (request.options, request.document)
    raw = _signature(signature)
    handover = act(DevicePen(key, request.frozen_at, request.seed, shown=shown, signature=raw))
    request.signed_at, request.seed = at, None
    session.flush()
    return handover


def seen_by(session: orm.Session, acting: Acting, request_id: uuid.UUID) -> SignatureRequest:
    """The request, for the person who is to sign it; `NotFound` for everybody else."""
    request = session.get(SignatureRequest, request_id)
    if request is None or request.key.user_id != acting.user_id:
        raise NotFound
    return request


def forget(session: orm.Session, *, at: datetime) -> None:
    """Drop requests whose time is over and that were never signed, and their seeds with them."""
    over = SignatureRequest.frozen_at <= at - VALID
    session.execute(
        sa.delete(SignatureRequest)
        .where(over, SignatureRequest.signed_at.is_(None))
        .execution_options(synchronize_session=False)
    )


def _signature(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureUnreadable from None
    if len(raw) != signing.SIGNATURE_BYTES:
        raise SignatureUnreadable
    return raw
