"""Keys of the platform: where secrets lie, which key stands, and when it counts."""

from __future__ import annotations

import stat
import threading
from datetime import timedelta

import pytest
from make import NOW

from listings import db
from listings.custody import keys, signing
from listings.custody.keys import KeyUse


def test_a_key_is_made_once_and_found_again(session, make):
    person = make.user()
    first = keys.ensure(session, KeyUse.PERSON, user_id=person.id, at=NOW)
    again = keys.ensure(session, KeyUse.PERSON, user_id=person.id, at=NOW + timedelta(days=1))
    other = keys.ensure(session, KeyUse.PERSON, user_id=make.user().id, at=NOW)
    platform = keys.ensure(session, KeyUse.PLATFORM, at=NOW)
    assert again.id == first.id
    assert again.valid_from == NOW - keys.GRACE
    assert len({first.public_key, other.public_key, platform.public_key}) == 3


def test_the_secret_lies_in_a_file_that_its_owner_alone_reads(session):
    key = keys.ensure(session, KeyUse.PLATFORM, at=NOW)
    (file,) = keys.folder().iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder().stat().st_mode) == 0o700
    assert file.read_text().strip() not in {key.public_key, ""}


def test_a_signature_verifies_and_says_that_the_platform_attests(session, make):
    key = keys.ensure(session, KeyUse.PERSON, user_id=make.user().id, at=NOW)
    record = keys.sign(session, {"kind": "release"}, key, at=NOW, attested_by_platform=True)
    (proof,) = signing.verify_proofs(record, signing.resolve_did_key)
    assert proof.attested_by_platform
    assert proof.created == "2026-06-01T08:00:00Z"
    found = keys.known(session, proof.verification_method)
    assert found is not None
    assert found.id == key.id


def test_a_second_signature_covers_the_first(session, make):
    one, two = (keys.ensure(session, KeyUse.PERSON, user_id=make.user().id, at=NOW) for _ in "12")
    record = keys.sign(session, {"kind": "release"}, one, at=NOW, attested_by_platform=True)
    first = record["proof"][0]["id"]
    record = keys.sign(session, record, two, at=NOW, attested_by_platform=True, previous=first)
    record["proof"][0]["created"] = "2026-06-01T08:00:01Z"
    with pytest.raises(signing.BadSignature):
        signing.verify_proofs({**record, "proof": record["proof"]}, signing.resolve_did_key)


def test_a_key_signs_only_in_its_time(session, make):
    user = make.user()
    key = keys.ensure(session, KeyUse.PERSON, user_id=user.id, at=NOW)
    with pytest.raises(keys.KeyNotValid):
        keys.sign(session, {}, key, at=NOW - timedelta(seconds=61), attested_by_platform=True)
    keys.revoke(session, key.id, at=NOW + timedelta(days=1))
    with pytest.raises(keys.KeyNotValid):
        keys.sign(session, {}, key, at=NOW + timedelta(days=1), attested_by_platform=True)
    successor = keys.ensure(session, KeyUse.PERSON, user_id=user.id, at=NOW + timedelta(days=1))
    assert successor.public_key != key.public_key


def test_a_lost_secret_is_said_and_never_replaced_silently(session):
    key = keys.ensure(session, KeyUse.PLATFORM, at=NOW)
    for file in keys.folder().iterdir():
        file.unlink()
    assert keys.ensure(session, KeyUse.PLATFORM, at=NOW).id == key.id
    with pytest.raises(keys.SecretLost, match=key.public_key):
        keys.sign(session, {}, key, at=NOW, attested_by_platform=False)


def test_a_secret_of_another_key_is_not_taken_for_it(session, make):
    one, two = (keys.ensure(session, KeyUse.PERSON, user_id=make.user().id, at=NOW) for _ in "12")
    other = (keys.folder() / f"{two.public_key}.key").read_text()
    (keys.folder() / f"{one.public_key}.key").write_text(other)
    with pytest.raises(keys.SecretLost):
        keys.sign(session, {}, one, at=NOW, attested_by_platform=True)


def test_two_callers_at_once_get_one_key(database):
    together, found = threading.Barrier(2), []

    def ensure():
        together.wait()
        with db.transaction() as session:
            found.append(keys.ensure(session, KeyUse.PLATFORM, at=NOW).public_key)

    threads = [threading.Thread(target=ensure) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert len(list(keys.folder().iterdir())) == 1


def test_the_log_keeps_its_name(monkeypatch):
    assert keys.origin() == "packbourse.local/log"
    monkeypatch.setenv("LOG_ORIGIN", "log.example")
    assert keys.origin() == "log.example"
    assert keys.origin("log.example") == "log.example"
    with pytest.raises(keys.OriginFixed, match="LOG_ORIGIN is log"):
        keys.origin("packbourse.local/log")
