"""Deals: what was sold to whom, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, render_template, request, url_for
from sqlalchemy import orm

from listings import capitals, db, words
from listings.errors import N_
from listings.lots import Lot
from listings.money import Money
from listings.parties import Acting, Kind, may
from listings.users import User
from listings.words import gettext
from market import (
    awards,
    bank,
    batches,
    contracts,
    documents,
    invoices,
    papers,
    payments,
    settlements,
)
from market.awards import Award
from market.bank import Purpose
from market.contracts import Contract
from market.handovers import Handover
from market.settlements import Settlement, SettlementState
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("awards", __name__)

OF_SETTLEMENTS = frozenset({Purpose.PRICE, Purpose.PRICE_REFUND, Purpose.PAYOUT, Purpose.FEE})


@dataclass(frozen=True, slots=True)
class Step:
    """One station of a deal."""

    label: str
    is_done: bool


def steps(settlement: Settlement, contract: Contract) -> list[Step]:
    """The stations in order: award, contract, payment, handover, payout."""
    is_paid = settlement.state in {SettlementState.PAID, SettlementState.COMPLETED}
    return [
        Step(gettext(N_("Award")), is_done=True),
        Step(gettext(N_("Contract")), is_done=contract.in_force_at is not None),
        Step(gettext(N_("Payment")), is_done=is_paid),
        Step(gettext(N_("Handover")), is_done=settlement.settled_at is not None),
        Step(gettext(N_("Payout")), is_done=settlement.state is SettlementState.COMPLETED),
    ]


@blueprint.get("/awards")
@member()
def index() -> Any:
    """The deals that the organisation may see, newest first."""
    acting = guard.acting()
    with db.transaction() as reading:
        rows = [
            (award, award.lot, award.seller, award.buyer, settlements.of(reading, award.id))
            for award in awards.listed_for(reading, acting)
        ]
    return render_template("awards/index.html", rows=rows)


@blueprint.get("/awards/<int:award_id>")
@member()
def show(award_id: int) -> Any:
    """One deal for its parties, the operator and regulators."""
    acting = guard.acting()
    with db.transaction() as reading:
        award = awards.seen_by(reading, acting, award_id)
        settlement = settlements.of(reading, award.id)
        contract = contracts.of(reading, award.id)
        found = {
            "award": award,
            "auction": award.auction,
            "lot": reading.get_one(Lot, award.lot_id),
            "seller": award.seller,
            "buyer": award.buyer,
            "settlement": settlement,
            "contract": contract,
            "signers": _signers(reading, contract),
            "batches": batches.of(reading, settlement.id),
            "invoices": invoices.of(reading, settlement.id),
            "handovers": _handovers(reading, award),
            "transfers": bank.of(reading, OF_SETTLEMENTS, settlement.id),
            "operator": papers.operator(reading),
            "fee_open": settlement.fee_minor
            - bank.confirmed_minor(reading, Purpose.FEE, settlement.id),
            "resales": _resales(reading, acting, award),
        }
        steps_now = steps(settlement, contract)
    return render_template(
        "awards/show.html",
        steps=steps_now,
        capitals=_capitals(settlement),
        may_do=_may(acting, award, settlement, contract),
        kinds=invoices.InvoiceKind,
        **found,
    )


def _signers(session: orm.Session, contract: Contract) -> dict[str, str]:
    sides = {"seller": contract.seller_signer_id, "buyer": contract.buyer_signer_id}
    return {
        side: session.get_one(User, ident).name
        for side, ident in sides.items()
        if ident is not None
    }


def _handovers(session: orm.Session, award: Award) -> list[Handover]:
    of_award = Handover.award_id == award.id
    return list(session.scalars(sa.select(Handover).where(of_award).order_by(Handover.opened_at)))


def _resales(session: orm.Session, acting: Acting, award: Award) -> list[Award]:
    """Later awards of an annulled lot's seller, of which one is the re-sale."""
    if award.annulled_at is None or not acting.is_any(Kind.OPERATOR):
        return []
    later = sa.select(Award).where(Award.seller_id == award.seller_id, Award.id > award.id)
    return list(session.scalars(later.order_by(Award.id)))


def _capitals(settlement: Settlement) -> str:
    due = Money(settlement.due_minor, settlement.currency)
    return capitals.amount(due) if due.currency == "CNY" else ""


def _may(
    acting: Acting,
    award: Award,
    settlement: Settlement,
    contract: Contract,
) -> dict[str, bool]:
    """Which acts the page offers to this person."""
    stands = award.annulled_at is None
    is_party = acting.organisation_id in {award.seller_id, award.buyer_id}
    is_operator = acting.is_any(Kind.OPERATOR)
    is_overdue = settlement.outstanding_minor > 0 and guard.now() > settlement.due_at
    return {
        "pay": acting.organisation_id == settlement.payer_id and settlement.outstanding_minor > 0,
        "card": payments.configured() is not None and may(acting, "bid:prepare"),
        "sign": stands
        and is_party
        and may(acting, "contract:sign")
        and contract.in_force_at is None,
        "scans": is_party or is_operator,
        "invoice": is_party and may(acting, "invoice:write"),
        "bank": is_operator and may(acting, "bank:record"),
        "annul": is_operator and may(acting, "operator:decide") and stands and is_overdue,
        "settle": is_operator and may(acting, "operator:decide") and not stands,
    }


def pdf(document: documents.Document, name: str, award: Award) -> Response:
    """A document of an award as a download in the person's language."""
    content = documents.render(document, locale=words.locale(), at=award.awarded_at)
    return Response(
        content,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


@blueprint.get("/awards/<int:award_id>/letter.pdf")
@member()
def letter(award_id: int) -> Any:
    """The award letter."""
    with db.transaction() as reading:
        award = awards.seen_by(reading, guard.acting(), award_id)
        address = url_for("awards.show", award_id=award.id, _external=True)
        document = papers.award_letter(reading, award, address=address)
    return pdf(document, award.number, award)


@blueprint.post("/awards/<int:award_id>/annul")
@again(show)
@guarded("operator:decide", Kind.OPERATOR, fresh=True)
def annul(award_id: int) -> Any:
    """The buyer did not pay: the operator annuls the award."""
    form = Form(request.form)
    reason = form.text("reason", required=True)
    form.check()
    with db.transaction() as writing:
        award = awards.default(writing, guard.acting(), award_id, reason=reason, at=guard.now())
    flash(gettext(N_("%(number)s is annulled; the lot can be offered again."), number=award.number))
    return go("awards.show", award_id=award_id)


@blueprint.post("/awards/<int:award_id>/default")
@again(show)
@guarded("operator:decide", Kind.OPERATOR, fresh=True)
def settle_default(award_id: int) -> Any:
    """Settle the forfeited deposit against the re-sale."""
    form = Form(request.form)
    resale_id = form.integer("resale", required=True)
    costs = form.money("costs", required=True)
    form.check()
    with db.transaction() as writing:
        result = awards.settle_default(
            writing,
            guard.acting(),
            award_id,
            resale_id=resale_id or 0,
            costs=costs or Money(0),
            at=guard.now(),
        )
    sentence = N_("%(kept)s of the deposit are kept, %(returned)s go back, %(owed)s stay owed.")
    told = {"kept": result.kept, "returned": result.returned, "owed": result.still_owed}
    flash(gettext(sentence, **{name: str(Money(minor)) for name, minor in told.items()}))
    return go("awards.show", award_id=award_id)
