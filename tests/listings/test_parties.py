from __future__ import annotations

import threading

import pytest
from make import NOW, Make, credit_code

from listings import db, memberships, parties, profiles
from listings.errors import Forbidden, NotFound
from listings.identity.uscc import CreditCodeRefused
from listings.parties import Kind, Nature, Role
from listings.provinces import ProvinceUnknown


def found(session, number=900, **more):
    values = {
        "name": "合肥公交集团",
        "credit_code": credit_code(number),
        "nature": Nature.STATE,
        "province": "安徽省",
        "kinds": [Kind.FLEET_OWNER],
        "at": NOW,
    } | more
    return parties.found(session, **values)


@pytest.fixture
def operator(session, make):
    firm = found(session, 901, name="平台", kinds=[Kind.OPERATOR])
    return make.member(firm)


def test_a_new_organisation_waits_for_the_operator(session, operator):
    firm = found(session)
    assert firm.kinds == {Kind.FLEET_OWNER}
    assert firm.province == "安徽"
    with pytest.raises(parties.NotApproved) as caught:
        parties.demand_approved(session, firm.id)
    assert "合肥公交集团" in str(caught.value)
    parties.approve(session, operator, firm.id, at=NOW)
    parties.demand_approved(session, firm.id)
    with pytest.raises(parties.AlreadyApproved):
        parties.approve(session, operator, firm.id, at=NOW)


