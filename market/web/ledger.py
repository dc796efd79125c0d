"""The books, as the operator and regulators read them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template

from listings import db
from listings.parties import Kind, Organisation
from market import ledger
from market.ledger import Account, Entry, Posting
from market.web import guard
from market.web.guard import member

blueprint = Blueprint("ledger", __name__)

MOST = 200


@blueprint.get("/ledger")
@member(Kind.OPERATOR, Kind.REGULATOR)
def index() -> Any:
    """Every account with its balance, and whether the books are in order."""
    with db.transaction() as reading:
        return render_template(
            "ledger/index.html",
            standings=ledger.balances(reading),
            problems=ledger.problems(reading),
            client_money=ledger.total(reading, *ledger.CLIENT_MONEY),
            owed=-ledger.total(reading, *ledger.OWED_TO_CLIENTS),
        )


@blueprint.get("/ledger/<int:account_id>")
@member(Kind.OPERATOR, Kind.REGULATOR)
def show(account_id: int) -> Any:
    """The newest entries of one account, with what lay on it after each."""
    with db.transaction() as reading:
        account = guard.visible(reading.get(Account, account_id))
        owner = account.organisation_id
        running = sa.func.sum(Posting.amount_minor).over(order_by=Posting.id)
        rows = reading.execute(
            sa.select(Posting, Entry, running.label("running"))
            .join(Entry, Entry.id == Posting.entry_id)
            .where(Posting.account_id == account.id)
            .order_by(Posting.id.desc())
            .limit(MOST),
        ).all()
        organisation = reading.get(Organisation, owner) if owner else None
    return render_template("ledger/show.html", account=account, owner=organisation, rows=rows)
