from __future__ import annotations

import json

import pytest
from deals import LATER, fresh, sell
from make import NOW
from stripe_fake import SECRET, StripeFake

from listings.errors import Forbidden, NotFound
from listings.parties import Role
from market import deposits, ledger, payments, settlements
from market.deposits import Deposit, DepositState
from market.ledger import AccountKind
from market.payments import PaymentState


@pytest.fixture
def fake(monkeypatch):
    with StripeFake() as fake:
        monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("STRIPE_API_BASE", fake.address)
        yield fake


def open_page(session, deal, acting, **what):
    what = what or {"settlement_id": deal.settlement.id}
    payment = payments.start(session, acting, **what, at=LATER)
    page = payments.checkout(payment, name=deal.award.number, back_to="http://127.0.0.1/x")
    payments.record_checkout(session, payment.id, page)
    return payment, page


def send(session, event):
    fresh(session)
    return payments.handle(session, *event, at=LATER)


def test_without_keys_there_is_no_card_payment_and_it_says_which_are_missing(
    session, make, monkeypatch
):
    monkeypatch.delenv("STRIPE_SECRET_KEY", raising=False)
    monkeypatch.delenv("STRIPE_WEBHOOK_SECRET", raising=False)
    deal = sell(make, 1000_00)
    assert payments.configured() is None
    assert payments.missing() == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]
    with pytest.raises(payments.CardsUnavailable):
        payments.start(session, make.member(deal.buyer), settlement_id=deal.settlement.id, at=LATER)


def test_a_paid_page_settles_the_price_into_the_clearing_account(session, make, fake):
    deal = sell(make, 1000_00)
    payment, page = open_page(session, deal, make.member(deal.buyer))
    assert page.url.startswith("https://checkout.stripe.com/")
    assert payment.state is PaymentState.OPEN
    fake.pay(page.id)
    send(session, fake.event(page.id))
    assert payment.state is PaymentState.SUCCEEDED
    assert settlements.is_paid(session, deal.award.id)
    assert ledger.balance(session, AccountKind.CARD_CLEARING) == 1000_00
    assert ledger.problems(session) == []


def test_webhook_and_return_page_in_any_order_settle_once(session, make, fake):
    deal = sell(make, 1000_00)
    payment, page = open_page(session, deal, make.member(deal.buyer))
    fake.pay(page.id)
    event, other = fake.event(page.id), fake.event(page.id)
    for _ in range(2):
        send(session, event)
        fresh(session)
        payments.settle(session, payments.look(payment), at=LATER)
        send(session, other)
    assert deal.settlement.paid_minor == 1000_00
    assert deal.settlement.refund_due_minor == 0


def test_a_late_expiry_does_not_undo_a_payment(session, make, fake):
    deal = sell(make, 1000_00)
    payment, page = open_page(session, deal, make.member(deal.buyer))
    fake.expire(page.id)
    expired = fake.event(page.id, "expired")
    fake.sessions[page.id]["status"] = "open"
    fake.pay(page.id)
    send(session, fake.event(page.id))
    send(session, expired)
    assert payment.state is PaymentState.SUCCEEDED


def test_the_webhook_may_come_before_the_page_is_recorded(session, make, fake):
    deal = sell(make, 1000_00)
    acting = make.member(deal.buyer)
    payment = payments.start(session, acting, settlement_id=deal.settlement.id, at=LATER)
    page = payments.checkout(payment, name="x", back_to="http://127.0.0.1/x")
    fake.pay(page.id)
    send(session, fake.event(page.id))
    payments.record_checkout(session, payment.id, page)
    assert payment.state is PaymentState.SUCCEEDED
    assert deal.settlement.paid_minor == 1000_00


def test_asking_twice_gives_one_payment_and_one_page(session, make, fake):
    deal = sell(make, 1000_00)
    acting = make.member(deal.buyer)
    first, page = open_page(session, deal, acting)
    second, again = open_page(session, deal, acting)
    assert (first.id, page.id) == (second.id, again.id)
    assert fake.creations == 1


def test_a_provider_that_fails_once_is_asked_again_with_the_same_key(session, make, fake):
    deal = sell(make, 1000_00)
    fake.failures = 1
    open_page(session, deal, make.member(deal.buyer))
    assert fake.creations == 1


def test_a_provider_that_stays_away_is_a_sentence(session, make, fake):
    deal = sell(make, 1000_00)
    fake.failures = 9
    with pytest.raises(payments.ProviderFailed):
        open_page(session, deal, make.member(deal.buyer))


