from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings import packs, parts
from listings.custody.log import Holding
from listings.errors import Forbidden, NotFound
from listings.identity.refusals import CodeRefused
from listings.pack_types import Chemistry
from listings.packs import Mounting, Origin, PackAlias
from listings.parties import Kind

CODE = "001PB240000003B3C0221953"  # an LFP pack made on 2021-03-12


@pytest.fixture
def fleet(make):
    return make.organisation(Kind.FLEET_OWNER)


@pytest.fixture
def acting(make, fleet):
    return make.member(fleet)


@pytest.fixture
def add(session, make, fleet, acting):
    def add(**more):
        values = {"type_id": make.pack_type().id, "owner_id": fleet.id, "holder_id": fleet.id}
        return packs.add(session, acting, **(values | {"at": NOW} | more))

    return add


def test_a_code_gives_its_day_and_no_provisional_id(add):
    pack = add(code=f" {CODE[:12].lower()}\n{CODE[12:]}")
    assert (pack.code, pack.made_on, pack.provisional_id) == (CODE, date(2021, 3, 12), None)
    assert pack.warnings == []


def test_a_pack_without_a_code_goes_on_under_a_provisional_id(add):
    one, other = add(code="  "), add()
    assert one.code is None
    assert one.name.startswith("PB-")
    assert one.name != other.name


def test_a_code_with_a_future_day_is_refused_at_its_field(add):
    with pytest.raises(CodeRefused) as refusal:
        add(code="001PB240000003H3C0221953")
    assert (refusal.value.field, refusal.value.problem.code) == ("code", "in_the_future")


def test_a_code_made_after_the_first_registration_is_refused(add, make, session, fleet, acting):
    from listings import vehicles

    bus = vehicles.add(
        session, acting, fleet_number="1", first_registered_on=date(2020, 1, 1), at=NOW
    )
    with pytest.raises(CodeRefused) as refusal:
        add(code=CODE, vehicle_id=bus.id)
    assert refusal.value.problem.code == "after_registration"


def test_a_conflict_of_chemistry_is_a_warning_that_stays(add, make):
    pack = add(code=CODE, type_id=make.pack_type(Chemistry.NMC532).id)
    assert pack.warnings == ["chemistry_conflict"]


def test_every_nickel_type_agrees_with_a_ternary_code(add, make):
    pack = add(code="001PE240000003B3C0221953", type_id=make.pack_type(Chemistry.NMC811).id)
    assert pack.warnings == []


def test_a_cells_code_on_a_pack_is_a_warning(add):
    assert add(code="001CB240000003B3C0221953").warnings == ["kind_conflict"]


def test_a_code_names_one_pack_even_as_a_former_code(add, session):
    pack = add(code=CODE)
    session.add(PackAlias(code="001PB240000003B3C0221954", pack_id=pack.id))
    for code in (CODE, "001PB240000003B3C0221954"):
        with pytest.raises(packs.PackKnown):
            add(code=code)


def test_owner_and_holder_are_held_apart_from_the_first_day(add, make, session, fleet):
    workshop = make.organisation(Kind.REPAIR_SHOP)
    pack = add(holder_id=workshop.id)
    rows = session.scalars(sa.select(Holding).where(Holding.pack_id == pack.id))
    assert {(row.what, row.organisation_id, row.since, row.until) for row in rows} == {
        ("owner", fleet.id, NOW, None),
        ("holder", workshop.id, NOW, None),
    }


def test_nobody_registers_a_pack_for_another_owner(add, make):
    with pytest.raises(Forbidden):
        add(owner_id=make.organisation(Kind.FLEET_OWNER).id)


def test_a_mounted_pack_names_its_vehicle(add):
    with pytest.raises(packs.MountedNowhere):
        add(mounting=Mounting.MOUNTED)


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"type_id": 2**40}, packs.TypeUnknown),
        ({"holder_id": 2**40}, packs.HolderUnknown),
        ({"vehicle_id": 2**40}, packs.VehicleUnknown),
        ({"site_id": 2**40}, packs.SiteUnknown),
        ({"mass_kg": Decimal(0)}, packs.MassNotPositive),
    ],
)
def test_a_pack_refers_only_to_what_is_there(add, more, refusal):
    with pytest.raises(refusal) as error:
        add(**more)
    assert error.value.field == next(iter(more))


def test_a_pack_may_stand_in_a_yard_of_its_holder(add, make):
    workshop = make.organisation(Kind.REPAIR_SHOP)
    site = make.site(workshop)
    assert add(holder_id=workshop.id, site_id=site.id).site_id == site.id
    with pytest.raises(packs.SiteUnknown):
        add(site_id=site.id)


def test_a_pack_is_found_by_every_name_it_goes_by(add, session):
    coded, uncoded = add(code=CODE), add()
    session.add(PackAlias(code="OLD1", pack_id=uncoded.id))
    session.flush()
    assert packs.find(session, CODE.lower()) is coded
    assert packs.find(session, coded.public_token) is coded
    assert packs.find(session, f" {uncoded.provisional_id} ") is uncoded
    assert packs.find(session, "old1") is uncoded
    assert packs.find(session, "nothing") is None


def test_an_origin_is_recorded_once(add, session, acting):
    pack = add()
    event = packs.record_origin(
        session,
        acting,
        pack.id,
        kind=Origin.REPAIR_REPLACEMENT,
        occurred_on=date(2026, 5, 1),
        at=NOW,
    )
    assert pack.origin is event
    with pytest.raises(packs.OriginKnown):
        packs.record_origin(
            session, acting, pack.id, kind=Origin.DISMANTLING, occurred_on=date(2026, 5, 2), at=NOW
        )


def test_an_origin_is_not_still_to_come(add, session, acting):
    with pytest.raises(packs.OriginInFuture):
        packs.record_origin(
            session,
            acting,
            add().id,
            kind=Origin.DISMANTLING,
            occurred_on=date(2026, 6, 2),
            at=NOW,
        )


def test_a_stranger_records_no_origin(add, session, make):
    stranger = make.member(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(NotFound):
        packs.record_origin(
            session,
            stranger,
            add().id,
            kind=Origin.DISMANTLING,
            occurred_on=date(2026, 5, 1),
            at=NOW,
        )


def test_modules_and_cells_hang_on_a_pack_by_position(add, session, acting):
    pack = add()
    module = parts.add_module(session, acting, pack.id, position="M1", at=NOW)
    cell = parts.add_cell(
        session, acting, module.id, position="1", code="001CB240000003B3C0221953", at=NOW
    )
    assert (module.pack_id, cell.module_id, cell.code) == (
        pack.id,
        module.id,
        "001CB240000003B3C0221953",
    )
    with pytest.raises(parts.PositionKnown):
        parts.add_module(session, acting, pack.id, position="M1", at=NOW)
