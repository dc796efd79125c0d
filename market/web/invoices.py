"""Tax invoices between the parties of a deal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, request

from listings import db
from listings.errors import N_
from listings.money import Money
from listings.words import gettext
from market import awards, invoices, settlements
from market.invoices import InvoiceKind
from market.web import guard
from market.web.app import go
from market.web.awards import show
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("invoices", __name__)


@blueprint.post("/awards/<int:award_id>/invoices")
@again(show)
@guarded("invoice:write")
def record(award_id: int) -> Any:
    """Write down an invoice that the acting party issued."""
    form = Form(request.form)
    kind = form.choice("kind", InvoiceKind)
    number = form.text("number", required=True, most=40)
    issued_on = form.date("issued_on", required=True)
    rate = form.decimal("tax_rate", required=True, most=100)
    net, tax, total = (form.money(name, required=True) for name in ("net", "tax", "total"))
    form.check()
    with db.transaction() as writing:
        awards.seen_by(writing, guard.acting(), award_id)
        invoices.record(
            writing,
            guard.acting(),
            settlement_id=settlements.of(writing, award_id).id,
            kind=kind or InvoiceKind.SPECIAL,
            number=number,
            issued_on=issued_on or date.min,
            tax_rate=(rate or Decimal(0)) / 100,
            net=net or Money(0),
            tax=tax or Money(0),
            total=total or Money(0),
            at=guard.now(),
        )
    flash(gettext(N_("Invoice %(number)s is recorded."), number=number))
    return go("awards.show", award_id=award_id)
