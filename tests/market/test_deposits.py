"""Deposits: asked for once, then each step once, each with its entry in the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden, NotFound
from listings.licences import LicenceMissing
from listings.parties import Kind, Role
from market import auctions, deposits, eligibility, ledger
from market.deposits import DepositState
from market.ledger import AccountKind
from market.notices import Notice
from market.rules.deposits import DepositAlreadyDone


@pytest.fixture
def auction(make):
    return make.auction(make.lot(make.organisation(Kind.FLEET_OWNER)), deposit_minor=20_000)


@pytest.fixture
def buyer(make):
    return make.member(make.recycler(), Role.CLERK)


@pytest.fixture
def held(session, auction, buyer):
    deposit = deposits.request(session, buyer, auction.id, at=NOW)
    return deposits.hold(session, deposit.id, at=NOW)


def on(session, kind, organisation_id=None):
    return ledger.balance(session, kind, organisation_id)


def test_a_deposit_is_asked_for_once_with_a_reference_of_its_own(session, make, auction, buyer):
    deposit = deposits.request(session, buyer, auction.id, at=NOW)
    other = deposits.request(session, make.member(make.recycler()), auction.id, at=NOW)

    assert (deposit.amount_minor, deposit.state) == (20_000, DepositState.REQUIRED)
    assert deposits.request(session, buyer, auction.id, at=NOW) is deposit
    assert deposit.reference != other.reference
    assert deposit.reference.startswith("BZ")


def test_no_deposit_is_asked_for_where_none_is_due(session, make, buyer):
    free = make.auction(make.lot(make.organisation()))
    with pytest.raises(deposits.NoDepositDue):
        deposits.request(session, buyer, free.id, at=NOW)


def test_who_may_not_bid_is_asked_for_no_deposit(session, make, auction):
    with pytest.raises(LicenceMissing):
        deposits.request(session, make.member(make.organisation()), auction.id, at=NOW)
    seller = make.session.get(type(make.organisation()), auction.seller_id)
    with pytest.raises(eligibility.OwnGoods):
        deposits.request(session, make.member(seller), auction.id, at=NOW)


def test_after_the_end_no_deposit_is_asked_for(session, auction, buyer):
    with pytest.raises(auctions.SaleOver):
        deposits.request(session, buyer, auction.id, at=auction.closes_at)


def test_a_viewer_asks_for_no_deposit(session, make, auction):
    with pytest.raises(Forbidden):
        deposits.request(session, make.member(make.recycler(), Role.VIEWER), auction.id, at=NOW)


def test_a_held_deposit_lies_on_the_client_account(session, held, buyer):
    assert held.held_at == NOW
    assert on(session, AccountKind.CLIENT_BANK) == 20_000
    assert on(session, AccountKind.CLIENT_DEPOSIT, buyer.organisation_id) == -20_000
    [notice] = session.scalars(sa.select(Notice)).all()
    assert (notice.user_id, notice.values["amount"]) == (buyer.user_id, "200.00 CNY")


@pytest.mark.parametrize("step", ["release", "apply"])
def test_a_deposit_that_ends_becomes_the_bidders_own_money(session, held, buyer, step):
    ended = getattr(deposits, step)(session, held.id, at=NOW)
    assert ended.ended_at == NOW
    assert on(session, AccountKind.CLIENT_DEPOSIT, buyer.organisation_id) == 0
    assert on(session, AccountKind.CLIENT_FUNDS, buyer.organisation_id) == -20_000


def test_a_forfeited_deposit_is_kept_apart(session, held, buyer):
    deposits.forfeit(session, held.id, at=NOW)
    assert on(session, AccountKind.CLIENT_DEPOSIT, buyer.organisation_id) == 0
    assert on(session, AccountKind.FORFEITED_DEPOSIT) == -20_000


@pytest.mark.parametrize("first", ["release", "apply", "forfeit"])
@pytest.mark.parametrize("second", ["hold", "release", "apply", "forfeit"])
def test_a_deposit_ends_once(session, held, first, second):
    getattr(deposits, first)(session, held.id, at=NOW)
    session.commit()
    with pytest.raises(DepositAlreadyDone):
        getattr(deposits, second)(session, held.id, at=NOW)


def test_a_deposit_is_held_once(session, held):
    with pytest.raises(DepositAlreadyDone):
        deposits.hold(session, held.id, at=NOW)
    assert on(session, AccountKind.CLIENT_BANK) == 20_000


@pytest.mark.parametrize("step", ["release", "apply", "forfeit"])
def test_a_deposit_that_never_arrived_goes_nowhere(session, auction, buyer, step):
    deposit = deposits.request(session, buyer, auction.id, at=NOW)
    with pytest.raises(DepositAlreadyDone):
        getattr(deposits, step)(session, deposit.id, at=NOW)


def test_a_deposit_that_arrives_after_the_end_goes_back_at_once(session, auction, buyer):
    deposit = deposits.request(session, buyer, auction.id, at=NOW)
    deposits.hold(session, deposit.id, at=auction.closes_at + timedelta(hours=1))
    assert deposit.state is DepositState.RELEASED
    assert on(session, AccountKind.CLIENT_FUNDS, buyer.organisation_id) == -20_000


def test_a_withdrawn_sale_gives_its_deposits_back(session, make, auction, held):
    seller = session.get(type(make.organisation()), auction.seller_id)
    auctions.withdraw(session, make.member(seller), auction.id, at=NOW)
    assert held.state is DepositState.RELEASED


def test_a_deposit_that_is_not_there_cannot_be_held(session):
    with pytest.raises(NotFound):
        deposits.hold(session, 424242, at=NOW)


def test_in_a_firm_with_four_eyes_a_second_person_approves_first(session, make, auction):
    firm = make.recycler(has_four_eyes=True)
    clerk, approver = make.member(firm, Role.CLERK), make.member(firm, Role.APPROVER)
    deposit = deposits.request(session, clerk, auction.id, at=NOW)
    with pytest.raises(deposits.DepositNotApproved, match=deposit.reference):
        deposits.hold(session, deposit.id, at=NOW)
    with pytest.raises(Forbidden):
        deposits.approve(session, clerk, deposit.id, at=NOW)

    deposits.approve(session, approver, deposit.id, at=NOW)

    assert deposits.hold(session, deposit.id, at=NOW).state is DepositState.HELD


def test_who_asked_does_not_approve_although_the_role_would(session, make, auction):
    firm = make.recycler(has_four_eyes=True)
    admin = make.member(firm)
    deposit = deposits.request(session, admin, auction.id, at=NOW)
    with pytest.raises(deposits.SamePerson):
        deposits.approve(session, admin, deposit.id, at=NOW)


def test_another_firm_approves_nothing(session, make, auction, buyer):
    deposit = deposits.request(session, buyer, auction.id, at=NOW)
    with pytest.raises(NotFound):
        deposits.approve(session, make.member(make.recycler()), deposit.id, at=NOW)
