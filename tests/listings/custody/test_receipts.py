"""Receipts: what a party can prove years later with one file and one key."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import canonical, checkpoint, merkle, receipts
from listings.custody.receipts import (
    BadReceipt,
    CheckpointNotTrusted,
    MemberWrong,
    NotAReceipt,
    RecordNotCanonical,
    RecordNotInLog,
    RecordSignatureWrong,
    SizesDiffer,
)


def changed(document, **members):
    return json.dumps({**json.loads(document), **members}).encode()


@pytest.mark.parametrize("index", range(9))
def test_every_record_gets_a_receipt_that_holds(log, index):
    receipt = receipts.verify(log.receipt(index), log.vkey, origin="log.example")
    assert (receipt.record, receipt.index, receipt.tree_size) == (log.leaves[index], index, 9)
    assert (receipt.kind, len(receipt.signatures)) == ("release", 2)


def test_the_report_of_a_receipt_that_holds(log):
    report = receipts.report(log.receipt(3, 5), log.vkey)
    signed = report.pop("signatures")
    assert [one["attested_by_platform"] for one in signed] == [False, False]
    assert all(one["key"].startswith("did:key:z6Mk") for one in signed)
    assert report == {
        "valid": True,
        "index": 3,
        "tree_size": 5,
        "record_kind": "release",
        "problems": [],
    }


def test_the_report_of_one_that_does_not_says_why(log):
    _, stranger = checkpoint.generate("stranger.example")
    answer = receipts.report(log.receipt(3), stranger)
    assert (answer["valid"], answer["index"]) == (False, None)
    assert "no signature by stranger.example" in answer["problems"][0]


def test_a_text_that_is_no_key_is_refused_rather_than_reported(log):
    with pytest.raises(checkpoint.BadNoteKey):
        receipts.report(log.receipt(3), "nonsense")


def test_after_a_rotation_either_key_may_be_given(log):
    _, newer = checkpoint.generate("log.example")
    assert receipts.verify(log.receipt(0), [newer, log.vkey]).index == 0


def test_a_receipt_of_another_log_under_the_same_key_is_refused_where_the_log_is_named(log):
    with pytest.raises(CheckpointNotTrusted, match=r"not to other\.example"):
        receipts.verify(log.receipt(0), log.vkey, origin="other.example")


@given(st.data())
def test_no_byte_that_counts_can_be_changed(log, data):
    document = log.receipt(4)
    at = data.draw(st.integers(0, len(document) - 1))
    bad = (
        document[:at]
        + bytes([document[at] ^ (1 << data.draw(st.integers(0, 6)))])
        + document[at + 1 :]
    )
    with pytest.raises(BadReceipt):
        receipts.verify(bad, log.vkey)


def test_another_record_under_the_same_proof_is_refused(log, make_leaf):
    other = base64.b64encode(make_leaf(4, mass="4.0")).decode()
    with pytest.raises(RecordNotInLog, match="position 4"):
        receipts.verify(changed(log.receipt(4), record=other), log.vkey)


@pytest.mark.parametrize(
    ("members", "situation"),
    [
        ({"format": "packbourse-receipt-v2"}, NotAReceipt),
        ({"more": 1}, NotAReceipt),
        ({"index": 5}, RecordNotInLog),
        ({"index": 99}, RecordNotInLog),
        ({"index": -1}, MemberWrong),
        ({"index": True}, MemberWrong),
        ({"index": "4"}, MemberWrong),
        ({"tree_size": 8}, SizesDiffer),
        ({"inclusion_proof": []}, RecordNotInLog),
        ({"inclusion_proof": "AAAA"}, MemberWrong),
        ({"inclusion_proof": ["%"]}, MemberWrong),
        ({"inclusion_proof": [None]}, MemberWrong),
        ({"record": "%"}, MemberWrong),
        ({"checkpoint": "log.example\n9\n"}, CheckpointNotTrusted),
        ({"checkpoint": None}, MemberWrong),
    ],
)
def test_a_receipt_with_a_wrong_member_is_refused(log, members, situation):
    with pytest.raises(situation):
        receipts.verify(changed(log.receipt(4), **members), log.vkey)


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b"\xff", b'{"format":"packbourse-receipt-v1"}']
)
def test_a_file_that_is_no_receipt_is_refused(log, document):
    with pytest.raises(NotAReceipt):
        receipts.verify(document, log.vkey)


def test_a_logged_record_whose_party_signature_does_not_hold_is_refused(log, make_log):
    forged = log.leaves[4].replace(b'"412.5"', b'"999.9"')
    rewritten = log.with_leaf(4, forged)
    with pytest.raises(RecordSignatureWrong):
        receipts.verify(rewritten.receipt(4), log.vkey)


def test_a_logged_record_that_is_not_canonical_is_refused(log):
    spaced = log.leaves[4].replace(b":", b": ", 1)
    with pytest.raises(RecordNotCanonical):
        receipts.verify(log.with_leaf(4, spaced).receipt(4), log.vkey)


def test_a_record_without_signatures_says_that_none_were_checked(log):
    bare = log.with_leaf(4, canonical.dumps({"note": "x"}))
    receipt = receipts.verify(bare.receipt(4), log.vkey)
    assert (receipt.signatures, receipt.kind) == ((), None)


def test_no_broken_receipt_is_made(log):
    proof = merkle.inclusion_proof(log.leaves, 4)
    with pytest.raises(RecordNotInLog):
        receipts.make(log.leaves[3], 4, proof, log.note())
    with pytest.raises(RecordNotInLog):
        receipts.make(log.leaves[4], 4, proof, log.note(8))
