"""A lab writes a health report: a tester's file, what it says, the lab's statement, a signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request, url_for
from sqlalchemy import orm

from listings import blobs, days, db, packs
from listings.blobs import Blob
from listings.errors import N_, NotFound, Refused
from listings.health import examinations, reports
from listings.health.examinations import Examination, Rated
from listings.health.readers import MAX_BYTES, pulses
from listings.health.reports import Subject
from listings.packs import Pack
from listings.parties import Acting, Kind
from listings.words import gettext
from market import notices
from market.web import findings, guard, part_reports, sent_files
from market.web.app import go
from market.web.forms import Form, NoFile, again
from market.web.guard import guarded
from market.web.sent_files import FOR_REPORT

blueprint = Blueprint("reporting", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SIGNED = N_("%(lab)s signed the health report %(number)s on your pack %(pack)s.")
SAFETY = {"passed": True, "failed": False}
COVERAGE = {
    Subject.PACK: N_("The whole pack, through its main terminals."),
    Subject.MODULE: N_("The whole module, through its terminals."),
    Subject.CELL: N_("The cell, tested alone."),
}
"""What is usually tested of a subject: the lab says otherwise where it was otherwise."""


class PackNotFound(Refused):
    """Nothing goes by this name."""

    message = N_("No pack goes by “%(value)s”. Type its battery code, provisional id or label.")


@blueprint.get("/reports/pulses.xlsx")
@guarded("report:write", Kind.LAB)
def pulse_template() -> Any:
    """The empty table of pulse voltages."""
    return Response(
        pulses.template(),
        mimetype=XLSX,
        headers={"Content-Disposition": "attachment; filename=pulses.xlsx"},
    )


@blueprint.get("/reports/new")
@guarded("report:write", Kind.LAB)
def new() -> Any:
    """The upload of a tester file; one that came with a wrong field need not be chosen again."""
    return render_template(
        "reports/new.html",
        subjects=Subject,
        pack=request.args.get("pack", ""),
        kept=g.get("kept"),
        most=MAX_BYTES,
    )


@blueprint.post("/reports/new")
@again(new)
@guarded("report:write", Kind.LAB)
def upload() -> Any:
    """Keep the file, examine it, and go on to the review."""
    form = Form(request.form)
    blob = _kept(form)
    wanted = form.text("pack", required=True, most=200)
    subject = form.choice("subject", Subject)
    position = form.text("subject_position", most=60)
    if subject not in {None, Subject.PACK} and not position:
        form.fail(reports.PositionNeeded(field="subject_position"))
    form.check()
    assert subject is not None
    assert blob is not None
    with db.transaction() as reading:
        pack = packs.find(reading, wanted)
        if pack is None:
            raise PackNotFound(field="pack", value=wanted)
        rated = examinations.rated(pack.type, subject.value)
    _examined(blob.sha256, rated)
    return go(
        "reporting.review",
        sha256=blob.sha256,
        pack=pack.id,
        subject=subject.value,
        position=position,
    )


def _kept(form: Form) -> Blob | None:
    """The file that came, in the store before any other field is judged, or the one kept before."""
    before = form.text("kept", most=64)
    file = form.upload("file", required=not before)
    if file is None:
        with db.transaction() as reading:
            blob = sent_files.own(reading, guard.acting(), before, purpose=FOR_REPORT)
        if before and blob is None:
            form.fail(NoFile(field="file"))
    else:
        kept = blobs.keep_stream(file.stream, most=MAX_BYTES)
        with db.transaction() as writing:
            blob = sent_files.record(writing, kept, file.filename or "", purpose=FOR_REPORT)
    g.kept = blob
    return blob


def _examined(sha256: str, rated: Rated) -> Examination:
    """What the kept file says; a file that is refused is to be chosen anew."""
    try:
        return examinations.examine(blobs.path(sha256), rated)
    except Refused as refusal:
        if refusal.field == "file":
            g.kept = None
        raise


@dataclass(frozen=True, slots=True)
class Draft:
    """What a review is about: a kept file, the pack, and the part of it."""

    blob: Blob
    pack: Pack
    subject: Subject
    position: str
    rated: examinations.Rated


@blueprint.get("/reports/review/<sha256>")
@guarded("report:write", Kind.LAB)
def review(sha256: str) -> Any:
    """What the file says, and the form with what the lab itself states."""
    acting = guard.acting()
    with db.transaction() as reading:
        draft = _draft(reading, acting, sha256)
        examination = part_reports.examined(draft.blob, draft.pack.type, draft.subject)
        return render_template(
            "reports/review.html",
            draft=draft,
            pack=draft.pack,
            code_warnings=findings.said(packs.WARNINGS, draft.pack.warnings),
            examination=examination,
            assessment=examination.assessment,
            found=findings.of_examination(examination),
            today=days.of(guard.now()),
            coverage=gettext(COVERAGE[draft.subject]),
            safety=[
                ("passed", gettext(N_("Passed"))),
                ("failed", gettext(N_("Not passed"))),
                ("none", gettext(N_("Not made"))),
            ],
        )


@blueprint.post("/reports/review/<sha256>")
@again(review)
@guarded("report:write", Kind.LAB, fresh=True)
def sign(sha256: str) -> Any:
    """Examine the kept file again and sign what it says."""
    form = Form(request.form)
    examined_on = form.date("examined_on", required=True)
    coverage = form.text("coverage", required=True, most=500)
    spread = form.decimal("capacity_spread", most=100)
    temperature_c = form.decimal("temperature_c", least=-60, most=100)
    safety = form.text("safety_check", required=True)
    form.check()
    assert examined_on is not None
    acting = guard.acting()
    with db.transaction() as reading:
        draft = _draft(reading, acting, sha256)
        pack_type = draft.pack.type
    examination = part_reports.examined(draft.blob, pack_type, draft.subject)
    with db.transaction() as writing:
        report = reports.store(
            writing,
            acting,
            pack_id=draft.pack.id,
            examination=examination,
            blob_sha256=examination.sha256,
            examined_on=examined_on,
            at=guard.now(),
            subject=draft.subject,
            subject_position=draft.position,
            coverage=coverage,
            capacity_spread=None if spread is None else spread / 100,
            safety_check_passed=SAFETY.get(safety),
            temperature_c=temperature_c,
        )
        notices.tell(
            writing,
            draft.pack.owner_id,
            SIGNED,
            at=guard.now(),
            link=url_for("reports.one", report_id=report.id),
            lab=report.lab.names,
            number=report.number,
            pack=draft.pack.name,
        )
    flash(gettext(N_("The report %(number)s is signed."), number=report.number))
    return go("reports.one", report_id=report.id)


def _draft(reading: orm.Session, acting: Acting, sha256: str) -> Draft:
    """The file that this lab uploaded, for the pack and part that the address names."""
    blob = sent_files.own(reading, acting, sha256, purpose=FOR_REPORT)
    ident = request.args.get("pack", 0, type=int)
    pack = reading.get(Pack, ident) if 0 < ident < 2**62 else None
    subject = request.args.get("subject", "")
    if pack is None or blob is None or subject not in set(Subject):
        raise NotFound
    rated = examinations.rated(pack.type, Subject(subject).value)
    return Draft(blob, pack, Subject(subject), request.args.get("position", "")[:60], rated)
