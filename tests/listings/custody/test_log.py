"""The log in the database: order, heads, receipts and what is handed out."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from make import NOW

from listings import db
from listings.custody import canonical, checkpoint, dump, keys, log, merkle, receipts, subtrees
from listings.custody.keys import KeyUse


def leaf(number):
    return canonical.dumps({"kind": "note", "number": number})


def append(session, number, **more):
    return log.append(session, leaf(number), kind="note", at=NOW, **more)


def test_leaves_are_numbered_from_nought_and_every_head_is_signed(session):
    appended = [append(session, number) for number in range(9)]
    assert [one.sequence for one in appended] == list(range(9))
    heads = session.scalars(sa.select(log.Checkpoint).order_by(log.Checkpoint.tree_size)).all()
    vkey = log.vkey(session)
    for size, head in enumerate(heads, start=1):
        opened = checkpoint.open(head.note, vkey, "packbourse.local/log")
        assert opened.size == size
        assert opened.root == head.root == merkle.root([leaf(n) for n in range(size)])


@given(size=st.integers(1, 70), data=st.data())
def test_kept_subtrees_give_every_root_and_inclusion_proof(size, data):
    hashes = [merkle.leaf_hash(leaf(number)) for number in range(size)]
    kept = {}
    for number, leaf_hash in enumerate(hashes):
        edge = [kept[node] for node in subtrees.cover(0, number)]
        kept.update(subtrees.grown(number, edge, leaf_hash))
    assert subtrees.fold([kept[n] for n in subtrees.cover(0, size)]) == merkle.root_of_hashes(
        hashes
    )
    index = data.draw(st.integers(0, size - 1))
    assert subtrees.inclusion_path(index, size, kept) == merkle.inclusion_path(hashes, index)


def test_a_receipt_verifies_with_nothing_but_the_key(session):
    for number in range(6):
        append(session, number)
    receipt = receipts.verify(log.receipt(session, 2), log.vkey(session))
    assert receipt.record == leaf(2)
    assert (receipt.index, receipt.tree_size) == (2, 6)


def test_the_dump_verifies_with_nothing_but_the_key_and_an_old_receipt(session):
    for number in range(3):
        append(session, number)
    old = log.receipt(session, 1)
    for number in range(3, 5):
        append(session, number)
    stream = io.BytesIO()
    assert log.export(session, stream) == 5
    found = dump.verify(io.BytesIO(stream.getvalue()), log.vkey(session), [old])
    assert (found.size, found.receipts_checked) == (5, 1)


def test_the_same_record_is_not_appended_twice(session):
    append(session, 1)
    with pytest.raises(log.AlreadyInLog, match="position 0"):
        append(session, 1)


def test_bytes_that_are_not_canonical_are_refused(session):
    with pytest.raises(receipts.RecordNotCanonical):
        log.append(session, b'{"b": 1}', kind="note", at=NOW)


def test_a_record_whose_signature_does_not_hold_is_refused(session):
    key = keys.ensure(session, KeyUse.PLATFORM, at=NOW)
    signed = keys.sign(session, {"mass_kg": "1"}, key, at=NOW, attested_by_platform=False)
    with pytest.raises(receipts.RecordSignatureWrong):
        log.append(session, canonical.dumps({**signed, "mass_kg": "2"}), kind="note", at=NOW)


def test_nothing_in_the_log_is_rewritten_or_removed(session):
    append(session, 1)
    for statement in (
        "UPDATE leaf SET kind = 'x'",
        "DELETE FROM checkpoint",
        "UPDATE log_node SET hash = ''",
        "TRUNCATE leaf_pack",
    ):
        with pytest.raises(sa.exc.DBAPIError), session.begin_nested():
            session.execute(sa.text(statement))


def test_a_rotated_key_signs_on_and_old_heads_keep_their_own(session):
    append(session, 1)
    old = log.receipt(session, 0)
    first = log.vkey(session)
    keys.revoke(session, keys.ensure(session, KeyUse.LOG, at=NOW).id, at=NOW)
    append(session, 2)
    assert log.vkey(session) != first
    assert log.vkeys(session)[1] == first
    receipts.verify(old, log.vkeys(session))
    with pytest.raises(receipts.CheckpointNotTrusted):
        receipts.verify(old, log.vkey(session))


def test_a_pack_s_leaves_are_found(session, make):
    pack = make.pack(make.organisation())
    append(session, 1)
    append(session, 2, pack_ids=[pack.id])
    assert [one.sequence for one in log.of_pack(session, pack.id)] == [1]


def test_the_first_two_writers_may_come_in_the_other_order(session):
    append(session, 1)
    earlier = NOW - timedelta(seconds=5)
    assert log.append(session, leaf(2), kind="note", at=earlier).sequence == 1
    assert log.verify(session) == []


def test_many_writers_at_once_leave_no_gap(database):
    together = threading.Barrier(6)

    def write(number):
        together.wait()
        for turn in range(4):
            with db.transaction() as session:
                append(session, number * 100 + turn)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.transaction() as session:
        leaves = session.scalars(sa.select(log.Leaf).order_by(log.Leaf.sequence)).all()
        assert [one.sequence for one in leaves] == list(range(24))
        head = log.latest(session)
        assert head.root == merkle.root([one.record for one in leaves])


def test_a_checkpoint_carries_the_time_it_was_signed(session):
    log.append(session, leaf(1), kind="note", at=NOW + timedelta(hours=2))
    assert log.latest(session).signed_at == NOW + timedelta(hours=2)


def as_owner(session, statement):
    """What only the owner of the tables could do, with the guards off."""
    session.execute(sa.text("RESET ROLE"))
    table = statement.split()[1] if statement.startswith("UPDATE") else statement.split()[2]
    session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    session.execute(sa.text(statement))
    session.expire_all()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE leaf SET record = convert_to('{\"kind\":\"x\"}', 'UTF8') WHERE sequence = 2",
            "leaf 2: its hash is not that of its record",
        ),
        (
            "UPDATE leaf SET record = convert_to('{\"kind\":\"x\"}', 'UTF8') WHERE sequence = 2",
            "checkpoint 3: its root is not that of the first 3 leaves",
        ),
        (
            "DELETE FROM leaf WHERE sequence = 4",
            "1 checkpoints count more leaves than the 4 there are",
        ),
        ("DELETE FROM checkpoint WHERE tree_size = 2", "checkpoint 2 is missing"),
        (
            "UPDATE log_node SET hash = sha256('x') WHERE level = 2",
            "the kept nodes of the tree do not lead to its root",
        ),
        (
            "UPDATE signing_key SET valid_from = valid_from + interval '1 day' WHERE use = 'platform'",
            "not valid then",
        ),
        ("UPDATE signing_key SET revoked_at = valid_from WHERE use = 'platform'", "revoked before"),
        (
            "UPDATE checkpoint SET note = replace(note, 'local', 'evil') WHERE tree_size = 3",
            "checkpoint 3: ",
        ),
    ],
)
def test_verification_names_what_was_tampered_with(session, statement, problem):
    key = keys.ensure(session, KeyUse.PLATFORM, at=NOW)
    for number in range(5):
        record = keys.sign(session, {"n": number}, key, at=NOW, attested_by_platform=False)
        log.append(session, canonical.dumps(record), kind="note", at=NOW)
    assert log.verify(session) == []
    as_owner(session, statement)
    assert any(problem in found for found in log.verify(session))
