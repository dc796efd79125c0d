"""Keys that a person's own browser holds: made there, proven, enrolled here, revoked here.

The secret half never leaves the browser. What is kept is the public half with the person, the
organisation it signs for, and the time in which it counts: from enrolment to revocation, by the
clock of this server, which also writes the instant into every record.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings import journal
from listings.custody import multikey
from listings.custody.keys import KeyUse, SigningKey
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import Acting, by, demand

MOST_STANDING = 10
LONGEST_NAME = 60
_PURPOSE = "packbourse: enrol the key of a device"


class PossessionNotProven(Refused):
    """The signature over the challenge is not by the key that is to be enrolled."""

    message = N_("The browser did not prove that it holds the key. Load the page and try again.")


class KeyKnown(Conflict):
    """This public key was enrolled before, by whomever."""

    message = N_("This key is enrolled already. Let the browser make another one.")


class TooManyKeys(Conflict):
    """A person with more browsers than anybody needs."""

    message = N_("You have %(most)s keys already. Revoke one that you no longer use.")


class NameMissing(Refused):
    """A key without a name, which nobody could tell from the next."""

    message = N_("Name the device in up to %(most)s characters, to tell its key from others.")


class KeyNotEnrolled(Refused):
    """A signature by a key that is not this person's for this organisation."""

    message = N_("This key is not enrolled for you and the organisation that you act for.")


class KeyRevoked(Conflict):
    """A signature by a key that was ended."""

    message = N_(
        "The key “%(name)s” was revoked. Enrol this browser again, or let the platform sign."
    )


def statement(challenge: str, user_id: int, organisation_id: int, public_key: str) -> bytes:
    """What a browser signs to show that it holds the key: longer than anything signed in a record.

    ``challenge`` is a random text that the server gave to this session alone.
    """
    lines = (_PURPOSE, challenge, str(user_id), str(organisation_id), public_key)
    return "\n".join(lines).encode()


def enrol(
    session: orm.Session,
    acting: Acting,
    *,
    public_key: str,
    challenge: str,
    proof: bytes,
    name: str,
    at: datetime,
) -> SigningKey:
    """Keep the public key (``z6Mk...``) of a browser of the acting person; it counts from now on.

    ``proof`` is the key's signature over `statement`. Refuses a key that is not usable, not
    proven or known, an empty name, and an eleventh key.
    """
    demand(acting, "handover:sign")
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise NameMissing(field="name", most=LONGEST_NAME)
    public = multikey.decode_public(public_key)
    said = statement(challenge, acting.user_id, acting.organisation_id, public_key)
    if not challenge or not multikey.is_signed_by(public, proof, said):
        raise PossessionNotProven
    if session.scalar(sa.select(SigningKey.id).where(SigningKey.public_key == public_key)):
        raise KeyKnown
    if sum(key.revoked_at is None for key in of_person(session, acting.user_id)) >= MOST_STANDING:
        raise TooManyKeys(most=MOST_STANDING)
    key = SigningKey(
        use=KeyUse.PERSON,
        public_key=public_key,
        organisation_id=acting.organisation_id,
        user_id=acting.user_id,
        is_on_device=True,
        name=name,
        valid_from=at,
    )
    session.add(key)
    session.flush()
    journal.record(session, "key:enrolled", key, at=at, **by(acting), public_key=public_key)
    return key


def revoke(session: orm.Session, user_id: int, key_id: int, *, at: datetime) -> SigningKey:
    """End a key of this person; what it signed before stands. Twice is once."""
    key = session.get(SigningKey, key_id, with_for_update=True, populate_existing=True)
    if key is None or not key.is_on_device or key.user_id != user_id:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = max(at, key.valid_from)
        journal.record(session, "key:revoked", key, at=at, user_id=user_id)
        session.flush()
    return key


def of_person(session: orm.Session, user_id: int) -> list[SigningKey]:
    """The keys of a person's devices, the newest first, revoked ones included."""
    rows = sa.select(SigningKey).where(SigningKey.user_id == user_id, SigningKey.is_on_device)
    return list(session.scalars(rows.order_by(SigningKey.id.desc())))


def usable(session: orm.Session, acting: Acting) -> list[str]:
    """The public keys with which the acting person may sign for the organisation now."""
    return [
        key.public_key
        for key in of_person(session, acting.user_id)
        if key.organisation_id == acting.organisation_id and key.revoked_at is None
    ]


def standing(session: orm.Session, acting: Acting, public_key: str) -> SigningKey:
    """The key with which the acting person signs now, held against being revoked meanwhile.

    Refuses a key of somebody else or for another organisation (`KeyNotEnrolled`) and a revoked
    one (`KeyRevoked`).
    """
    rows = sa.select(SigningKey).where(
        SigningKey.public_key == public_key,
        SigningKey.is_on_device,
        SigningKey.user_id == acting.user_id,
        SigningKey.organisation_id == acting.organisation_id,
    )
    fresh = rows.with_for_update(read=True).execution_options(populate_existing=True)
    key = session.scalar(fresh)
    if key is None:
        raise KeyNotEnrolled
    if key.revoked_at is not None:
        raise KeyRevoked(name=key.name)
    return key
