"""A small signed log, and the means to forge one."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listings.custody import canonical, checkpoint, dump, merkle, multikey, receipts, signing

ORIGIN = "log.example"
PEOPLE = tuple(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))


class Log:
    """Leaves under a key; `note`, `receipt` and `dump` as the platform would hand them out."""

    def __init__(self, leaves, keys=None, origin=ORIGIN):
        self.leaves, self.origin = list(leaves), origin
        self.skey, self.vkey = keys or checkpoint.generate(origin)

    def note(self, size=None):
        leaves = self.leaves[:size]
        return checkpoint.sign(self.origin, len(leaves), merkle.root(leaves), self.skey)

    def receipt(self, index, size=None):
        proof = merkle.inclusion_proof(self.leaves[:size], index)
        return receipts.make(self.leaves[index], index, proof, self.note(size))

    def dump(self, size=None):
        stream = io.BytesIO()
        dump.write(stream, self.origin, self.leaves[:size], self.note(size))
        return stream.getvalue()

    def with_leaf(self, index, leaf):
        """The same log, rewritten at one place and signed again with the same key."""
        leaves = [*self.leaves[:index], leaf, *self.leaves[index + 1 :]]
        return Log(leaves, (self.skey, self.vkey), self.origin)


def signed_leaf(number, mass="412.5"):
    record = {"kind": "release", "number": number, "mass_kg": mass}
    for key in PEOPLE:
        previous = [proof["id"] for proof in record.get("proof", [])] or None
        method = multikey.verification_method(key.public_key())
        at = datetime(2026, 4, 2, 8, number % 60, tzinfo=UTC)
        record = signing.add_proof(record, key, method, at, previous=previous)
    return canonical.dumps(record)


@pytest.fixture(scope="session")
def make_leaf():
    return signed_leaf


@pytest.fixture(scope="session")
def make_log():
    return Log


@pytest.fixture(scope="session")
def log():
    return Log([signed_leaf(number) for number in range(9)])
