"""Index values by file or by a program, and out again as csv and JSON.

`docs/operate/indices.md` describes the interface. A program shows an operator's token; a page of
this site may use the session, with the token of its forms.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, current_app, flash, g, jsonify, render_template, request
from flask.blueprints import BlueprintSetupState
from flask_login import current_user

from listings import access_tokens, db, words
from listings.errors import N_, DomainError, Forbidden, NotFound, Refused
from listings.parties import Kind, demand
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, public
from market.web.values import download
from pricing import index_tables, indices
from pricing.index_tables import Entered, Given, TableRefused
from pricing.indices import IndexValue

blueprint = Blueprint("index_entry", __name__)

MOST_BYTES = 4 * 2**20
SHOWN_PROBLEMS = 200
View = TypeVar("View", bound=Callable[..., Any])


class FileTooLarge(Refused):
    """More bytes than a table of index values has."""

    message = N_("The file has more than %(most)s MB. Divide it and try again.")


class NotTheDocument(Refused):
    """The body of a request is not what the interface takes."""

    message = N_("Send a list of values under “values”, as JSON, or a csv with its column names.")


class NoToken(Forbidden):
    """Neither a token nor a session came with the request, or the token is over."""

    message = N_("Send an operator's token: Authorization: Bearer pb_… It may be over or revoked.")
    status = 401


@blueprint.get("/indices/file")
@guarded("operator:decide", Kind.OPERATOR)
def file() -> Any:
    """The form for a table, what belongs in each column, and an example."""
    refusal = g.get("refusal")
    problems = refusal.problems if isinstance(refusal, TableRefused) else []
    return render_template(
        "indices/file.html", problems=problems[:SHOWN_PROBLEMS], columns=index_tables.COLUMNS
    )


@blueprint.post("/indices/file")
@again(file)
@guarded("operator:decide", Kind.OPERATOR)
def upload() -> Any:
    """Enter every row of a table, or none and say what is wrong with which."""
    form = Form(request.form)
    sent = form.upload("file")
    form.check()
    assert sent is not None
    content = sent.stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FileTooLarge("file", most=MOST_BYTES // 2**20)
    rows = index_tables.from_sheet(content, sent.filename or "")
    with db.transaction() as session:
        done = index_tables.enter(session, guard.acting(), rows, at=guard.now())
    sentence = N_("Entered: %(standing)s. Held for a look: %(held)s. Known already: %(unchanged)s.")
    flash(
        gettext(
            sentence, standing=len(done.standing), held=len(done.held), unchanged=done.unchanged
        ),
        "attention" if done.held else "message",
    )
    return go("indices.index")


@blueprint.get("/indices/template.csv")
@public
def template() -> Any:
    """An example of the table."""
    return download(index_tables.template(), "text/csv", "index-values.csv")


@blueprint.get("/indices/values.csv")
@public
def as_csv() -> Any:
    """The values that stand, of all series or of one (``?series=``), as a table to enter again."""
    return download(index_tables.export(_asked()), "text/csv", "index-values.csv")


@blueprint.get("/api/indices")
@public
def levels() -> Any:
    """The same as JSON, decimals as strings."""
    rows = [_document(row) for row in _asked()]
    return jsonify({"values": rows})


def by_program(view: View) -> View:
    """Let in whoever shows an operator's token, else whoever is signed in and sends a form's token.

    Refusals are JSON documents. To the guards the view is public: nobody is led to the sign-in
    page from here, and `demand` asks for the role.
    """

    @functools.wraps(view)
    def let_in(*args: Any, **kwargs: Any) -> Any:
        try:
            _recognise()
            demand(guard.acting(), access_tokens.ACT, Kind.OPERATOR)
            return view(*args, **kwargs)
        except DomainError as refusal:
            return jsonify({"error": words.say(refusal)}), refusal.status

    return public(let_in)  # type: ignore[return-value]


@blueprint.post("/api/indices")
@by_program
def enter() -> Any:
    """Enter values from JSON or csv, all or none; what became of them is the answer."""
    rows = _sent()
    try:
        with db.transaction() as session:
            done = index_tables.enter(session, guard.acting(), rows, at=guard.now())
            return jsonify(_answer(done))
    except TableRefused as refusal:
        problems = [
            {"row": row.row, "column": row.column, "message": words.say(row.error)}
            for row in refusal.problems
        ]
        return jsonify({"error": words.say(refusal), "problems": problems}), refusal.status


@blueprint.record_once
def _without_form_token(state: BlueprintSetupState) -> None:
    """A program has no form: what it is let in by is checked in `by_program`."""
    state.app.extensions["csrf"].exempt(enter)


def _recognise() -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        with db.transaction() as session:
            g.acting = access_tokens.acting_by(session, token.strip(), at=guard.now())
        if g.acting is None:
            raise NoToken
        return
    if not current_user.is_authenticated:
        raise NoToken
    if current_app.config.get("WTF_CSRF_ENABLED", True):
        current_app.extensions["csrf"].protect()


def _sent() -> list[tuple[int, Given]]:
    """The rows of the request's body, numbered from 1 (a csv's as a spreadsheet shows them)."""
    if (request.content_length or 0) > MOST_BYTES:
        raise FileTooLarge("file", most=MOST_BYTES // 2**20)
    if request.mimetype in {"text/csv", "text/plain"}:
        return index_tables.from_sheet(request.get_data(), "values.csv")
    body = request.get_json(silent=True)
    rows = body.get("values") if isinstance(body, dict) else body
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotTheDocument
    return list(enumerate(rows, start=1))


def _answer(done: Entered) -> dict[str, Any]:
    return {
        "entered": [_document(row) for row in done.standing],
        "held": [_document(row) for row in done.held],
        "unchanged": done.unchanged,
    }


def _document(row: IndexValue) -> dict[str, Any]:
    return {
        "series": row.series,
        "date": row.on_date.isoformat(),
        "value": str(index_tables.plain(row.value)),
        "basis": row.basis,
        "unit": row.unit,
        "currency": row.currency,
        "tax_included": row.is_tax_included,
        "source": row.source,
    }


def _asked() -> list[IndexValue]:
    name = request.args.get("series")
    with db.transaction() as session:
        rows = indices.history(session, name)
    if name is not None and not rows:
        raise NotFound
    return rows
