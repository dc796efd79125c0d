"""A lab reports on a pack with its parts: files of modules, a table of modules and cells, or both.

What came is listed in a small document of our own, kept like a file; the review and the signature
of `reporting` start from it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Blueprint, Response, g, render_template, request
from werkzeug.datastructures import FileStorage

from listings import blobs, days, db, packs, words
from listings.blobs import Blob
from listings.errors import N_, Refused
from listings.health import combined, examinations, part_tables, reports
from listings.health.combined import MOST_MODULES, Sent
from listings.health.examinations import Examination
from listings.health.readers import MAX_BYTES
from listings.health.reports import Subject
from listings.pack_types import PackType
from listings.parties import Kind
from market.web import guard, sent_files
from market.web.app import go
from market.web.forms import Form, NoFile, again
from market.web.guard import guarded
from market.web.sent_files import FOR_REPORT

blueprint = Blueprint("part_reports", __name__)

MANIFEST: Final = "application/vnd.packbourse.parts+json"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_PROBLEMS: Final = 500


class TooManyModules(Refused):
    """More files than a pack has modules."""

    message = N_("These are %(count)s files; send at most %(most)s at once.")


class PackUnknown(Refused):
    """Nothing goes by this name."""

    message = N_("No pack goes by “%(value)s”. Type its battery code, provisional id or label.")


@blueprint.get("/reports/parts")
@guarded("report:write", Kind.LAB)
def new() -> Any:
    """The upload, the template, and what belongs in each column."""
    problems = getattr(g.get("refusal"), "problems", [])
    return render_template(
        "reports/parts.html",
        subjects=[Subject.PACK, Subject.MODULE],
        pack=request.args.get("pack", ""),
        columns=part_tables.COLUMNS,
        locale=words.locale(),
        problems=problems[:SHOWN_PROBLEMS],
        count=len(problems),
        most=MAX_BYTES,
    )


@blueprint.get("/reports/parts/template/<language>.xlsx")
@guarded("report:write", Kind.LAB)
def template_file(language: str) -> Any:
    """The empty table with the headers of a language."""
    name = f"packbourse-parts-{'zh' if language == 'zh' else 'en'}.xlsx"
    return Response(
        part_tables.template("zh_Hans_CN" if language == "zh" else "en"),
        mimetype=XLSX,
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


@blueprint.post("/reports/parts")
@again(new)
@guarded("report:write", Kind.LAB)
def upload() -> Any:
    """Keep all that came, examine it, and go on to the review."""
    form = Form(request.form)
    wanted = form.text("pack", required=True, most=200)
    subject = form.choice("subject", Subject)
    position = form.text("subject_position", most=60)
    if subject is Subject.MODULE and not position:
        form.fail(reports.PositionNeeded(field="subject_position"))
    whole, table = (form.upload(name, required=False) for name in ("file", "parts"))
    modules = [file for file in request.files.getlist("modules") if file.filename]
    if not modules and table is None:
        form.fail(NoFile(field="parts"))
    if len(modules) > MOST_MODULES:
        form.fail(TooManyModules(field="modules", count=len(modules), most=MOST_MODULES))
    form.check()
    assert subject is not None
    with db.transaction() as reading:
        pack = packs.find(reading, wanted)
        if pack is None:
            raise PackUnknown(field="pack", value=wanted)
        pack_type = pack.type
    manifest = _kept(whole, modules, table)
    examined(manifest, pack_type, subject)
    return go(
        "reporting.review",
        sha256=manifest.sha256,
        pack=pack.id,
        subject=subject.value,
        position=position,
    )


def examined(blob: Blob, pack_type: PackType, subject: Subject) -> Examination:
    """What a kept file says of a subject; with its parts where the file lists several."""
    if blob.media_type != MANIFEST:
        rated = examinations.rated(pack_type, subject.value)
        return examinations.examine(blobs.path(blob.sha256), rated)
    said = json.loads(blobs.read(blob.sha256))
    return combined.of_files(
        pack_type,
        subject.value,
        whole=None if said["whole"] is None else blobs.path(said["whole"]),
        modules=[_sent(one) for one in said["modules"]],
        table=None if said["table"] is None else _sent(said["table"]),
        today=days.of(guard.now()),
    )


def _sent(said: list[str]) -> Sent:
    sha256, name = said
    return Sent(blobs.path(sha256), name)


def _kept(whole: FileStorage | None, modules: list[FileStorage], table: FileStorage | None) -> Blob:
    """Every file in the store with its row, and the list of them."""
    kept = {
        id(file): blobs.keep_stream(file.stream, most=_most(file, table))
        for file in (whole, *modules, table)
        if file is not None
    }
    with db.transaction() as writing:
        for file in (whole, *modules, table):
            if file is not None:
                name = file.filename or ""
                sent_files.record(writing, kept[id(file)], name, purpose=FOR_REPORT)
        said = {
            "whole": None if whole is None else kept[id(whole)].sha256,
            "modules": [[kept[id(file)].sha256, file.filename] for file in modules],
            "table": None if table is None else [kept[id(table)].sha256, table.filename],
        }
        content = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        manifest = blobs.Kept(blobs.keep(content), len(content))
        return sent_files.record(
            writing, manifest, "parts.json", purpose=FOR_REPORT, media_type=MANIFEST
        )


def _most(file: FileStorage, table: FileStorage | None) -> int:
    return part_tables.MOST_BYTES if file is table else MAX_BYTES
