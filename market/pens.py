"""Pens: what a person signs a custody record with, the platform's key or that of their device.

A device signs bytes that the server froze, so everything that chance or the clock gives a record
comes from its pen: written again with the same pen from the same rows, it is the same bytes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import orm

from listings.custody import keys, multikey, signing
from listings.custody.keys import KeyUse, SigningKey
from listings.errors import N_, Conflict, Refused

SEED_BYTES = 32


class RecordChanged(Conflict):
    """What would be written now is not what the person saw and signed."""

    message = N_("What you signed is no longer what would be recorded. Go through it once more.")


class DeviceSignatureWrong(Refused):
    """Bytes that are no signature of the enrolled key over the frozen record."""

    message = N_("The signature of your device does not fit the record. Nothing was signed.")


class Pen(Protocol):
    """Gives a record its random bytes and its instant, and signs it for one person."""

    random: Callable[[int], bytes]

    def instant(self, at: datetime) -> datetime:
        """The instant that the record tells, where the act is written at ``at``."""

    def sign(
        self,
        session: orm.Session,
        record: Mapping[str, object],
        *,
        user_id: int,
        previous: Sequence[str],
        domain: str,
        at: datetime,
    ) -> dict[str, object]:
        """A copy of the record with the person's proof at its end."""


class PlatformPen:
    """The platform signs for the person with a key that it keeps, and the proof says so."""

    random: Callable[[int], bytes] = staticmethod(secrets.token_bytes)

    def instant(self, at: datetime) -> datetime:
        """The same."""
        return at

    def sign(
        self,
        session: orm.Session,
        record: Mapping[str, object],
        *,
        user_id: int,
        previous: Sequence[str],
        domain: str,
        at: datetime,
    ) -> dict[str, object]:
        """Signed with the person's standing key, which is made where there is none."""
        key = keys.ensure(session, KeyUse.PERSON, user_id=user_id, at=at)
        return keys.sign(
            session,
            record,
            key,
            at=at,
            attested_by_platform=True,
            previous=previous or None,
            domain=domain,
        )


PLATFORM = PlatformPen()


class Rehearsed(Exception):
    """An act reached the place of the signature, whose bytes are now known.

    ``options`` and ``document`` are the canonical bytes whose hashes are to be signed.
    """

    def __init__(self, options: bytes, document: bytes) -> None:
        super().__init__()
        self.options = options
        self.document = document


class DevicePen:
    """The person's own browser signs what was frozen at an instant.

    Without a signature it only finds out what is to be signed, and raises `Rehearsed`. ``shown``
    are the options and the document that the person saw.
    """

    def __init__(
        self,
        key: SigningKey,
        frozen_at: datetime,
        seed: bytes,
        *,
        shown: tuple[bytes, bytes] | None = None,
        signature: bytes = b"",
    ) -> None:
        self.random = chance(seed)
        self._key = key
        self._frozen_at = frozen_at
        self._shown = shown
        self._signature = signature

    def instant(self, at: datetime) -> datetime:  # noqa: ARG002 - the frozen one, whenever it is
        """When the record was frozen."""
        return self._frozen_at

    def sign(
        self,
        session: orm.Session,  # noqa: ARG002 - no row is needed here
        record: Mapping[str, object],
        *,
        user_id: int,  # noqa: ARG002 - the key is the person's already
        previous: Sequence[str],
        domain: str,
        at: datetime,  # noqa: ARG002 - the frozen instant counts
    ) -> dict[str, object]:
        """Signed by the browser. Refuses other bytes than were shown, and a wrong signature."""
        method = self._key.verification_method
        options = signing.proof_options(
            record, method, self._frozen_at, previous=previous or None, domain=domain
        )
        earlier = signing.proofs_of(record)
        parts = signing.parts_to_sign(record, options, earlier)
        if self._shown is None:
            raise Rehearsed(*parts)
        if parts != self._shown:
            raise RecordChanged
        public = multikey.decode_public(self._key.public_key)
        data = signing.data_to_sign(record, options, earlier)
        if not multikey.is_signed_by(public, self._signature, data):
            raise DeviceSignatureWrong
        return signing.with_proof(record, options, self._signature)


def chance(seed: bytes) -> Callable[[int], bytes]:
    """A source of bytes that gives the same row of them for the same seed: SHAKE-256 by number."""
    count = 0

    def more(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(seed + count.to_bytes(8, "big")).digest(size)

    return more
