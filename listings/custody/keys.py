"""Signing keys: public halves in the database, secret halves in files of the deployment.

A secret lies in ``keys`` of PACKBOURSE_DATA, one file of mode 0600 a key, named after its public
half. Whoever can write the database can therefore not sign, and a dump of it signs nothing.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.custody import checkpoint as checkpoints
from listings.custody import multikey, signing
from listings.errors import N_, Conflict, NotFound, Refused

_KEY_SUFFIX = ".key"
GRACE = timedelta(minutes=1)
"""A new key counts from a little before it was made: of two who read their clocks and then waited
for each other, the one with the earlier instant uses it too."""


class KeyUse(enum.StrEnum):
    """What a key signs."""

    LOG = "log"
    PLATFORM = "platform"
    LAB = "lab"
    PERSON = "person"


class SigningKey(db.Base):
    """A public key with the time in which it counted. ``public_key`` is Multikey text (z6Mk...)."""

    __tablename__ = "signing_key"
    __table_args__ = (
        sa.Index(
            "uq_signing_key_standing",
            "use",
            "organisation_id",
            "user_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("revoked_at IS NULL AND NOT is_on_device"),
        ),
        sa.CheckConstraint(
            "NOT is_on_device OR (use = 'person' AND user_id IS NOT NULL "
            "AND organisation_id IS NOT NULL AND name <> '')",
            name="device",
        ),
    )

    id: Mapped[int] = db.key()
    use: Mapped[KeyUse] = db.choice(KeyUse)
    public_key: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    user_id: Mapped[int | None] = db.refers("person.id", default=None)
    # Held on the person's own device; otherwise the platform attests for the person.
    is_on_device: Mapped[bool] = mapped_column(default=False)
    # What the person calls the device, to tell its keys apart.
    name: Mapped[str] = mapped_column(default="", server_default="")
    valid_from: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)

    def is_valid(self, at: datetime) -> bool:
        """Whether the key counted at that instant."""
        return self.valid_from <= at and (self.revoked_at is None or at < self.revoked_at)

    @property
    def verification_method(self) -> str:
        """The name under which a signature carries this key: ``did:key:z6Mk...#z6Mk...``."""
        return multikey.verification_method(multikey.decode_public(self.public_key))


class KeyNotValid(Conflict):
    """A signature is asked for at an instant in which the key does not count."""

    message = N_("The signing key %(key)s is not valid at %(at)s. A new one is needed.")


class SecretLost(Refused):
    """The secret half of a standing key is not where it was kept."""

    message = N_(
        "The secret half of the signing key %(key)s is not in the keys folder. "
        "Restore the folder from its backup, or revoke the key."
    )


class OriginFixed(Refused):
    """The log is to be renamed although others hold receipts under its name."""

    message = N_(
        "LOG_ORIGIN is %(wanted)s, but the log is named %(kept)s in receipts. Set it back."
    )


def folder() -> Path:
    """Where the secrets lie: ``keys`` in PACKBOURSE_DATA, which is ``.data`` unless set."""
    return Path(os.environ.get("PACKBOURSE_DATA", ".data")) / "keys"


def ensure(
    session: orm.Session,
    use: KeyUse,
    *,
    organisation_id: int | None = None,
    user_id: int | None = None,
    at: datetime,
) -> SigningKey:
    """The standing key of this use and holder that the platform keeps, made where there is none.

    A key made now counts from ``at`` on, less `GRACE`. Two callers at once get the same key.
    """
    found = _standing(session, use, organisation_id, user_id)
    if found is not None:
        return found
    secret = Ed25519PrivateKey.generate()
    public_key = multikey.encode_public(secret.public_key())
    _keep(public_key, secret)
    made = session.execute(
        postgresql.insert(SigningKey)
        .values(
            use=use,
            public_key=public_key,
            organisation_id=organisation_id,
            user_id=user_id,
            is_on_device=False,
            valid_from=at - GRACE,
        )
        .on_conflict_do_nothing()
        .returning(SigningKey.id),
    ).scalar()
    if made is None:
        _path(public_key).unlink()
    standing = _standing(session, use, organisation_id, user_id)
    if standing is None:
        raise Conflict
    return standing


