from __future__ import annotations

from datetime import date, timedelta

from make import NOW

from listings.licences import LicenceKind, LicenceState
from listings.lots import LotState
from listings.parties import Kind, Role
from market.bids import Bid
from market.deposits import Deposit
from market.waiting import doors, waiting
from pricing import complaints, editions, indices, values


def tasks(session, acting, at=NOW):
    return {task.message: (task.count, task.link) for task in waiting(session, acting, at)}


def test_a_fleet_sees_its_drafts_and_what_lacks_a_report(session, make):
    fleet, other = make.organisation(Kind.FLEET_OWNER), make.organisation(Kind.FLEET_OWNER)
    packs = [make.pack(fleet) for _ in range(3)]
    make.lot(fleet, packs, state=LotState.DRAFT)
    make.lot(other, state=LotState.DRAFT)
    found = tasks(session, make.member(fleet))
    assert found["Lots in draft"] == (1, "/lots")
    assert found["Packs without a health report"] == (3, "/reports")


def bid(session, auction, acting, number=1):
    session.add(
        Bid(
            auction_id=auction.id,
            number=number,
            bidder_id=acting.organisation_id,
            user_id=acting.user_id,
            maximum_minor=2000,
            placed_at=NOW,
            price_minor=1000,
            leader_id=acting.organisation_id,
            ends_at=auction.closes_at,
            form_key=str(number),
        )
    )
    session.flush()


def test_a_buyer_sees_where_it_leads_and_where_it_was_outbid(session, make):
    loser, leader = make.member(make.recycler()), make.member(make.recycler())
    auction = make.auction(
        make.lot(make.organisation(Kind.FLEET_OWNER)),
        leader_id=leader.organisation_id,
        leader_maximum_minor=2000,
        price_minor=1000,
    )
    bid(session, auction, loser)
    bid(session, auction, leader, 2)
    outbid, leads = "Sales in which you were outbid", "Sales that you lead"
    assert outbid in tasks(session, loser)
    assert leads not in tasks(session, loser)
    assert leads in tasks(session, leader)
    assert outbid not in tasks(session, leader)
    over = tasks(session, loser, NOW + timedelta(hours=2))
    assert outbid not in over


def test_a_deposit_waits_for_its_own_bidder_only(session, make):
    mine, other = make.member(make.recycler()), make.member(make.recycler())
    auction = make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)), deposit_minor=500)
    session.add(
        Deposit(
            auction_id=auction.id,
            bidder_id=mine.organisation_id,
            amount_minor=500,
            reference="BZ1",
            requested_by=mine.user_id,
            requested_at=NOW,
        )
    )
    session.flush()
    assert tasks(session, mine)["Deposits to transfer"] == (1, "/deposits")
    assert "Deposits to transfer" not in tasks(session, other)


def test_four_eyes_ask_a_second_person_before_a_deposit_is_transferred(session, make):
    firm = make.recycler(has_four_eyes=True)
    first, second = make.member(firm), make.member(firm, Role.APPROVER)
    auction = make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)), deposit_minor=500)
    deposit = Deposit(
        auction_id=auction.id,
        bidder_id=firm.id,
        amount_minor=500,
        reference="BZ2",
        requested_by=first.user_id,
        requested_at=NOW,
    )
    session.add(deposit)
    session.flush()
    approval, transfer = "Deposits that wait for your approval", "Deposits to transfer"
    assert approval in tasks(session, second)
    assert not {approval, transfer} & set(tasks(session, first))
    deposit.approved_by = second.user_id
    session.flush()
    assert tasks(session, first)[transfer] == (1, "/deposits")
    assert approval not in tasks(session, second)


def test_the_operator_sees_what_to_decide(session, make):
    operator = make.member(make.organisation(Kind.OPERATOR))
    firm = make.organisation(Kind.LAB, approved_at=None)
    make.licence(firm, LicenceKind.ACCREDITATION, state=LicenceState.SUBMITTED)
    found = tasks(session, operator)
    assert found["Organisations to approve"][0] == 1
    assert found["Documents to decide on"][0] == 1
    assert "Organisations to approve" not in tasks(session, make.member(firm))


def test_a_viewer_is_not_asked_for_what_it_may_not_do(session, make):
    fleet = make.organisation(Kind.FLEET_OWNER, bank_account="")
    make.licence(fleet, LicenceKind.WORKSHOP_FILING, valid_until=date(2026, 6, 10))
    assert tasks(session, make.member(fleet, Role.VIEWER)) == {}
    assert set(tasks(session, make.member(fleet))) == {
        "Your bank account is missing",
        "Documents that expire within 30 days",
    }


def test_every_kind_has_a_home_that_can_be_computed(session, make):
    for kind in Kind:
        for role in Role:
            acting = make.member(make.organisation(kind), role)
            assert all(task.count > 0 for task in waiting(session, acting, NOW))
    assert [door.link for door in doors(make.member(make.organisation(Kind.LAB)))] == ["/reports"]


def test_a_valuer_sees_complaints_it_may_answer_and_a_regulator_the_late_ones(session, make):
    valuer, lot = make.organisation(Kind.VALUER), make.lot(make.organisation(Kind.FLEET_OWNER))
    assessor, approver = make.member(valuer, Role.ADMIN), make.member(valuer, Role.APPROVER)
    indices.seed(session, at=NOW)
    people = {"assessor": assessor, "approver": approver}
    edition = editions.seed(session, valuer_id=valuer.id, at=NOW, **people)
    buyer = make.member(make.organisation(Kind.REGENERATION))
    kept = values.for_lot(session, lot.id, at=NOW)
    complaint = complaints.file(session, buyer, kept.id, text="Low.", at=NOW)
    session.flush()
    task = "Complaints to answer"
    assert tasks(session, approver)[task] == (1, "/complaints")
    assert task not in tasks(session, assessor)
    late = "Complaints about values without an answer in time"
    regulator = make.member(make.organisation(Kind.REGULATOR))
    assert late not in tasks(session, regulator, NOW + timedelta(days=28))
    assert tasks(session, regulator, NOW + timedelta(days=29))[late] == (1, "/complaints")
    soon = "Editions whose review comes due within two weeks"
    before = NOW + timedelta(days=(edition.review_due_on - NOW.date()).days - 14)
    assert soon not in tasks(session, approver, before - timedelta(days=1))
    assert tasks(session, approver, before)[soon] == (1, "/guides")
    complaints.answer(session, approver, complaint.id, is_upheld=True, text="Yes.", at=NOW)
    assert task not in tasks(session, approver)
