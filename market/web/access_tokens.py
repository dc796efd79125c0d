"""An operator's tokens for programs that enter index values."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import access_tokens, db
from listings.errors import N_
from listings.parties import Kind
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded

blueprint = Blueprint("access_tokens", __name__)


@blueprint.get("/indices/tokens")
@guarded("operator:decide", Kind.OPERATOR)
def show() -> Any:
    """The organisation's tokens, the form for one, and how a program uses it."""
    with db.transaction() as session:
        rows = access_tokens.of(session, guard.acting())
        return _page(rows, "")


@blueprint.post("/indices/tokens")
@again(show)
@guarded("operator:decide", Kind.OPERATOR, fresh=True)
def make() -> Any:
    """Make a token and show it, this once."""
    form = Form(request.form)
    name = form.text("name", required=True, most=access_tokens.MOST_NAME)
    form.check()
    with db.transaction() as session:
        _, token = access_tokens.make(session, guard.acting(), name, at=guard.now())
        return guard.unkept(_page(access_tokens.of(session, guard.acting()), token))


@blueprint.post("/indices/tokens/<int:token_id>/revoke")
@guarded("operator:decide", Kind.OPERATOR)
def revoke(token_id: int) -> Any:
    """End a token."""
    with db.transaction() as session:
        access_tokens.revoke(session, guard.acting(), token_id, at=guard.now())
    flash(gettext(N_("The token is over. No program comes in by it any more.")))
    return go("access_tokens.show")


def _page(rows: list[access_tokens.AccessToken], token: str) -> str:
    return render_template(
        "indices/tokens.html", rows=rows, token=token, is_live=access_tokens.is_live
    )
