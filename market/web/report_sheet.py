"""A stored health report as the sheet that is set as PDF."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from listings import days
from listings.health.reports import HealthReport
from listings.words import gettext
from market.documents import Discharge, HealthReportSheet
from market.web import formats


def compose(report: HealthReport, found: dict[str, Any], address: str) -> HealthReportSheet:
    """The sheet in the reader's language; ``found`` is `findings.of_report` of the same report."""
    lab, until = report.lab, report.lab.accreditation_until
    subject = f"{formats.word(report.subject)} {report.subject_position}".strip()
    return HealthReportSheet(
        number=report.number,
        pack=f"{report.pack.name} · {report.pack.type.maker} {report.pack.type.model}",
        subject=subject,
        coverage=report.coverage,
        lab=lab.in_full,
        accreditation_number=lab.accreditation_number,
        accreditation_scope=lab.accreditation_scope,
        accreditation_until=days.of(until) if until else None,
        examined_on=report.examined_on,
        valid_until=report.valid_until,
        reported_at=report.reported_at,
        policy=gettext("House policy %(version)s", version=report.policy_version),
        grade=report.grade or "",
        evidence_level=report.evidence_level,
        is_provisional=report.is_provisional,
        rated_capacity_ah=report.rated_capacity_ah,
        capacity_ah=report.capacity_ah,
        soh_q=report.soh_q,
        soh_e=report.soh_e,
        rate_c=report.rate_c,
        temperature_c=report.temperature_c,
        reasons=[*found["reasons"], *found["flags"]],
        discharges=[_discharge(row) for row in found["discharges"]],
        picture=str(found["capacities"]),
        reader=f"{report.reader} {report.reader_version}",
        sha256=report.blob_sha256 or "",
        signer=lab.called,
        address=address,
    )


def _discharge(row: dict[str, Any]) -> Discharge:
    return Discharge(
        cycle=int(row["cycle"]),
        capacity_ah=Decimal(str(row["ah"])),
        energy_wh=Decimal(str(row["wh"])),
        is_complete=bool(row["complete"]),
        reason=str(row["why"]),
    )
