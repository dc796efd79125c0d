from __future__ import annotations

import itertools
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings import licences
from listings.custody.log import Holding, Leaf
from listings.errors import Forbidden
from listings.licences import GoodsCategory, LicenceKind, LicenceState
from listings.lots import Route
from listings.parties import Kind, Role

ON = date(2026, 6, 10)
UTILIZATION = (Kind.SECOND_LIFE, Kind.REGENERATION)


@pytest.fixture
def operator(make):
    return make.member(make.organisation(Kind.OPERATOR))


def submit(session, acting, **more):
    values = {
        "kind": LicenceKind.DISCHARGE_PERMIT,
        "number": "P-1",
        "issued_by": "生态环境局",
        "goods_category": GoodsCategory.WASTE_BATTERY,
        "yearly_tonnage": Decimal(100),
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2028, 1, 1),
        "at": NOW,
    } | more
    return licences.submit(session, acting, **values)


def test_a_document_counts_once_the_operator_approved_it(session, make, operator):
    firm = make.recycler(Kind.REGENERATION)
    session.execute(
        sa.update(licences.Licence)
        .where(licences.Licence.kind == LicenceKind.DISCHARGE_PERMIT)
        .values(state=LicenceState.REJECTED)
    )
    session.expire_all()
    licence = submit(session, make.member(firm))
    with pytest.raises(licences.LicenceMissing) as caught:
        licences.demand_buyer(session, firm.id, Route.REGENERATION, ON)
    assert "the discharge permit waits for the operator's approval" in str(caught.value)
    licences.decide(session, operator, licence.id, approve=True, at=NOW)
    licences.demand_buyer(session, firm.id, Route.REGENERATION, ON)


@pytest.mark.parametrize(
    ("wrong", "refusal", "field"),
    [
        ({"number": " "}, licences.NumberMissing, "number"),
        ({"issued_by": ""}, licences.NumberMissing, "issued_by"),
        ({"valid_until": date(2025, 12, 31)}, licences.ValidityReversed, "valid_until"),
        (
            {"valid_from": date(2020, 1, 1), "valid_until": date(2026, 5, 31)},
            licences.LicenceExpired,
            "valid_until",
        ),
        ({"yearly_tonnage": Decimal(0)}, licences.TonnageRefused, "yearly_tonnage"),
    ],
)
def test_what_is_wrong_with_a_document_is_named(session, make, wrong, refusal, field):
    with pytest.raises(refusal) as caught:
        submit(session, make.member(make.recycler()), **wrong)
    assert caught.value.field == field
    assert "%" not in str(caught.value)


def test_a_rejection_gives_its_reason_and_is_decided_once(session, make, operator):
    licence = submit(session, make.member(make.recycler()))
    with pytest.raises(licences.ReasonMissing):
        licences.decide(session, operator, licence.id, approve=False, reason=" ", at=NOW)
    licences.decide(session, operator, licence.id, approve=False, reason="看不清", at=NOW)
    assert licence.state is LicenceState.REJECTED
    with pytest.raises(licences.AlreadyDecided):
        licences.decide(session, operator, licence.id, approve=True, at=NOW)


def test_a_document_that_expired_while_it_waited_is_not_approved(session, make, operator):
    licence = submit(session, make.member(make.recycler()), valid_until=date(2026, 6, 2))
    with pytest.raises(licences.LicenceExpired):
        licences.decide(session, operator, licence.id, approve=True, at=NOW + timedelta(days=3))


def test_nobody_decides_on_its_own_document(session, make, operator):
    acting = make.member(make.recycler())
    licence = submit(session, acting)
    with pytest.raises(Forbidden):
        licences.decide(session, acting, licence.id, approve=True, at=NOW)
    with pytest.raises(Forbidden):
        submit(session, make.member(make.recycler(), Role.TRADER))


def test_the_sentence_names_every_missing_document_and_every_one_that_expires(session, make):
    firm = make.organisation(Kind.SECOND_LIFE, name_en="Recycling Company")
    make.licence(firm, LicenceKind.INVESTMENT_FILING, valid_until=date(2026, 6, 9))
    make.licence(firm, LicenceKind.ENVIRONMENTAL_APPROVAL, valid_from=date(2026, 6, 11))
    with pytest.raises(licences.LicenceMissing) as caught:
        licences.demand_buyer(session, firm.id, Route.CASCADE, ON)
    assert str(caught.value) == (
        "Recycling Company may not buy this lot on 2026-06-10: the investment filing expires on "
        "2026-06-09; the environmental approval is valid from 2026-06-11 only; the discharge "
        "permit is missing."
    )


def test_documents_cover_their_first_and_their_last_day(session, make):
    firm = make.organisation(Kind.SECOND_LIFE)
    for kind in licences.UTILIZATION_DOCUMENTS:
        make.licence(firm, kind, valid_from=ON, valid_until=ON)
    licences.demand_buyer(session, firm.id, Route.CASCADE, ON)
    for other in (ON - timedelta(days=1), ON + timedelta(days=1)):
        with pytest.raises(licences.LicenceMissing):
            licences.demand_buyer(session, firm.id, Route.CASCADE, other)


def test_a_newer_document_takes_over_from_one_that_ends(session, make):
    firm = make.recycler()
    make.licence(firm, LicenceKind.DISCHARGE_PERMIT, valid_until=date(2026, 1, 1))
    licences.demand_buyer(session, firm.id, Route.CASCADE, ON)


