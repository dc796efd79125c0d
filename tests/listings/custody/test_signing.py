"""Signatures: the published vector of eddsa-jcs-2022, chains, and every altered member."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import canonical, multikey, signing
from listings.custody.signing import (
    BadSignature,
    MalformedProof,
    PreviousProofMissing,
    RepeatedProof,
    UnknownKey,
    Unsigned,
)

# Data Integrity EdDSA Cryptosuites 1.0, appendix "Representation: eddsa-jcs-2022".
PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
DOCUMENT = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
    ],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
OPTIONS = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2023-02-24T23:36:38Z",
    "verificationMethod": f"did:key:{PUBLIC}#{PUBLIC}",
    "proofPurpose": "assertionMethod",
    "@context": DOCUMENT["@context"],
}
COMBINED = (
    "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
    "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
)
VALUE = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"

AT = datetime(2026, 4, 2, 8, 30, tzinfo=UTC)
RELEASER, TAKER, STRANGER = (
    Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3)
)
RECORD = {"kind": "release", "mass_kg": "412.5", "packs": ["a", "b"], "place": {"name": "停车场"}}


def method(key):
    return multikey.verification_method(key.public_key())


def signed_by(record, key, **options):
    return signing.add_proof(record, key, method(key), options.pop("created", AT), **options)


def both_sign(record=RECORD):
    first = signed_by(record, RELEASER)
    return signed_by(first, TAKER, previous=first["proof"][0]["id"])


def verify(record, **options):
    return signing.verify_proofs(record, signing.resolve_did_key, **options)


def paths(value, at=()):
    """Every place inside a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        yield (*at, key)
        if isinstance(part, (dict, list)):
            yield from paths(part, (*at, key))


def holder_of(value, path):
    for step in path[:-1]:
        value = value[step]
    return value


def test_the_published_vector_is_reproduced():
    key = multikey.decode_secret(SECRET)
    assert multikey.encode_public(key.public_key()) == PUBLIC
    data = signing.data_to_sign(DOCUMENT, OPTIONS, [])
    assert data.hex() == COMBINED
    assert "z" + multikey.base58_encode(key.sign(data)) == VALUE


def test_the_published_vector_verifies():
    proof = verify({**DOCUMENT, "proof": {**OPTIONS, "proofValue": VALUE}})
    assert [p.created for p in proof] == ["2023-02-24T23:36:38Z"]


def test_a_proof_context_must_begin_the_record_context():
    other = {**DOCUMENT, "@context": ["https://other.example"]}
    with pytest.raises(MalformedProof, match="@context"):
        verify({**other, "proof": {**OPTIONS, "proofValue": VALUE}})


def test_two_parties_sign_one_after_the_other():
    signed = both_sign()
    first, second = verify(signed)
    assert first.verification_method == method(RELEASER)
    assert second.verification_method == method(TAKER)
    assert (first.previous, second.previous) == ((), (first.id,))
    assert (first.created, first.attested_by_platform) == ("2026-04-02T08:30:00Z", False)


def test_signing_leaves_the_given_record_alone():
    before = copy.deepcopy(RECORD)
    both_sign()
    assert before == RECORD


def test_the_same_signing_gives_the_same_bytes():
    assert canonical.dumps(both_sign()) == canonical.dumps(both_sign())


def test_a_signed_record_survives_being_stored():
    assert len(verify(canonical.parse(canonical.dumps(both_sign())))) == 2


def test_the_platform_says_that_it_signed_for_a_person_and_cannot_unsay_it():
    signed = signed_by(RECORD, RELEASER, attested_by_platform=True, domain="log.example")
    (proof,) = verify(signed)
    assert (proof.attested_by_platform, proof.domain) == (True, "log.example")
    for change in ({"attestedByPlatform": False}, {"domain": "other.example"}):
        with pytest.raises(BadSignature):
            verify({**signed, "proof": [{**signed["proof"][0], **change}]})
    without = {k: v for k, v in signed["proof"][0].items() if k != "attestedByPlatform"}
    with pytest.raises(BadSignature):
        verify({**signed, "proof": [without]})