def test_an_event_with_a_wrong_signature_is_refused(session, make, fake):
    deal = sell(make, 1000_00)
    _payment, page = open_page(session, deal, make.member(deal.buyer))
    fake.pay(page.id)
    body, header = fake.event(page.id, secret="whsec_other")
    for payload, signature in ((body, header), (body + b" ", fake.event(page.id)[1]), (body, "")):
        with pytest.raises(payments.SignatureWrong):
            payments.handle(session, payload, signature, at=LATER)
    assert deal.settlement.paid_minor == 0


def test_an_event_of_another_amount_is_refused(session, make, fake):
    deal = sell(make, 1000_00)
    _payment, page = open_page(session, deal, make.member(deal.buyer))
    fake.pay(page.id)
    fake.sessions[page.id]["amount_total"] = 1
    with pytest.raises(payments.AmountDiffers):
        send(session, fake.event(page.id))


def test_only_the_payer_may_start_and_only_while_something_is_due(session, make, fake):
    deal = sell(make, 1000_00)
    ident = deal.settlement.id
    with pytest.raises(NotFound):
        payments.start(session, make.member(deal.seller), settlement_id=ident, at=LATER)
    with pytest.raises(Forbidden):
        payments.start(session, make.member(deal.buyer, Role.VIEWER), settlement_id=ident, at=LATER)
    _payment, page = open_page(session, deal, make.member(deal.buyer))
    fake.pay(page.id)
    send(session, fake.event(page.id))
    with pytest.raises(payments.NothingToPay):
        payments.start(session, make.member(deal.buyer), settlement_id=ident, at=LATER)


def test_a_deposit_by_card_is_held_and_lies_with_the_provider(session, make, fake):
    deal = sell(make, 1000_00)
    auction = make.auction(make.lot(deal.seller), deposit_minor=300_00)
    deposit = make._add(
        Deposit(
            auction_id=auction.id,
            bidder_id=deal.buyer.id,
            amount_minor=300_00,
            reference="BZ1",
            requested_by=make.user().id,
            requested_at=NOW,
        )
    )
    payment, page = open_page(session, deal, make.member(deal.buyer), deposit_id=deposit.id)
    fake.pay(page.id)
    event = fake.event(page.id)
    fresh(session)
    payments.handle(session, *event, at=NOW)
    assert (payment.state, deposit.state) == (PaymentState.SUCCEEDED, DepositState.HELD)
    assert ledger.balance(session, AccountKind.CARD_CLEARING) == 300_00
    assert ledger.balance(session, AccountKind.CLIENT_BANK) == 0


def test_a_card_payment_for_a_deposit_held_meanwhile_stays_the_bidders(session, make, fake):
    deal = sell(make, 1000_00)
    auction = make.auction(make.lot(deal.seller), deposit_minor=300_00)
    deposit = make._add(
        Deposit(
            auction_id=auction.id,
            bidder_id=deal.buyer.id,
            amount_minor=300_00,
            reference="BZ2",
            requested_by=make.user().id,
            requested_at=NOW,
        )
    )
    _payment, page = open_page(session, deal, make.member(deal.buyer), deposit_id=deposit.id)
    deposits.hold(session, deposit.id, at=NOW)
    fake.pay(page.id)
    send(session, fake.event(page.id))
    assert ledger.balance(session, AccountKind.CLIENT_FUNDS, deal.buyer.id) == -300_00
    assert ledger.balance(session, AccountKind.CLIENT_DEPOSIT, deal.buyer.id) == -300_00
    assert ledger.problems(session) == []


def test_the_stand_in_gives_objects_of_the_published_shape(session, make, fake, shared):
    fixtures = json.loads((shared / "stripe" / "fixtures3.json").read_text())["resources"]
    deal = sell(make, 1000_00)
    _payment, page = open_page(session, deal, make.member(deal.buyer))
    assert set(fake.sessions[page.id]) <= set(fixtures["checkout.session"])
    event = json.loads(fake.event(page.id)[0])
    assert set(event) <= set(fixtures["event"])


def test_a_card_pays_no_deposit_that_waits_for_a_second_person(session, make, fake):
    firm = make.recycler(has_four_eyes=True)
    auction = make.auction(make.lot(make.organisation()), deposit_minor=1000_00)
    acting = make.member(firm)
    deposit = deposits.request(session, acting, auction.id, at=NOW)
    with pytest.raises(deposits.DepositNotApproved):
        payments.start(session, acting, deposit_id=deposit.id, at=LATER)
    fresh(session)
    deposits.approve(session, make.member(firm), deposit.id, at=NOW)
    assert payments.start(session, acting, deposit_id=deposit.id, at=LATER).amount_minor == 1000_00
