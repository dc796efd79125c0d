"""Signatures on custody records: W3C Data Integrity, cryptosuite ``eddsa-jcs-2022``, chained.

A proof is an object in the record's ``proof`` list. What is signed is SHA-256 of the canonical
proof without its value, followed by SHA-256 of the canonical record without its proofs, or, for a
proof that names earlier ones in ``previousProof``, with exactly those proofs in it: so the taker
signs the releaser's signature too. Sources: https://www.w3.org/TR/vc-di-eddsa/ section 3.3 and
https://www.w3.org/TR/vc-data-integrity/ sections 4.2 to 4.7. Where the platform signs for a
person, the proof says ``attestedByPlatform: true`` inside what is signed. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from listings.custody import canonical, multikey
from listings.errors import N_, Refused

TYPE = "DataIntegrityProof"
CRYPTOSUITE = "eddsa-jcs-2022"
PURPOSE = "assertionMethod"
SIGNATURE_BYTES = 64
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

Record = Mapping[str, object]
Resolve = Callable[[str], Ed25519PublicKey | None]


class BadSignature(Refused):
    """A signature that does not fit the record or the signatures before it."""

    message = N_("The signature by %(method)s does not fit the record.")


class Unsigned(BadSignature):
    """A record without a proof where signatures were expected."""

    message = N_("The record carries no signature.")


class MalformedProof(BadSignature):
    """A proof whose member is missing or not as the cryptosuite prescribes."""

    message = N_("The member %(member)s of a signature is missing or wrong.")


class PreviousProofMissing(BadSignature):
    """A proof that builds on one that does not stand before it in the record."""

    message = N_("A signature builds on the signature %(previous)s, which is not before it.")


class RepeatedProof(BadSignature):
    """Two proofs under one id, so that a later one could mean either."""

    message = N_("Two signatures of the record have the id %(id)s.")


class UnknownKey(BadSignature):
    """A verification method for which the reader has no key."""

    message = N_("The key %(method)s is not known here.")


@dataclass(frozen=True)
class VerifiedProof:
    """One proof that was found to hold. `previous` are the ids of the proofs it builds on."""

    id: str | None
    verification_method: str
    created: str
    purpose: str
    previous: tuple[str, ...]
    domain: str | None
    attested_by_platform: bool


def add_proof(
    record: Record,
    key: Ed25519PrivateKey,
    verification_method: str,
    created: datetime | str,
    *,
    purpose: str = PURPOSE,
    previous: str | Sequence[str] | None = None,
    domain: str | None = None,
    attested_by_platform: bool = False,
    proof_id: str | None = None,
) -> dict[str, object]:
    """A copy of the record with one more proof at the end of its list.

    `previous` are ids of proofs already in the record, which this one then signs too. The id of
    the new proof follows from what is signed unless it is given (a URL). Refuses an instant
    without a zone, an unknown previous proof and an id that is taken.
    """
    options = proof_options(
        record,
        verification_method,
        created,
        purpose=purpose,
        previous=previous,
        domain=domain,
        attested_by_platform=attested_by_platform,
        proof_id=proof_id,
    )
    return with_proof(record, options, key.sign(data_to_sign(record, options, proofs_of(record))))


def proof_options(
    record: Record,
    verification_method: str,
    created: datetime | str,
    *,
    purpose: str = PURPOSE,
    previous: str | Sequence[str] | None = None,
    domain: str | None = None,
    attested_by_platform: bool = False,
    proof_id: str | None = None,
) -> dict[str, object]:
    """The next proof of the record without its value: what a key elsewhere is asked to sign.

    The same arguments as `add_proof`, less the key.
    """
    options: dict[str, object] = {
        "type": TYPE,
        "cryptosuite": CRYPTOSUITE,
        "created": _instant(created),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
    }
    if previous is not None:
        options["previousProof"] = [previous] if isinstance(previous, str) else list(previous)
    if domain is not None:
        options["domain"] = domain
    if attested_by_platform:
        options["attestedByPlatform"] = True
    if "@context" in record:
        options["@context"] = record["@context"]
    options["id"] = proof_id or _derived_id(data_to_sign(record, options, proofs_of(record)))
    return options


def with_proof(record: Record, options: Record, signature: bytes) -> dict[str, object]:
    """A copy of the record with the signed options as its last proof; `verify_proofs` judges it.

    Refuses an id that is taken.
    """
    value = "z" + multikey.base58_encode(signature)
    signed = {**record, "proof": [*proofs_of(record), {**options, "proofValue": value}]}
    _check_ids(proofs_of(signed))
    return signed


def verify_proofs(
    record: Record, resolve: Resolve, *, purpose: str = PURPOSE, known_only: bool = False
) -> list[VerifiedProof]:
    """Every proof of the record in order, after checking each; raises `BadSignature` otherwise.

    `resolve` gives the public key of a verification method, or None. Then the proof is refused
    with `UnknownKey`; with `known_only` it is left out of the answer, which is for readers who
    trust only the keys they find. Whether a key belongs to the person it should is not
    looked at here. Refuses a record without proofs.
    """
    proofs = proofs_of(record)
    if not proofs:
        raise Unsigned
    _check_ids(proofs)
    verified = []
    for position, proof in enumerate(proofs):
        found = _described(proof, purpose)
        key = resolve(found.verification_method)
        if key is not None:
            _check_signature(record, proof, proofs[:position], key)
            verified.append(found)
        elif not known_only:
            raise UnknownKey(method=found.verification_method)
    return verified


def proofs_of(record: Record) -> list[dict[str, object]]:
    """The record's proofs, whether it holds a list, a single one or none."""
    proofs = record.get("proof", [])
    if isinstance(proofs, Mapping):
        proofs = [proofs]
    if not isinstance(proofs, (list, tuple)) or not all(isinstance(p, Mapping) for p in proofs):
        raise MalformedProof(member="proof")
    return [dict(proof) for proof in proofs]


