"""Telemetry of a fleet: files sent in, how far their reading is, and what they say by vehicle."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request
from markupsafe import Markup
from sqlalchemy import orm

from listings import blobs, db, words
from listings.errors import N_
from listings.packs import Pack
from listings.telemetry import examine, uploads
from listings.telemetry.findings import FLAGS, REASONS, Finding
from listings.telemetry.uploads import SENDERS, TelemetryUpload, TelemetryVehicle, UploadState
from listings.words import gettext
from market.web import findings, guard
from market.web import telemetry_pictures as drawn
from market.web.app import MOST_UPLOAD, go
from market.web.forms import Form, NoFile, again
from market.web.guard import guarded, member
from market.web.pictures import Mark

blueprint = Blueprint("telemetry", __name__)

MEDIA = "application/octet-stream"
MOST_ROWS = 400
STAGES: Mapping[str, str] = {
    "": N_("Waiting for its turn"),
    "reading": N_("Reading the files"),
    "charges": N_("Looking for charges"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One vehicle of an upload with what follows from its rated capacity, where that is known.

    ``pack`` is the only pack on the registered vehicle, else None. ``figure`` is the latest
    capacity [Ah] and ``uncertainty`` its largest relative error; without a wide window they are
    those of the last month, and indicative. ``window`` is the widest that counts [%].
    """

    row: TelemetryVehicle
    pack: Pack | None
    rated_ah: float | None
    figure: float | None
    uncertainty: float | None
    window: float | None
    finding: Finding

    @property
    def soh(self) -> float | None:
        """The state of health of the figure, where the rated capacity is known."""
        return None if self.figure is None or not self.rated_ah else self.figure / self.rated_ah

    @property
    def is_l3(self) -> bool:
        """Whether a window of at least 60 % stands behind the figure."""
        return self.finding.evidence_level == "L3"

    @property
    def flags(self) -> list[str]:
        """What a reader must know, as sentences."""
        known = (f for f in self.finding.flags if f != "far_from_rated" or self.rated_ah)
        return findings.said(FLAGS, known)


@blueprint.app_template_global()
def sends_telemetry() -> bool:
    """Whether the organisation that a person acts for may send telemetry in."""
    return guard.acting().is_any(*SENDERS)


@blueprint.get("/telemetry")
@member(*SENDERS)
def index() -> Any:
    """The uploads of the organisation, and the form of a further one."""
    with db.transaction() as reading:
        found = uploads.of(reading, guard.acting())
    return render_template(
        "telemetry/index.html",
        uploads=found,
        form_key=secrets.token_urlsafe(16),
        most=MOST_UPLOAD,
        most_files=uploads.MOST_FILES,
    )


@blueprint.post("/telemetry")
@again(index)
@guarded("register:write", *SENDERS)
def upload() -> Any:
    """Keep the files as they come; a worker reads them."""
    form = Form(request.form)
    form_key = form.text("form_key", required=True, most=100)
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files:
        form.fail(NoFile(field="files"))
    if len(files) > uploads.MOST_FILES:
        count, most = len(files), uploads.MOST_FILES
        form.fail(uploads.TooManyFiles(field="files", count=count, most=most))
    form.check()
    acting, at = guard.acting(), guard.now()
    with db.transaction() as reading:
        before = uploads.sent(reading, acting, form_key)
    if before is not None:
        return go("telemetry.show", upload_id=before.id)
    kept = [(blobs.keep_stream(f.stream, most=MOST_UPLOAD), f.filename or "") for f in files]
    with db.transaction() as writing:
        own = acting.organisation_id
        rows = [
            (blobs.record(writing, one, name=n, media_type=MEDIA, at=at, organisation_id=own), n)
            for one, n in kept
        ]
        taken = uploads.add(writing, acting, rows, form_key=form_key, at=at)
    flash(gettext(N_("The telemetry is kept and will be read.")))
    return go("telemetry.show", upload_id=taken.id)


@blueprint.get("/telemetry/<int:upload_id>")
@member(*SENDERS)
def show(upload_id: int) -> Any:
    """How far the reading is, or what it said."""
    return render_template("telemetry/show.html", **_state(upload_id))


@blueprint.get("/telemetry/<int:upload_id>/status")
@member(*SENDERS)
def status(upload_id: int) -> Any:
    """The moving part of that page alone."""
    return render_template("telemetry/_state.html", **_state(upload_id))


@blueprint.get("/telemetry/<int:upload_id>/vehicles/<int:row_id>")
@member(*SENDERS)
def vehicle(upload_id: int, row_id: int) -> Any:
    """The charges of one vehicle as pictures and tables."""
    with db.transaction() as reading:
        found, row = own_row(reading, upload_id, row_id)
        line = _lines(reading, [row])[0]
    charges, months = row.facts["charges"], row.facts["months"]
    newest = sorted(charges, key=lambda one: one["started"], reverse=True)
    return render_template(
        "telemetry/vehicle.html",
        upload=found,
        line=line,
        scatter=_scatter(charges, line.rated_ah) if charges else "",
        monthly=_monthly(months, line.rated_ah) if months else "",
        months=[{**one, "name": examine.month(one["month"])} for one in reversed(months)],
        charges=[
            {
                **one,
                "from": examine.instant(one["started"]),
                "why": findings.sentence(REASONS, one["reason"]),
            }
            for one in newest[:MOST_ROWS]
        ],
        count=len(charges),
        instant=examine.instant,
    )


