"""Releases and acceptances that the person's own browser signs: the same bytes, no other."""

from __future__ import annotations

import io
import json
import uuid
from base64 import b64decode, b64encode
from datetime import timedelta

import pytest
import sqlalchemy as sa
from browser_keys import BrowserKey, digest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hands import Trade

from listings.custody import commitments, devices, dump, log, multikey, receipts
from market import handover_papers, handovers, records, releases, signature_requests
from market.handovers import Finding, HandoverState, Verdict
from market.pens import DeviceSignatureWrong, RecordChanged
from market.signature_requests import (
    VALID,
    RequestOver,
    RequestUnknown,
    RequestUsed,
    SignatureRequest,
    SignatureUnreadable,
)


class Signing:
    """One person signs steps of a trade with the key of a browser."""

    def __init__(self, trade, acting):
        self.trade, self.session, self.acting = trade, trade.session, acting
        self.key = BrowserKey().enrolled(trade.session, acting, at=trade.tick())

    def act(self, handover, kind, at, facts):
        step = handovers.sign_release
        if kind == "acceptance":
            step = handovers.accept
            found = {line.pack_id: Verdict(Finding.ACCEPTED) for line in handover.lines}
            facts = {"verdicts": found, **facts}
        return lambda pen: step(self.session, self.acting, handover.id, at=at, pen=pen, **facts)

    def freeze(self, handover, kind="release", *, key=None, **facts):
        at = self.trade.tick()
        return signature_requests.freeze(
            self.session,
            self.acting,
            handover.id,
            kind,
            self.act(handover, kind, at, facts),
            public_key=(key or self.key).public_key,
            at=at,
        )

    def send(
        self, handover, request, kind="release", *, signature=None, after=timedelta(0), **facts
    ):
        self.session.commit()
        self.session.begin()
        at = request.frozen_at + after
        return signature_requests.sign(
            self.session,
            self.acting,
            handover.id,
            kind,
            self.act(handover, kind, at, facts),
            request_id=request.id,
            signature=signature or self.key.signature(request.options, request.document),
            at=at,
        )

    def sign(self, handover, kind="release", **facts):
        return self.send(handover, self.freeze(handover, kind, **facts), kind, **facts)


@pytest.fixture
def trade(make):
    return Trade(make)


@pytest.fixture
def releaser(trade):
    return Signing(trade, trade.releaser)


@pytest.fixture
def receiver(trade):
    return Signing(trade, trade.receiver)


def test_both_sides_sign_with_their_devices_and_the_log_holds(session, trade, releaser, receiver):
    handover = trade.ready()
    releaser.sign(handover, seal="S1", vehicle_plate="皖A12345")
    receiver.sign(handover)
    assert handover.state is HandoverState.RELEASED
    handovers.arrive(session, trade.receiver, handover.id, at=trade.tick())
    receiver.sign(handover, "acceptance", reservation="SoH 待复检")
    assert handover.state is HandoverState.ACCEPTED_WITH_RESERVATION
    assert log.verify(session) == []
    for sequence in (handover.release_leaf, handover.acceptance_leaf):
        record = trade.record(sequence)
        assert all("attestedByPlatform" not in proof for proof in record["proof"])
        assert not any(one.is_by_platform for one in records.signatures(session, record))
        assert receipts.verify(log.receipt(session, sequence), log.vkey(session)).signatures
    reservation = trade.record(handover.acceptance_leaf)["reservation"]
    assert commitments.opened(session, reservation) == "SoH 待复检"


def test_the_signature_holds_by_the_raw_bytes_alone(trade, releaser):
    handover = trade.ready()
    releaser.sign(handover)
    trade.sign(handover, trade.receiver)
    record = json.loads(trade.session.get(log.Leaf, handover.release_leaf).record)
    device, platform = record.pop("proof")
    assert platform["attestedByPlatform"] is True
    value = multikey.base58_decode(device.pop("proofValue")[1:])
    raw = multikey.base58_decode(device["verificationMethod"].split("#")[1][1:])[2:]

    def canonical(part):
        return json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    signed = digest(canonical(device)) + digest(canonical(record))
    Ed25519PublicKey.from_public_bytes(raw).verify(value, signed)


