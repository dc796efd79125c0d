from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from listings.errors import DomainError, Several
from market import replay
from market.rules.proxy import Reason

ROOT = Path(__file__).parents[2]
METHOD = (ROOT / "docs/method/english-auction.md").read_text("utf-8")
DOCUMENT = json.loads((ROOT / "docs/commands/auction-replay.json").read_text("utf-8"))
SCENARIO = json.loads((ROOT / "docs/commands/scenario.json").read_text("utf-8"))
DAY = "2026-04-01T"
TERMS = {
    "format": "english",
    "currency": "CNY",
    "start": "10.00",
    "reserve": None,
    "increments": [["0", "1.00"]],
    "opens_at": DAY + "12:00:00Z",
    "closes_at": DAY + "13:00:00Z",
    "window_s": 120,
    "extension_s": 120,
    "hard_end": None,
    "bids": [],
}


def instant(clock):
    return DAY + (clock if clock.count(":") == 2 else clock + ":00") + "Z"


def scenario(**changes):
    return copy.deepcopy(TERMS) | changes


def worked_examples():
    for section in METHOD.split("## Worked examples")[1].split("\n### ")[1:]:
        title = section.splitlines()[0]
        terms = json.loads(re.search(r"```json\n(.*?)```", section, re.DOTALL)[1])
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in section.splitlines()
            if re.match(r"\| \d\d:", line)
        ]
        outcome = re.search(r"^Result: (.*)\.$", section, re.MULTILINE)[1]
        yield pytest.param(terms, rows, outcome, id=title)


@pytest.mark.parametrize(("terms", "rows", "outcome"), list(worked_examples()))
def test_the_worked_example_of_the_method_comes_out(terms, rows, outcome):
    bids = [{"at": instant(row[0]), "bidder": row[1], "maximum": row[2]} for row in rows]
    given_scenario = scenario(**terms, bids=bids)
    Draft202012Validator(SCENARIO).validate(given_scenario)
    found = replay.replay(given_scenario)
    Draft202012Validator(DOCUMENT).validate(json.loads(json.dumps(found)))
    assert len(rows) == len(found["bids"]) > 0
    for row, entry in zip(rows, found["bids"], strict=True):
        assert entry == {
            "accepted": not row[3],
            "reason": row[3] or None,
            "leader": row[4] or None,
            "price": row[5] or None,
            "next_minimum": row[6],
            "ends_at": instant(row[7]),
        }
    if found["sold"]:
        assert outcome == f"sold to {found['winner']} at {found['hammer_price']}"
    else:
        assert (outcome, found["winner"], found["hammer_price"]) == ("passed", None, None)


def test_the_method_and_the_schema_list_every_reason():
    documented = re.findall(r"^\| `(\w+)` \|", METHOD, re.MULTILINE)
    assert documented == [reason.value for reason in Reason]
    entry = DOCUMENT["properties"]["bids"]["items"]["properties"]["reason"]
    assert entry["enum"] == [*documented, None]


def test_a_sale_without_bids_passes():
    assert replay.replay(TERMS) == {
        "bids": [],
        "sold": False,
        "winner": None,
        "hammer_price": None,
    }


def test_reserve_and_hard_end_may_be_absent():
    short = scenario()
    del short["reserve"], short["hard_end"]
    assert replay.replay(short) == replay.replay(TERMS)


def test_amounts_keep_the_places_of_the_currency():
    bid = {"at": DAY + "12:30:00Z", "bidder": "A", "maximum": "2000"}
    yen = scenario(currency="JPY", start="1000", increments=[["0", "100"]], bids=[bid])
    assert replay.replay(yen)["hammer_price"] == "1000"
    bid["maximum"] = "2000.5"
    assert replay.replay(yen)["bids"][0]["reason"] == "not_on_grid"


def test_a_bid_finer_than_any_rounding_is_still_off_the_grid():
    bid = {"at": DAY + "12:30:00Z", "bidder": "A", "maximum": "20." + "0" * 29 + "1"}
    assert replay.replay(scenario(bids=[bid]))["bids"][0]["reason"] == "not_on_grid"


def test_a_refused_bid_still_counts_for_the_order_of_instants():
    bids = [
        {"at": DAY + "12:30:00Z", "bidder": "A", "maximum": "1"},
        {"at": DAY + "12:29:59.5Z", "bidder": "B", "maximum": "20"},
        {"at": DAY + "12:29:59.9Z", "bidder": "B", "maximum": "20"},
        {"at": DAY + "12:30:00Z", "bidder": "B", "maximum": "20"},
    ]
    found = replay.replay(scenario(bids=bids))
    reasons = [entry["reason"] for entry in found["bids"]]
    assert reasons == ["below_start", "out_of_order", "out_of_order", None]


