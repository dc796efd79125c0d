"""Signed heads of the log: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519.

A checkpoint says "the log named `origin` had `size` leaves under `root`" in three lines of text;
the note adds an empty line and signature lines ``— name base64(key hash, signature)``. Keys are
text: the verifier key ``name+hash+base64(0x01, public key)`` may be published; the signer key
``PRIVATE+KEY+name+hash+base64(0x01, seed)`` is secret. Sources: https://c2sp.org/signed-note,
https://c2sp.org/tlog-checkpoint. Pure but for the randomness of `generate`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from listings.custody import multikey
from listings.custody.canonical import NotBase64, from_base64, to_base64
from listings.custody.merkle import HASH_BYTES
from listings.errors import N_, Refused

_ALGORITHM = b"\x01"
_SIGNER_PREFIX = "PRIVATE+KEY+"
_DASH = "\N{EM DASH} "
_MAX_BYTES = 1_000_000
_MAX_SIGNATURES = 100
_KEY_BYTES = 32
_HASH_BYTES = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class BadCheckpoint(Refused):
    """A note that cannot be trusted as a head of the log."""

    message = N_("The checkpoint cannot be trusted.")


class MalformedNote(BadCheckpoint):
    """Text that is not a signed note."""

    message = N_("The checkpoint is not a well-formed signed note.")


class MalformedCheckpoint(BadCheckpoint):
    """A signed note whose text does not state origin, size and root."""

    message = N_("The note does not state origin, size and root hash on its first three lines.")


class NoKnownSigner(BadCheckpoint):
    """Signatures, but none by a key the reader trusts."""

    message = N_("The checkpoint carries no signature by %(names)s.")


class SignatureDoesNotFit(BadCheckpoint):
    """A line that claims a trusted key, but was not made by it."""

    message = N_("The signature by %(name)s does not fit the checkpoint.")


class SignedTwice(BadCheckpoint):
    """Two lines that claim one trusted key."""

    message = N_("The checkpoint carries two signatures by %(name)s.")


class WrongOrigin(BadCheckpoint):
    """A checkpoint of another log than the one asked about."""

    message = N_("The checkpoint belongs to the log %(origin)s, not to %(expected)s.")


class BadNoteKey(Refused):
    """Text that is not a verifier key or signer key of a signed note."""

    message = N_("The key %(name)s is not a note key: name, 8 hexadecimal digits and base64.")


@dataclass(frozen=True)
class Checkpoint:
    """A head of the log. `size` counts leaves; `extensions` are further signed lines, unread."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def body(self) -> str:
        """The text that is signed. Refuses what would not read back as the same checkpoint."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        text = "".join(f"{line}\n" for line in lines)
        # In NFC, because a receipt or a dump carries the note inside a canonical record.
        normal = unicodedata.is_normalized("NFC", text)
        if not normal or _CONTROL.search(text) or parse_body(text) != self:
            raise MalformedCheckpoint
        return text


@dataclass(frozen=True)
class Verifier:
    """A trusted key: who it is and how its signatures are recognised."""

    name: str
    key_hash: bytes
    public_key: Ed25519PublicKey


def generate(name: str) -> tuple[str, str]:
    """A new signer key and its verifier key. A log's name is its origin."""
    secret = Ed25519PrivateKey.generate()
    return encode_signer(name, secret), encode_verifier(name, secret.public_key())


def encode_signer(name: str, secret: Ed25519PrivateKey) -> str:
    """The signer key text of a secret key: to be kept outside the database."""
    key_hash = _key_hash(name, secret.public_key())
    encoded = to_base64(_ALGORITHM + secret.private_bytes_raw())
    return f"{_SIGNER_PREFIX}{name}+{key_hash.hex()}+{encoded}"


def encode_verifier(name: str, public: Ed25519PublicKey) -> str:
    """The verifier key text of a public key: to be published."""
    return f"{name}+{_key_hash(name, public).hex()}+{_encoded(public)}"


def verifier_of(signer: str) -> str:
    """The verifier key that belongs to a signer key."""
    name, secret = _read_signer(signer)
    return encode_verifier(name, secret.public_key())


def read_verifier(vkey: str) -> Verifier:
    """A verifier key from its text. Refuses other algorithms and a hash that does not fit."""
    name, key_hash, data = _split(vkey)
    try:
        public = multikey.load_public(data, name)
    except multikey.BadKey:
        raise BadNoteKey(name=vkey[:120]) from None
    if _key_hash(name, public) != key_hash:
        raise BadNoteKey(name=vkey[:120])
    return Verifier(name, key_hash, public)


def sign(origin: str, size: int, root: bytes, signer: str) -> str:
    """The signed note of a head, by a signer key text. Refuses a root that is not 32 bytes."""
    name, secret = _read_signer(signer)
    body = Checkpoint(origin, size, root).body()
    mark = _key_hash(name, secret.public_key()) + secret.sign(body.encode())
    return f"{body}\n{_DASH}{name} {to_base64(mark)}\n"