@pytest.mark.parametrize(
    ("wrong", "refusal", "field"),
    [
        ({"credit_code": "91110000600037341X"}, CreditCodeRefused, "credit_code"),
        ({"name": "  "}, parties.OrganisationNameMissing, "name"),
        ({"kinds": []}, parties.KindMissing, "kinds"),
        ({"province": "Atlantis"}, ProvinceUnknown, "province"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(session, wrong, refusal, field):
    with pytest.raises(refusal) as caught:
        found(session, **wrong)
    assert caught.value.field == field


def test_one_credit_code_is_one_organisation(session):
    first = found(session)
    with pytest.raises(parties.CreditCodeTaken):
        found(session, credit_code=first.credit_code.lower(), name="另一家")


def test_there_is_one_operator_and_it_needs_no_approval(session, operator):
    assert parties.operator(session).id == operator.organisation_id
    parties.demand_approved(session, operator.organisation_id)
    with pytest.raises(parties.OperatorExists):
        found(session, 902, kinds=[Kind.OPERATOR, Kind.LAB])


def test_without_an_operator_there_is_none_to_find(session):
    with pytest.raises(NotFound):
        parties.operator(session)


def test_only_the_operator_approves(session, make, operator):
    firm = found(session)
    for acting in (make.member(firm), make.member(parties.operator(session), Role.CLERK)):
        with pytest.raises(Forbidden):
            parties.approve(session, acting, firm.id, at=NOW)
    assert firm.approved_at is None


def test_people_are_those_whose_role_may_do_the_act(session, make):
    firm = make.organisation(Kind.SECOND_LIFE)
    trader, clerk, approver = (
        make.member(firm, role) for role in (Role.TRADER, Role.CLERK, Role.APPROVER)
    )
    make.member(make.organisation(Kind.SECOND_LIFE), Role.APPROVER)
    placing = [user.id for user in parties.people(session, firm.id, "bid:place")]
    assert placing == [trader.user_id, approver.user_id]
    assert clerk.user_id in {user.id for user in parties.people(session, firm.id, "bid:prepare")}


def test_nobody_joins_twice_but_may_come_back(session, make):
    firm = make.organisation(Kind.LAB)
    admin, clerk = make.member(firm), make.member(firm, Role.CLERK)
    with pytest.raises(parties.AlreadyMember):
        parties.join(session, clerk.user_id, firm.id, Role.SIGNER, at=NOW)
    standing = {user.id: membership for membership, user in memberships.of(session, firm.id)}
    memberships.end(session, admin, standing[clerk.user_id].id, at=NOW)
    assert parties.acting_for(session, clerk.user_id, firm.id) is None
    parties.join(session, clerk.user_id, firm.id, Role.SIGNER, at=NOW)
    assert parties.acting_for(session, clerk.user_id, firm.id).role is Role.SIGNER


def test_the_last_administrator_stays(session, make):
    firm = make.organisation(Kind.LAB)
    admin = make.member(firm)
    make.member(firm, Role.CLERK)
    (own, _), (other, _) = memberships.of(session, firm.id)
    for change in (
        lambda: memberships.end(session, admin, own.id, at=NOW),
        lambda: memberships.change_role(session, admin, own.id, Role.VIEWER, at=NOW),
    ):
        with pytest.raises(memberships.LastAdministrator):
            change()
    memberships.change_role(session, admin, other.id, Role.ADMIN, at=NOW)
    memberships.end(session, admin, own.id, at=NOW)
    assert [user.id for _, user in memberships.of(session, firm.id)] == [other.user_id]


def test_an_administrator_rules_in_its_own_organisation_only(session, make):
    firm, other = make.organisation(Kind.LAB), make.organisation(Kind.LAB)
    admin, stranger = make.member(firm), make.member(other)
    ((own, _),) = memberships.of(session, firm.id)
    with pytest.raises(NotFound):
        memberships.end(session, stranger, own.id, at=NOW)
    with pytest.raises(Forbidden):
        memberships.change_role(session, make.member(firm, Role.CLERK), own.id, Role.CLERK, at=NOW)
    assert parties.acting_for(session, admin.user_id, firm.id) == admin


@pytest.mark.parametrize("number", ["", "1234567", "6222-あ-0000000", "6" * 35])
def test_what_is_no_account_number_is_refused(session, make, number):
    admin = make.member(make.organisation(Kind.LAB))
    with pytest.raises(profiles.AccountNumberRefused):
        profiles.set_bank_account(session, admin, bank_name="银行", bank_account=number, at=NOW)


def test_an_account_number_is_kept_without_its_spaces(session, make):
    admin = make.member(make.organisation(Kind.LAB))
    firm = profiles.set_bank_account(
        session, admin, bank_name="中国银行合肥分行", bank_account="6222 0000 1111-2222", at=NOW
    )
    assert firm.bank_account == "6222000011112222"
    with pytest.raises(profiles.BankNameMissing):
        profiles.set_bank_account(session, admin, bank_name=" ", bank_account="62220000", at=NOW)


def test_a_clerk_does_not_move_the_bank_account(session, make):
    clerk = make.member(make.organisation(Kind.LAB), Role.CLERK)
    with pytest.raises(Forbidden):
        profiles.set_bank_account(session, clerk, bank_name="行", bank_account="62220000", at=NOW)


def test_two_administrators_who_end_each_other_leave_one(database):
    with db.transaction() as session:
        make = Make(session)
        firm = make.organisation(Kind.LAB)
        pair = [make.member(firm), make.member(firm)]
        ids = [membership.id for membership, _ in memberships.of(session, firm.id)]
    gate, refused = threading.Barrier(2), []

    def end(acting, other):
        gate.wait()
        try:
            with db.transaction() as session:
                memberships.end(session, acting, other, at=NOW)
        except memberships.LastAdministrator:
            refused.append(other)

    threads = [
        threading.Thread(target=end, args=pair_of)
        for pair_of in zip(pair, reversed(ids), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.transaction() as session:
        assert len(memberships.of(session, firm.id)) == len(refused) == 1


def test_nobody_becomes_a_regulator_or_a_lab_by_saying_so(session, make, operator):
    firm = found(session, 907, kinds=[Kind.REGULATOR, Kind.LAB, Kind.FLEET_OWNER])
    user_id = make.user().id
    parties.join(session, user_id, firm.id, Role.ADMIN, at=NOW)
    assert parties.acting_for(session, user_id, firm.id).kinds == {Kind.FLEET_OWNER}
    parties.approve(session, operator, firm.id, at=NOW)
    assert parties.acting_for(session, user_id, firm.id).kinds == firm.kinds
