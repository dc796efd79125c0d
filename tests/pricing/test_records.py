"""A regulator's download computes again to the same bytes, and a changed one does not."""

from __future__ import annotations

import copy
import json
from datetime import date

import pytest
from make import NOW

from listings.parties import Kind, Role
from pricing import editions, indices, records, values
from pricing.coefficients import BadCoefficient


@pytest.fixture
def kept(session, make):
    """A guide value of a lot of two packs by the seeded edition."""
    valuer, seller = make.organisation(Kind.VALUER), make.organisation(Kind.FLEET_OWNER)
    indices.seed(session, at=NOW)
    people = {"assessor": make.member(valuer), "approver": make.member(valuer, Role.APPROVER)}
    editions.seed(session, valuer_id=valuer.id, at=NOW, **people)
    kind = make.pack_type()
    packs = [make.pack(seller, kind, made_on=date(2018, 3, 1)) for _ in range(2)]
    return values.for_lot(session, make.lot(seller, packs).id, at=NOW)


@pytest.fixture
def record(session, kept):
    """The record as it comes off a disk."""
    return records.read(json.dumps(records.of_value(session, kept), indent=2).encode())


def test_a_record_alone_reproduces_the_published_bytes(record, kept):
    found = records.check(record)
    assert found.is_reproduced
    assert found.result == kept.result


def test_a_record_names_who_assessed_and_approved_and_when(record):
    edition = record["edition"]
    assert edition["assessor"] != edition["approver"]
    assert edition["effective_from"] == NOW.isoformat()
    assert [act["tag"] for act in record["acts"]] == [
        "edition:drafted", "edition:proposed", "edition:announced", "edition:effective",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "agreement"),
    [
        (("coefficients", "distance_km", "value"), 900.0, "is_same_coefficients"),
        (("inputs", "packs", 0, "facts", "energy_kwh"), 99.0, "is_same_inputs"),
        (("result", "value_minor"), 1, "is_same_result"),
        (("methodology",), "Another text.", "is_same_methodology"),
    ],
)
def test_a_record_that_was_changed_is_found_out(record, path, value, agreement):
    forged = copy.deepcopy(record)
    place = forged
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = records.check(forged)
    assert not found.is_reproduced
    assert not getattr(found, agreement)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": "other"}', b"\xff"])
def test_what_is_no_record_is_refused(content):
    with pytest.raises(records.NotARecord):
        records.read(content)


def test_a_record_with_a_broken_coefficient_is_refused_by_its_name(record):
    del record["coefficients"]["distance_km"]
    with pytest.raises(BadCoefficient):
        records.check(record)
