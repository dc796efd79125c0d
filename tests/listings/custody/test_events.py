"""Records of custody events: canonical, without personal data, with counts that add up."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import canonical, events
from listings.custody.events import Found, Goods, Head, Party, Place, Weighing

AT = datetime(2026, 6, 1, 20, 30, tzinfo=UTC)
HEAD = Head(uuid.UUID(int=1), uuid.UUID(int=2), "H-1", "A-1", AT, AT, Place("一号场地", "安徽"))
FINDINGS = st.sampled_from(["accepted", "rejected", "missing"])


def goods(count):
    return [
        Goods(
            f"P-{number}",
            is_coded=False,
            chemistry="LFP",
            mass_kg=Decimal(480),
            energy_kwh=Decimal("64.0"),
        )
        for number in range(count)
    ]


def acceptance(findings, weighing=None):
    found = [Found(f"P-{number}", word) for number, word in enumerate(findings)]
    return events.acceptance(
        HEAD,
        Party("收货方", "91110108MA0000001X"),
        "00" * 32,
        goods(len(findings)),
        found,
        state="accepted",
        arrived_at=AT,
        weighing=weighing,
    )


@given(st.lists(FINDINGS, min_size=1, max_size=12))
def test_accepted_rejected_and_missing_sum_to_the_declared(findings):
    record = acceptance(findings)
    counts = record["counts"]
    assert counts["accepted"] + counts["rejected"] + counts["missing"] == counts["declared"]
    assert counts["declared"] == len(findings)
    flagged = [one for one in record["discrepancies"] if one["type"] == "item_missing"]
    assert bool(flagged) == ("missing" in findings)
    assert all(one["significant"] for one in flagged)
    assert canonical.parse(canonical.dumps(record)) == record


def test_findings_that_do_not_cover_the_goods_are_refused():
    found = [Found("P-0", "accepted"), Found("P-0", "rejected")]
    with pytest.raises(events.CountsDiffer):
        events.acceptance(
            HEAD, Party("x", "y"), "00", goods(2), found, state="accepted", arrived_at=AT
        )


def test_instants_are_told_with_their_offset():
    facts = HEAD.facts("release")
    assert facts["occurred_at"] == "2026-06-02T04:30:00+08:00"
    assert facts["received_at"] == "2026-06-01T20:30:00Z"
    with pytest.raises(events.InstantWithoutZone):
        events.utc(datetime(2026, 6, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("value", "text"),
    [("412.500", "412.5"), ("960", "960"), ("0.000", "0"), ("1E+3", "1000"), ("0.05", "0.05")],
)
def test_measurements_are_plain_decimal_strings(value, text):
    assert events.decimal(Decimal(value)) == text


@given(net=st.decimals(0, 2000, places=1))
def test_mass_is_significant_exactly_above_a_tenth(net):
    record = acceptance(["accepted", "missing"], Weighing(Decimal(5000) + net, Decimal(5000)))
    found = [one for one in record["discrepancies"] if one["type"] == "mass"]
    assert bool(found) == (net != 480)
    for one in found:
        assert one["significant"] == (abs(net - 480) > 48)


@given(st.integers(1_577_836_800, 3_786_912_000), st.binary(min_size=10, max_size=10))
def test_ids_are_of_version_seven_and_sort_by_time(second, entropy):
    at = datetime.fromtimestamp(second, UTC)
    ident = events.uuid7(at, entropy)
    assert (ident.version, ident.variant) == (7, uuid.RFC_4122)
    assert int.from_bytes(ident.bytes[:6], "big") == second * 1000
