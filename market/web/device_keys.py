"""The keys of a person's own browsers: enrol this one, see them all, revoke one."""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode
from typing import Any

from flask import Blueprint, flash, render_template, request, session
from flask_login import current_user

from listings import db
from listings.custody import devices
from listings.errors import N_
from listings.parties import Organisation, may
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, signed_in

blueprint = Blueprint("device_keys", __name__)

_CHALLENGE = "key_challenge"
_MOST_PROOF = 200


@blueprint.get("/account/keys")
@signed_in
def show() -> Any:
    """My keys, and the form with which this browser makes another one."""
    acting = guard.acting_or_none()
    may_enrol = may(acting, "handover:sign") if acting is not None else False
    statement = ""
    if acting is not None and may_enrol:
        session[_CHALLENGE] = secrets.token_urlsafe(32)
        statement = devices.statement(
            session[_CHALLENGE], acting.user_id, acting.organisation_id, ""
        ).decode()
    with db.transaction() as reading:
        keys = [
            (key, reading.get_one(Organisation, key.organisation_id))
            for key in devices.of_person(reading, current_user.id)
        ]
        return render_template(
            "device_keys/show.html", keys=keys, may_enrol=may_enrol, statement=statement
        )


@blueprint.post("/account/keys")
@again(show)
@guarded("handover:sign", fresh=True)
def enrol() -> Any:
    """Keep the public half of a key that this browser has just made and proven."""
    form = Form(request.form)
    name = form.text("name", required=True, most=devices.LONGEST_NAME)
    public_key = form.text("public_key", most=_MOST_PROOF)
    proof = form.text("proof", most=_MOST_PROOF)
    form.check()
    # A challenge counts once, and only in the session that it was given to.
    challenge = session.pop(_CHALLENGE, "")
    if not public_key:
        raise devices.PossessionNotProven
    with db.transaction() as writing:
        key = devices.enrol(
            writing,
            guard.acting(),
            public_key=public_key,
            challenge=challenge,
            proof=_decoded(proof),
            name=name,
            at=guard.now(),
        )
    said = N_("This browser signs with its own key “%(name)s” from now on.")
    flash(gettext(said, name=key.name))
    return go("device_keys.show")


@blueprint.post("/account/keys/<int:key_id>/revoke")
@again(lambda **_: show())
@signed_in
def revoke(key_id: int) -> Any:
    """End one of my keys at once; a lost device does not wait for a password."""
    with db.transaction() as writing:
        key = devices.revoke(writing, current_user.id, key_id, at=guard.now())
    flash(gettext(N_("The key “%(name)s” signs no more. What it signed stands."), name=key.name))
    return go("device_keys.show")


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise devices.PossessionNotProven from None