def open(  # noqa: A001 - the word of the signed-note literature
    note: str | bytes, verifiers: str | Iterable[str], origin: str | None = None
) -> Checkpoint:
    """The checkpoint in a note that at least one of the verifier keys signed.

    A line by an unknown key is ignored, as the format asks. A line that claims a trusted key and
    does not fit, or appears twice, is refused even where another trusted signature holds. With
    `origin`, a checkpoint of any other log is refused.
    """
    trusted = [read_verifier(v) for v in ([verifiers] if isinstance(verifiers, str) else verifiers)]
    text, lines = split_note(note)
    _check_signatures(text, lines, trusted)
    checkpoint = parse_body(text)
    if origin is not None and checkpoint.origin != origin:
        raise WrongOrigin(origin=checkpoint.origin, expected=origin)
    return checkpoint


def read_unverified(note: str | bytes) -> Checkpoint:
    """What a note claims, without looking at who signed it. Only for one's own notes."""
    return parse_body(split_note(note)[0])


def parse_body(text: str) -> Checkpoint:
    """The checkpoint in the text of a note."""
    lines = text.split("\n")
    if len(lines) < 4 or "" in lines[:-1] or lines[-1]:  # noqa: PLR2004 - three lines and the end
        raise MalformedCheckpoint
    origin, size, root, *extensions = lines[:-1]
    try:
        digest = from_base64(root, "root")
    except NotBase64:
        raise MalformedCheckpoint from None
    if not _SIZE.fullmatch(size) or len(digest) != HASH_BYTES:
        raise MalformedCheckpoint
    return Checkpoint(origin, int(size), digest, tuple(extensions))


def split_note(note: str | bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signature lines as (name, key hash and signature)."""
    whole = _decoded(note)
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not text or not signatures.endswith("\n"):
        raise MalformedNote
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise MalformedNote
    return text + "\n", [_signature_line(line) for line in lines]


def _check_signatures(text: str, lines: list[tuple[str, bytes]], trusted: list[Verifier]) -> None:
    seen: set[tuple[str, bytes]] = set()
    for name, mark in lines:
        key_hash, signature = mark[:_HASH_BYTES], mark[_HASH_BYTES:]
        keys = [v.public_key for v in trusted if (v.name, v.key_hash) == (name, key_hash)]
        if not keys:
            continue
        if (name, key_hash) in seen:
            raise SignedTwice(name=name)
        seen.add((name, key_hash))
        if not all(multikey.is_signed_by(key, signature, text.encode()) for key in keys):
            raise SignatureDoesNotFit(name=name)
    if not seen:
        raise NoKnownSigner(names=", ".join(sorted({v.name for v in trusted})) or "-")


def _signature_line(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise MalformedNote
    try:
        mark = from_base64(encoded, "signature")
    except NotBase64:
        raise MalformedNote from None
    if len(mark) <= _HASH_BYTES:
        raise MalformedNote
    return name, mark


def _decoded(note: str | bytes) -> str:
    try:
        data = note if isinstance(note, bytes) else note.encode()
        text = data.decode()
    except (UnicodeError, AttributeError):
        raise MalformedNote from None
    if len(data) > _MAX_BYTES or _CONTROL.search(text):
        raise MalformedNote
    return text


def _is_name(name: str) -> bool:
    printable = not _CONTROL.search(name) and not any(c.isspace() for c in name)
    return bool(name) and "+" not in name and printable


def _key_hash(name: str, public: Ed25519PublicKey) -> bytes:
    if not _is_name(name):
        raise BadNoteKey(name=name)
    content = _ALGORITHM + public.public_bytes_raw()
    return hashlib.sha256(name.encode() + b"\n" + content).digest()[:_HASH_BYTES]


def _encoded(public: Ed25519PublicKey) -> str:
    return to_base64(_ALGORITHM + public.public_bytes_raw())


def _split(text: str) -> tuple[str, bytes, bytes]:
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    shown = name[:120]
    if not _is_name(name) or not re.fullmatch(r"[0-9a-f]{8}", digits):
        raise BadNoteKey(name=shown)
    try:
        data = from_base64(encoded, "key")
    except NotBase64:
        raise BadNoteKey(name=shown) from None
    if data[:1] != _ALGORITHM or len(data) != 1 + _KEY_BYTES:
        raise BadNoteKey(name=shown)
    return name, bytes.fromhex(digits), data[1:]


def _read_signer(signer: str) -> tuple[str, Ed25519PrivateKey]:
    # A refusal shows the name only, never the secret.
    if not signer.startswith(_SIGNER_PREFIX):
        raise BadNoteKey(name="PRIVATE+KEY+...")
    name, key_hash, seed = _split(signer.removeprefix(_SIGNER_PREFIX))
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    if _key_hash(name, secret.public_key()) != key_hash:
        raise BadNoteKey(name=name)
    return name, secret
