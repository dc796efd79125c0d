from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from make import NOW

from listings import journal, pack_types
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
    assert act.facts == {"changed": {"mass_kg": ["860.000", "900"]}}
