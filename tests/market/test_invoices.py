from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from deals import LATER, sell

from listings.errors import Forbidden, NotFound
from listings.money import Money
from listings.parties import Role
from market import invoices
from market.invoices import InvoiceKind


def record(deal, acting, **more):
    values = {
        "settlement_id": deal.settlement.id,
        "kind": InvoiceKind.SPECIAL,
        "number": "24342000000012345678",
        "issued_on": date(2026, 6, 2),
        "tax_rate": Decimal("0.13"),
        "net": Money(1000_00),
        "tax": Money(130_00),
        "total": Money(1130_00),
        "at": LATER,
    } | more
    return invoices.record(deal.session, acting, **values)


def test_a_party_records_its_invoice_to_the_other(session, make):
    deal = sell(make, 1130_00)
    invoice = record(deal, make.member(deal.seller))
    assert (invoice.issuer_id, invoice.recipient_id) == (deal.seller.id, deal.buyer.id)
    assert invoices.of(session, deal.settlement.id) == [invoice]


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": Money(1130_01)},
        {"tax": Money(60_00), "total": Money(1060_00)},
        {"tax_rate": Decimal("0.06")},
    ],
)
def test_net_tax_rate_and_total_must_agree(session, make, wrong):
    deal = sell(make, 1130_00)
    with pytest.raises(invoices.TotalDiffers):
        record(deal, make.member(deal.seller), **wrong)


@pytest.mark.parametrize("wrong", [{"net": Money(0)}, {"tax_rate": Decimal(1)}])
def test_amounts_that_no_invoice_has_are_refused(session, make, wrong):
    deal = sell(make, 1130_00)
    with pytest.raises(invoices.NotAnInvoice):
        record(deal, make.member(deal.seller), **wrong)


def test_an_issuer_uses_a_number_once(session, make):
    deal = sell(make, 1130_00)
    record(deal, make.member(deal.seller))
    with pytest.raises(invoices.InvoiceNumberUsed):
        record(deal, make.member(deal.seller))


def test_an_invoice_of_tomorrow_is_refused(session, make):
    deal = sell(make, 1130_00)
    with pytest.raises(invoices.IssuedInFuture):
        record(deal, make.member(deal.seller), issued_on=date(2026, 6, 3))


def test_only_a_clerk_of_a_party_records_an_invoice(session, make):
    deal = sell(make, 1130_00)
    with pytest.raises(NotFound):
        record(deal, make.member(make.organisation()))
    with pytest.raises(Forbidden):
        record(deal, make.member(deal.seller, Role.TRADER))
