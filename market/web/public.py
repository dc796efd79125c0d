"""What anyone may check without signing in: a pack's chain, a receipt, the head of the log."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request

from listings import days, db
from listings.custody import canonical, log, receipts
from listings.errors import N_, NotFound, Refused
from listings.health import reports
from listings.packs import Pack
from market import chains
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import public

blueprint = Blueprint("public", __name__)

LARGEST_RECEIPT = 4 * 1024 * 1024
MOST_SHOWN = 4


class TokenUnknown(Refused):
    """No label carries this token."""

    message = N_("No label carries the token “%(token)s”. Type what stands under the QR code.")


class ReceiptTooLarge(Refused):
    """A file far larger than any receipt."""

    message = N_("This file is larger than any receipt. Choose the .json file you were given.")


@blueprint.get("/public")
@public
def index() -> Any:
    """Type a token, or hand in a receipt."""
    token = request.args.get("token", "").strip()
    if token:
        return find(token.rsplit("/", 1)[-1])
    with db.transaction() as reading:
        head = log.latest(reading)
        vkeys = log.vkeys(reading)
    return render_template("public/index.html", head=head, vkeys=vkeys, found=None)


@again(lambda _token: _form())
def find(token: str) -> Any:
    """From a typed token to the page of its pack."""
    with db.transaction() as reading:
        if reading.scalar(sa.select(Pack.id).where(Pack.public_token == token)) is None:
            raise TokenUnknown(field="token", token=token[:60])
    return go("public.show", token=token)


def _form() -> Any:
    with db.transaction() as reading:
        head, vkeys = log.latest(reading), log.vkeys(reading)
    return render_template("public/index.html", head=head, vkeys=vkeys, found=None)


@blueprint.post("/public/receipt")
@again(_form)
@public
def check_receipt() -> Any:
    """Verify a receipt with the log's keys, and whether this log still holds its record."""
    form = Form(request.form)
    file = form.upload("receipt")
    form.check()
    assert file is not None
    document = file.stream.read(LARGEST_RECEIPT + 1)
    if len(document) > LARGEST_RECEIPT:
        raise ReceiptTooLarge(field="receipt")
    with db.transaction() as reading:
        head, vkeys = log.latest(reading), log.vkeys(reading)
        if head is None:
            raise NotFound
        receipt = receipts.verify(document, vkeys, log.origin(reading))
        kept = reading.get(log.Leaf, receipt.index)
        is_kept = kept is not None and kept.record == receipt.record
        old = reading.get(log.Checkpoint, receipt.tree_size)
        is_same_log = old is not None and old.root == receipt.checkpoint.root
    record = canonical.parse(receipt.record)
    return render_template(
        "public/index.html",
        head=head,
        vkeys=vkeys,
        found=receipt,
        record=record,
        stands=is_kept and is_same_log,
    )


@blueprint.get("/p/<path:token>")
@blueprint.get("/p/", defaults={"token": ""})
@public
def short(token: str) -> Any:
    """The short address in a QR code."""
    return go("public.show", token=token) if token else go("public.index")


@blueprint.get("/public/log")
@public
def head() -> Any:
    """The newest signed head and the keys to verify it with, as text for witnesses."""
    with db.transaction() as reading:
        newest = log.latest(reading)
        if newest is None:
            raise NotFound
        keys = "".join(f"vkey: {vkey}\n" for vkey in log.vkeys(reading))
    return Response(f"{newest.note}\n{keys}", mimetype="text/plain")


@blueprint.get("/public/<token>")
@public
def show(token: str) -> Any:
    """Whether the chain of a pack is whole and which organisations held it when."""
    with db.transaction() as reading:
        pack = guard.visible(reading.scalar(sa.select(Pack).where(Pack.public_token == token)))
        given = reports.pack_grade(reading, pack.id, days.of(guard.now()))
        return render_template(
            "public/show.html",
            pack=pack,
            masked=mask(pack.name),
            given=given,
            chain=chains.of(reading, pack),
            vkeys=log.vkeys(reading),
        )


def mask(name: str) -> str:
    """A code of which only the end is shown: enough to compare, too little to enumerate."""
    shown = min(MOST_SHOWN, len(name) // 3)
    return "•" * (len(name) - shown) + name[len(name) - shown :]
