"""Records as the exact bytes that are hashed and signed: RFC 8785 (JCS) after Unicode NFC.

A record is a JSON object of objects, arrays, strings, safe integers, true, false and null. It
holds no floating-point number, because two programs print those differently: a measurement is a
decimal string with its unit in the name, ``"mass_kg": "412.5"``. Strings and names are brought to
NFC before anything is hashed, so that a name typed on two phones is the same name. Pure.
"""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
from collections.abc import Mapping
from typing import NoReturn

import rfc8785

from listings.errors import N_, Refused

SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 64


class BadRecord(Refused):
    """Bytes or a value that cannot be a custody record."""

    message = N_("The record cannot be read as JSON in UTF-8.")


class NotAnObject(BadRecord):
    """JSON, but a list or a bare value."""

    message = N_("The record must be a JSON object.")


class DuplicateName(BadRecord):
    """One object names a member twice: readers would disagree which value counts."""

    message = N_("The record names %(name)s twice in one object. Keep one of them.")


class FloatInRecord(BadRecord):
    """A floating-point number, whose digits depend on the program that prints it."""

    message = N_("The record holds the number %(value)s. Write it as a decimal string.")


class IntegerNotSafe(BadRecord):
    """An integer that a reader with double-precision numbers would round (RFC 7493)."""

    message = N_("The record holds an integer beyond 2^53 - 1. Write it as a string.")


class ValueNotJson(BadRecord):
    """A value that JSON does not have: a date, a decimal, bytes, half a character."""

    message = N_("The record holds a %(kind)s, which JSON does not have. Write it as a string.")


class NestedTooDeeply(BadRecord):
    """More levels than any record needs; refused before it exhausts a reader."""

    message = N_("The record is nested more than %(levels)s levels deep.")


class NotBase64(Refused):
    """Text that is not base64 (RFC 4648 section 4) in its one canonical, padded form."""

    message = N_("%(name)s is not valid base64.")


def dumps(record: Mapping[str, object]) -> bytes:
    """The canonical bytes of a record: NFC, then RFC 8785. Refuses what the module excludes."""
    if not isinstance(record, Mapping):
        raise NotAnObject
    return rfc8785.dumps(_checked(record, 0))  # type: ignore[arg-type]


def parse(data: bytes) -> dict[str, object]:
    """The record in JSON bytes, strings in NFC.

    Refuses what the module excludes, duplicate names (also names that only NFC makes equal) and
    anything but UTF-8. The bytes need not be canonical: see `is_canonical`.
    """
    if not isinstance(data, bytes):
        raise BadRecord
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
            parse_int=_integer,
        )
    except RecursionError:
        raise NestedTooDeeply(levels=MAX_DEPTH) from None
    except ValueError:
        raise BadRecord from None
    if not isinstance(value, dict):
        raise NotAnObject
    checked = _checked(value, 0)
    assert isinstance(checked, dict)
    return checked


def is_canonical(data: bytes) -> bool:
    """Whether these bytes are the ones `dumps` would write for the record they hold."""
    try:
        return dumps(parse(data)) == data
    except BadRecord:
        return False


def to_base64(data: bytes) -> str:
    """Padded standard base64, as bytes travel inside JSON."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: object, name: str) -> bytes:
    """Bytes behind canonical padded base64; `name` says in a refusal what was meant to be there."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        data = None
    # Python ignores stray bits in the last character: two texts would mean the same bytes.
    if data is None or to_base64(data) != text:
        raise NotBase64(field=name, name=name)
    return data


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise DuplicateName(name=_shown(name))
        found[name] = value
    return found


def _refuse_float(text: str) -> NoReturn:
    raise FloatInRecord(value=text[:40])


def _integer(text: str) -> int:
    # Checked by length first: Python refuses to convert very long digit strings.
    if len(text) > len(str(-SAFE_INTEGER)):
        raise IntegerNotSafe
    return int(text)


def _checked(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise NestedTooDeeply(levels=MAX_DEPTH)
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise IntegerNotSafe
        return int(value)
    if isinstance(value, float):
        raise FloatInRecord(value=value)
    if isinstance(value, Mapping):
        return _members(value, depth)
    if isinstance(value, (list, tuple)):
        return [_checked(part, depth + 1) for part in value]
    raise ValueNotJson(kind=type(value).__name__)


def _members(value: Mapping[object, object], depth: int) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, part in value.items():
        if not isinstance(key, str):
            raise ValueNotJson(kind=f"{type(key).__name__} as a name")
        name = _text(key)
        if name in members:
            raise DuplicateName(name=name)
        members[name] = _checked(part, depth + 1)
    return members


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueNotJson(kind="lone surrogate") from None
    return unicodedata.normalize("NFC", value)


def _shown(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
