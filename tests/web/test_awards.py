from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta

import pytest
from deals import Deal, sell
from make import NOW
from stripe_fake import SECRET, StripeFake

from listings import db
from listings.parties import Acting, Kind
from market import awards, contracts, payments, settlements
from market.deposits import Deposit

PDF = b"%PDF-1.7 sealed"


def read(response) -> str:
    return response.get_data(as_text=True)


@dataclass
class Market:
    deal: Deal
    path: str
    seller: Acting
    buyer: Acting
    stranger: Acting
    regulator: Acting


@pytest.fixture
def market(made) -> Market:
    with made() as make:
        deal = sell(make, 1000_00, deposit=200_00, payment_days=5)
        return Market(
            deal=deal,
            path=f"/awards/{deal.award.id}",
            seller=make.member(deal.seller),
            buyer=make.member(deal.buyer),
            stranger=make.member(make.recycler()),
            regulator=make.member(make.organisation(Kind.REGULATOR)),
        )


def test_parties_operator_and_regulator_see_the_deal_and_others_do_not(market, sign_in, client):
    number = market.deal.award.number
    for acting in (market.seller, market.buyer, market.deal.recorder, market.regulator):
        browser = sign_in(acting)
        assert number in read(browser.get("/awards"))
        assert browser.get(market.path).status_code == 200
    stranger = sign_in(market.stranger)
    assert number not in read(stranger.get("/awards"))
    for address in ("", "/letter.pdf", "/contract.pdf", "/scans/seller"):
        assert stranger.get(market.path + address).status_code == 404
    assert stranger.get("/awards/999999").status_code == 404
    assert client.get(market.path).status_code == 303


def test_the_buyer_reads_what_to_pay_where_and_with_which_reference(market, sign_in):
    page = read(sign_in(market.buyer).get(market.path))
    assert "¥800.00" in page
    assert "人民币壹仟元整" in page
    assert market.deal.settlement.reference in page
    assert market.deal.operator.bank_account in page
    assert "Pay by card" not in page
    assert "How to pay" not in read(sign_in(market.seller).get(market.path))


def test_letter_and_contract_are_pdf_files(market, sign_in):
    browser = sign_in(market.buyer)
    for name in ("letter", "contract"):
        response = browser.get(f"{market.path}/{name}.pdf")
        assert response.status_code == 200
        assert response.data.startswith(b"%PDF-")


def hand_in(browser, path, **more):
    sent = {"scan": (io.BytesIO(PDF), "合同.pdf"), "signed_on": "2026-06-01"} | more
    return browser.post(f"{path}/scan", data=sent, content_type="multipart/form-data")


def test_two_sealed_scans_bring_the_contract_into_force(market, sign_in):
    seller, buyer = sign_in(market.seller), sign_in(market.buyer)
    assert hand_in(seller, market.path).status_code == 303
    assert hand_in(buyer, market.path).status_code == 303
    with db.transaction() as session:
        assert contracts.is_in_force(session, market.deal.award.id)
    scan = seller.get(f"{market.path}/scans/buyer")
    assert scan.data == PDF
    assert "attachment" in scan.headers["Content-Disposition"]
    assert sign_in(market.regulator).get(f"{market.path}/scans/buyer").status_code == 404


def test_a_scan_of_another_kind_gets_a_sentence_and_the_date_stays(market, sign_in):
    wrong = hand_in(sign_in(market.seller), market.path, scan=(io.BytesIO(b"MZ"), "x.pdf"))
    assert wrong.status_code == 422
    assert "PDF, JPEG or PNG" in read(wrong)
    assert 'value="2026-06-01"' in read(wrong)
    assert hand_in(sign_in(market.stranger), market.path).status_code == 404


def test_signing_asks_for_the_password_again(market, sign_in):
    refused = hand_in(sign_in(market.seller, is_recent=False), market.path)
    assert refused.status_code == 422
    assert "Your password" in read(refused)


def test_a_party_records_an_invoice_and_a_wrong_sum_is_refused(market, sign_in):
    browser = sign_in(market.seller)
    sent = {
        "kind": "special",
        "number": "24342000000012345678",
        "issued_on": "2026-06-01",
        "tax_rate": "13",
        "net": "884.96",
        "tax": "115.04",
        "total": "1,000.00",
    }
    wrong = browser.post(f"{market.path}/invoices", data=sent | {"total": "1001"})
    assert wrong.status_code == 422
    assert "do not make" in read(wrong)
    assert 'value="884.96"' in read(wrong)
    assert browser.post(f"{market.path}/invoices", data=sent).status_code == 303
    assert sent["number"] in read(sign_in(market.buyer).get(market.path))


def bank_line(market, **more):
    return {
        "purpose": "price",
        "reference": market.deal.settlement.reference,
        "account_number": market.deal.buyer.bank_account,
        "amount": "800",
        "statement_line": "2026-06-01/1",
        "booked_on": "2026-06-01",
    } | more


