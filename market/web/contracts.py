"""The contract of a deal: its text, and the sealed scans of both sides."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, request

from listings import blobs, db
from listings.blobs import Blob
from listings.errors import N_, NotFound
from listings.parties import Kind
from listings.words import gettext
from market import awards, contracts, papers
from market.web import guard
from market.web.app import go
from market.web.awards import pdf, show
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("contracts", __name__)


@blueprint.get("/awards/<int:award_id>/contract.pdf")
@member()
def text(award_id: int) -> Any:
    """The contract, to be printed, signed and sealed."""
    with db.transaction() as reading:
        award = awards.seen_by(reading, guard.acting(), award_id)
        document = papers.contract(reading, award)
    return pdf(document, document.number, award)


@blueprint.post("/awards/<int:award_id>/scan")
@again(show)
@guarded("contract:sign", fresh=True)
def upload(award_id: int) -> Any:
    """A party's signer hands in the sealed scan."""
    form = Form(request.form)
    file = form.upload("scan")
    signed_on = form.date("signed_on", required=True)
    form.check()
    content = file.stream.read(contracts.LARGEST_SCAN + 1) if file else b""
    with db.transaction() as writing:
        awards.seen_by(writing, guard.acting(), award_id)
        contract = contracts.upload_scan(
            writing,
            guard.acting(),
            contracts.of(writing, award_id).id,
            content=content,
            filename=(file.filename if file else None) or "",
            signed_on=signed_on or date.min,
            at=guard.now(),
        )
        is_in_force = contract.in_force_at is not None
    said = N_("The contract is in force.") if is_in_force else N_("Your sealed scan is kept.")
    flash(gettext(said))
    return go("awards.show", award_id=award_id)


@blueprint.get("/awards/<int:award_id>/scans/<any(seller, buyer):side>")
@member()
def scan(award_id: int, side: str) -> Any:
    """A sealed scan, for the parties and the operator."""
    acting = guard.acting()
    with db.transaction() as reading:
        award = awards.seen_by(reading, acting, award_id)
        is_party = acting.organisation_id in {award.seller_id, award.buyer_id}
        sha256 = getattr(contracts.of(reading, award_id), f"{side}_scan_sha256")
        if sha256 is None or not (is_party or acting.is_any(Kind.OPERATOR)):
            raise NotFound
        blob = reading.get_one(Blob, sha256)
    return Response(
        blobs.read(sha256),
        mimetype=blob.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{award.number}-{side}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
