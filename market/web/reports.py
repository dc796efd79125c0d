"""Health reports: the list, one of them on screen and paper, and a lab writing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, render_template, request, send_file, url_for
from sqlalchemy import orm

from listings import blobs, days, db, journal, packs, sheets, sight, words
from listings.blobs import Blob
from listings.errors import N_, Forbidden, NotFound, Refused
from listings.health import examinations, reports
from listings.health.examinations import Examination
from listings.health.readers import MAX_BYTES, pulses
from listings.health.reports import HealthReport, Subject
from listings.packs import Pack
from listings.parties import Acting, Kind, may
from listings.words import gettext
from market import documents, notices
from market.web import findings, formats, guard, lives, report_sheet
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("reports", __name__)

PAGE = 100
UPLOADED = "report:file_uploaded"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SIGNED = N_("%(lab)s signed the health report %(number)s on your pack %(pack)s.")
GRADES = ("A", "B", "C", "D", "R")
SAFETY = {"passed": True, "failed": False}
HEADER = (
    N_("Report"),
    N_("Pack"),
    N_("Subject"),
    N_("Position"),
    N_("Lab"),
    N_("Examined on"),
    N_("Valid until"),
    N_("Grade"),
    N_("Evidence level"),
    N_("State of health (Ah)"),
    N_("Capacity (Ah)"),
    N_("Rated capacity (Ah)"),
)


class PackNotFound(Refused):
    """Nothing goes by this name."""

    message = N_("No pack goes by “%(value)s”. Type its battery code, provisional id or label.")


@blueprint.get("/reports")
@member()
def show() -> Any:
    """Reports that concern my organisation, newest first."""
    acting = guard.acting()
    page = max(1, min(request.args.get("page", 1, type=int), 10**6))
    with db.transaction() as reading:
        query = _query(acting)
        count = reading.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        found = _rows(reading, query.limit(PAGE).offset((page - 1) * PAGE))
    return render_template(
        "reports/show.html",
        reports=found,
        count=count,
        page=page,
        pages=max(1, -(-count // PAGE)),
        subjects=Subject,
        letters=GRADES,
        today=days.of(guard.now()),
        filters={key: value for key, value in request.args.items() if key != "page" and value},
        may_report=may(acting, "report:write") and acting.is_any(Kind.LAB),
    )


@blueprint.get("/reports.csv")
@member()
def table() -> Any:
    """The same reports, all of them, as csv."""
    with db.transaction() as reading:
        found = _rows(reading, _query(guard.acting()).limit(sheets.MAX_ROWS))
        rows: list[list[sheets.Written]] = [
            [
                report.number,
                report.pack.name,
                formats.word(report.subject),
                report.subject_position,
                report.lab.called,
                report.examined_on,
                report.valid_until,
                report.grade,
                report.evidence_level,
                report.soh_q,
                report.capacity_ah,
                report.rated_capacity_ah,
            ]
            for report in found
        ]
    content = sheets.write_csv([gettext(name) for name in HEADER], rows)
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=reports.csv"},
    )


@blueprint.get("/reports/<int:report_id>")
@member()
def one(report_id: int) -> Any:
    """One report with its pictures and their tables; it prints."""
    acting = guard.acting()
    with db.transaction() as reading:
        report = guard.visible(sight.report(reading, acting, report_id))
        return render_template(
            "reports/one.html",
            report=report,
            found=findings.of_report(report),
            life=lives.of_report(report),
            warnings=findings.said(packs.WARNINGS, report.pack.warnings),
            key=reports.signer(reading, report),
            line=report_sheet.succession(reading, report),
            may_have_file=report.blob_sha256 and sight.raw_file(acting, report),
            today=days.of(guard.now()),
        )


@blueprint.get("/reports/<int:report_id>.pdf")
@member()
def paper(report_id: int) -> Any:
    """The report as PDF."""
    with db.transaction() as reading:
        report = guard.visible(sight.report(reading, guard.acting(), report_id))
        address = url_for("report_checks.show", token=report.public_token, _external=True)
        sheet = report_sheet.compose(
            reading, report, findings.of_report(report), address, days.of(guard.now())
        )
    content = documents.render(sheet, locale=words.locale(), at=report.reported_at)
    return _download(content, "application/pdf", f"{report.number}.pdf")


@blueprint.get("/reports/<int:report_id>.json")
@member()
def record(report_id: int) -> Any:
    """The signed record, byte for byte as it was signed."""
    with db.transaction() as reading:
        report = guard.visible(sight.report(reading, guard.acting(), report_id))
    return _download(guard.visible(report.record), "application/json", f"{report.number}.json")


@blueprint.get("/reports/<int:report_id>/file")
@member()
def raw_file(report_id: int) -> Any:
    """The tester file as it came."""
    acting = guard.acting()
    with db.transaction() as reading:
        report = guard.visible(sight.report(reading, acting, report_id))
        if not sight.raw_file(acting, report):
            raise Forbidden
        blob = guard.visible(reading.get(Blob, report.blob_sha256))
    path = blobs.path(blob.sha256)
    if not path.exists():
        raise NotFound
    return send_file(
        path.resolve(),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=blob.name,
    )


@blueprint.get("/reports/pulses.xlsx")
@guarded("report:write", Kind.LAB)
def pulse_template() -> Any:
    """The empty table of pulse voltages."""
    return _download(pulses.template(), XLSX, "pulses.xlsx")


@blueprint.get("/reports/new")
@guarded("report:write", Kind.LAB)
def new() -> Any:
    """The upload of a tester file."""
    return render_template(
        "reports/new.html",
        subjects=Subject,
        today=days.of(guard.now()),
        pack=request.args.get("pack", ""),
        most=MAX_BYTES,
    )


@blueprint.post("/reports/new")
@again(new)
@guarded("report:write", Kind.LAB)
def upload() -> Any:
    """Keep the file, examine it, and go on to the review."""
    form = Form(request.form)
    wanted = form.text("pack", required=True, most=200)
    subject = form.choice("subject", Subject)
    position = form.text("subject_position", most=60)
    file = form.upload("file")
    form.check()
    assert subject is not None
    assert file is not None
    with db.transaction() as reading:
        pack = packs.find(reading, wanted)
        if pack is None:
            raise PackNotFound(field="pack", value=wanted)
        rated = examinations.rated(pack.type, subject.value)
    if subject is not Subject.PACK and not position:
        raise reports.PositionNeeded(field="subject_position")
    acting, at = guard.acting(), guard.now()
    kept = blobs.keep_stream(file.stream, most=MAX_BYTES)
    with db.transaction() as writing:
        blob = blobs.record(
            writing,
            kept,
            name=file.filename or "",
            media_type="application/octet-stream",
            at=at,
            organisation_id=acting.organisation_id,
        )
        journal.record(
            writing,
            UPLOADED,
            blob,
            at=at,
            user_id=acting.user_id,
            organisation_id=acting.organisation_id,
            pack_id=pack.id,
        )
    examinations.examine(blobs.path(blob.sha256), rated)
    return go(
        "reports.review",
        sha256=blob.sha256,
        pack=pack.id,
        subject=subject.value,
        position=position,
    )


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
        examination = _examined(draft)
        return render_template(
            "reports/review.html",
            draft=draft,
            pack=draft.pack,
            code_warnings=findings.said(packs.WARNINGS, draft.pack.warnings),
            examination=examination,
            assessment=examination.assessment,
            found=findings.of_examination(examination),
            today=days.of(guard.now()),
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
    examination = _examined(draft)
    with db.transaction() as writing:
        report = reports.store(
            writing,
            acting,
            pack_id=draft.pack.id,
            examination=examination,
            blob_sha256=sha256,
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


def _examined(draft: Draft) -> Examination:
    return examinations.examine(blobs.path(draft.blob.sha256), draft.rated)


def _draft(reading: orm.Session, acting: Acting, sha256: str) -> Draft:
    """The file that this lab uploaded, for the pack and part that the address names."""
    acts = journal.about(reading, f"blob:{sha256}")
    if not any(
        act.tag == UPLOADED and act.organisation_id == acting.organisation_id for act in acts
    ):
        raise NotFound
    ident = request.args.get("pack", 0, type=int)
    pack = reading.get(Pack, ident) if 0 < ident < 2**62 else None
    blob = reading.get(Blob, sha256)
    subject = request.args.get("subject", "")
    if pack is None or blob is None or subject not in set(Subject):
        raise NotFound
    rated = examinations.rated(pack.type, Subject(subject).value)
    return Draft(blob, pack, Subject(subject), request.args.get("position", "")[:60], rated)


def _query(acting: Acting) -> sa.Select[Any]:
    query = sa.select(HealthReport).join(Pack, Pack.id == HealthReport.pack_id)
    query = query.where(sight.reports(acting))
    wanted = request.args.get("q", "").strip()[:80]
    if wanted:
        names = (Pack.code, Pack.provisional_id, Pack.maker_number)
        query = query.where(sa.or_(*(name.icontains(wanted, autoescape=True) for name in names)))
    if request.args.get("grade") in GRADES:
        query = query.where(HealthReport.grade == request.args["grade"])
    if request.args.get("subject") in set(Subject):
        query = query.where(HealthReport.subject == request.args["subject"])
    if request.args.get("standing"):
        query = query.where(
            HealthReport.superseded_by_id.is_(None),
            HealthReport.valid_until >= days.of(guard.now()),
        )
    return query


def _rows(reading: orm.Session, query: sa.Select[Any]) -> list[HealthReport]:
    shown = query.order_by(HealthReport.examined_on.desc(), HealthReport.id.desc()).options(
        orm.joinedload(HealthReport.pack).joinedload(Pack.type),
        orm.joinedload(HealthReport.lab),
    )
    return list(reading.scalars(shown))


def _download(content: bytes, mimetype: str, name: str) -> Response:
    return Response(
        content,
        mimetype=mimetype,
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )
