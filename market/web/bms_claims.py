"""What management systems declared: the form, the table beside what was measured, and a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template, request
from markupsafe import Markup
from sqlalchemy import orm

from listings import blobs, days, db, sight
from listings.blobs import Blob
from listings.errors import N_, Forbidden
from listings.health import bms_claims, declared
from listings.health.bms_claims import BmsClaim, Said
from listings.health.declared import Difference, Reading, Turn
from listings.health.reports import HealthReport, Subject
from listings.packs import Pack
from listings.words import gettext
from market.web import guard, sent_files
from market.web.app import go
from market.web.drawing import LINE, Plot, number, padded, ticks
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("bms_claims", __name__)

MOST_BYTES = 20 * 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """One claim: how far from the measured values, from itself, and from the one before."""

    claim: BmsClaim
    soh: Difference | None
    capacity: Difference | None
    within: Difference | None
    turn: Turn | None

    @property
    def is_alarm(self) -> bool:
        """Whether it differs by over 3 % from what was measured."""
        return any(one is not None and one.is_alarm for one in (self.soh, self.capacity))


@dataclass(frozen=True, slots=True)
class Shown:
    """All claims about a pack beside one measured report, or none; ``picture`` where it helps."""

    rows: Sequence[Row]
    report: HealthReport | None
    picture: Markup | None
    may_have_files: bool

    @property
    def alarms(self) -> int:
        """How many claims differ by over 3 % from the report."""
        return sum(row.is_alarm for row in self.rows)


def of_pack(reading: orm.Session, pack: Pack, report: HealthReport | None) -> Shown:
    """The claims about a pack; only a report of the whole pack is compared with them."""
    found = bms_claims.of(reading, pack.id)
    whole = report if report is not None and report.subject is Subject.PACK else None
    measured = _measured(whole) if whole else None
    turns = declared.turns([claim.reading for claim in found])
    rows = [
        _row(claim, measured, float(pack.type.rated_capacity_ah), turn)
        for claim, turn in zip(found, turns, strict=True)
    ]
    return Shown(rows, whole, _picture(rows, measured), _may_have_files(pack))


@blueprint.get("/packs/<int:pack_id>/bms-claims")
@guarded("report:write")
def new(pack_id: int) -> Any:
    """The form of a reading."""
    acting = guard.acting()
    with db.transaction() as reading:
        pack = guard.visible(sight.pack(reading, acting, pack_id))
        if not bms_claims.may_record(reading, acting, pack):
            raise Forbidden
    return render_template(
        "bms_claims/new.html", pack=pack, today=days.of(guard.now()), most=MOST_BYTES
    )


@blueprint.post("/packs/<int:pack_id>/bms-claims")
@again(new)
@guarded("report:write")
def record(pack_id: int) -> Any:
    """Record what a management system declared."""
    acting, at = guard.acting(), guard.now()
    with db.transaction() as reading:
        pack = guard.visible(sight.pack(reading, acting, pack_id))
        if not bms_claims.may_record(reading, acting, pack):
            raise Forbidden
    form = Form(request.form)
    said = _read(form)
    file = form.upload("file", required=False)
    form.check()
    kept = blobs.keep_stream(file.stream, most=MOST_BYTES) if file else None
    with db.transaction() as writing:
        blob = None
        if kept is not None and file is not None:
            blob = blobs.record(
                writing,
                kept,
                name=file.filename or "",
                media_type="application/octet-stream",
                at=at,
                organisation_id=acting.organisation_id,
            )
        sha256 = blob.sha256 if blob else None
        bms_claims.record(writing, acting, pack_id, said, blob_sha256=sha256, at=at)
    flash(gettext(N_("The reading is on record. It is a claim and changes no letter.")))
    return go("packs.show", pack_id=pack_id)


@blueprint.get("/packs/<int:pack_id>/bms-claims/<int:claim_id>/file")
@member()
def file(pack_id: int, claim_id: int) -> Any:
    """The tool's own file, for the pack's owner and holder, who recorded it, and offices."""
    acting = guard.acting()
    with db.transaction() as reading:
        pack = guard.visible(sight.pack(reading, acting, pack_id))
        claim = guard.visible(
            reading.scalar(
                sa.select(BmsClaim).where(BmsClaim.id == claim_id, BmsClaim.pack_id == pack_id)
            )
        )
        if not (_may_have_files(pack) or claim.organisation_id == acting.organisation_id):
            raise Forbidden
        blob = guard.visible(reading.get(Blob, claim.blob_sha256) if claim.blob_sha256 else None)
    return sent_files.download(blob)


def _read(form: Form) -> Said:
    soh = form.decimal("soh", most=150)
    capacity_ah = form.decimal("capacity_ah", most=int(bms_claims.MOST_AH))
    texts = {
        name: form.text(name, required=True, most=100) for name in ("firmware", "tool", "reader")
    }
    read_on = form.date("read_on", required=True)
    form.check()
    assert read_on is not None
    return Said(
        soh=None if soh is None else soh / 100, capacity_ah=capacity_ah, read_on=read_on, **texts
    )


def _may_have_files(pack: Pack) -> bool:
    acting = guard.acting()
    own = acting.organisation_id in {pack.owner_id, pack.holder_id}
    return own or acting.is_any(*sight.SEES_ALL)


def _measured(report: HealthReport) -> Reading:
    soh, capacity_ah = report.soh_q, report.capacity_ah
    return Reading(
        report.examined_on,
        None if soh is None else float(soh),
        None if capacity_ah is None else float(capacity_ah),
    )


def _row(claim: BmsClaim, measured: Reading | None, rated_ah: float, turn: Turn | None) -> Row:
    found = declared.compare(claim.reading, measured) if measured else ()
    by = {one.quantity: one for one in found}
    within = declared.within(claim.reading, rated_ah)
    return Row(claim, by.get("soh"), by.get("capacity_ah"), within, turn)


def _picture(rows: Sequence[Row], measured: Reading | None) -> Markup | None:
    """Declared state of health over time, resets as dashed lines, the measured one as a line."""
    told = [(row, row.claim.reading) for row in rows if row.claim.soh is not None]
    if len(told) < 2:  # noqa: PLR2004 - one point is no line
        return None
    states = [100 * (reading.soh or 0) for _, reading in told]
    level = None if measured is None or measured.soh is None else 100 * measured.soh
    y = padded([*states, *([] if level is None else [level])])
    first, last = told[0][1].on, told[-1][1].on
    extent = (0.0, float(max(1, (last - first).days)))
    plot = Plot.framed(
        gettext("Declared state of health over time"),
        (extent, y),
        ("", gettext("Declared state of health (%%)").replace("%%", "%")),
        y_texts=[(tick, f"{tick:g}") for tick in ticks(*y)],
        x_texts=[(0.0, first.isoformat()), (extent[1], last.isoformat())],
        above=LINE + 4,
    )
    sheet = plot.sheet
    sheet.line(8, 3, 8, 18, "pic-extension", stroke_dasharray="4 3")
    sheet.text(18, 15, gettext("Reset or taught anew"), "pic-key")
    places = [
        (plot.x((reading.on - first).days), plot.y(state))
        for (_, reading), state in zip(told, states, strict=True)
    ]
    if level is not None:
        height = plot.y(level)
        sheet.line(plot.x.start, height, plot.x.end, height, "pic-rated", stroke_dasharray="5 4")
        sheet.text(
            plot.x.end,
            height - 5,
            gettext("Measured: %(value)s", value=f"{level:.1f}%"),
            "pic-rated",
            at="end",
        )
    line = "L".join(f"{number(x)} {number(height)}" for x, height in places)
    sheet.path(f"M{line}", "pic-curve", stroke_width="2")
    for (row, _), (x, height) in zip(told, places, strict=True):
        if row.turn:
            sheet.line(x, plot.y.end, x, plot.y.start, "pic-extension", stroke_dasharray="4 3")
        sheet.dot(x, height, 4.5, "pic-kept")
    return sheet.svg("pic-capacity")
