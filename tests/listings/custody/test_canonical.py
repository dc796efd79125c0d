"""Canonical records: one sequence of bytes for one meaning, and what has no such bytes."""

from __future__ import annotations

import datetime as dt
import decimal
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import canonical
from listings.custody.canonical import (
    BadRecord,
    DuplicateName,
    FloatInRecord,
    IntegerNotSafe,
    NestedTooDeeply,
    NotAnObject,
    NotBase64,
    ValueNotJson,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
records = st.dictionaries(texts, values, max_size=5)


def written(record):
    try:
        return canonical.dumps(record)
    except DuplicateName:  # two names that only NFC makes equal
        return None


@given(records)
def test_a_record_reads_back_and_its_bytes_are_stable(record):
    data = written(record)
    if data is not None:
        assert canonical.is_canonical(data)
        assert canonical.dumps(canonical.parse(data)) == data
        assert json.loads(data).keys() == canonical.parse(data).keys()


@given(records)
def test_the_order_in_which_members_were_written_does_not_matter(record):
    assert written(dict(reversed(list(record.items())))) == written(record)


@given(records)
def test_spaces_between_members_do_not_matter(record):
    data = written(record)
    if data is not None:
        loose = json.dumps(record, indent=2).encode()
        assert canonical.dumps(canonical.parse(loose)) == data
        assert loose == data or not canonical.is_canonical(loose)


def test_members_are_sorted_by_utf_16_as_the_standard_shows():
    record = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    names = list(json.loads(canonical.dumps(record)))
    # RFC 8785 section 3.2.3; the sixth name is a Hebrew presentation form, which NFC takes apart.
    assert names == ["\r", "1", "\x80", "\xf6", "\u05d3\u05bc", "\u20ac", "\U0001f600"]


def test_a_name_is_one_name_however_its_accents_were_typed():
    assert canonical.dumps({"name": "e\u0301"}) == canonical.dumps({"name": "\xe9"})
    assert canonical.parse('{"name":"e\u0301"}'.encode()) == {"name": "\xe9"}
    assert not canonical.is_canonical('{"name":"e\u0301"}'.encode())


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'{"x":{"a":1,"a":2}}', b'{"e\xcc\x81":1,"\xc3\xa9":2}']
)
def test_a_name_given_twice_is_refused(data):
    with pytest.raises(DuplicateName):
        canonical.parse(data)


@pytest.mark.parametrize("number", ["1.5", "1e3", "1.0", "-0.0", "NaN", "Infinity", "-Infinity"])
def test_a_floating_point_number_is_refused(number):
    with pytest.raises(FloatInRecord):
        canonical.parse(b'{"mass_kg":%s}' % number.encode())
    with pytest.raises(FloatInRecord):
        canonical.dumps({"mass_kg": float(number)})


@pytest.mark.parametrize("digits", [str(2**53), str(-(2**53)), "1" + "0" * 4000])
def test_an_integer_beyond_the_safe_range_is_refused(digits):
    with pytest.raises(IntegerNotSafe):
        canonical.dumps({"n": int(digits)})
    with pytest.raises(IntegerNotSafe):
        canonical.parse(b'{"n":%s}' % digits.encode())


def test_more_digits_than_python_converts_are_refused_in_words():
    with pytest.raises(IntegerNotSafe):
        canonical.parse(b'{"n":%s}' % (b"9" * 5000))


@pytest.mark.parametrize(
    "value", [decimal.Decimal("1.5"), dt.date(2026, 1, 1), b"x", {1: "a"}, {"a"}, "\ud800"]
)
def test_a_value_that_json_does_not_have_is_refused(value):
    with pytest.raises(ValueNotJson):
        canonical.dumps({"value": value})


@pytest.mark.parametrize("data", [b"[]", b'"a"', b"null", b"3"])
def test_only_an_object_is_a_record(data):
    with pytest.raises(NotAnObject):
        canonical.parse(data)
    with pytest.raises(NotAnObject):
        canonical.dumps([])


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff{}", b"\xef\xbb\xbf{}", b'{"a":1}x', b'{"a":"\\ud800"}', "{}", None],
)
def test_what_is_not_json_in_utf_8_is_refused(data):
    with pytest.raises(BadRecord):
        canonical.parse(data)


def test_nesting_beyond_any_record_is_refused():
    for levels in (80, 200_000):
        with pytest.raises(NestedTooDeeply):
            canonical.parse(b'{"a":' + b"[" * levels + b"]" * levels + b"}")


@given(st.binary(max_size=40))
def test_base64_reads_back(data):
    assert canonical.from_base64(canonical.to_base64(data), "leaf") == data


@pytest.mark.parametrize("text", ["YQ", "YR==", "Y Q==", "YQ==\n", "-_-_", "é", 3, None, b"YQ=="])
def test_another_spelling_of_base64_is_refused(text):
    with pytest.raises(NotBase64, match="leaf"):
        canonical.from_base64(text, "leaf")
