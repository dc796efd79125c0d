"""A report's JSON verified with a key and a raw file, without the market."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from make import NOW

from listings.custody import canonical, multikey, signing
from listings.errors import Refused
from listings.health import examinations, reports, verification
from listings.health.reports import Subject
from listings.health.synthetic import write_bdf
from listings.parties import Kind

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def signed(session, make, tmp_path):
    """A signed report as the file that a lab hands on, its key and its raw file."""
    from listings import blobs

    raw = tmp_path / "synthetic.csv"
    write_bdf(raw, rated_ah=5, soh=0.85)
    pack_type = make.pack_type(
        rated_capacity_ah=Decimal(5), rated_voltage_v=Decimal("3.6"),
        rated_energy_kwh=Decimal("0.018"), cell_rated_capacity_ah=Decimal(5),
        upper_cutoff_v=Decimal("4.2"), cells_in_series=1,
    )  # fmt: skip
    blob = blobs.store(session, raw.read_bytes(), name="x", media_type="text/csv", at=NOW)
    rated = examinations.rated(pack_type, "cell")
    report = reports.store(
        session,
        make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L0001")),
        pack_id=make.pack(make.organisation(Kind.FLEET_OWNER), pack_type).id,
        examination=examinations.examine(blobs.path(blob.sha256), rated),
        blob_sha256=blob.sha256, examined_on=date(2026, 6, 1), at=NOW, subject=Subject.CELL,
        subject_position="1", coverage="电芯",
    )  # fmt: skip
    return SimpleNamespace(
        document=report.record, key=reports.signer(session, report).public_key, raw=raw
    )


def told(*arguments):
    found = verification.report(*arguments)
    schema = json.loads((DOCS / "commands/report-verify.json").read_text("utf-8"))
    jsonschema.validate(json.loads(json.dumps(found)), schema)
    return found


def test_a_report_is_verified_with_the_labs_key(signed):
    found = told(signed.document, [signed.key])
    assert (found["valid"], found["grade"], found["raw"]) == (True, "A", None)
    assert found["lab"]["accreditation_number"] == "CNAS L0001"
    assert told(signed.document, [f"did:key:{signed.key}"])["valid"]


def test_the_signed_record_is_as_its_schema_says(signed):
    schema = json.loads((DOCS / "health-report.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(signed.document), schema)


def test_the_raw_file_gives_its_numbers(signed, tmp_path):
    found = told(signed.document, [signed.key], signed.raw)
    assert (found["valid"], found["raw"]["verdict"]) == (True, "reproduced")
    other = tmp_path / "synthetic-other.csv"
    write_bdf(other, rated_ah=5, soh=0.7)
    found = told(signed.document, [signed.key], other)
    assert (found["valid"], found["raw"]["verdict"]) == (False, "other")
    assert found["problems"]


def test_anothers_key_and_a_changed_figure_are_problems(signed):
    stranger = multikey.encode_public(Ed25519PrivateKey.generate().public_key())
    assert not told(signed.document, [stranger])["valid"]
    changed = signed.document.replace(b'"grade":"A"', b'"grade":"B"')
    assert not told(changed, [signed.key])["valid"]
    for document in (b"", b"{}", b'{"record":"health_report"}', b'{"record":"release"}'):
        assert not told(document, [signed.key])["valid"]


def test_a_report_signed_anew_by_a_stranger_is_none_of_the_lab(signed):
    record = canonical.parse(signed.document)
    del record["proof"]
    stranger = Ed25519PrivateKey.generate()
    method = multikey.verification_method(stranger.public_key())
    forged = canonical.dumps(signing.add_proof(record, stranger, method, NOW))
    assert not told(forged, [signed.key])["valid"]


def test_a_key_that_is_none_is_refused(signed):
    with pytest.raises(Refused):
        verification.report(signed.document, ["z6Mknonsense"])
