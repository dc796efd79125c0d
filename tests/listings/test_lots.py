"""Lots: what may be grouped, by whom, and when it can still be changed."""

from __future__ import annotations

import pytest
from make import NOW

from listings import journal, lots
from listings.errors import Forbidden, NotFound
from listings.lots import LotState, Route
from listings.pack_types import Chemistry
from listings.packs import Mounting
from listings.parties import Kind, Role
from listings.vehicles import Vehicle


@pytest.fixture
def fleet(make):
    return make.organisation(Kind.FLEET_OWNER)


@pytest.fixture
def clerk(make, fleet):
    return make.member(fleet, Role.CLERK)


def drafted(session, acting, packs, **more):
    values = {
        "title": "一批磷酸铁锂电池包",
        "route": Route.CASCADE,
        "pack_ids": [pack.id for pack in packs],
        "at": NOW,
    } | more
    return lots.draft(session, acting, **values)


def test_a_seller_groups_its_own_packs_into_a_draft(session, make, fleet, clerk):
    packs = [make.pack(fleet), make.pack(fleet)]

    lot = drafted(session, clerk, packs, title="  两包  ")

    assert lot.state is LotState.DRAFT
    assert lot.title == "两包"
    assert [pack.id for pack in lot.packs] == [pack.id for pack in packs]
    [act] = journal.about(session, f"lot:{lot.id}")
    assert (act.tag, act.user_id) == ("lot:drafted", clerk.user_id)


def test_a_vehicle_brings_the_packs_that_are_mounted_on_it(session, make, fleet, clerk):
    bus = Vehicle(owner_id=fleet.id, fleet_number="6-001", created_at=NOW)
    session.add(bus)
    session.flush()
    mounted = make.pack(fleet, vehicle_id=bus.id, mounting=Mounting.MOUNTED)
    make.pack(fleet, vehicle_id=bus.id, mounting=Mounting.REMOVED)

    lot = drafted(session, clerk, [], vehicle_ids=[bus.id])

    assert [pack.id for pack in lot.packs] == [mounted.id]
    assert [vehicle.id for vehicle in lot.vehicles] == [bus.id]


def test_a_pack_of_another_owner_is_refused_by_name(session, make, fleet, clerk):
    foreign = make.pack(make.organisation(Kind.FLEET_OWNER), holder=fleet)
    with pytest.raises(lots.PackNotOwned, match=foreign.name):
        drafted(session, clerk, [foreign])


def test_a_pack_that_does_not_exist_is_refused(session, make, fleet, clerk):
    with pytest.raises(lots.PackNotOwned, match="999999"):
        drafted(session, clerk, [], pack_ids=[999999])


def test_a_vehicle_of_another_owner_is_refused(session, make, clerk):
    other = make.organisation(Kind.FLEET_OWNER)
    bus = Vehicle(owner_id=other.id, fleet_number="6-002", created_at=NOW)
    session.add(bus)
    session.flush()
    with pytest.raises(lots.VehicleNotOwned, match="6-002"):
        drafted(session, clerk, [], vehicle_ids=[bus.id])


def test_a_pack_without_an_origin_event_is_refused(session, make, fleet, clerk):
    pack = make.pack(fleet, origin=None)
    with pytest.raises(lots.OriginMissing, match=pack.name):
        drafted(session, clerk, [pack])


def test_a_pack_on_offer_in_another_lot_is_refused(session, make, fleet, clerk):
    pack = make.pack(fleet)
    other = make.lot(fleet, [pack])
    with pytest.raises(lots.PackAlreadyOnSale, match=str(other.id)):
        drafted(session, clerk, [pack])


def test_a_pack_may_stand_in_several_drafts(session, make, fleet, clerk):
    pack = make.pack(fleet)
    assert drafted(session, clerk, [pack]).id != drafted(session, clerk, [pack]).id


def test_an_empty_lot_is_refused(session, clerk):
    with pytest.raises(lots.NoPacks):
        drafted(session, clerk, [])


@pytest.mark.parametrize("title", ["", "   ", "长" * 121])
def test_a_lot_needs_a_title_of_sensible_length(session, make, fleet, clerk, title):
    with pytest.raises(lots.TitleMissing):
        drafted(session, clerk, [make.pack(fleet)], title=title)


def test_several_chemistries_are_refused_unless_said(session, make, fleet, clerk):
    packs = [
        make.pack(fleet, make.pack_type(Chemistry.LFP)),
        make.pack(fleet, make.pack_type(Chemistry.NMC622)),
    ]
    with pytest.raises(lots.ChemistriesMixed, match="LFP, NMC622"):
        drafted(session, clerk, packs)
    assert len(drafted(session, clerk, packs, is_mixed=True).packs) == 2


def test_the_site_is_where_all_packs_stand_unless_said(session, make, fleet, clerk):
    yard = make.site(fleet)
    assert drafted(session, clerk, [make.pack(fleet, site_id=yard.id)]).site_id == yard.id
    assert drafted(session, clerk, [make.pack(fleet)]).site_id is None


def test_the_holders_yard_is_a_site_and_a_strangers_is_not(session, make, fleet, clerk):
    workshop, stranger = make.organisation(Kind.REPAIR_SHOP), make.organisation(Kind.OUTLET)
    pack = make.pack(fleet, holder=workshop)
    yard = make.site(workshop)
    assert drafted(session, clerk, [pack], site_id=yard.id).site_id == yard.id
    with pytest.raises(lots.SiteUnknown):
        drafted(session, clerk, [pack], site_id=make.site(stranger).id)


def test_a_draft_is_edited_and_its_packs_exchanged(session, make, fleet, clerk):
    first, second = make.pack(fleet), make.pack(fleet)
    lot = drafted(session, clerk, [first])

    session.commit()
    lots.edit(
        session,
        clerk,
        lot.id,
        title="新标题",
        route=Route.REGENERATION,
        pack_ids=[second.id],
        at=NOW,
    )

    assert (lot.title, lot.route) == ("新标题", Route.REGENERATION)
    assert [pack.id for pack in lot.packs] == [second.id]


def test_a_lot_on_sale_is_neither_edited_nor_withdrawn_as_a_draft(session, make, fleet, clerk):
    lot = make.lot(fleet)
    with pytest.raises(lots.LotNotDraft):
        lots.edit(
            session, clerk, lot.id, title="x", route=lot.route, pack_ids=[lot.packs[0].id], at=NOW
        )
    with pytest.raises(lots.LotNotDraft):
        lots.withdraw(session, clerk, lot.id, at=NOW)


def test_a_draft_can_be_given_up(session, make, fleet, clerk):
    lot = drafted(session, clerk, [make.pack(fleet)])
    session.commit()
    lots.withdraw(session, clerk, lot.id, at=NOW)
    assert lot.state is LotState.WITHDRAWN


def test_a_draft_of_another_organisation_is_not_there(session, make, fleet, clerk):
    lot = drafted(session, clerk, [make.pack(fleet)])
    stranger = make.member(make.organisation(Kind.FLEET_OWNER))
    session.commit()
    with pytest.raises(NotFound):
        lots.withdraw(session, stranger, lot.id, at=NOW)


def test_a_viewer_groups_nothing(session, make, fleet):
    with pytest.raises(Forbidden):
        drafted(session, make.member(fleet, Role.VIEWER), [make.pack(fleet)])
