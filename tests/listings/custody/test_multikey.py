"""Keys as text: published examples, round trips, and keys that bind nobody."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st

from listings.custody import multikey
from listings.custody.multikey import BadKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = multikey.encode_public(KEY.public_key())


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (b"\x00\x00\x28\x7f\xb4\xcd", "11233QC4"),
        (b"", ""),
    ],
)
def test_base58_agrees_with_the_published_examples(data, text):
    assert multikey.base58_encode(data) == text
    assert multikey.base58_decode(text) == data


@given(st.binary(max_size=70))
@example(b"\0\0")
def test_base58_reads_back(data):
    assert multikey.base58_decode(multikey.base58_encode(data)) == data


@given(st.binary(min_size=32, max_size=32))
def test_keys_read_back_from_their_text(seed):
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    public = secret.public_key()
    assert multikey.decode_secret(multikey.encode_secret(secret)).private_bytes_raw() == seed
    text = multikey.encode_public(public)
    assert text.startswith("z6Mk")
    assert multikey.decode_public(text) == public
    assert multikey.from_verification_method(multikey.verification_method(public)) == public


@pytest.mark.parametrize(
    "text", ["", "z", "z0", PUBLIC[1:], "u" + PUBLIC[1:], PUBLIC + "2", PUBLIC[:-1], "z" * 300]
)
def test_text_that_is_no_public_key_is_refused(text):
    with pytest.raises(BadKey):
        multikey.decode_public(text)


def test_a_secret_key_is_no_public_key_and_is_not_repeated():
    secret = multikey.encode_secret(KEY)
    with pytest.raises(BadKey):
        multikey.decode_public(secret)
    with pytest.raises(BadKey) as refusal:
        multikey.decode_secret(secret + "x")
    assert secret not in str(refusal.value)


def test_a_did_key_must_name_itself_twice():
    with pytest.raises(BadKey):
        multikey.from_verification_method(f"did:key:{PUBLIC}#other")
    assert multikey.from_verification_method(f"https://example.org/#{PUBLIC}") is None


@pytest.mark.parametrize("top_bit", [0, 0x80])
@pytest.mark.parametrize(
    "point",
    [
        "01" + "00" * 31,
        "00" * 32,
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ],
)
def test_a_key_of_small_order_is_refused(point, top_bit):
    data = bytearray.fromhex(point)
    data[31] |= top_bit
    with pytest.raises(BadKey):
        multikey.load_public(bytes(data), "key")


def test_the_library_alone_would_let_such_a_key_sign_anything():
    neutral = b"\x01" + bytes(31)
    anything = neutral + bytes(32)
    assert multikey.is_signed_by(Ed25519PublicKey.from_public_bytes(neutral), anything, b"a lie")
