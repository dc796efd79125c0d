"""Signing with the key of a person's own browser: what would be signed, then the signature."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from sqlalchemy import orm

from listings import db
from listings.errors import N_, Forbidden
from listings.words import gettext
from market import handovers, signature_requests
from market.handovers import Handover, HandoverState
from market.pens import Pen
from market.signature_requests import Act, SignatureRequest
from market.web import acceptance, guard
from market.web import handovers as pages
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("device_signing", __name__)

_OWN = frozenset({"csrf_token", "password", "key", "request", "signature"})
_MOST = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record that a person signs: its name, its addresses, and the act from a form."""

    name: str
    form: str
    platform: str
    device: str
    act: Callable[[orm.Session, uuid.UUID], Act]


def _release(session: orm.Session, handover_id: uuid.UUID) -> Act:
    acting, at, facts = guard.acting(), guard.now(), pages.carriage()

    def act(pen: Pen) -> Handover:
        return handovers.sign_release(session, acting, handover_id, at=at, pen=pen, **facts)

    return act


def _acceptance(session: orm.Session, handover_id: uuid.UUID) -> Act:
    acting, at = guard.acting(), guard.now()
    handover = acceptance.mine(handovers.seen_by(session, acting, handover_id))
    verdicts, facts = acceptance.read(handover)

    def act(pen: Pen) -> Handover:
        return handovers.accept(
            session, acting, handover_id, verdicts=verdicts, at=at, pen=pen, **facts
        )

    return act


RELEASE = Kind(
    "release",
    "handovers.confirm_release",
    "handovers.sign_release",
    "device_signing.release",
    _release,
)
ACCEPTANCE = Kind(
    "acceptance", "acceptance.show", "acceptance.accept", "device_signing.accept", _acceptance
)


def _before_release(handover_id: uuid.UUID) -> Any:
    """The page that led here, or the handover where the step is over already."""
    try:
        return pages.confirm_release(handover_id)
    except Forbidden:
        return pages.show(handover_id)


def _before_acceptance(handover_id: uuid.UUID) -> Any:
    try:
        return acceptance.show(handover_id)
    except Forbidden:
        return pages.show(handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/release/prepare")
@again(_before_release)
@guarded("handover:sign", fresh=True)
def prepare_release(handover_id: uuid.UUID) -> Any:
    """The release record as my device would sign it."""
    return _prepare(RELEASE, handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/release/device")
@again(_before_release)
@guarded("handover:sign", fresh=True)
def release(handover_id: uuid.UUID) -> Any:
    """My device signed the release."""
    handover = _sign(RELEASE, handover_id)
    said = N_("Signed. The other side signs when it takes the goods.")
    if handover.state is HandoverState.RELEASED:
        said = N_("Signed by both sides: the goods are released.")
    flash(gettext(said))
    return go("handovers.show", handover_id=handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/acceptance/prepare")
@again(_before_acceptance)
@guarded("handover:sign", fresh=True)
def prepare_acceptance(handover_id: uuid.UUID) -> Any:
    """The acceptance record as my device would sign it."""
    return _prepare(ACCEPTANCE, handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/acceptance/device")
@again(_before_acceptance)
@guarded("handover:sign", fresh=True)
def accept(handover_id: uuid.UUID) -> Any:
    """My device signed what was found."""
    _sign(ACCEPTANCE, handover_id)
    flash(gettext(N_("Signed: the findings are in the log. Keep your receipts.")))
    return go("handovers.show", handover_id=handover_id)


def _prepare(kind: Kind, handover_id: uuid.UUID) -> Any:
    form = Form(request.form)
    public_key = form.text("key", most=_MOST)
    form.check()
    with db.transaction() as writing:
        handovers.seen_by(writing, guard.acting(), handover_id)
        frozen = signature_requests.freeze(
            writing,
            guard.acting(),
            handover_id,
            kind.name,
            kind.act(writing, handover_id),
            public_key=public_key,
            at=guard.now(),
        )
        handover = handovers.seen_by(writing, guard.acting(), handover_id)
        return _page(kind, handover, frozen)


def _page(kind: Kind, handover: Handover, frozen: SignatureRequest) -> Response:
    return make_response(
        render_template(
            "handovers/device.html",
            handover=handover,
            frozen=frozen,
            document=frozen.document.decode(),
            options=frozen.options.decode(),
            act=url_for(kind.device, handover_id=handover.id),
            platform_act=url_for(kind.platform, handover_id=handover.id),
            back=url_for(kind.form, handover_id=handover.id),
            sent=[(name, value) for name, value in request.form.items() if name not in _OWN],
        )
    )


def _sign(kind: Kind, handover_id: uuid.UUID) -> Handover:
    form = Form(request.form)
    request_id, signature = form.text("request", most=_MOST), form.text("signature", most=_MOST)
    form.check()
    with db.transaction() as writing:
        handovers.seen_by(writing, guard.acting(), handover_id)

        def act(pen: Pen) -> Handover:
            return kind.act(writing, handover_id)(pen)

        return signature_requests.sign(
            writing,
            guard.acting(),
            handover_id,
            kind.name,
            act,
            request_id=pages.uuid_of(request_id),
            signature=signature,
            at=guard.now(),
        )
