"""Ed25519 keys as people exchange them: multibase Multikey text and ``did:key`` methods.

A public key is ``z`` and base58btc of 0xed01 and its 32 bytes (``z6Mk...``), a secret key the same
with 0x8026 and its seed (``z3u2...``): W3C Controlled Identifiers 1.0, section Multikey. A key
names itself as the verification method ``did:key:z6Mk...#z6Mk...``. Pure.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from listings.errors import N_, Refused

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PUBLIC = b"\xed\x01"
_SECRET = b"\x80\x26"
_KEY_BYTES = 32
_MAX_TEXT = 256
_DID = "did:key:"

# The y coordinates of the points whose order divides 8 (and their spellings above the field prime):
# a signature by such a key can be made to fit any message, so it would bind nobody to anything.
_FIELD = 2**255 - 19
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _ORDER_8, _FIELD - _ORDER_8, _FIELD - 1, _FIELD, _FIELD + 1})


class BadKey(Refused):
    """Text or bytes that are not a usable Ed25519 key of the expected kind."""

    message = N_("The key %(name)s is not a usable Ed25519 key.")


def base58_encode(data: bytes) -> str:
    """Base58 in the Bitcoin alphabet; each leading zero byte is a leading 1."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def base58_decode(text: str) -> bytes:
    """The bytes behind base58 text. Refuses other characters and more than 256 of them."""
    if len(text) > _MAX_TEXT:
        raise BadKey(name=text[:20])
    number = 0
    for character in text:
        digit = _ALPHABET.find(character)
        if digit < 0:
            raise BadKey(name=text[:60])
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def load_public(data: bytes, name: str) -> Ed25519PublicKey:
    """A public key from its 32 bytes. Refuses points of small order, which sign anything."""
    if len(data) != _KEY_BYTES:
        raise BadKey(name=name)
    if int.from_bytes(data, "little") % 2**255 in _SMALL_ORDER:
        raise BadKey(name=name)
    try:
        return Ed25519PublicKey.from_public_bytes(data)
    except ValueError:
        raise BadKey(name=name) from None


def encode_public(key: Ed25519PublicKey) -> str:
    """A public key as ``z6Mk...``."""
    return "z" + base58_encode(_PUBLIC + key.public_bytes_raw())


def decode_public(text: str) -> Ed25519PublicKey:
    """The public key behind ``z6Mk...``. Refuses other key types and malformed text."""
    return load_public(_decoded(text, _PUBLIC), text[:60])


def encode_secret(key: Ed25519PrivateKey) -> str:
    """A secret key as ``z3u2...``: to be kept outside the database."""
    return "z" + base58_encode(_SECRET + key.private_bytes_raw())


def decode_secret(text: str) -> Ed25519PrivateKey:
    """The secret key behind ``z3u2...``. A refusal does not repeat the text."""
    try:
        return Ed25519PrivateKey.from_private_bytes(_decoded(text, _SECRET))
    except (BadKey, ValueError):
        raise BadKey(name="z3u2...") from None


def verification_method(key: Ed25519PublicKey) -> str:
    """The method by which a key names itself: ``did:key:z6Mk...#z6Mk...``."""
    text = encode_public(key)
    return f"{_DID}{text}#{text}"


def from_verification_method(method: str) -> Ed25519PublicKey | None:
    """The key inside a ``did:key`` method; None where the method names a key kept elsewhere."""
    if not method.startswith(_DID):
        return None
    text, _, fragment = method.removeprefix(_DID).partition("#")
    if text != fragment:
        raise BadKey(name=method[:120])
    return decode_public(text)


def is_signed_by(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` was made with the secret half of `key`."""
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str, prefix: bytes) -> bytes:
    data = base58_decode(text[1:]) if text.startswith("z") else b""
    if not data.startswith(prefix) or len(data) != len(prefix) + _KEY_BYTES:
        raise BadKey(name=text[:60])
    return data[len(prefix) :]