def own_row(
    reading: orm.Session, upload_id: int, row_id: int
) -> tuple[TelemetryUpload, TelemetryVehicle]:
    """The organisation's upload with one of its vehicles; `NotFound` otherwise."""
    found = guard.visible(uploads.find(reading, guard.acting(), upload_id))
    query = sa.select(TelemetryVehicle).where(
        TelemetryVehicle.id == row_id, TelemetryVehicle.upload_id == upload_id
    )
    row = reading.scalar(query.options(orm.joinedload(TelemetryVehicle.vehicle)))
    return found, guard.visible(row)


def _state(upload_id: int) -> dict[str, Any]:
    with db.transaction() as reading:
        found: TelemetryUpload = guard.visible(uploads.find(reading, guard.acting(), upload_id))
        rows = uploads.vehicles(reading, upload_id) if found.state is UploadState.DONE else []
        lines = _lines(reading, rows)
    return {
        "upload": found,
        "lines": lines,
        "stage": gettext(STAGES[found.stage]),
        "refusal": refusal(found),
        "instant": examine.instant,
    }


def refusal(upload: TelemetryUpload) -> str:
    """The sentence of a refused upload in the reader's language; nothing where there is none."""
    said = upload.refusal
    if not said:
        return ""
    sentence: str = said["message"]
    return gettext(sentence, **words.phrases(said["values"])).replace("%%", "%")


def _lines(reading: orm.Session, rows: Sequence[TelemetryVehicle]) -> list[Line]:
    """Each vehicle with its only pack; a figure needs no rated value, a state of health does."""
    idents = [row.vehicle_id for row in rows if row.vehicle_id is not None]
    query = sa.select(Pack).where(Pack.vehicle_id.in_(idents))
    packs: dict[int | None, list[Pack]] = {}
    for pack in reading.scalars(query.options(orm.joinedload(Pack.type))):
        packs.setdefault(pack.vehicle_id, []).append(pack)
    return [_line(row, packs.get(row.vehicle_id, []) if row.vehicle_id else []) for row in rows]


def _line(row: TelemetryVehicle, packs: Sequence[Pack]) -> Line:
    pack = packs[0] if len(packs) == 1 else None
    rated_ah = float(pack.type.rated_capacity_ah) if pack else None
    finding = row.finding(rated_ah or 1.0)
    counted = [one["window"] for one in row.facts["charges"] if one["reason"] is None]
    latest: dict[str, Any] = row.facts["recent"] or next(iter(row.facts["months"][-1:]), {})
    return Line(
        row=row,
        pack=pack,
        rated_ah=rated_ah,
        figure=latest.get("capacity_ah"),
        uncertainty=latest.get("uncertainty"),
        window=max(counted, default=None),
        finding=finding,
    )


def _rated(rated_ah: float | None) -> Mark | None:
    if rated_ah is None:
        return None
    return Mark(rated_ah, gettext("Rated %(ah)s Ah", ah=f"{rated_ah:g}"))


def _scatter(charges: Sequence[Mapping[str, Any]], rated_ah: float | None) -> Markup:
    marks = [
        drawn.Charge(one["window"], one["capacity_ah"], one["reason"] is None) for one in charges
    ]
    names = {
        "wide": gettext("60%% or more").replace("%%", "%"),
        "narrow": gettext("narrower"),
        "out": gettext("does not count"),
    }
    present = {one.kind for one in marks}
    return drawn.windows(
        marks,
        title=gettext("Capacity of each charge by the width of its window"),
        x_label=gettext("Window (%% of full)").replace("%%", "%"),
        y_label=gettext("Capacity (Ah)"),
        key={kind: name for kind, name in names.items() if kind in present},
        rated=_rated(rated_ah),
    )


def _monthly(months: Sequence[Mapping[str, Any]], rated_ah: float | None) -> Markup:
    found = [
        drawn.Month(
            place=one["month"] // 100 * 12 + one["month"] % 100,
            name=examine.month(one["month"]),
            ah=one["capacity_ah"],
            uncertainty=one["uncertainty"],
            is_wide=one["is_wide"],
        )
        for one in months
    ]
    names = {
        "wide": gettext("Windows of 60%% or more").replace("%%", "%"),
        "narrow": gettext("Narrower windows, indicative"),
    }
    present = {"wide" if one.is_wide else "narrow" for one in found}
    return drawn.months(
        found,
        title=gettext("Median capacity by month, with its largest error"),
        y_label=gettext("Capacity (Ah)"),
        key={kind: name for kind, name in names.items() if kind in present},
        rated=_rated(rated_ah),
    )