def test_the_record_tells_the_instant_at_which_it_was_frozen(trade, releaser, receiver):
    handover = trade.ready()
    request = releaser.freeze(handover)
    releaser.send(handover, request, after=timedelta(minutes=4))
    receiver.sign(handover)
    record = trade.record(handover.release_leaf)
    assert record["proof"][0]["created"] == record["received_at"]
    assert request.frozen_at.isoformat().startswith(record["received_at"].rstrip("Z"))


def test_dump_and_receipt_show_offline_who_signed_by_what(session, trade, releaser):
    handover = trade.ready()
    releaser.sign(handover)
    trade.sign(handover, trade.receiver)
    written = io.BytesIO()
    log.export(session, written)
    written.seek(0)
    vkey, receipt = log.vkey(session), log.receipt(session, handover.release_leaf)
    found = dump.verify(written, vkey, [receipt])
    assert (found.signatures_checked, found.signed_by_devices) == (2, 1)
    device, platform = receipts.report(receipt, vkey)["signatures"]
    assert (device["attested_by_platform"], platform["attested_by_platform"]) == (False, True)
    assert device["key"] == f"did:key:{releaser.key.public_key}"
    assert device["domain"].startswith(f"urn:packbourse:releaser:{trade.workshop.credit_code}:")


def test_freezing_changes_nothing_but_the_request(session, trade, receiver):
    handover = trade.arrived()
    receiver.freeze(handover, "acceptance", reservation="later")
    session.expire_all()
    assert (handover.state, handover.reservation) == (HandoverState.ARRIVED, "")
    assert session.scalar(sa.select(sa.func.count()).select_from(log.Leaf)) == 1
    found = sa.select(commitments.PersonalCommitment).where(
        commitments.PersonalCommitment.content == "later"
    )
    assert session.scalar(found) is None


def test_what_the_act_refuses_is_refused_before_anything_is_shown(trade, releaser, receiver):
    handover = trade.ready()
    with pytest.raises(releases.ReleaserFirst):
        receiver.freeze(handover)
    releaser.sign(handover)
    with pytest.raises(releases.SignedAlready):
        releaser.freeze(handover)


def test_a_signature_that_comes_twice_is_written_once(trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover)
    releaser.send(handover, request)
    pending = handover.pending_record
    with pytest.raises(RequestUsed):
        releaser.send(handover, request)
    assert handover.pending_record == pending


def test_a_request_is_over_after_five_minutes(trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover)
    for after in (VALID, timedelta(seconds=-1)):
        with pytest.raises(RequestOver):
            releaser.send(handover, request, after=after)
    releaser.send(handover, request, after=VALID - timedelta(seconds=1))


def test_the_seed_goes_with_the_signature_and_with_the_time(session, trade, releaser):
    handover = trade.ready()
    forgotten = releaser.freeze(handover).id
    request = releaser.freeze(handover)
    session.expire_all()
    assert session.get(SignatureRequest, forgotten) is None
    releaser.send(handover, request)
    assert request.seed is None


def test_the_key_of_another_person_is_refused(trade, releaser, receiver):
    handover = trade.ready()
    with pytest.raises(devices.KeyNotEnrolled):
        releaser.freeze(handover, key=receiver.key)


def test_the_signature_of_another_key_is_refused(trade, releaser, receiver):
    handover = trade.ready()
    request = releaser.freeze(handover)
    foreign = receiver.key.signature(request.options, request.document)
    with pytest.raises(DeviceSignatureWrong):
        releaser.send(handover, request, signature=foreign)
    assert handover.pending_record is None


def test_a_colleague_cannot_send_what_another_person_was_asked_to_sign(trade, releaser, make):
    handover = trade.ready()
    request = releaser.freeze(handover)
    colleague = Signing(trade, make.member(trade.workshop))
    with pytest.raises(RequestUnknown):
        colleague.send(handover, request)


def test_a_key_revoked_meanwhile_is_refused_and_what_it_signed_stands(session, trade, releaser):
    one, two = trade.packs
    first = trade.ready([one])
    releaser.sign(first)
    second = trade.ready([two])
    request = releaser.freeze(second)
    devices.revoke(session, trade.releaser.user_id, releaser.key.row.id, at=trade.at)
    with pytest.raises(devices.KeyRevoked):
        releaser.send(second, request)
    with pytest.raises(devices.KeyRevoked):
        releaser.freeze(second)
    trade.sign(first, trade.receiver)
    assert first.state is HandoverState.RELEASED
    assert log.verify(session) == []


