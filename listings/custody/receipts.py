"""Receipts: one record, the proof that it stands in the log, and the signed head it was proven to.

Both parties of a handover keep one, so that each is a witness: a log that later changes or drops
the record contradicts the receipt. Format and steps of verification: docs/custody-formats.md. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from listings.custody import canonical, merkle, signing
from listings.custody import checkpoint as checkpoints
from listings.custody.checkpoint import Checkpoint
from listings.errors import N_, DomainError, Refused

FORMAT = "packbourse-receipt-v1"
_MEMBERS = frozenset({"format", "record", "index", "tree_size", "inclusion_proof", "checkpoint"})


class BadReceipt(Refused):
    """A receipt that proves nothing."""

    message = N_("The receipt proves nothing.")


class NotAReceipt(BadReceipt):
    """A document that is not in the receipt format."""

    message = N_("The file is not a receipt in the format packbourse-receipt-v1.")


class MemberWrong(BadReceipt):
    """A member of the wrong kind."""

    message = N_("The member %(member)s of the receipt is missing or wrong.")


class SizesDiffer(BadReceipt):
    """The tree size stated beside the checkpoint is not the one that was signed."""

    message = N_("The receipt states %(stated)s records, its checkpoint %(signed)s.")


class CheckpointNotTrusted(BadReceipt):
    """The signed head in the receipt is not signed as it should be."""

    message = N_("The receipt is not signed by the log: %(reason)s")


class RecordNotInLog(BadReceipt):
    """The inclusion proof does not lead from the record to the signed root."""

    message = N_("The record does not stand at position %(index)s of the signed log.")


class RecordNotCanonical(BadReceipt):
    """Record bytes that the log would never have taken."""

    message = N_("The record is not canonical JSON.")


class RecordSignatureWrong(BadReceipt):
    """A party's signature inside the record does not hold."""

    message = N_("A signature inside the record does not hold: %(reason)s")


@dataclass(frozen=True)
class Receipt:
    """A verified receipt: `record` are the leaf's exact bytes, `signatures` what was checked."""

    record: bytes
    index: int
    tree_size: int
    checkpoint: Checkpoint
    signatures: tuple[signing.VerifiedProof, ...]

    @property
    def kind(self) -> str | None:
        """What the record calls itself, such as ``release``."""
        return kind_of(canonical.parse(self.record))


def make(record: bytes, index: int, inclusion_proof: Sequence[bytes], checkpoint: str) -> bytes:
    """The receipt document of the record at `index`, proven to the head in the note.

    Refuses a proof that does not lead to that head, so that no party is handed a broken receipt.
    Whose signature the note carries is for the reader to verify.
    """
    head = checkpoints.read_unverified(checkpoint)
    _check_inclusion(record, index, inclusion_proof, head)
    return canonical.dumps(
        {
            "format": FORMAT,
            "record": canonical.to_base64(record),
            "index": index,
            "tree_size": head.size,
            "inclusion_proof": [canonical.to_base64(part) for part in inclusion_proof],
            "checkpoint": checkpoint,
        }
    )


def verify(document: bytes, vkey: str | Iterable[str], origin: str | None = None) -> Receipt:
    """The receipt, after its signature, its inclusion proof and the record's signatures hold.

    `vkey` is the log's verifier key (or several, after a rotation), from anywhere but the log.
    Signatures by keys that the record does not name itself cannot be checked offline and are
    left out of `Receipt.signatures`. Raises `BadReceipt`.
    """
    members = _members(document)
    note = members["checkpoint"]
    if not isinstance(note, str):
        raise MemberWrong(member="checkpoint")
    try:
        head = checkpoints.open(note, vkey, origin)
    except checkpoints.BadCheckpoint as problem:
        raise CheckpointNotTrusted(reason=problem) from None
    record = _bytes(members["record"], "record")
    index, size = _number(members, "index"), _number(members, "tree_size")
    if size != head.size:
        raise SizesDiffer(stated=size, signed=head.size)
    _check_inclusion(record, index, _proof(members["inclusion_proof"]), head)
    return Receipt(record, index, size, head, check_record(record))


def report(document: bytes, vkey: str | Iterable[str]) -> dict[str, object]:
    """What `packbourse receipt verify` answers: docs/commands/receipt-verify.json.

    Never raises for what it finds in the document; a verifier key that is not one is refused.
    """
    try:
        receipt = verify(document, vkey)
    except BadReceipt as problem:
        nothing = {"valid": False, "index": None, "tree_size": None, "record_kind": None}
        return {**nothing, "signatures": [], "problems": [str(problem)]}
    return {
        "valid": True,
        "index": receipt.index,
        "tree_size": receipt.tree_size,
        "record_kind": receipt.kind,
        "signatures": [
            {
                "key": one.verification_method.partition("#")[0],
                "created": one.created,
                "domain": one.domain,
                "attested_by_platform": one.attested_by_platform,
            }
            for one in receipt.signatures
        ],
        "problems": [],
    }


def check_record(record: bytes) -> tuple[signing.VerifiedProof, ...]:
    """The signatures in leaf bytes that hold and could be checked; none where it has no proof.

    Refuses bytes that are not canonical JSON and any signature that does not hold.
    """
    if not canonical.is_canonical(record):
        raise RecordNotCanonical
    value = canonical.parse(record)
    if "proof" not in value:
        return ()
    try:
        return tuple(signing.verify_proofs(value, signing.resolve_did_key, known_only=True))
    except DomainError as problem:
        raise RecordSignatureWrong(reason=problem) from None


def is_by_device(proof: signing.VerifiedProof) -> bool:
    """Whether a person's own device signed: in a capacity, and not the platform for the person."""
    return proof.domain is not None and not proof.attested_by_platform


def kind_of(record: Mapping[str, object]) -> str | None:
    """The record's ``kind``, where it has one in words."""
    kind = record.get("kind")
    return kind if isinstance(kind, str) else None


def _members(document: bytes) -> dict[str, object]:
    try:
        members = canonical.parse(document)
    except canonical.BadRecord:
        raise NotAReceipt from None
    if members.get("format") != FORMAT or set(members) != _MEMBERS:
        raise NotAReceipt
    return members


def _check_inclusion(record: bytes, index: int, proof: Sequence[bytes], head: Checkpoint) -> None:
    try:
        merkle.verify_inclusion(merkle.leaf_hash(record), index, head.size, proof, head.root)
    except merkle.BadProof:
        raise RecordNotInLog(index=index) from None


def _number(members: Mapping[str, object], name: str) -> int:
    value = members[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise MemberWrong(member=name)
    return value


def _bytes(value: object, name: str) -> bytes:
    try:
        return canonical.from_base64(value, name)
    except canonical.NotBase64:
        raise MemberWrong(member=name) from None


def _proof(value: object) -> list[bytes]:
    if not isinstance(value, list):
        raise MemberWrong(member="inclusion_proof")
    return [_bytes(part, "inclusion_proof") for part in value]
