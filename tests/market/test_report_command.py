"""``packbourse report verify`` as somebody types it."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from make import NOW

from listings.custody import canonical, multikey, signing
from market.cli import main

RECORD = {
    "record": "health_report", "version": 2, "number": "HR-2026-000007", "supersedes": None,
    "examined_on": "2026-06-01", "valid_until": "2026-08-30", "grade": "B",
    "evidence_level": "L1", "lab": {"name": "Bench", "accreditation_number": "CNAS L7"},
}  # fmt: skip


@pytest.fixture
def signed(tmp_path):
    """A signed file, and the key as its lab tells it."""
    secret = Ed25519PrivateKey.generate()
    method = multikey.verification_method(secret.public_key())
    path = tmp_path / "report.json"
    path.write_bytes(canonical.dumps(signing.add_proof(RECORD, secret, method, NOW)))
    return path, multikey.encode_public(secret.public_key())


def test_a_report_that_holds_ends_with_status_zero(signed, capsys):
    path, key = signed
    assert main(["report", "verify", str(path), "--key", key]) == 0
    printed = capsys.readouterr().out
    assert "HR-2026-000007" in printed
    assert "B-L1" in printed
    assert main(["report", "verify", str(path), "--key", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"] is True


def test_a_report_that_was_changed_ends_with_status_one(signed, capsys):
    path, key = signed
    path.write_bytes(path.read_bytes().replace(b'"grade":"B"', b'"grade":"A"'))
    assert main(["report", "verify", str(path), "--key", key]) == 1
    assert "does not fit the record" in capsys.readouterr().out