def revoke(session: orm.Session, key_id: int, *, at: datetime) -> SigningKey:
    """End a key: what it signed before ``at`` stands, `ensure` makes its successor."""
    key = session.get(SigningKey, key_id, with_for_update=True, populate_existing=True)
    if key is None:
        raise NotFound
    if not key.is_valid(at):
        raise KeyNotValid(key=key.public_key, at=at.isoformat())
    key.revoked_at = at
    session.flush()
    return key


def sign(
    session: orm.Session,  # noqa: ARG001 - every act of the register starts with it
    record: Mapping[str, object],
    key: SigningKey,
    *,
    at: datetime,
    attested_by_platform: bool,
    previous: str | Sequence[str] | None = None,
    domain: str | None = None,
) -> dict[str, object]:
    """A copy of the record with one more proof by a key that the platform keeps.

    ``previous`` are the ids of proofs which this one signs too; ``domain`` says in what capacity
    the key signs (``urn:packbourse:releaser:...``). Refuses a key outside its time
    (`KeyNotValid`) and one whose secret is gone (`SecretLost`).
    """
    if not key.is_valid(at):
        raise KeyNotValid(key=key.public_key, at=at.isoformat())
    return signing.add_proof(
        record,
        _secret(key),
        key.verification_method,
        at,
        previous=previous,
        domain=domain,
        attested_by_platform=attested_by_platform,
    )


def known(session: orm.Session, verification_method: str) -> SigningKey | None:
    """The registered key behind the name in a signature, valid or not; None for a stranger's."""
    public = multikey.from_verification_method(verification_method)
    if public is None:
        return None
    text = multikey.encode_public(public)
    return session.scalar(sa.select(SigningKey).where(SigningKey.public_key == text))


def origin(kept: str | None = None) -> str:
    """The log's name: ``kept`` from its last checkpoint, else LOG_ORIGIN, else the default.

    Refuses a LOG_ORIGIN that differs from the name under which the log has signed already.
    """
    wanted = os.environ.get("LOG_ORIGIN")
    if kept is not None and wanted is not None and wanted != kept:
        raise OriginFixed(wanted=wanted, kept=kept)
    return kept or wanted or "packbourse.local/log"


def log_signer(session: orm.Session, name: str, *, at: datetime) -> str:
    """The signer key text for checkpoints of the log of this name."""
    key = ensure(session, KeyUse.LOG, at=at)
    if not key.is_valid(at):
        raise KeyNotValid(key=key.public_key, at=at.isoformat())
    return checkpoints.encode_signer(name, _secret(key))


def log_vkeys(session: orm.Session, name: str) -> list[str]:
    """The verifier keys of the log of this name, the standing one first, then the revoked."""
    keys = session.scalars(
        sa.select(SigningKey)
        .where(SigningKey.use == KeyUse.LOG)
        .order_by(SigningKey.revoked_at.desc().nulls_first(), SigningKey.id.desc()),
    )
    return [
        checkpoints.encode_verifier(name, multikey.decode_public(key.public_key)) for key in keys
    ]


def _standing(
    session: orm.Session, use: KeyUse, organisation_id: int | None, user_id: int | None
) -> SigningKey | None:
    return session.scalar(
        sa.select(SigningKey).where(
            SigningKey.use == use,
            SigningKey.organisation_id.is_not_distinct_from(organisation_id),
            SigningKey.user_id.is_not_distinct_from(user_id),
            SigningKey.revoked_at.is_(None),
            SigningKey.is_on_device.is_(False),
        ),
    )


def _path(public_key: str) -> Path:
    return folder() / f"{public_key}{_KEY_SUFFIX}"


def _keep(public_key: str, secret: Ed25519PrivateKey) -> None:
    """Write a secret durably before anything is signed with it, readable by its owner alone."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    target = os.open(_path(public_key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(target, "w", encoding="ascii") as file:
        file.write(multikey.encode_secret(secret) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _secret(key: SigningKey) -> Ed25519PrivateKey:
    try:
        text = _path(key.public_key).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SecretLost(key=key.public_key) from None
    secret = multikey.decode_secret(text)
    if multikey.encode_public(secret.public_key()) != key.public_key:
        raise SecretLost(key=key.public_key)
    return secret
