"""The public check of a health report: by the token on its paper, and with its raw file.

Organisations are named and no person is. A raw file that is handed in lies in a private folder
while its numbers are computed again in a confined process, and is gone with the answer.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy import orm

from listings import blobs, days, db, users
from listings.blobs import FileOverLimit
from listings.confined import Limits
from listings.custody import canonical
from listings.errors import N_
from listings.health import policies, reports, reproduction
from listings.health.quantities import QUANTITIES
from listings.health.reports import HealthReport
from listings.health.reproduction import Line
from listings.words import gettext
from market.web import findings, guard
from market.web.forms import Form, again
from market.web.guard import public
from market.web.public import mask

blueprint = Blueprint("report_checks", __name__)

MOST: Final = 64 * 1024 * 1024
"""Bytes of a file that a stranger may hand in; the labs' own uploads may be larger."""
FORM: Final = 64 * 1024
LIMITS: Final = Limits(memory_mb=1024, cpu_s=60, wall_s=90)
LABELS: Final[Mapping[str, str]] = {
    "capacity_ah": N_("Capacity (Ah)"),
    "energy_wh": N_("Energy (Wh)"),
    "soh_q": N_("State of health (Ah)"),
    "soh_e": N_("State of health (energy)"),
    "rate_c": N_("Rate (C)"),
    "low_v": N_("Lower cut-off (V)"),
    "high_v": N_("Upper cut-off (V)"),
    "temperature_c": N_("Temperature (°C)"),
    "grade": N_("Grade"),
    "ah": N_("Discharge of cycle %(cycle)s: Ah"),
    "wh": N_("Discharge of cycle %(cycle)s: Wh"),
    "complete": N_("Discharge of cycle %(cycle)s: counts"),
}
TRUTH: Final[Mapping[str | None, str]] = {"True": N_("Yes"), "False": N_("No")}


@blueprint.record_once
def _first(state: BlueprintSetupState) -> None:
    """Before anything reads a form: strangers send less than labs do."""
    state.app.before_request_funcs.setdefault(None, []).insert(0, _narrow)


def _narrow() -> None:
    if request.endpoint == "report_checks.check":
        request.max_content_length = MOST + FORM


@blueprint.get("/r/<token>")
@public
def show(token: str) -> Any:
    """What a report says, whether its signature holds and whether it still counts."""
    return _page(token)


@blueprint.post("/r/<token>")
@again(show)
@public
def check(token: str) -> Any:
    """Whether a raw file gives the report's numbers again. Nothing of the file is kept."""
    form = Form(request.form)
    file = form.upload("file")
    form.check()
    assert file is not None
    address = request.remote_addr or ""
    users.count_attempt(address, address, at=guard.now(), purpose="report-check")
    with db.transaction() as reading:
        report = _found(reading, token)
        record = canonical.parse(guard.visible(report.record))
        policy = policies.of_version(reading, report.policy_version)
    assert isinstance(record, dict)
    with tempfile.TemporaryDirectory(prefix="packbourse-check-") as folder:
        path = Path(folder) / "file"
        sha256 = _written(file.stream, path)
        found = reproduction.check(record, path, policy=policy, limits=LIMITS, max_bytes=MOST)
    return _page(
        token,
        found=found,
        sha256=sha256,
        is_file=sha256 == report.blob_sha256,
        lines=[(line, *_said(line)) for line in found.lines],
        differing=sum(not line.is_same for line in found.lines),
    )


def _page(token: str, **more: Any) -> Any:
    with db.transaction() as reading:
        report = _found(reading, token)
        today = days.of(guard.now())
        key = reports.signer(reading, report)
        return render_template(
            "public/report.html",
            **{"found": None, **more},
            report=report,
            masked=mask(report.pack.name),
            shown=findings.of_report(report),
            newer=_newer(reading, report),
            is_valid=report.is_valid(today),
            today=today,
            key=key,
            token=token,
            most=MOST,
        )


def _found(reading: orm.Session, token: str) -> HealthReport:
    asked = sa.select(HealthReport).where(HealthReport.public_token == token)
    found: HealthReport = guard.visible(reading.scalar(asked))
    return found


def _newer(reading: orm.Session, report: HealthReport) -> HealthReport | None:
    ident = report.superseded_by_id
    return None if ident is None else reading.get(HealthReport, ident)


def _written(stream: IO[bytes], path: Path) -> str:
    """Write what came and answer its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as kept:
        while piece := stream.read(blobs.PIECE):
            size += len(piece)
            if size > MOST:
                raise FileOverLimit(field="file", limit_mb=MOST // 2**20)
            digest.update(piece)
            kept.write(piece)
    return digest.hexdigest()


def _said(line: Line) -> tuple[str, str, str]:
    """A line's name, the stored value and the one found, as the table prints them."""
    if line.code == "measure":
        known = QUANTITIES.get(line.of)
        name = gettext(known.title) if known else line.of
    else:
        name = gettext(LABELS[line.code], cycle=line.of)
    return name, _value(line.stored), _value(line.found)


def _value(value: str | None) -> str:
    return gettext(TRUTH[value]) if value in TRUTH else value or "–"
