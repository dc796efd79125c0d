"""An edition by spreadsheet: the template to download, and the form filled in from a file."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request
from sqlalchemy import orm
from werkzeug.datastructures import ImmutableMultiDict

from listings import db, sheets
from listings.errors import N_, NotFound, Refused
from listings.parties import Kind
from listings.words import gettext
from market.web import guard
from market.web.coefficients import figure
from market.web.editions import form_values, numbers, sheet_rows
from market.web.forms import Form, again
from market.web.guard import guarded
from market.web.values import download
from pricing import guide_sheets, guides, points
from pricing.guide_sheets import Filled
from pricing.guides import Edition, Guide

blueprint = Blueprint("edition_sheets", __name__)

MOST_SHEET = 5 * 2**20
MOST_DIGITS = 18  # of a row number
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetTooLarge(Refused):
    """More bytes than any edition has."""

    message = N_("The file has more than %(most)s MB. Start from the template.")


@blueprint.get("/guides/<int:guide_id>/editions/template.<any(xlsx, csv):kind>")
@guarded("guide:write", Kind.VALUER)
def template(guide_id: int, kind: str) -> Response:
    """The last edition, or the draft ``?edition=``, as a sheet to change and send back."""
    with db.transaction() as session:
        guide, edition = _named(session, guide_id, request.args.get("edition"))
        values = form_values(session, guide, edition)
        rows = sheet_rows(session, guide, values["content"], values["prices"])
    if kind == "csv":
        return download(sheets.write_csv(guide_sheets.COLUMNS, rows), "text/csv", "edition.csv")
    return download(sheets.write_xlsx(guide_sheets.COLUMNS, rows), XLSX, "edition.xlsx")


def form_again(guide_id: int) -> Any:
    """The form as it stood, for a file that was refused."""
    with db.transaction() as session:
        guide, edition = _named(session, guide_id, request.form.get("edition"))
        return render_template("editions/edit.html", **form_values(session, guide, edition))


@blueprint.post("/guides/<int:guide_id>/editions/fill")
@again(form_again)
@guarded("guide:write", Kind.VALUER)
def fill(guide_id: int) -> Any:
    """The form with what a file says in its fields; nothing is kept before the form is sent."""
    form = Form(request.form)
    file = form.upload("sheet")
    form.check()
    content = file.read(MOST_SHEET + 1) if file else b""
    if len(content) > MOST_SHEET:
        raise SheetTooLarge("sheet", most=MOST_SHEET // 2**20)
    with db.transaction() as session:
        guide, edition = _named(session, guide_id, request.form.get("edition"))
        values = form_values(session, guide, edition)
        codes = [point.code for point in points.of_guide(session, guide_id)]
        name = file.filename or "" if file else ""
        found = guide_sheets.read(content, name, values["content"], values["prices"], codes)
        g.typed = ImmutableMultiDict({**request.form.to_dict(), **_fields(found)})
        count = len(found.names)
        sentence = N_(
            "%(n)s rows of the file stand in the form. Read them over, then keep the draft."
        )
        flash(gettext(sentence, n=count))
        return render_template("editions/edit.html", **values)


def _fields(found: Filled) -> dict[str, str]:
    """What the rows of a sheet are called in the form."""
    fields: dict[str, str] = {}
    every = numbers(found.coefficients)
    for name in found.names:
        if name.startswith(guide_sheets.POINT):
            code = name.removeprefix(guide_sheets.POINT)
            stated = found.prices.get(code, {})
            for column in ("low", "high", "average"):
                fields[f"point.{code}.{column}"] = stated.get(column, "")
        else:
            fields[name] = figure(every[name].value)
            fields[f"{name}.source"] = every[name].source
    return fields


def _named(
    session: orm.Session, guide_id: int, edition_id: str | None
) -> tuple[Guide, Edition | None]:
    """An own guide, with the edition of it that is worked on, if any."""
    guide = guides.own(session, guard.acting(), guide_id, "guide:write")
    if not edition_id:
        return guide, None
    known = edition_id.isdecimal() and len(edition_id) < MOST_DIGITS
    edition = session.get(Edition, int(edition_id)) if known else None
    if edition is None or edition.guide_id != guide_id:
        raise NotFound
    return guide, edition