def test_a_price_arrives_by_a_line_that_two_people_saw(market, sign_in):
    clerk, approver = sign_in(market.deal.recorder), sign_in(market.deal.confirmer)
    assert clerk.post("/bank/new", data=bank_line(market)).status_code == 303
    assert "2026-06-01/1" in read(approver.get("/bank"))
    assert "confirm" in read(approver.get("/bank/1"))
    assert clerk.post("/bank/1", data={"decision": "confirm"}).status_code == 403
    assert approver.post("/bank/1", data={"decision": "confirm"}).status_code == 303
    with db.transaction() as session:
        assert settlements.is_paid(session, market.deal.award.id)
        assert session.get_one(Deposit, market.deal.deposit.id).state.value == "applied"
    assert "¥990.00" in read(clerk.get("/bank"))
    assert approver.post("/bank/1", data={"decision": "confirm"}).status_code == 409


def test_a_confirmation_asks_for_the_password_again(market, sign_in):
    sign_in(market.deal.recorder).post("/bank/new", data=bank_line(market))
    stale = sign_in(market.deal.confirmer, is_recent=False)
    refused = stale.post("/bank/1", data={"decision": "confirm"})
    assert refused.status_code == 422
    assert 'name="password"' in read(refused)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"account_number": "6222000000000000"}, "is not the registered account"),
        ({"reference": "S-2026-9"}, "is the reference of no settlement"),
        ({"amount": "eight"}, "is not an amount"),
        ({"booked_on": "2026-06-02"}, "lies in the future"),
        ({"statement_line": ""}, "Fill in this field"),
    ],
)
def test_a_wrong_line_gets_a_sentence_and_what_was_typed_stays(market, sign_in, wrong, sentence):
    page = sign_in(market.deal.recorder).post("/bank/new", data=bank_line(market, **wrong))
    assert page.status_code == 422
    assert sentence in read(page)
    assert f'value="{market.deal.settlement.reference}"' in read(page) or "reference" in wrong


def test_bank_ledger_and_settings_are_the_operators(market, sign_in):
    clerk = sign_in(market.deal.recorder)
    assert "in order" in read(clerk.get("/ledger"))
    assert "deposit:" in read(clerk.get("/ledger/1"))
    assert "STRIPE_SECRET_KEY" in read(clerk.get("/settings"))
    for acting in (market.buyer, market.seller):
        browser = sign_in(acting)
        for address in ("/bank", "/bank/new", "/bank/1", "/ledger", "/ledger/1", "/settings"):
            assert browser.get(address).status_code == 403
    assert sign_in(market.regulator).get("/ledger").status_code == 200
    assert sign_in(market.regulator).get("/bank").status_code == 403


def test_an_overdue_award_is_annulled_by_the_operator(market, sign_in, clock):
    operator = sign_in(market.deal.confirmer)
    early = operator.post(f"{market.path}/annul", data={"reason": "unpaid"})
    assert early.status_code == 409
    clock.at = NOW + timedelta(days=6)
    operator = sign_in(market.deal.confirmer)
    assert "Annul the award" in read(operator.get(market.path))
    assert operator.post(f"{market.path}/annul", data={"reason": "unpaid"}).status_code == 303
    assert "annulled" in read(sign_in(market.seller).get(market.path))
    with db.transaction() as session:
        assert awards.has_defaulted(session, market.deal.buyer.id, market.deal.auction.lot_id)


@pytest.fixture
def fake(monkeypatch):
    with StripeFake() as fake:
        monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("STRIPE_API_BASE", fake.address)
        yield fake


def test_with_keys_the_buyer_pays_by_card_and_comes_back(market, sign_in, fake, client):
    buyer = sign_in(market.buyer)
    assert "Pay by card" in read(buyer.get(market.path))
    away = buyer.post(f"{market.path}/pay")
    assert away.status_code == 303
    assert away.location.startswith("https://checkout.stripe.com/")
    early = buyer.get("/payments/1/back", follow_redirects=True)
    assert "has not arrived yet" in read(early)
    fake.pay("cs_test_1")
    body, signature = fake.event("cs_test_1")
    reported = client.post("/payments/events", data=body, headers={"Stripe-Signature": signature})
    assert reported.status_code == 204
    assert "has arrived" in read(buyer.get("/payments/1/back", follow_redirects=True))
    assert sign_in(market.seller).get("/payments/1/back").status_code == 404
    with db.transaction() as session:
        assert settlements.of(session, market.deal.award.id).paid_minor == 1000_00
    forged = client.post("/payments/events", data=body, headers={"Stripe-Signature": "t=1,v1=0"})
    assert forged.status_code == 422
    assert payments.missing() == []


def test_events_need_no_form_token(app, market, fake):
    app.config["WTF_CSRF_ENABLED"] = True
    with app.test_client() as client:
        assert client.post("/payments/events", data=b"{}").status_code == 422
        assert client.post(f"{market.path}/pay").status_code == 400
