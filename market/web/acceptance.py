"""Acceptance: the receiver's findings, once more on a page, and the signature."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import db
from listings.custody import devices
from listings.errors import N_, Forbidden
from listings.words import gettext
from market import handovers
from market.acceptances import DiscrepancyMissing
from market.auctions import PriceBasis
from market.handovers import Discrepancy, Finding, Handover, Verdict
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded
from market.web.handovers import my_step

blueprint = Blueprint("acceptance", __name__)

HEAVIEST_KG = Decimal(500_000)


@blueprint.get("/handovers/<uuid:handover_id>/acceptance")
@guarded("handover:sign")
def show(handover_id: uuid.UUID) -> Any:
    """The form of findings, one row a pack, with the weighbridge."""
    with db.transaction() as reading:
        handover = mine(handovers.seen_by(reading, guard.acting(), handover_id))
        return render_template(
            "handovers/findings.html",
            handover=handover,
            award=handover.award,
            by_tonne=handover.award.auction.price_basis is PriceBasis.PER_TONNE,
            findings=Finding,
            discrepancies=Discrepancy,
        )


@blueprint.post("/handovers/<uuid:handover_id>/acceptance/confirm")
@again(show)
@guarded("handover:sign")
def confirm(handover_id: uuid.UUID) -> Any:
    """The findings once more, before the signature."""
    with db.transaction() as reading:
        handover = mine(handovers.seen_by(reading, guard.acting(), handover_id))
        verdicts, facts = read(handover)
        gross, tare = facts["gross_kg"], facts["tare_kg"]
        return render_template(
            "handovers/acceptance.html",
            handover=handover,
            verdicts=verdicts,
            facts=facts,
            net_kg=None if gross is None or tare is None else gross - tare,
            counts={one: _count(verdicts, one) for one in Finding},
            usable=devices.usable(reading, guard.acting()),
            sent=[(name, value) for name, value in request.form.items() if name not in _OWN],
        )


@blueprint.post("/handovers/<uuid:handover_id>/acceptance")
@again(show)
@guarded("handover:sign", fresh=True)
def accept(handover_id: uuid.UUID) -> Any:
    """The receiver signs what it found."""
    with db.transaction() as writing:
        handover = mine(handovers.seen_by(writing, guard.acting(), handover_id))
        verdicts, facts = read(handover)
        handovers.accept(
            writing, guard.acting(), handover_id, verdicts=verdicts, at=guard.now(), **facts
        )
    flash(gettext(N_("Signed: the findings are in the log. Keep your receipts.")))
    return go("handovers.show", handover_id=handover_id)


_OWN = frozenset({"csrf_token", "password"})


def mine(handover: Handover) -> Handover:
    """The handover, where the acting person is the one to sign its findings."""
    if my_step(handover, guard.acting()) != "accept":
        raise Forbidden
    return handover


def _count(verdicts: dict[int, Verdict], finding: Finding) -> int:
    return sum(verdict.finding is finding for verdict in verdicts.values())


def read(handover: Handover) -> tuple[dict[int, Verdict], dict[str, Any]]:
    """The findings and the rest of the form; raises all its problems at once."""
    form = Form(request.form)
    verdicts: dict[int, Verdict] = {}
    for line in handover.lines:
        finding = form.choice(f"finding_{line.pack_id}", Finding)
        reason = form.choice(f"discrepancy_{line.pack_id}", Discrepancy, required=False)
        remark = form.text(f"note_{line.pack_id}", most=300)
        if finding is Finding.REJECTED and reason is None:
            refusal = DiscrepancyMissing(field=f"discrepancy_{line.pack_id}", pack=line.pack.name)
            form.fail(refusal)
        if finding is not None:
            verdicts[line.pack_id] = Verdict(finding, reason, remark)
    facts: dict[str, Any] = {
        "gross_kg": form.decimal("gross_kg", most=HEAVIEST_KG),
        "tare_kg": form.decimal("tare_kg", most=HEAVIEST_KG),
        "ticket": form.text("ticket", most=60),
        "reservation": form.text("reservation", most=1000),
    }
    form.check()
    return verdicts, facts
