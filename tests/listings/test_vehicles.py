from __future__ import annotations

from datetime import date

import pytest
from make import NOW

from listings import vehicles
from listings.errors import Several
from listings.identity.refusals import CodeRefused
from listings.identity.vin import check_digit
from listings.parties import Kind

BARE = "LZYTAGBW0F1000001"
VIN = BARE[:8] + check_digit(BARE) + BARE[9:]


@pytest.fixture
def acting(make):
    return make.member(make.organisation(Kind.FLEET_OWNER))


def test_a_vehicle_without_a_fleet_number_goes_by_its_plate(session, acting):
    vehicle = vehicles.add(session, acting, plate="皖A12345D", at=NOW)
    assert vehicle.fleet_number == "皖A12345D"
    assert vehicles.by_number(session, acting.organisation_id, "皖A12345D") is vehicle


def test_a_vehicle_needs_a_number_or_a_plate(session, acting):
    with pytest.raises(vehicles.VehicleUnnamed):
        vehicles.add(session, acting, fleet_number="  ", at=NOW)


def test_a_vin_is_kept_as_it_is_written_on_the_frame(session, acting):
    vehicle = vehicles.add(session, acting, fleet_number="1", vin=f" {VIN.lower()} ", at=NOW)
    assert vehicle.vin == VIN


def test_a_chinese_vin_with_a_wrong_check_digit_is_refused_at_its_field(session, acting):
    wrong = VIN[:8] + ("1" if VIN[8] != "1" else "2") + VIN[9:]
    with pytest.raises(CodeRefused) as refusal:
        vehicles.add(session, acting, fleet_number="1", vin=wrong, at=NOW)
    assert refusal.value.field == "vin"
    assert VIN[8] in str(refusal.value)


def test_a_short_vin_with_strange_letters_is_told_both(session, acting):
    with pytest.raises(Several) as refusal:
        vehicles.add(session, acting, fleet_number="1", vin="LOQ", at=NOW)
    assert len(refusal.value.errors) == 2


def test_numbers_and_vins_name_one_vehicle(session, acting, make):
    vehicles.add(session, acting, fleet_number="1", vin=VIN, at=NOW)
    with pytest.raises(vehicles.VehicleKnown):
        vehicles.add(session, acting, fleet_number="1", at=NOW)
    other = make.member(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(vehicles.VinKnown):
        vehicles.add(session, other, fleet_number="1", vin=VIN, at=NOW)


def test_a_first_registration_is_not_still_to_come(session, acting):
    with pytest.raises(vehicles.RegisteredInFuture):
        vehicles.add(
            session, acting, fleet_number="1", first_registered_on=date(2026, 6, 2), at=NOW
        )


def test_a_vehicle_stands_in_a_yard_of_its_owner(session, acting, make):
    strange = make.site(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(vehicles.SiteUnknown):
        vehicles.add(session, acting, fleet_number="1", site_id=strange.id, at=NOW)
