"""Handovers from draft to acceptance: who may do what when, and what ends in the log."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hands import SAFE, Trade

from listings.custody import commitments, holdings, log, receipts, signing
from listings.errors import Forbidden, NotFound
from listings.licences import FleetReleases, LicenceKind, LicenceMissing
from listings.lots import LotPack, Route
from listings.packs import Condition, Mounting
from listings.parties import Kind, Role
from market import (
    acceptances,
    clearance,
    contracts,
    handed_over,
    handovers,
    releases,
    safety,
    settlements,
    titles,
)
from market.auctions import PaymentTerm, PriceBasis
from market.handovers import Discrepancy, Finding, HandoverState, Verdict
from market.rules.dangerous_goods import ChecklistIncomplete, DangerousGoodsClass, NotPacked


@pytest.fixture
def trade(make):
    return Trade(make)


def rejected(pack, reason=Discrepancy.DAMAGE_NEW, **more):
    return {pack.id: Verdict(Finding.REJECTED, reason, **more)}


def test_a_handover_goes_from_draft_to_accepted(session, trade):
    handover = trade.open()
    assert handover.state is HandoverState.DRAFT
    assert handover.number == f"H{trade.award.number[1:]}-1"
    assert handover.releaser_id == trade.workshop.id
    assert handover.owner_id == trade.fleet.id
    handovers.agree(session, trade.releaser, handover.id, at=trade.tick())
    assert handover.state is HandoverState.DRAFT
    handovers.agree(session, trade.receiver, handover.id, at=trade.tick())
    assert handover.state is HandoverState.AGREED
    trade.check(handover, trade.receiver)
    assert handover.state is HandoverState.AGREED
    trade.check(handover, trade.releaser)
    assert handover.state is HandoverState.READY
    assert handover.dangerous_goods is DangerousGoodsClass.INTACT
    trade.sign(handover, trade.releaser, seal="S1", vehicle_plate="皖A12345")
    assert handover.state is HandoverState.READY
    trade.sign(handover, trade.receiver)
    assert handover.state is HandoverState.RELEASED
    assert {pack.holder_id for pack in trade.packs} == {trade.workshop.id}
    handovers.arrive(session, trade.receiver, handover.id, at=trade.tick())
    trade.accept(handover, gross_kg=Decimal(9960), tare_kg=Decimal(9000), ticket="W-1")
    assert handover.state is HandoverState.ACCEPTED
    for pack in trade.packs:
        assert (pack.holder_id, pack.owner_id) == (trade.buyer.id, trade.buyer.id)
    assert [leaf.kind for leaf in log.of_pack(session, trade.packs[0].id)] == [
        "release",
        "acceptance",
        "title",
    ]
    assert log.verify(session) == []


def test_the_release_is_one_leaf_with_two_chained_proofs(session, trade):
    handover = trade.ready()
    trade.sign(handover, trade.releaser, vehicle_plate="皖A12345", seal="S-9")
    trade.sign(handover, trade.receiver)
    record = trade.record(handover.release_leaf)
    first, second = signing.verify_proofs(record, signing.resolve_did_key)
    assert second.previous == (first.id,)
    assert first.attested_by_platform
    assert second.attested_by_platform
    assert first.domain.startswith(f"urn:packbourse:releaser:{trade.workshop.credit_code}:")
    assert second.domain.startswith(f"urn:packbourse:receiver:{trade.buyer.credit_code}:")
    assert record["parties"]["owner"]["credit_code"] == trade.fleet.credit_code
    assert record["declared"] == {"count": 2, "mass_kg": "960"}
    assert record["safety"]["dangerous_goods"]["un_number"] == "UN3480"
    assert record["occurred_at"].endswith("+08:00")
    assert record["received_at"].endswith("Z")


def test_no_personal_data_is_in_the_leaf_but_the_register_opens_it(session, trade, make):
    trade.releaser = make.member(trade.workshop, name="王小明")
    handover = trade.ready()
    trade.sign(handover, trade.releaser, vehicle_plate="皖A12345")
    trade.sign(handover, trade.receiver)
    text = session.get(log.Leaf, handover.release_leaf).record.decode()
    assert "王小明" not in text
    assert "皖A12345" not in text
    record = trade.record(handover.release_leaf)
    commitment = record["proof"][0]["domain"].rsplit(":", 1)[1]
    assert commitments.opened(session, commitment) == f"{trade.releaser.user_id}\n王小明"
    assert commitments.opened(session, record["carriage"]["plate"]) == "皖A12345"
    assert commitments.erase(session, trade.releaser.user_id) >= 1
    assert commitments.opened(session, commitment) is None
    assert log.verify(session) == []


def test_the_acceptance_names_the_release_and_what_was_found(session, trade):
    handover = trade.arrived()
    one, two = trade.packs
    verdicts = {one.id: Verdict(Finding.ACCEPTED), **rejected(two, note="盖板压坏")}
    trade.accept(handover, verdicts, gross_kg=Decimal(9960), tare_kg=Decimal(9000))
    record = trade.record(handover.acceptance_leaf)
    release = session.get(log.Leaf, handover.release_leaf)
    assert record["release"] == release.leaf_hash.hex()
    assert record["counts"] == {"declared": 2, "accepted": 1, "rejected": 1, "missing": 0}
    assert record["state"] == "part_rejected"
    assert record["discrepancies"][0]["type"] == "damage_new"
    assert record["weighbridge"]["net_kg"] == "960"
    assert "盖板" not in session.get(log.Leaf, handover.acceptance_leaf).record.decode()
    assert (one.holder_id, two.holder_id) == (trade.buyer.id, trade.workshop.id)


def test_both_receipts_verify_offline(session, trade):
    handover = trade.arrived()
    trade.accept(handover)
    for sequence in (handover.release_leaf, handover.acceptance_leaf):
        found = receipts.verify(log.receipt(session, sequence), log.vkey(session))
        assert found.signatures


def test_a_fleet_does_not_release(make):
    trade = Trade(make, holder_kinds=(Kind.FLEET_OWNER,))
    with pytest.raises(FleetReleases):
        trade.open()


def test_a_person_of_the_owner_cannot_sign_for_the_workshop(trade):
    handover = trade.ready()
    with pytest.raises(Forbidden):
        trade.sign(handover, trade.seller)


def test_strangers_find_nothing(session, trade, make):
    handover = trade.ready()
    stranger = make.member(make.recycler())
    for step in (trade.sign, trade.check):
        with pytest.raises(NotFound):
            step(handover, stranger)
    with pytest.raises(NotFound):
        handovers.seen_by(session, stranger, handover.id)
    with pytest.raises(NotFound):
        trade.open(acting=stranger)
    regulator = make.member(make.organisation(Kind.REGULATOR))
    assert handovers.seen_by(session, regulator, handover.id).id == handover.id


def test_only_a_signer_signs(trade, make):
    handover = trade.ready()
    with pytest.raises(Forbidden):
        trade.sign(handover, make.member(trade.workshop, Role.CLERK))


def test_one_person_never_stands_for_both_sides(session, trade, make):
    user_id = trade.releaser.user_id
    both = type(trade.receiver)(user_id, trade.buyer.id, Role.ADMIN, trade.buyer.kinds)
    handover = trade.open()
    handovers.agree(session, trade.releaser, handover.id, at=trade.tick())
    with pytest.raises(safety.SamePerson):
        handovers.agree(session, both, handover.id, at=trade.tick())
    handovers.agree(session, trade.receiver, handover.id, at=trade.tick())
    trade.check(handover, trade.releaser)
    with pytest.raises(safety.SamePerson):
        trade.check(handover, both)
    trade.check(handover, trade.receiver)
    trade.sign(handover, trade.releaser)
    with pytest.raises(releases.OnePersonBothSides):
        trade.sign(handover, both)


def test_the_releaser_signs_first_and_once(trade):
    handover = trade.ready()
    with pytest.raises(releases.ReleaserFirst):
        trade.sign(handover, trade.receiver)
    trade.sign(handover, trade.releaser)
    with pytest.raises(releases.SignedAlready):
        trade.sign(handover, trade.releaser)


def test_signature_times_do_not_decrease(session, trade):
    handover = trade.ready()
    trade.sign(handover, trade.releaser)
    early = trade.tick() - timedelta(minutes=11)
    with pytest.raises(handed_over.TimeRunsBackward):
        handovers.sign_release(session, trade.receiver, handover.id, at=early)
    trade.sign(handover, trade.receiver)
    early = trade.tick() - timedelta(minutes=11)
    with pytest.raises(handed_over.TimeRunsBackward):
        handovers.arrive(session, trade.receiver, handover.id, at=early)


@pytest.mark.parametrize(
    ("answer", "goods"),
    [
        (None, DangerousGoodsClass.INTACT),
        ("housing_intact", DangerousGoodsClass.DAMAGED),
        ("insulation_sound", DangerousGoodsClass.DAMAGED),
        ("no_heat_smoke_or_gas", DangerousGoodsClass.CRITICAL),
    ],
)
def test_the_class_follows_from_the_checklist(trade, answer, goods):
    handover = trade.ready(answers={**SAFE, **({answer: False} if answer else {})})
    assert handover.dangerous_goods is goods
    for one in (trade.releaser, trade.receiver):
        trade.sign(handover, one)
    record = trade.record(handover.release_leaf)
    assert record["safety"]["dangerous_goods"]["condition"] == goods.value
    intact = goods is DangerousGoodsClass.INTACT
    assert (trade.packs[0].condition is Condition.INTACT) is intact
    assert trade.packs[0].mounting is Mounting.REMOVED


def test_intact_goods_for_recycling_are_of_their_own_class(make):
    trade = Trade(make, route=Route.REGENERATION)
    trade.make.licence(trade.buyer, LicenceKind.INVESTMENT_FILING)
    from listings.parties import OrganisationKind

    trade.buyer.kind_rows.append(OrganisationKind(kind=Kind.REGENERATION))
    trade.session.flush()
    assert trade.ready().dangerous_goods is DangerousGoodsClass.INTACT_FOR_RECYCLING


def test_goods_that_are_not_packed_or_not_checked_do_not_become_ready(trade):
    handover = trade.agreed()
    with pytest.raises(NotPacked):
        trade.check(handover, trade.releaser, {**SAFE, "terminals_protected": False})
    with pytest.raises(ChecklistIncomplete):
        trade.check(handover, trade.releaser, {"no_leakage": True})
    with pytest.raises(safety.ChargeOutOfRange):
        trade.check(handover, trade.releaser, soc="101")


def test_a_changed_answer_asks_the_other_side_again(trade):
    handover = trade.agreed()
    trade.check(handover, trade.releaser)
    damaged = {**SAFE, "housing_intact": False}
    trade.check(handover, trade.receiver, damaged)
    assert handover.state is HandoverState.AGREED
    trade.check(handover, trade.releaser, damaged)
    assert handover.state is HandoverState.READY
    assert handover.dangerous_goods is DangerousGoodsClass.DAMAGED


def test_nothing_is_handed_over_before_the_contract_is_in_force(session, trade):
    contracts.of(session, trade.award.id).in_force_at = None
    with pytest.raises(clearance.ContractNotInForce):
        trade.open()


def test_goods_paid_before_pick_up_leave_only_when_paid(make):
    trade = Trade(make, paid=False)
    handover = trade.ready()
    with pytest.raises(clearance.NotPaid):
        trade.sign(handover, trade.releaser)
    trade.pay()
    trade.sign(handover, trade.releaser)


def test_the_receiver_must_still_be_licensed_when_goods_leave(session, trade):
    handover = trade.ready()
    session.execute(sa.text("UPDATE licence SET valid_until = '2026-05-31'"))
    session.expire_all()
    with pytest.raises(LicenceMissing):
        trade.sign(handover, trade.releaser)


def test_a_carrier_needs_its_licence_and_a_waybill_and_takes_the_goods(session, trade, make):
    carrier = make.organisation(Kind.CARRIER)
    with pytest.raises(clearance.CarrierNotLicensed):
        trade.open(carrier_id=carrier.id)
    make.licence(carrier, LicenceKind.DANGEROUS_GOODS_TRANSPORT, goods_category=None)
    handover = trade.ready(carrier_id=carrier.id)
    with pytest.raises(releases.WaybillMissing):
        trade.sign(handover, trade.releaser)
    trade.sign(handover, trade.releaser, waybill="YD-1")
    with pytest.raises(Forbidden):
        trade.sign(handover, trade.receiver)
    driver = make.member(carrier, Role.SIGNER)
    trade.sign(handover, driver)
    assert trade.record(handover.release_leaf)["taker"] == "carrier"
    handovers.arrive(session, driver, handover.id, at=trade.tick())
    with pytest.raises(Forbidden):
        handovers.accept(session, driver, handover.id, verdicts={}, at=trade.tick())


def test_a_pack_is_in_one_open_handover_and_a_lot_may_leave_in_several(trade):
    one, two = trade.packs
    first = trade.open([one])
    with pytest.raises(handovers.PackInHandover):
        trade.open([one, two])
    second = trade.open([two])
    assert second.number.endswith("-2")
    handovers.cancel(trade.session, trade.releaser, first.id, at=trade.tick())
    assert trade.open([one]).number.endswith("-3")


def test_packs_of_another_lot_and_packs_handed_over_before_are_refused(trade, make):
    with pytest.raises(handovers.PackNotOfAward):
        trade.open([*trade.packs, make.pack(trade.fleet, holder=trade.workshop)])
    with pytest.raises(handovers.NoPacksChosen):
        trade.open([])
    trade.accept(trade.arrived())
    with pytest.raises(handovers.PackNotOfAward):
        trade.open()
    assert handovers.remaining(trade.session, trade.award.id) == []


def test_packs_in_several_hands_go_in_several_handovers(trade, make):
    trade.packs[1].holder_id = make.organisation(Kind.DISMANTLER).id
    with pytest.raises(handovers.HoldersDiffer):
        trade.open()
    trade.open(trade.packs[:1])


def test_the_same_id_from_a_device_is_one_handover(trade):
    ident = uuid.uuid4()
    first = trade.open(ident=ident)
    assert trade.open(ident=ident) is first
    with pytest.raises(handovers.IdTaken):
        trade.open(trade.packs[:1], ident=ident)


def test_nothing_is_cancelled_after_release(session, trade):
    handover = trade.released()
    with pytest.raises(handed_over.WrongState):
        handovers.cancel(session, trade.releaser, handover.id, at=trade.tick())


def test_a_second_acceptance_is_refused(trade):
    handover = trade.arrived()
    trade.accept(handover)
    with pytest.raises(handed_over.WrongState):
        trade.accept(handover)


def test_every_declared_pack_needs_a_finding_and_a_rejection_its_reason(trade):
    handover = trade.arrived()
    one, two = trade.packs
    with pytest.raises(acceptances.FindingMissing):
        trade.accept(handover, {one.id: Verdict(Finding.ACCEPTED)})
    verdicts = {one.id: Verdict(Finding.ACCEPTED), two.id: Verdict(Finding.REJECTED)}
    with pytest.raises(acceptances.DiscrepancyMissing):
        trade.accept(handover, verdicts)
    trade.session.rollback()
    with pytest.raises(acceptances.WeighbridgeWrong):
        trade.accept(handover, gross_kg=Decimal(1), tare_kg=Decimal(2))


def test_a_reservation_and_a_full_rejection_end_in_their_own_states(make):
    trade = Trade(make)
    one, two = trade.packs
    handover = trade.accept(trade.arrived([one]), reservation="SoH 待复检")
    assert handover.state is HandoverState.ACCEPTED_WITH_RESERVATION
    handover = trade.accept(trade.arrived([two]), rejected(two))
    assert handover.state is HandoverState.REJECTED
    assert (one.holder_id, two.holder_id) == (trade.buyer.id, trade.workshop.id)
    assert two.owner_id == trade.fleet.id


def test_a_missing_pack_is_a_significant_difference_and_stays_with_the_releaser(trade):
    handover = trade.arrived()
    one, two = trade.packs
    verdicts = {one.id: Verdict(Finding.ACCEPTED), two.id: Verdict(Finding.MISSING)}
    trade.accept(handover, verdicts)
    record = trade.record(handover.acceptance_leaf)
    assert record["discrepancies"] == [
        {"type": "item_missing", "declared": "2", "found": "1", "significant": True}
    ]
    assert two.holder_id == trade.workshop.id


@pytest.mark.parametrize(("net", "significant"), [("1056", False), ("1056.1", True)])
def test_mass_counts_as_significant_above_a_tenth(trade, net, significant):
    handover = trade.arrived()
    trade.accept(handover, gross_kg=Decimal(9000) + Decimal(net), tare_kg=Decimal(9000))
    (difference,) = trade.record(handover.acceptance_leaf)["discrepancies"]
    assert difference["type"] == "mass"
    assert difference["significant"] is significant


def test_a_sale_by_the_tonne_is_settled_by_the_weighbridge(make):
    trade = Trade(
        make,
        hammer=1_000_000,
        price_basis=PriceBasis.PER_TONNE,
        quantity=Decimal(1),
        is_quantity_provisional=True,
        payment_term=PaymentTerm.ON_ACCEPTANCE,
    )
    handover = trade.arrived()
    with pytest.raises(acceptances.WeighbridgeMissing):
        trade.accept(handover)
    trade.session.rollback()
    trade.accept(handover, gross_kg=Decimal(9950), tare_kg=Decimal(9000))
    assert settlements.of(trade.session, trade.award.id).due_minor == 950_000


def test_each_handover_settles_what_was_accepted(make):
    trade = Trade(
        make,
        packs=3,
        hammer=10_000,
        price_basis=PriceBasis.PER_PACK,
        quantity=Decimal(3),
        payment_term=PaymentTerm.ON_ACCEPTANCE,
    )
    one, two, three = trade.packs
    trade.accept(trade.arrived([one]))
    trade.accept(
        trade.arrived([two, three]), {two.id: Verdict(Finding.ACCEPTED), **rejected(three)}
    )
    settlement = settlements.of(trade.session, trade.award.id)
    assert settlement.due_minor == 20_000
    assert settlement.refund_due_minor == 10_000


def test_title_waits_for_the_money_and_passes_by_its_own_event(make):
    trade = Trade(make, paid=False, payment_term=PaymentTerm.ON_ACCEPTANCE)
    handover = trade.accept(trade.arrived())
    assert {pack.holder_id for pack in trade.packs} == {trade.buyer.id}
    assert {pack.owner_id for pack in trade.packs} == {trade.fleet.id}
    assert titles.pass_due_titles(trade.session, at=trade.tick()) == []
    trade.pay()
    (leaf,) = titles.pass_due_titles(trade.session, at=trade.tick())
    assert {pack.owner_id for pack in trade.packs} == {trade.buyer.id}
    record = log.parsed(leaf)
    acceptance = trade.session.get(log.Leaf, handover.acceptance_leaf)
    assert record["acceptance"] == acceptance.leaf_hash.hex()
    assert titles.pass_due_titles(trade.session, at=trade.tick()) == []


def test_packs_are_free_for_another_lot_once_title_passed_or_they_were_rejected(trade, session):
    session.execute(sa.update(LotPack).values(is_open=True))
    one, two = trade.packs
    handover = trade.arrived()
    trade.accept(handover, {one.id: Verdict(Finding.ACCEPTED), **rejected(two)})
    assert session.scalars(sa.select(LotPack.is_open).distinct()).all() == [False]


def test_each_pack_s_chain_names_the_leaf_before(session, trade):
    handover = trade.accept(trade.arrived())
    leaves = log.of_pack(session, trade.packs[0].id)
    release, acceptance, title = (log.parsed(leaf) for leaf in leaves)
    assert release["goods"][0]["previous"] is None
    assert acceptance["release"] == leaves[0].leaf_hash.hex()
    assert title["goods"][0]["previous"] == leaves[1].leaf_hash.hex()
    assert handover.acceptance_leaf == leaves[1].sequence


def test_holders_agree_with_their_periods(session, trade, make):
    trade.accept(trade.arrived())
    ours = [f"pack {pack.id}:" for pack in trade.packs]
    assert not [p for p in holdings.verify(session) if p.startswith(tuple(ours))]
    periods = holdings.of_pack(session, trade.packs[0].id)
    assert [(one.what, one.organisation_id) for one in periods if one.until is None] == [
        ("holder", trade.buyer.id),
        ("owner", trade.buyer.id),
    ]
    trade.packs[0].holder_id = make.organisation().id
    session.flush()
    assert any(problem.startswith(ours[0]) for problem in holdings.verify(session))


def test_an_expired_rule_no_longer_lets_possession_pass(session, trade):
    session.execute(
        sa.text("UPDATE possession_rule SET valid_until = :day"), {"day": date(2026, 5, 31)}
    )
    with pytest.raises(clearance.licences.PossessionRefused):
        trade.open()


def test_who_signed_the_release_does_not_sign_the_acceptance(trade, make):
    releaser = trade.releaser
    handover = trade.arrived()
    trade.receiver = type(releaser)(
        releaser.user_id, trade.buyer.id, Role.SIGNER, trade.buyer.kinds
    )
    with pytest.raises(releases.OnePersonBothSides):
        trade.accept(handover)
