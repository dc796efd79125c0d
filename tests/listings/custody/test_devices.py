"""Keys of browsers: proven at enrolment, one person's for one organisation, ended for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from browser_keys import BrowserKey
from make import NOW

from listings.custody import devices, keys, multikey
from listings.custody.keys import KeyUse
from listings.errors import Forbidden, NotFound
from listings.parties import Kind, Role


@pytest.fixture
def acting(make):
    return make.member(make.organisation(Kind.REPAIR_SHOP))


def enrol(session, acting, key, **more):
    said = devices.statement("one", acting.user_id, acting.organisation_id, key.public_key)
    values = {
        "public_key": key.public_key,
        "challenge": "one",
        "proof": key.secret.sign(said),
        "name": "Yard tablet",
        "at": NOW,
    }
    return devices.enrol(session, acting, **values | more)


def test_an_enrolled_key_counts_for_its_person_and_organisation(session, acting, make):
    key = BrowserKey()
    row = enrol(session, acting, key)
    assert (row.use, row.is_on_device, row.valid_from) == (KeyUse.PERSON, True, NOW)
    assert devices.usable(session, acting) == [key.public_key]
    assert devices.standing(session, acting, key.public_key).id == row.id
    for other in (
        make.member(make.organisation()),
        type(acting)(acting.user_id, make.organisation().id, acting.role, acting.kinds),
    ):
        with pytest.raises(devices.KeyNotEnrolled):
            devices.standing(session, other, key.public_key)


def test_the_platform_keeps_its_own_key_beside_those_of_devices(session, acting):
    enrol(session, acting, BrowserKey())
    enrol(session, acting, BrowserKey())
    kept = keys.ensure(session, KeyUse.PERSON, user_id=acting.user_id, at=NOW)
    assert not kept.is_on_device


@pytest.mark.parametrize("member", ["challenge", "user", "organisation", "public_key", "proof"])
def test_a_proof_of_possession_for_anything_else_is_refused(session, acting, member):
    key, facts = BrowserKey(), ["one", acting.user_id, acting.organisation_id]
    wrong = {"challenge": ["two", *facts[1:]], "user": ["one", 0, facts[2]]}
    wrong["organisation"] = ["one", facts[1], 0]
    named = BrowserKey().public_key if member == "public_key" else key.public_key
    proof = key.secret.sign(devices.statement(*wrong.get(member, facts), named))
    with pytest.raises(devices.PossessionNotProven):
        enrol(session, acting, key, proof=proof[:-1] if member == "proof" else proof)


def test_an_empty_challenge_proves_nothing(session, acting):
    key = BrowserKey()
    said = devices.statement("", acting.user_id, acting.organisation_id, key.public_key)
    with pytest.raises(devices.PossessionNotProven):
        enrol(session, acting, key, challenge="", proof=key.secret.sign(said))


def test_a_key_is_enrolled_once_and_named(session, acting, make):
    key = BrowserKey()
    enrol(session, acting, key)
    with pytest.raises(devices.KeyKnown):
        enrol(session, acting, key)
    for name in ("  ", "x" * 61):
        with pytest.raises(devices.NameMissing):
            enrol(session, acting, BrowserKey(), name=name)
    clerk = make.member(make.organisation(), Role.CLERK)
    with pytest.raises(Forbidden):
        enrol(session, clerk, BrowserKey())


def test_a_key_of_small_order_or_of_another_kind_is_refused(session, acting):
    small = "z" + multikey.base58_encode(b"\xed\x01" + bytes(32))
    for text in (small, "z6LSnjagzhe8Df6gZmroW3wjDd7XQLwAuYfwa4ZeTBCGFoYy", "key"):
        with pytest.raises(multikey.BadKey):
            enrol(session, acting, BrowserKey(), public_key=text)


def test_an_eleventh_key_is_refused_until_one_is_revoked(session, acting):
    rows = [enrol(session, acting, BrowserKey()) for _ in range(devices.MOST_STANDING)]
    with pytest.raises(devices.TooManyKeys):
        enrol(session, acting, BrowserKey())
    devices.revoke(session, acting.user_id, rows[0].id, at=NOW)
    enrol(session, acting, BrowserKey())


def test_a_revoked_key_signs_no_more_and_its_end_is_not_moved(session, acting, make):
    key, later = BrowserKey(), NOW + timedelta(hours=1)
    row = enrol(session, acting, key)
    with pytest.raises(NotFound):
        devices.revoke(session, make.user().id, row.id, at=later)
    assert devices.revoke(session, acting.user_id, row.id, at=later).revoked_at == later
    devices.revoke(session, acting.user_id, row.id, at=later + timedelta(hours=1))
    assert row.revoked_at == later
    assert devices.usable(session, acting) == []
    with pytest.raises(devices.KeyRevoked):
        devices.standing(session, acting, key.public_key)


def test_nobody_revokes_a_key_of_the_platform_as_a_device(session, acting):
    kept = keys.ensure(session, KeyUse.PERSON, user_id=acting.user_id, at=NOW)
    with pytest.raises(NotFound):
        devices.revoke(session, acting.user_id, kept.id, at=NOW)


def test_the_database_refuses_a_device_key_without_its_person(session, acting):
    row = enrol(session, acting, BrowserKey())
    change = sa.text("UPDATE signing_key SET user_id = NULL WHERE id = :id")
    with pytest.raises(sa.exc.IntegrityError, match="ck_signing_key_device"):
        session.execute(change, {"id": row.id})