def test_a_signature_is_not_replayed_on_another_handover_or_step(trade, releaser):
    one, two = trade.packs
    first, second = trade.ready([one]), trade.ready([two])
    request = releaser.freeze(first)
    with pytest.raises(RequestUnknown):
        releaser.send(second, request)
    with pytest.raises(RequestUnknown):
        releaser.send(first, request, "acceptance")
    other = releaser.freeze(second)
    signed = releaser.key.signature(request.options, request.document)
    with pytest.raises(DeviceSignatureWrong):
        releaser.send(second, other, signature=signed)


def test_a_request_that_never_was_is_refused(trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover)
    request_like = type("Request", (), {"id": uuid.uuid4(), "frozen_at": request.frozen_at})
    with pytest.raises(RequestUnknown):
        releaser.send(handover, request_like, signature="AAAA")


def test_other_facts_than_were_shown_are_refused(trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover, seal="S1", vehicle_plate="皖A12345")
    for facts in (
        {"seal": "S2", "vehicle_plate": "皖A12345"},
        {"seal": "S1", "vehicle_plate": "皖A54321"},
        {"seal": "S1"},
    ):
        with pytest.raises(RecordChanged):
            releaser.send(handover, request, **facts)
        trade.session.rollback()
    releaser.send(handover, request, seal="S1", vehicle_plate="皖A12345")


def test_goods_that_changed_meanwhile_are_signed_anew(session, trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover)
    trade.packs[0].mass_kg = 999
    with pytest.raises(RecordChanged):
        releaser.send(handover, request)


def test_a_record_changed_in_the_request_is_not_written(session, trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover)
    request.document = request.document.replace(b'"960"', b'"961"')
    with pytest.raises(RecordChanged):
        releaser.send(handover, request)


def test_a_bit_that_flips_in_the_signature_is_found(trade, releaser):
    handover = trade.ready()
    request = releaser.freeze(handover)
    raw = bytearray(b64decode(releaser.key.signature(request.options, request.document)))
    raw[10] ^= 1
    with pytest.raises(DeviceSignatureWrong):
        releaser.send(handover, request, signature=b64encode(raw).decode())
    trade.session.rollback()
    for unreadable in ("not base64", b64encode(raw[:32]).decode()):
        with pytest.raises(SignatureUnreadable):
            releaser.send(handover, request, signature=unreadable)


def test_one_person_with_two_keys_still_stands_for_one_side(session, trade, releaser):
    handover = trade.ready()
    trade.sign(handover, trade.releaser)
    both = type(trade.receiver)(
        trade.releaser.user_id, trade.buyer.id, trade.receiver.role, trade.buyer.kinds
    )
    with pytest.raises(releases.OnePersonBothSides):
        Signing(trade, both).sign(handover)
    receiver = Signing(trade, trade.receiver)
    receiver.sign(handover)
    handovers.arrive(session, trade.receiver, handover.id, at=trade.tick())
    with pytest.raises(releases.OnePersonBothSides):
        Signing(trade, both).sign(handover, "acceptance")


def test_the_note_says_by_what_key_each_side_signed(session, trade, releaser):
    handover = trade.ready()
    releaser.sign(handover)
    trade.sign(handover, trade.receiver)
    device, platform = handover_papers.note(session, handover).attestations
    assert "Device key" in device.attested_by
    assert "Platform, for the person" in platform.attested_by


def test_a_device_key_under_the_platforms_word_is_a_problem_of_the_log(session, trade, releaser):
    handover = trade.ready()
    releaser.sign(handover)
    trade.sign(handover, trade.receiver)
    assert log.verify(session) == []
    change = sa.text(
        "UPDATE signing_key SET is_on_device = NOT is_on_device, organisation_id = "
        "COALESCE(organisation_id, :firm), name = 'x' WHERE use = 'person'"
    )
    session.execute(change, {"firm": trade.workshop.id})
    session.expire_all()
    first, second = log.verify(session)
    assert first.endswith("is not a key of a device")
    assert second.endswith("is not a key of the platform")