def data_to_sign(record: Record, options: Record, earlier: Sequence[Mapping[str, object]]) -> bytes:
    """The 64 bytes that are signed: hash of the proof options, then hash of the record.

    `options` is the proof with or without its ``proofValue``; `earlier` the proofs before it, of
    which those named in ``previousProof`` stay in the record that is hashed.
    """
    return b"".join(
        hashlib.sha256(part).digest() for part in parts_to_sign(record, options, earlier)
    )


def parts_to_sign(
    record: Record, options: Record, earlier: Sequence[Mapping[str, object]]
) -> tuple[bytes, bytes]:
    """The canonical proof options and the canonical record whose hashes are signed."""
    document = {name: value for name, value in record.items() if name != "proof"}
    if "@context" in options:
        document["@context"] = _context(document, options["@context"])
    named = _previous(options)
    if named:
        document["proof"] = _matching(named, earlier)
    bare = {name: value for name, value in options.items() if name != "proofValue"}
    return canonical.dumps(bare), canonical.dumps(document)


def resolve_did_key(verification_method: str) -> Ed25519PublicKey | None:
    """A `resolve` that reads the key out of a ``did:key`` method and knows no others."""
    return multikey.from_verification_method(verification_method)


def _derived_id(data: bytes) -> str:
    # A UUID of version 8 (RFC 9562) made from the signed data: the same call gives the same record.
    raw = bytearray(hashlib.sha256(data).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _instant(created: datetime | str) -> str:
    if isinstance(created, datetime):
        if created.tzinfo is None:
            raise MalformedProof(member="created")
        return created.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if not _is_instant(created):
        raise MalformedProof(member="created")
    return created


def _is_instant(text: object) -> bool:
    """An XML Schema dateTimeStamp: date, time and zone."""
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _context(document: Record, context: object) -> object:
    ours, theirs = (c if isinstance(c, list) else [c] for c in (document.get("@context"), context))
    if ours[: len(theirs)] != theirs:
        raise MalformedProof(member="@context")
    return context


def _previous(proof: Record) -> list[str]:
    named = proof.get("previousProof", [])
    named = [named] if isinstance(named, str) else named
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise MalformedProof(member="previousProof")
    if "previousProof" in proof and not named:
        raise MalformedProof(member="previousProof")
    return named


def _matching(
    named: list[str], earlier: Sequence[Mapping[str, object]]
) -> list[Mapping[str, object]]:
    for one in named:
        if not any(proof.get("id") == one for proof in earlier):
            raise PreviousProofMissing(previous=one)
    return [proof for proof in earlier if proof.get("id") in named]


def _check_ids(proofs: Sequence[Mapping[str, object]]) -> None:
    seen: set[object] = set()
    for proof in proofs:
        identity = proof.get("id")
        if identity is None:
            continue
        if not isinstance(identity, str) or ":" not in identity:
            raise MalformedProof(member="id")
        if identity in seen:
            raise RepeatedProof(id=identity)
        seen.add(identity)


def _described(proof: Record, purpose: str) -> VerifiedProof:
    wanted = {"type": TYPE, "cryptosuite": CRYPTOSUITE, "proofPurpose": purpose}
    for member, value in wanted.items():
        if proof.get(member) != value:
            raise MalformedProof(member=member)
    method, domain = proof.get("verificationMethod"), proof.get("domain")
    attested = proof.get("attestedByPlatform", False)
    if not isinstance(method, str) or not method:
        raise MalformedProof(member="verificationMethod")
    if not isinstance(attested, bool):
        raise MalformedProof(member="attestedByPlatform")
    if domain is not None and not isinstance(domain, str):
        raise MalformedProof(member="domain")
    # A custody signature is about what happened: it neither expires nor lacks its instant.
    if "expires" in proof or not _is_instant(proof.get("created")):
        raise MalformedProof(member="expires" if "expires" in proof else "created")
    return VerifiedProof(
        id=str(proof["id"]) if "id" in proof else None,
        verification_method=method,
        created=str(proof["created"]),
        purpose=purpose,
        previous=tuple(_previous(proof)),
        domain=domain,
        attested_by_platform=attested,
    )


def _check_signature(
    record: Record,
    proof: Record,
    earlier: Sequence[Mapping[str, object]],
    key: Ed25519PublicKey,
) -> None:
    value = proof.get("proofValue")
    if not isinstance(value, str) or not value.startswith("z"):
        raise MalformedProof(member="proofValue")
    try:
        signature = multikey.base58_decode(value[1:])
    except multikey.BadKey:
        raise MalformedProof(member="proofValue") from None
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedProof(member="proofValue")
    if not multikey.is_signed_by(key, signature, data_to_sign(record, proof, earlier)):
        raise BadSignature(method=proof["verificationMethod"])
