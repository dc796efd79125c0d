"""The documents of my organisation: what it may buy, and submitting another one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from listings import blobs, days, db, licences, parties
from listings.errors import N_, Refused
from listings.licences import GoodsCategory, Licence, LicenceKind
from listings.parties import Kind, Organisation
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("licences", __name__)

MOST_DOCUMENT = 20 * 1024 * 1024
SIGNATURES = {b"%PDF-": "application/pdf", b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
SUBMITTED = N_("%(organisation)s submitted document %(number)s.")


class DocumentRefused(Refused):
    """The upload is no scan."""

    message = N_("Upload a PDF, PNG or JPEG of at most 20 MB.")


@blueprint.get("/licences")
@member()
def show() -> Any:
    """All documents, and what they let the organisation buy today."""
    acting, today = guard.acting(), days.of(guard.now())
    with db.transaction() as reading:
        found = licences.of(reading, acting.organisation_id)
        routes = [route for route, kind in licences.KIND_OF_ROUTE.items() if acting.is_any(kind)]
        lacks = licences.lacks(
            reading, acting.organisation_id, licences.UTILIZATION_DOCUMENTS, today
        )
        remaining = licences.remaining_tonnage(reading, acting.organisation_id, today)
        rules = [rule for goods in GoodsCategory for rule in licences.rules(reading, goods, today)]
    mine = [rule for rule in rules if acting.is_any(rule.from_kind, rule.to_kind)]
    return render_template(
        "licences/show.html",
        licences=found,
        routes=routes,
        lacks=lacks if routes else [],
        remaining=remaining,
        rules=mine,
        today=today,
    )


@blueprint.get("/licences/new")
@guarded("licence:submit")
def new() -> Any:
    """The form."""
    return render_template("licences/new.html", kinds=LicenceKind, goods=GoodsCategory)


@blueprint.post("/licences/new")
@again(new)
@guarded("licence:submit")
def submit() -> Any:
    """Show a document to the operator."""
    form = Form(request.form)
    values: dict[str, Any] = {
        "kind": form.choice("kind", LicenceKind),
        "number": form.text("number", required=True, most=100),
        "issued_by": form.text("issued_by", required=True, most=200),
        "goods_category": form.choice("goods_category", GoodsCategory, required=False),
        "yearly_tonnage": form.decimal("yearly_tonnage"),
        "valid_from": form.date("valid_from", required=True),
        "valid_until": form.date("valid_until", required=True),
    }
    upload = form.upload("document")
    form.check()
    assert upload is not None
    content = upload.stream.read(MOST_DOCUMENT + 1)
    media_type = _scan(content)
    acting, at = guard.acting(), guard.now()
    with db.transaction() as writing:
        blob = blobs.store(
            writing,
            content,
            name=upload.filename or "",
            media_type=media_type,
            at=at,
            organisation_id=acting.organisation_id,
        )
        licence = licences.submit(writing, acting, document_sha256=blob.sha256, at=at, **values)
        notices.tell(
            writing,
            parties.operator(writing).id,
            SUBMITTED,
            at=at,
            link="/desk",
            act="operator:decide",
            organisation=writing.get_one(Organisation, acting.organisation_id).names,
            number=licence.number,
        )
    flash(gettext(N_("Submitted. The operator looks at the document next.")))
    return go("licences.show")


def _scan(content: bytes) -> str:
    for signature, media_type in SIGNATURES.items():
        if content.startswith(signature) and len(content) <= MOST_DOCUMENT:
            return media_type
    raise DocumentRefused(field="document")


@blueprint.get("/licences/<int:licence_id>/document")
@member()
def document(licence_id: int) -> Any:
    """The scan, for its organisation, the operator and a regulator."""
    acting = guard.acting()
    with db.transaction() as reading:
        licence = guard.visible(reading.get(Licence, licence_id))
        is_own = licence.organisation_id == acting.organisation_id
        sees = is_own or acting.is_any(Kind.OPERATOR, Kind.REGULATOR)
        sha256 = guard.visible(licence.document_sha256 if sees else None)
        blob = reading.get_one(blobs.Blob, sha256)
    headers = {"Content-Disposition": f'inline; filename="licence-{licence_id}"'}
    return Response(blobs.read(sha256), mimetype=blob.media_type, headers=headers)
