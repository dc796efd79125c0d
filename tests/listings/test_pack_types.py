from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from make import NOW

from listings import journal, pack_types, type_revisions, type_search
from listings.errors import Forbidden, Several
from listings.pack_types import Chemistry, Rating
from listings.parties import Kind

RATING = Rating(
    chemistry=Chemistry.LFP,
    rated_capacity_ah=Decimal(202),
    rated_voltage_v=Decimal("537.6"),
    rated_energy_kwh=Decimal("108.6"),
    mass_kg=Decimal(860),
    cell_rated_capacity_ah=Decimal(202),
    lower_cutoff_v=Decimal("2.5"),
    upper_cutoff_v=Decimal("3.65"),
    cells_in_series=168,
)


@pytest.fixture
def acting(make):
    return make.member(make.organisation(Kind.OPERATOR))


def test_a_type_is_found_by_maker_and_model_whatever_the_case(session, acting):
    entered = pack_types.add(session, acting, maker="EVE", model="LF-202", rating=RATING, at=NOW)
    assert pack_types.find(session, "eve ", "lf-202") is entered
    with pytest.raises(pack_types.TypeKnown):
        pack_types.add(session, acting, maker="Eve", model="lf-202", rating=RATING, at=NOW)


def test_a_fleet_does_not_rate_its_own_packs(session, make):
    fleet = make.member(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(Forbidden):
        pack_types.add(session, fleet, maker="EVE", model="X", rating=RATING, at=NOW)


def test_every_rated_value_of_zero_is_named(session, acting):
    wrong = replace(RATING, mass_kg=Decimal(0), rated_voltage_v=Decimal(-1))
    with pytest.raises(Several) as refusal:
        pack_types.add(session, acting, maker="EVE", model="X", rating=wrong, at=NOW)
    assert {error.field for error in refusal.value.errors} == {"mass_kg", "rated_voltage_v"}


def test_an_energy_that_does_not_fit_capacity_and_voltage_is_refused(session, acting):
    wrong = replace(RATING, rated_energy_kwh=Decimal(202))
    with pytest.raises(pack_types.EnergyImplausible):
        pack_types.add(session, acting, maker="EVE", model="X", rating=wrong, at=NOW)


def test_cutoffs_stand_in_their_order(session, acting):
    wrong = replace(RATING, lower_cutoff_v=Decimal("3.65"))
    with pytest.raises(pack_types.CutoffsSwapped):
        pack_types.add(session, acting, maker="EVE", model="X", rating=wrong, at=NOW)


def test_a_correction_is_journalled_with_what_stood_before(session, acting):
    entered = pack_types.add(session, acting, maker="EVE", model="X", rating=RATING, at=NOW)
    better = replace(RATING, mass_kg=Decimal(900))
    pack_types.correct(session, acting, entered.id, rating=better, at=NOW)
    session.flush()
    act = journal.about(session, f"pack_type:{entered.id}")[-1]
    assert entered.mass_kg == 900
    assert act.facts == {"changed": {"mass_kg": ["860.000", "900"]}, "revision": 2}


@pytest.fixture
def maker(make):
    return make.member(make.organisation(Kind.BATTERY_MAKER, name="天目动力电池有限公司"))


@pytest.fixture
def entered(session, maker):
    return pack_types.add(session, maker, maker="天目动力", model="TM-1", rating=RATING, at=NOW)


def test_every_edit_is_a_new_revision_with_its_day_and_its_author(session, maker, entered):
    later = NOW + timedelta(days=3)
    better = replace(RATING, mass_kg=Decimal("900.50"), guide_url="https://tianmu.example/1")
    pack_types.correct(session, maker, entered.id, rating=better, at=later)
    newer, first = type_revisions.of(session, entered.id)
    assert (first.number, newer.number, entered.revision) == (1, 2, 2)
    assert (first.values["mass_kg"], newer.values["mass_kg"]) == ("860", "900.5")
    assert (newer.recorded_at, newer.organisation_id) == (later, maker.organisation_id)
    assert type_revisions.changes(newer, first) == {
        "mass_kg": ("860", "900.5"),
        "guide_url": ("", "https://tianmu.example/1"),
    }
    assert type_revisions.changes(first, None)["cells_in_series"] == (None, "168")


def test_saving_the_same_values_adds_no_revision(session, maker, entered):
    pack_types.correct(session, maker, entered.id, rating=RATING, at=NOW)
    assert [one.number for one in type_revisions.of(session, entered.id)] == [1]


def test_only_the_operator_and_the_types_own_maker_edit_it(session, make, acting, entered):
    rival = make.member(make.organisation(Kind.BATTERY_MAKER, name="别家电池有限公司"))
    better = replace(RATING, mass_kg=Decimal(900))
    with pytest.raises(Forbidden):
        pack_types.correct(session, rival, entered.id, rating=better, at=NOW)
    pack_types.correct(session, acting, entered.id, rating=better, at=NOW)
    assert entered.mass_kg == 900


def test_a_maker_does_not_enter_types_under_the_name_of_another(session, make, entered):
    rival = make.member(make.organisation(Kind.BATTERY_MAKER, name="天目动力仿制有限公司"))
    for name in ("天目动力", "EVE", "天"):
        with pytest.raises(pack_types.NotYourName):
            pack_types.add(session, rival, maker=name, model="Y", rating=RATING, at=NOW)


def test_a_maker_that_nobody_approved_enters_nothing_under_a_free_name(session, make):
    firm = make.organisation(Kind.BATTERY_MAKER, name="新芯电池有限公司", approved_at=None)
    with pytest.raises(pack_types.NotYourName):
        pack_types.add(
            session, make.member(firm), maker="新芯电池", model="Y", rating=RATING, at=NOW
        )


def test_the_operator_names_the_maker_who_may_then_edit(session, make, acting, maker):
    entered = pack_types.add(session, acting, maker="TM", model="Z", rating=RATING, at=NOW)
    assert not pack_types.may_edit(maker, entered)
    pack_types.correct(
        session, acting, entered.id, rating=RATING, at=NOW, seen=1, maker_id=maker.organisation_id
    )
    assert pack_types.may_edit(maker, entered)
    fleet = make.organisation(Kind.FLEET_OWNER)
    with pytest.raises(pack_types.NotAMaker):
        pack_types.correct(
            session, acting, entered.id, rating=RATING, at=NOW, seen=2, maker_id=fleet.id
        )


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(session, acting, entered):
    better = replace(RATING, mass_kg=Decimal(900))
    pack_types.correct(session, acting, entered.id, rating=better, at=NOW)
    with pytest.raises(pack_types.EditedMeanwhile):
        pack_types.correct(session, acting, entered.id, rating=RATING, at=NOW, seen=1)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"modules_in_series": 169}, pack_types.ModulesUnfit),
        ({"temperature_low_c": Decimal(-20)}, pack_types.TemperaturesSwapped),
        (
            {"temperature_low_c": Decimal(40), "temperature_high_c": Decimal(-20)},
            pack_types.TemperaturesSwapped,
        ),
        ({"guide_url": "javascript:alert(1)"}, pack_types.NotALink),
    ],
)
def test_what_cannot_be_is_refused(wrong, refusal):
    with pytest.raises(refusal):
        pack_types.check(replace(RATING, **wrong))


def test_a_range_below_freezing_is_a_temperature_and_no_rated_value():
    pack_types.check(
        replace(RATING, temperature_low_c=Decimal(-20), temperature_high_c=Decimal(-5))
    )


def test_a_type_is_found_among_a_thousand_by_the_words_of_its_name(session, make):
    for number in range(1000):
        make.pack_type(maker=f"Maker {number % 10}", model=f"LF-{number}")
    found, count = type_search.page(session, "maker lf-99", chemistry=None, start=8, most=5)
    assert ([one.model for one in found], count) == (["LF-998", "LF-99", "LF-999"], 11)
    assert type_search.page(session, "LF-999", chemistry=Chemistry.LMO, start=0, most=5) == ([], 0)
