"""A fleet's spreadsheet in three looks: choose the file, see what it will do, confirm."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from listings import blobs, db, imports, words
from listings.errors import N_, Refused
from listings.import_columns import COLUMNS, template
from listings.import_reading import ImportRefused, read
from listings.imports import OWNERS
from listings.words import gettext
from market.web import guard, sent_files
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded
from market.web.sent_files import FOR_IMPORT

blueprint = Blueprint("imports", __name__)

MOST_SHEET = 20 * 1024 * 1024
SHOWN_PROBLEMS = 500


class SheetTooLarge(Refused):
    """More bytes than a fleet's table has."""

    message = N_("The file has more than %(most)s MB. Divide it and try again.")


@blueprint.get("/imports")
@guarded("register:write", *OWNERS)
def show() -> Any:
    """The upload, the template and what belongs in each column."""
    return render_template("imports/show.html", columns=COLUMNS, locale=words.locale())


@blueprint.get("/imports/template/<language>.xlsx")
@guarded("register:write", *OWNERS)
def template_file(language: str) -> Any:
    """The empty workbook with the headers of a language."""
    locale = "zh_Hans_CN" if language == "zh" else "en"
    name = f"packbourse-template-{'zh' if language == 'zh' else 'en'}.xlsx"
    return Response(
        template(locale),
        mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


@blueprint.post("/imports")
@again(show)
@guarded("register:write", *OWNERS)
def upload() -> Any:
    """Keep the file, then show what it would create or what is wrong with it."""
    form = Form(request.form)
    file = form.upload("file")
    form.check()
    assert file is not None
    content = file.stream.read(MOST_SHEET + 1)
    if len(content) > MOST_SHEET:
        raise SheetTooLarge(field="file", most=MOST_SHEET // 2**20)
    kept = blobs.Kept(blobs.keep(content), len(content))
    with db.transaction() as writing:
        blob = sent_files.record(writing, kept, file.filename or "", purpose=FOR_IMPORT)
    return go("imports.preview", sha256=blob.sha256)


@blueprint.get("/imports/<sha256>")
@guarded("register:write", *OWNERS)
def preview(sha256: str) -> Any:
    """Counts and names of what will be created, or every problem by row."""
    acting = guard.acting()
    with db.transaction() as reading:
        blob = guard.visible(sent_files.own(reading, acting, sha256, purpose=FOR_IMPORT))
        summary, problems, refusal = None, [], None
        try:
            sheet = read(blobs.read(sha256), blob.name)
            summary = imports.check(reading, acting, sheet, at=guard.now())
        except ImportRefused as refused:
            problems = refused.problems
        except Refused as refused:
            refusal = words.say(refused)
    page = render_template(
        "imports/preview.html",
        blob=blob,
        summary=summary,
        problems=problems[:SHOWN_PROBLEMS],
        count=len(problems),
        rows=len({problem.row for problem in problems}),
        refusal=refusal,
    )
    return page, 200 if summary else 422


@blueprint.post("/imports/<sha256>")
@again(preview)
@guarded("register:write", *OWNERS)
def confirm(sha256: str) -> Any:
    """Write all of it."""
    acting = guard.acting()
    with db.transaction() as writing:
        blob = guard.visible(sent_files.own(writing, acting, sha256, purpose=FOR_IMPORT))
        done = imports.apply(writing, acting, blobs.read(sha256), blob.name, at=guard.now())
    flash(
        gettext(
            N_("Registered. Packs: %(packs)s, new vehicles: %(vehicles)s."),
            packs=done.summary.packs,
            vehicles=done.summary.vehicles,
        )
    )
    return go("fleet.show")