@given(st.sampled_from(sorted(paths(both_sign()), key=str)), st.data())
def test_no_member_can_be_changed_removed_or_added(path, data):
    signed = copy.deepcopy(both_sign())
    holder, key = holder_of(signed, path), path[-1]
    change = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if change == "remove" and path == ("proof", 1):
        return  # the first signature stands by itself: see the next test
    if change == "replace":
        holder[key] = "something else"
    elif change == "remove":
        del holder[key]
    elif isinstance(holder, dict):
        holder["added"] = "x"
    elif path[0] == "proof" and len(path) == 2:
        holder.append({})
    else:
        holder.append("x")
    with pytest.raises(BadSignature):
        verify(signed)


def test_a_later_signature_falls_with_the_one_it_builds_on():
    signed = both_sign()
    first, second = signed["proof"]
    assert len(verify({**signed, "proof": [first]})) == 1
    with pytest.raises(PreviousProofMissing):
        verify({**signed, "proof": [second]})
    with pytest.raises(PreviousProofMissing):
        verify({**signed, "proof": [second, first]})


def test_the_earlier_signature_cannot_be_exchanged_for_another_valid_one():
    signed = both_sign()
    other = signed_by(RECORD, STRANGER, proof_id=signed["proof"][0]["id"])["proof"][0]
    with pytest.raises(BadSignature, match=method(TAKER).replace("+", r"\+")):
        verify({**signed, "proof": [other, signed["proof"][1]]})


def test_a_signature_cannot_build_on_one_that_is_not_there():
    with pytest.raises(PreviousProofMissing):
        signed_by(RECORD, TAKER, previous="urn:uuid:nowhere")


def test_two_signatures_cannot_share_an_id():
    first = signed_by(RECORD, RELEASER, proof_id="urn:x:1")
    with pytest.raises(RepeatedProof):
        signed_by(first, TAKER, proof_id="urn:x:1")
    with pytest.raises(RepeatedProof):
        verify({**first, "proof": first["proof"] * 2})


def test_independent_signatures_do_not_need_each_other():
    signed = signed_by(signed_by(RECORD, RELEASER), TAKER)
    assert len(verify(signed)) == 2
    assert len(verify({**signed, "proof": signed["proof"][1:]})) == 1


def test_an_unknown_key_is_refused_or_left_out_where_only_known_ones_are_asked():
    elsewhere = signing.add_proof(RECORD, STRANGER, "https://example.org/keys/1", AT)
    mixed = signed_by(elsewhere, RELEASER)
    with pytest.raises(UnknownKey, match="keys/1"):
        verify(mixed)
    assert [p.verification_method for p in verify(mixed, known_only=True)] == [method(RELEASER)]


def test_an_unsigned_record_is_refused():
    for record in (RECORD, {**RECORD, "proof": []}):
        with pytest.raises(Unsigned):
            verify(record)


def test_another_purpose_than_the_one_asked_for_is_refused():
    with pytest.raises(MalformedProof, match="proofPurpose"):
        verify(signed_by(RECORD, RELEASER, purpose="authentication"))


@pytest.mark.parametrize(
    "created", [AT.replace(tzinfo=None), "2026-04-02", "2026-13-02T00:00:00Z", ""]
)
def test_an_instant_without_a_zone_or_a_meaning_is_refused(created):
    with pytest.raises(MalformedProof, match="created"):
        signed_by(RECORD, RELEASER, created=created)


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "2030-01-01T00:00:00Z"},
        {"proofValue": "u" + "A" * 86},
        {"proofValue": "z" + "1" * 63},
        {"proofValue": "z0OIl"},
        {"proofValue": None},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"previousProof": []},
        {"previousProof": 3},
        {"id": 7},
        {"verificationMethod": ""},
        {"attestedByPlatform": "yes"},
        {"domain": 3},
    ],
)
def test_a_malformed_proof_is_refused(change):
    signed = signed_by(RECORD, RELEASER)
    with pytest.raises(MalformedProof):
        verify({**signed, "proof": [{**signed["proof"][0], **change}]})


@pytest.mark.parametrize("proof", ["text", ["text"], 3])
def test_a_proof_that_is_not_an_object_is_refused(proof):
    with pytest.raises(MalformedProof):
        verify({**RECORD, "proof": proof})