def test_documents_for_other_goods_do_not_count(session, make):
    firm = make.organisation(Kind.SECOND_LIFE)
    for kind in licences.UTILIZATION_DOCUMENTS:
        make.licence(firm, kind, goods_category=GoodsCategory.SCRAP_VEHICLE)
    with pytest.raises(licences.LicenceMissing):
        licences.demand_buyer(session, firm.id, Route.CASCADE, ON)


@pytest.mark.parametrize(
    ("kind", "route"),
    [
        (Kind.SECOND_LIFE, Route.REGENERATION),
        (Kind.REGENERATION, Route.CASCADE),
        (Kind.BATTERY_MAKER, Route.CASCADE),
    ],
)
def test_a_buyer_of_another_route_is_refused_whatever_it_holds(session, make, kind, route):
    with pytest.raises(licences.RouteNotCovered):
        licences.demand_buyer(session, make.recycler(kind).id, route, ON)


def allowed(session, make, goods, on, *kinds):
    from_kinds, to_kinds = kinds
    releaser, receiver = make.organisation(*from_kinds), make.organisation(*to_kinds)
    try:
        licences.demand_possession(session, releaser.id, receiver.id, goods, on)
    except licences.PossessionRefused:
        return False
    return True


def test_waste_batteries_pass_only_as_the_measures_say(session, make):
    first, makers = (
        (Kind.DISMANTLER, Kind.REPAIR_SHOP, Kind.SWAP_OPERATOR),
        (
            Kind.BATTERY_MAKER,
            Kind.VEHICLE_MAKER,
            Kind.OUTLET,
        ),
    )
    expected = {
        *itertools.product(first, (*UTILIZATION, *makers)),
        *itertools.product((Kind.OUTLET, *UTILIZATION), UTILIZATION),
    }
    passing = {
        pair
        for pair in itertools.product(Kind, Kind)
        if allowed(session, make, GoodsCategory.WASTE_BATTERY, ON, pair[:1], pair[1:])
    }
    assert passing == expected


def test_a_fleet_as_releaser_is_refused_with_who_may_release(session, make):
    fleet, firm = make.organisation(Kind.FLEET_OWNER), make.recycler()
    with pytest.raises(licences.FleetReleases) as caught:
        licences.demand_possession(session, fleet.id, firm.id, GoodsCategory.WASTE_BATTERY, ON)
    assert "workshop" in str(caught.value)


def test_any_pair_of_several_kinds_allows(session, make):
    goods = GoodsCategory.WASTE_BATTERY
    fleet_with_workshop = (Kind.FLEET_OWNER, Kind.REPAIR_SHOP)
    assert allowed(session, make, goods, ON, fleet_with_workshop, (Kind.LAB, Kind.SECOND_LIFE))
    assert not allowed(session, make, goods, ON, fleet_with_workshop, (Kind.LAB, Kind.CARRIER))


def test_rules_bind_from_their_first_day_only(session, make):
    pair = ((Kind.REPAIR_SHOP,), (Kind.SECOND_LIFE,))
    assert allowed(session, make, GoodsCategory.WASTE_BATTERY, date(2026, 4, 1), *pair)
    assert not allowed(session, make, GoodsCategory.WASTE_BATTERY, date(2026, 3, 31), *pair)


def test_a_rule_that_ended_allows_nothing(session, make):
    session.execute(sa.update(licences.PossessionRule).values(valid_until=ON))
    pair = ((Kind.REPAIR_SHOP,), (Kind.SECOND_LIFE,))
    assert allowed(session, make, GoodsCategory.WASTE_BATTERY, ON, *pair)
    assert not allowed(session, make, GoodsCategory.WASTE_BATTERY, ON + timedelta(days=1), *pair)


def test_rules_nobody_read_in_the_original_say_so(session):
    every = session.scalars(sa.select(licences.PossessionRule)).all()
    assert every
    assert not any(rule.is_verified for rule in every)
    assert all(rule.source for rule in every)


def test_what_handovers_brought_in_this_year_is_taken_off_the_yearly_tonnage(session, make):
    firm, fleet = make.recycler(), make.organisation(Kind.FLEET_OWNER)
    pack_type = make.pack_type(mass_kg=Decimal(480))
    session.add(
        Leaf(
            sequence=0,
            record=b"{}",
            leaf_hash=b"h",
            kind="acceptance",
            handover_id=uuid.uuid4(),
            appended_at=NOW,
        )
    )
    session.flush()
    brought = [
        (None, NOW, 0),  # 480 kg by its type
        (Decimal(520), NOW - timedelta(days=30), 0),  # weighed
        (Decimal(900), NOW - timedelta(days=365), 0),  # last year
        (Decimal(900), NOW, None),  # registered, not received
    ]
    for mass, since, leaf in brought:
        pack = make.pack(fleet, pack_type, holder=firm, mass_kg=mass)
        session.add(
            Holding(
                pack_id=pack.id,
                what="holder",
                organisation_id=firm.id,
                since=since,
                leaf_sequence=leaf,
            )
        )
    session.flush()
    make.licence(firm, LicenceKind.ENVIRONMENTAL_APPROVAL, yearly_tonnage=Decimal(100))
    assert licences.remaining_tonnage(session, firm.id, ON) == Decimal(99)


def test_without_a_document_there_is_no_tonnage_to_speak_of(session, make):
    assert licences.remaining_tonnage(session, make.organisation(Kind.LAB).id, ON) is None
