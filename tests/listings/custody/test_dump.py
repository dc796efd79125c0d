"""The dump: it verifies without the application, and no rewriting survives an old receipt."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import canonical, checkpoint, dump, merkle, receipts
from listings.errors import DomainError

COMMANDS = Path(__file__).parents[3] / "docs" / "commands"


def verify(data, vkey, documents=()):
    return dump.verify(io.BytesIO(data), vkey, documents)


def held_to_schema(answer, name):
    schema = json.loads((COMMANDS / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(answer, schema, jsonschema.Draft202012Validator)
    return answer


@pytest.fixture
def files(tmp_path):
    def write(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


def test_a_dump_and_every_receipt_ever_given_hold(log):
    given_out = [log.receipt(index, size) for size in range(1, 10) for index in range(size)]
    found = verify(log.dump(), log.vkey, given_out)
    assert (found.size, found.root, found.origin) == (9, merkle.root(log.leaves), "log.example")
    assert (found.signatures_checked, found.receipts_checked) == (18, 45)


def test_the_dump_of_an_empty_log_holds(make_log):
    empty = make_log([])
    assert verify(empty.dump(), empty.vkey).root == merkle.root([])


def test_a_log_rewritten_and_signed_with_another_key_fails(log, make_log, make_leaf):
    receipt = log.receipt(4)
    forged = make_log([*log.leaves[:4], make_leaf(4, mass="4.0"), *log.leaves[5:]])
    with pytest.raises(checkpoint.NoKnownSigner):
        verify(forged.dump(), log.vkey)
    assert verify(forged.dump(), forged.vkey).size == 9  # its own key proves nothing
    with pytest.raises(receipts.CheckpointNotTrusted):
        verify(forged.dump(), forged.vkey, [receipt])
    with pytest.raises(dump.ReceiptContradicts):
        verify(forged.dump(), [forged.vkey, log.vkey], [receipt])


@pytest.mark.parametrize("index", range(9))
def test_a_record_changed_under_the_same_key_fails_against_an_old_receipt(log, make_leaf, index):
    rewritten = log.with_leaf(index, make_leaf(index, mass="4.0"))
    assert verify(rewritten.dump(), log.vkey).size == 9  # nothing inside shows it
    with pytest.raises(dump.ReceiptContradicts, match="first 9 records"):
        verify(rewritten.dump(), log.vkey, [log.receipt(0)])


def test_dropping_the_newest_records_shows_against_a_receipt(log):
    assert verify(log.dump(6), log.vkey).size == 6
    with pytest.raises(dump.ReceiptNewer, match="9 records, the dump holds only 6"):
        verify(log.dump(6), log.vkey, [log.receipt(2)])


def test_a_receipt_of_another_log_is_refused(log, make_log):
    other = make_log(log.leaves, (log.skey, log.vkey), origin="other.example")
    with pytest.raises(dump.ReceiptLogDiffers):
        verify(log.dump(), log.vkey, [other.receipt(1)])


def lines_of(log):
    return log.dump().splitlines(keepends=True)


@pytest.mark.parametrize("index", range(9))
def test_a_leaf_taken_out_doubled_or_moved_fails(log, index):
    head, *leaves, end = lines_of(log)
    without = [*leaves[:index], *leaves[index + 1 :]]
    with pytest.raises(dump.LeavesMissing, match="counts 9 records, the dump holds 8"):
        verify(b"".join([head, *without, end]), log.vkey)
    with pytest.raises(dump.LeavesMissing):
        verify(b"".join([head, *leaves, leaves[index], end]), log.vkey)
    moved = [*without, leaves[index]] if index < 8 else [leaves[8], *leaves[:8]]
    with pytest.raises(dump.LeavesChanged):
        verify(b"".join([head, *moved, end]), log.vkey)


@given(st.data())
def test_no_byte_of_a_dump_can_be_changed(log, data):
    raw = log.dump()
    at = data.draw(st.integers(0, len(raw) - 2))
    bad = raw[:at] + bytes([raw[at] ^ (1 << data.draw(st.integers(0, 6)))]) + raw[at + 1 :]
    with pytest.raises(DomainError):
        verify(bad, log.vkey)


def test_a_dump_cut_off_anywhere_fails(log):
    raw = log.dump()
    for end in range(0, len(raw) - 1, 97):
        with pytest.raises(dump.BadDump):
            verify(raw[:end], log.vkey)


def test_a_forged_party_signature_is_found_though_the_log_was_signed_over_it(log):
    forged = log.with_leaf(4, log.leaves[4].replace(b'"412.5"', b'"999.9"'))
    with pytest.raises(dump.LeafWrong, match=r"Record 4 .* signature"):
        verify(forged.dump(), log.vkey)


def test_a_leaf_that_is_no_canonical_record_is_found(log):
    for leaf in (b"free text", log.leaves[4] + b" ", b'{"a":1.5}'):
        with pytest.raises(dump.LeafWrong, match=r"Record 4 .* canonical"):
            verify(log.with_leaf(4, leaf).dump(), log.vkey)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, b'{"format":"packbourse-log-v2","origin":"log.example"}'),
        (0, b'{"format":"packbourse-log-v1"}'),
        (0, b'{"format":"packbourse-log-v1","origin":""}'),
        (0, b'{"format":"packbourse-log-v1","origin":3}'),
        (3, b'{"leaf":"%"}'),
        (3, b'{"leaf":null}'),
        (3, b'{"leaf":"","leaf":""}'),
        (3, b'{"leaf":"","more":1}'),
        (3, b"{}"),
        (3, b""),
        (3, b"[]"),
        (10, b'{"checkpoint":7}'),
    ],
)
def test_a_line_of_another_form_is_named(log, line, text):
    lines = lines_of(log)
    lines[line] = text + b"\n"
    with pytest.raises(dump.LineWrong, match=f"Line {line + 1} "):
        verify(b"".join(lines), log.vkey)


def test_nothing_may_follow_the_checkpoint(log):
    with pytest.raises(dump.LineWrong, match="Line 12 "):
        verify(log.dump() + lines_of(log)[1], log.vkey)


def test_a_line_longer_than_any_record_is_refused_without_reading_it_whole(log, monkeypatch):
    monkeypatch.setattr(dump, "MAX_LINE_BYTES", 200)
    with pytest.raises(dump.LineWrong, match="Line 2 "):
        verify(log.dump(), log.vkey)


def test_a_header_that_names_another_log_than_the_head_fails(log):
    with pytest.raises(dump.OriginsDiffer):
        verify(log.dump().replace(b'"origin":"log.example"', b'"origin":"x.example"'), log.vkey)


def test_a_dump_with_a_head_of_other_leaves_is_not_written(log):
    with pytest.raises(dump.LeavesMissing):
        dump.write(io.BytesIO(), log.origin, log.leaves[:8], log.note())
    with pytest.raises(dump.OriginsDiffer):
        dump.write(io.BytesIO(), "x.example", log.leaves, log.note())


def test_the_command_answers_for_the_dump_and_each_receipt(log, files):
    whole, one, two = (
        files("log", log.dump(6)),
        files("one", log.receipt(2, 6)),
        files("two", log.receipt(2)),
    )
    answer = held_to_schema(dump.verify_command(whole, log.vkey, [one, two]), "log-verify")
    assert answer["size"] == 6
    assert answer["root"] == base64.b64encode(merkle.root(log.leaves[:6])).decode()
    assert [found["valid"] for found in answer["receipts"]] == [True, False]
    assert (answer["valid"], answer["problems"]) == (False, [])
    good = held_to_schema(dump.verify_command(whole, log.vkey, [one]), "log-verify")
    assert (good["valid"], good["receipts"][0]["problem"]) == (True, None)


def test_the_command_reports_what_is_wrong_and_does_not_raise(log, files, tmp_path):
    receipt = files("receipt", log.receipt(2))
    for bad in (files("cut", log.dump()[:900]), files("none", b""), tmp_path / "absent", tmp_path):
        answer = held_to_schema(dump.verify_command(bad, log.vkey, [receipt]), "log-verify")
        assert (answer["valid"], answer["size"], len(answer["problems"])) == (False, None, 1)
        assert "not compared" in answer["receipts"][0]["problem"]
    absent = [tmp_path / "no-receipt", files("text", b"text")]
    answer = held_to_schema(
        dump.verify_command(files("log", log.dump()), log.vkey, absent), "log-verify"
    )
    assert [found["valid"] for found in answer["receipts"]] == [False, False]


def test_the_command_lists_every_bad_record(log, files):
    forged = log
    for index in (2, 5):
        forged = forged.with_leaf(index, log.leaves[index].replace(b'"412.5"', b'"1"'))
    answer = dump.verify_command(files("log", forged.dump()), log.vkey)
    assert [text[:9] for text in answer["problems"]] == ["Record 2 ", "Record 5 "]


def test_a_text_that_is_no_key_is_refused(log, files):
    with pytest.raises(checkpoint.BadNoteKey):
        dump.verify_command(files("log", log.dump()), "nonsense")


def test_the_export_and_receipt_documents_keep_their_schemas(log):
    document = dump.export_document(log.origin, log.leaves, log.note())
    assert len(held_to_schema(document, "log-export")["leaves"]) == 9
    held_to_schema(dump.export_document(log.origin, [], log.note(), "log.jsonl"), "log-export")
    held_to_schema(receipts.report(log.receipt(1), log.vkey), "receipt-verify")
    held_to_schema(receipts.report(b"{}", log.vkey), "receipt-verify")


def test_verifying_needs_neither_database_nor_web(log, files):
    path = files("log", log.dump())
    program = (
        "import sys\nfrom listings.custody import dump\n"
        "answer = dump.verify_command(sys.argv[1], sys.argv[2])\n"
        "assert answer['valid'], answer\n"
        "for name in ('sqlalchemy', 'flask', 'psycopg', 'babel', 'market', 'listings.db'):\n"
        "    assert name not in sys.modules, name\n"
    )
    root = str(Path(dump.__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", program, str(path), log.vkey],
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )


def test_the_dump_is_the_documented_lines(log):
    head, *leaves, end = (json.loads(line) for line in lines_of(log))
    assert head == {"format": "packbourse-log-v1", "origin": "log.example"}
    assert [base64.b64decode(line["leaf"]) for line in leaves] == log.leaves
    assert canonical.is_canonical(log.leaves[0])
    assert end == {"checkpoint": log.note()}
