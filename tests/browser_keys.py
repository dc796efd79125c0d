"""The key of a browser, as the script in static/js keeps it: made here, signs bytes, nothing else."""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from listings.custody import devices, multikey


def digest(data):
    hashing = Hash(SHA256())
    hashing.update(data)
    return hashing.finalize()


class BrowserKey:
    """A key with the acts of the script: prove possession, sign what a page shows."""

    def __init__(self):
        self.secret = Ed25519PrivateKey.generate()
        self.public_key = multikey.encode_public(self.secret.public_key())

    def enrolled(self, session, acting, *, at, name="Yard tablet", challenge="c" * 43):
        said = devices.statement(challenge, acting.user_id, acting.organisation_id, self.public_key)
        self.row = devices.enrol(
            session,
            acting,
            public_key=self.public_key,
            challenge=challenge,
            proof=self.secret.sign(said),
            name=name,
            at=at,
        )
        return self

    def signature(self, options, document):
        return b64encode(self.secret.sign(digest(options) + digest(document))).decode()
