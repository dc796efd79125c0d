"""Where a pack may go: rules with dates and sources, never the letter alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
import sqlalchemy.orm
from hypothesis import given
from hypothesis import strategies as st

from listings.health import destinations
from listings.health.destinations import Destination, DestinationRule, Facts, Verdict
from listings.health.grade import ORDER
from listings.pack_types import Chemistry
from listings.packs import Origin

TODAY = date(2026, 6, 1)
GOOD = Facts(Chemistry.LFP, Origin.REPAIR_REPLACEMENT, "A")


def verdicts(session, facts, on=TODAY):
    found = destinations.of_pack(session, facts, on)
    return {answer.destination: answer for answer in found}


def rule(verdict=Verdict.PERMITTED, **more):
    values = {
        "destination": Destination.STREET_LIGHT,
        "chemistries": ["LFP"],
        "origins": ["dismantling"],
        "valid_from": TODAY,
        "source": "a source",
    } | more
    return DestinationRule(verdict=verdict, **values)


@given(
    st.sampled_from(Chemistry),
    st.sampled_from([*Origin, None]),
    st.sampled_from([*ORDER, None]),
    st.booleans(),
)
def test_an_e_bike_is_barred_whatever_the_pack_is(engine, chemistry, origin, letter, provisional):
    facts = Facts(chemistry, origin, letter, provisional)
    with sa.orm.Session(engine) as session:
        found = verdicts(session, facts)
    assert found[Destination.E_BIKE].verdict is Verdict.BARRED
    if origin is None:
        assert all(answer.verdict is not Verdict.PERMITTED for answer in found.values())


def test_before_its_day_a_rule_says_nothing(session):
    found = verdicts(session, GOOD, date(2026, 3, 31))
    assert found[Destination.E_BIKE].verdict is None
    assert found[Destination.E_BIKE].lacks == ("rule",)


def test_the_same_letter_goes_elsewhere_with_another_chemistry_or_origin(session):
    assert verdicts(session, GOOD)[Destination.PEAK_SHAVING].verdict is Verdict.PERMITTED
    ternary = replace(GOOD, chemistry=Chemistry.NMC622)
    scrap = replace(GOOD, origin=Origin.PRODUCTION_SCRAP)
    unknown = replace(GOOD, origin=None)
    assert verdicts(session, ternary)[Destination.PEAK_SHAVING].lacks == ("chemistry",)
    assert verdicts(session, ternary)[Destination.LARGE_STORAGE].verdict is Verdict.BARRED
    assert verdicts(session, scrap)[Destination.PEAK_SHAVING].lacks == ("origin",)
    assert verdicts(session, unknown)[Destination.PEAK_SHAVING].lacks == ("origin",)


def test_a_provisional_letter_opens_nothing_but_recovery(session):
    found = verdicts(session, replace(GOOD, is_provisional=True))
    assert found[Destination.PEAK_SHAVING].lacks == ("provisional",)
    permitted = {use for use, answer in found.items() if answer.verdict is Verdict.PERMITTED}
    assert permitted == {Destination.MATERIAL_RECOVERY}


def test_every_rule_has_a_source_and_only_the_house_read_its_own(session):
    for one in destinations.rules(session):
        assert one.source
        assert one.is_verified == one.source.startswith("House rule")


def test_a_rule_that_bars_comes_before_one_that_permits():
    facts = Facts(Chemistry.LFP, Origin.DISMANTLING, "B")
    both = [rule(), rule(Verdict.BARRED, chemistries=[], origins=[])]
    found = {one.destination: one for one in destinations.judge(both, facts)}
    assert found[Destination.STREET_LIGHT].verdict is Verdict.BARRED
    assert found[Destination.STREET_LIGHT].rules == (both[1],)


def test_a_rule_holds_up_to_its_last_day():
    last = rule(valid_until=date(2026, 12, 31))
    assert last.is_in_force(date(2026, 12, 31))
    assert not last.is_in_force(date(2027, 1, 1))


@pytest.mark.parametrize("empty", ["chemistries", "origins"])
def test_the_database_refuses_a_permission_by_the_letter_alone(session, empty):
    session.add(rule(letters=["A"], **{empty: []}))
    with pytest.raises(sa.exc.IntegrityError, match="never_the_letter_alone"):
        session.flush()
