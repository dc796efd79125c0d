"""A signed report verified by somebody who has its JSON file, the lab's key and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from listings import words
from listings.custody import canonical, multikey, signing
from listings.errors import N_, DomainError, Refused
from listings.health import grade, reproduction
from listings.health.grade import Policy
from listings.health.reproduction import Reproduction
from listings.words import gettext

DID: Final = "did:key:"
REPRODUCED: Final = ("reproduced", "same_test")
TOLD: Final = ("number", "supersedes", "examined_on", "valid_until", "grade", "evidence_level")
PROBLEMS: Final[dict[str, str]] = {
    "not_reproduced": N_("The raw file is the one examined, but it gives other numbers."),
    "other": N_("The raw file is another one than that examined, and it gives other numbers."),
}


class NotAReport(Refused):
    """JSON of something else."""

    message = N_("The file is no signed record of a health report.")


class NotSignedByKey(Refused):
    """A record whose signatures are all by other keys."""

    message = N_("The report carries no signature by the key given.")


def report(document: bytes, keys: Iterable[str], raw: Path | None = None) -> dict[str, Any]:
    """What ``packbourse report verify`` answers: docs/commands/report-verify.json.

    ``keys`` are public keys of the lab (``z6Mk...`` or ``did:key:z6Mk...``), from anywhere but the
    document. ``raw`` is a tester file to compute the numbers from again. Never raises for what it
    finds in the document; a key that is none, and a raw file that cannot be read, are refused.
    """
    known = [multikey.decode_public(key.removeprefix(DID).partition("#")[0]) for key in keys]
    try:
        record, proofs = _signed(document, known)
    except DomainError as problem:
        nothing = dict.fromkeys((*TOLD, "lab", "signatures", "raw"))
        return {"valid": False, **nothing, "signatures": [], "problems": [words.say(problem)]}
    found = None if raw is None else reproduction.check(record, raw, policy=_policy(record))
    problems = [gettext(PROBLEMS[found.verdict])] if found and found.verdict in PROBLEMS else []
    return {
        "valid": not problems,
        **{name: record.get(name) for name in TOLD},
        "lab": record["lab"],
        "signatures": [
            {
                "key": one.verification_method.partition("#")[0],
                "created": one.created,
                "attested_by_platform": one.attested_by_platform,
            }
            for one in proofs
        ],
        "raw": None if found is None else _told(found),
        "problems": problems,
    }


def _signed(
    document: bytes, keys: list[Ed25519PublicKey]
) -> tuple[dict[str, Any], list[signing.VerifiedProof]]:
    record: dict[str, Any] = canonical.parse(document)
    if record.get("record") != "health_report" or not isinstance(record.get("lab"), dict):
        raise NotAReport
    methods = {multikey.verification_method(key): key for key in keys}
    proofs = signing.verify_proofs(record, methods.get, known_only=True)
    if not proofs:
        raise NotSignedByKey
    return record, proofs


def _policy(record: Mapping[str, Any]) -> Policy | None:
    """The shipped policy that graded it; a later one is published by the register alone."""
    try:
        return grade.policy(record["policy_version"])
    except grade.PolicyUnknown:
        return None


def _told(found: Reproduction) -> dict[str, object]:
    told = asdict(found)
    return {**told, "lines": list(told["lines"])}