def test_at_a_fixed_price_the_first_claim_ends_the_sale():
    bids = [
        {"at": DAY + "12:00:01Z", "bidder": "A", "maximum": "0.99"},
        {"at": DAY + "12:59:58Z", "bidder": "B", "maximum": "20"},
        {"at": DAY + "12:59:58Z", "bidder": "C", "maximum": "20"},
        {"at": DAY + "12:59:59Z", "bidder": "B", "maximum": "30"},
    ]
    found = replay.replay(scenario(format="fixed_price", start="20", reserve=None, bids=bids))
    assert [entry["reason"] for entry in found["bids"]] == [
        "below_start", None, "closed", "closed",
    ]  # fmt: skip
    assert found["bids"][-1]["ends_at"] == DAY + "12:59:58Z"
    assert (found["sold"], found["winner"], found["hammer_price"]) == (True, "B", "20.00")


def test_a_fixed_price_that_nobody_pays_sells_nothing():
    found = replay.replay(scenario(format="fixed_price", reserve=None, bids=[]))
    assert (found["sold"], found["winner"], found["hammer_price"]) == (False, None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "dutch"}, "format"),
        ({"format": 1}, "format"),
        ({"currency": "XXX"}, "currency"),
        ({"start": 10.0}, "start"),
        ({"start": 10}, "start"),
        ({"start": "1e3"}, "start"),
        ({"start": "10.005"}, "start"),
        ({"start": "-1"}, "start"),
        ({"reserve": "-1"}, "reserve"),
        ({"reserve": "NaN"}, "reserve"),
        ({"increments": []}, "increments"),
        ({"increments": [["0"]]}, "increments.0"),
        ({"increments": [["0", "0.001"]]}, "increments.0.1"),
        ({"increments": [["5", "1"]]}, "increments"),
        ({"opens_at": "2026-04-01T12:00:00+08:00"}, "opens_at"),
        ({"closes_at": "2026-02-30T12:00:00Z"}, "closes_at"),
        ({"closes_at": DAY + "12:00:00Z"}, "closes_at"),
        ({"hard_end": DAY + "12:59:59Z"}, "hard_end"),
        ({"window_s": -1}, "window_s"),
        ({"window_s": True}, "window_s"),
        ({"extension_s": 10**12}, "extension_s"),
        ({"surprise": 1}, "surprise"),
        ({"bids": [{"at": DAY + "12:00:00Z", "bidder": "A"}]}, "bids.0.maximum"),
        ({"bids": [{"at": "noon", "bidder": "A", "maximum": "20"}]}, "bids.0.at"),
        ({"bids": [{"at": DAY + "12:00:00Z", "bidder": "", "maximum": "9"}]}, "bids.0.bidder"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_refused_by_its_field(changes, field):
    with pytest.raises(DomainError) as caught:
        replay.replay(scenario(**changes))
    assert caught.value.field == field
    assert not re.search(r"%\(", str(caught.value))


def test_several_faults_are_refused_together():
    bad = scenario(start="ten", window_s="two")
    del bad["bids"]
    with pytest.raises(Several) as caught:
        replay.replay(bad)
    assert {error.field for error in caught.value.errors} == {"start", "window_s", "bids"}


@pytest.mark.parametrize("thing", [None, [], "english", 3])
def test_something_else_than_an_object_is_refused(thing):
    with pytest.raises(replay.ScenarioRefused, match="JSON object"):
        replay.replay(thing)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.sampled_from(sorted(TERMS)), json_values)
def test_any_value_in_any_field_is_replayed_or_refused_and_never_crashes(field, value):
    try:
        found = replay.replay(scenario(**{field: value}))
    except DomainError:
        return
    Draft202012Validator(DOCUMENT).validate(found)
    Draft202012Validator(SCENARIO).validate(scenario(**{field: value}))


bids = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(0, 3900).map(
                lambda s: f"{DAY}{12 + s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z"
            ),
            "bidder": st.sampled_from("ABC"),
            "maximum": st.integers(0, 4000).map(lambda minor: f"{minor // 100}.{minor % 100:02d}"),
        }
    ),
    max_size=12,
)


@given(bids, st.none() | st.integers(0, 40).map(str))
def test_a_replay_gives_the_same_document_every_time_and_every_prefix_agrees(placed, reserve):
    whole = replay.replay(scenario(bids=placed, reserve=reserve))
    assert replay.replay(scenario(bids=placed, reserve=reserve)) == whole
    Draft202012Validator(DOCUMENT).validate(whole)
    half = len(placed) // 2
    prefix = replay.replay(scenario(bids=placed[:half], reserve=reserve))
    assert prefix["bids"] == whole["bids"][:half]
