"""Health reports: the list, and one of them on screen, on paper and as signed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy import orm

from listings import days, db, packs, sheets, sight, words
from listings.blobs import Blob
from listings.errors import N_, Forbidden
from listings.health import reports
from listings.health.reports import HealthReport, Subject
from listings.packs import Pack
from listings.parties import Acting, Kind, may
from listings.words import gettext
from market import documents
from market.web import (
    bms_claims,
    destinations,
    findings,
    formats,
    guard,
    lives,
    report_sheet,
    sent_files,
)
from market.web.guard import member

blueprint = Blueprint("reports", __name__)

PAGE = 100
GRADES = ("A", "B", "C", "D", "R")
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
            destinations=destinations.of_report(reading, report, days.of(guard.now())),
            claims=bms_claims.of_pack(reading, report.pack, report),
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
    return sent_files.download(blob)


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
