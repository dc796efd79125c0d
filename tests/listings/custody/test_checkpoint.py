"""Checkpoints: the published note example, C2SP's rules, and every altered byte."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import checkpoint
from listings.custody.checkpoint import (
    BadCheckpoint,
    BadNoteKey,
    Checkpoint,
    MalformedCheckpoint,
    MalformedNote,
    NoKnownSigner,
    SignatureDoesNotFit,
    SignedTwice,
    WrongOrigin,
)

ORIGIN = "log.example"
ROOT = hashlib.sha256(b"root").digest()
SKEY, VKEY = checkpoint.generate(ORIGIN)
OTHER_SKEY, OTHER_VKEY = checkpoint.generate("witness.example")
NOTE = checkpoint.sign(ORIGIN, 7, ROOT, SKEY)

# The example of the Go module golang.org/x/mod/sumdb/note, which the signed-note format grew from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAYING = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SAID = (
    "\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)


def line_of(note):
    return note.rpartition("\n\n")[2]


def test_the_published_example_is_signed_by_its_key():
    with pytest.raises(MalformedCheckpoint):  # the signature holds; the text is no checkpoint
        checkpoint.open(f"{SAYING}\n{SAID}", [PETER])
    with pytest.raises(SignatureDoesNotFit):
        checkpoint.open(f"{SAYING.replace('your', 'our')}\n{SAID}", [PETER])


def test_the_published_verifier_key_reads_back_as_itself():
    verifier = checkpoint.read_verifier(PETER)
    assert checkpoint.encode_verifier(verifier.name, verifier.public_key) == PETER


def test_a_checkpoint_is_three_lines_of_text_and_a_signature_line():
    body = f"{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}\n"
    assert NOTE.startswith(f"{body}\n\N{EM DASH} {ORIGIN} ")
    assert NOTE.count("\n") == 5


@given(st.integers(0, 2**62), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_read_back(size, root):
    note = checkpoint.sign(ORIGIN, size, root, SKEY)
    assert checkpoint.open(note, VKEY, origin=ORIGIN) == Checkpoint(ORIGIN, size, root)
    assert checkpoint.open(note.encode(), [OTHER_VKEY, VKEY]).size == size


@given(st.data())
def test_no_byte_of_a_note_can_be_changed(data):
    raw = NOTE.encode()
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
    with pytest.raises(BadCheckpoint):
        checkpoint.open(changed, [VKEY])


def test_a_verifier_key_is_found_from_its_signer_key():
    assert checkpoint.verifier_of(SKEY) == VKEY


def test_a_note_by_unknown_signers_only_is_refused():
    with pytest.raises(NoKnownSigner, match="witness"):
        checkpoint.open(NOTE, [OTHER_VKEY])
    with pytest.raises(NoKnownSigner):
        checkpoint.open(NOTE, [])


def test_a_key_of_the_same_name_is_still_another_key():
    _, imposter = checkpoint.generate(ORIGIN)
    with pytest.raises(NoKnownSigner):
        checkpoint.open(NOTE, [imposter])


def test_a_line_by_an_unknown_key_is_ignored_beside_a_known_one():
    cosigned = NOTE + line_of(checkpoint.sign(ORIGIN, 7, ROOT, OTHER_SKEY))
    assert checkpoint.open(cosigned, [VKEY]) == checkpoint.open(cosigned, [OTHER_VKEY])
    assert checkpoint.open(cosigned, [VKEY, OTHER_VKEY]).size == 7


def test_a_bad_line_by_a_known_key_is_refused_though_another_holds():
    elsewhere = line_of(checkpoint.sign(ORIGIN, 8, ROOT, OTHER_SKEY))
    assert checkpoint.open(NOTE + elsewhere, [VKEY]).size == 7
    with pytest.raises(SignatureDoesNotFit, match=r"witness\.example"):
        checkpoint.open(NOTE + elsewhere, [VKEY, OTHER_VKEY])


def test_two_lines_by_one_known_key_are_refused():
    with pytest.raises(SignedTwice):
        checkpoint.open(NOTE + line_of(NOTE), [VKEY])


def test_a_checkpoint_of_another_log_is_refused_where_the_log_is_named():
    with pytest.raises(WrongOrigin, match=r"not to other\.example"):
        checkpoint.open(NOTE, [VKEY], origin="other.example")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        "text\n",
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("\N{EM DASH} ", "- "),
        NOTE.replace("\N{EM DASH} ", "\N{EM DASH}"),
        NOTE.replace("=\n", "\n"),
        NOTE + f"\N{EM DASH} na+me {base64.b64encode(b'12345').decode()}\n",
        NOTE + f"\N{EM DASH} name {base64.b64encode(b'1234').decode()}\n",
        NOTE + "\N{EM DASH} name\n",
        NOTE + line_of(NOTE).replace(ORIGIN, "unknown") * 100,
        NOTE.replace("log", "l\x00g"),
        NOTE.replace("log", "l\ud800g"),
        b"\xff" + NOTE.encode(),
        "x" * 1_000_001,
        None,
    ],
)
def test_a_malformed_note_is_refused(note):
    with pytest.raises(BadCheckpoint):
        checkpoint.open(note, [VKEY])


@pytest.mark.parametrize(
    "body",
    [
        "log.example\n7\n",
        f"\n7\n{base64.b64encode(ROOT).decode()}\n",
        f"log.example\n07\n{base64.b64encode(ROOT).decode()}\n",
        f"log.example\n-7\n{base64.b64encode(ROOT).decode()}\n",
        f"log.example\n７\n{base64.b64encode(ROOT).decode()}\n",
        f"log.example\n7\n{base64.b64encode(ROOT[:31]).decode()}\n",
        f"log.example\n7\n{base64.b64encode(ROOT).decode().rstrip('=')}\n",
        f"log.example\n7\n{ROOT.hex()}\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(body):
    with pytest.raises(MalformedCheckpoint):
        checkpoint.parse_body(body)


def test_further_lines_are_signed_and_kept_unread():
    text = f"{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}\nTimestamp: 1\n"
    assert checkpoint.parse_body(text).extensions == ("Timestamp: 1",)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 7, ROOT),
        ("two\nlines", 7, ROOT),
        ("log\x07", 7, ROOT),
        (ORIGIN, -1, ROOT),
        (ORIGIN, True, ROOT),
        (ORIGIN, 7, ROOT[:31]),
    ],
)
def test_what_would_not_read_back_is_not_signed(origin, size, root):
    with pytest.raises(MalformedCheckpoint):
        checkpoint.sign(origin, size, root, SKEY)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "PeterNewmann"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("+AR", "+BR"),  # another algorithm
        PETER[:-4],
        SKEY,
    ],
    ids=range(9),
)
def test_text_that_is_no_verifier_key_is_refused(vkey):
    with pytest.raises(BadNoteKey):
        checkpoint.open(NOTE, [vkey])


def test_a_key_that_would_fit_any_signature_is_refused():
    public = b"\x01" + bytes(31)  # the neutral point
    digest = hashlib.sha256(b"name\n\x01" + public).digest()[:4].hex()
    encoded = base64.b64encode(b"\x01" + public).decode()
    with pytest.raises(BadNoteKey):
        checkpoint.read_verifier(f"name+{digest}+{encoded}")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t"])
def test_a_key_needs_a_name_without_spaces_and_plus_signs(name):
    with pytest.raises(BadNoteKey):
        checkpoint.generate(name)


@pytest.mark.parametrize(
    "skey",
    [VKEY, "PRIVATE+KEY+", SKEY.replace(ORIGIN, "log.other")],
    ids=["a verifier key", "an empty key", "another name"],
)
def test_a_signer_key_that_does_not_fit_is_refused_without_being_shown(skey):
    with pytest.raises(BadNoteKey) as refusal:
        checkpoint.sign(ORIGIN, 7, ROOT, skey)
    assert skey.rpartition("+")[2] == "" or skey.rpartition("+")[2] not in str(refusal.value)


def test_an_unsigned_note_can_be_read_but_not_opened():
    other = checkpoint.sign(ORIGIN, 7, ROOT, OTHER_SKEY)
    assert checkpoint.read_unverified(other) == Checkpoint(ORIGIN, 7, ROOT)
    with pytest.raises(MalformedNote):
        checkpoint.read_unverified(f"{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}\n")
