"""A stored health report as the sheet that is set as PDF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.errors import N_
from listings.health import reports
from listings.health.reports import HealthReport
from listings.words import gettext
from market.documents import Discharge, HealthReportSheet
from market.web import formats, part_pictures


@dataclass(frozen=True, slots=True)
class Succession:
    """Which reports a report replaces, and by which it is superseded."""

    older: list[HealthReport]
    newer: HealthReport | None


def succession(session: orm.Session, report: HealthReport) -> Succession:
    """The reports before and after a report of the same subject."""
    older = sa.select(HealthReport).where(HealthReport.superseded_by_id == report.id)
    ident = report.superseded_by_id
    return Succession(
        list(session.scalars(older.order_by(HealthReport.id))),
        None if ident is None else session.get(HealthReport, ident),
    )


def compose(
    session: orm.Session, report: HealthReport, found: dict[str, Any], address: str, on: date
) -> HealthReportSheet:
    """The sheet in the reader's language, as it stands on a day.

    ``found`` is `findings.of_report` of the same report, ``address`` that of its public check.
    """
    line, key = succession(session, report), reports.signer(session, report)
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
        parts=part_pictures.summary(found["parts"]),
        strips=part_pictures.strips(found["parts"]),
        reader=f"{report.reader} {report.reader_version}",
        sha256=report.blob_sha256 or "",
        signer=lab.called,
        address=address,
        supersedes=", ".join(older.number for older in line.older),
        standing=_standing(report, line.newer, on),
        level=str(found["level"]),
        key=key.public_key if key else "",
        measures=[
            (row["title"], f"{row['value']} ± {row['uncertainty']} {row['unit']}")
            for row in found["measures"]
            if not row["why"]
        ],
    )


def _standing(report: HealthReport, newer: HealthReport | None, on: date) -> str:
    """Whether the report counts on the day of printing, and why not."""
    if newer is not None:
        return gettext(
            N_("Superseded by %(number)s: this report no longer counts."), number=newer.number
        )
    if report.opened_on is not None:
        day = report.opened_on.isoformat()
        return gettext(N_("Opened on %(day)s: this report no longer counts."), day=day)
    if report.valid_until < on:
        return gettext(N_("Expired: this report no longer counts."))
    return gettext(N_("90 days from the examination, or until what was examined is opened."))


def _discharge(row: dict[str, Any]) -> Discharge:
    return Discharge(
        cycle=int(row["cycle"]),
        capacity_ah=Decimal(str(row["ah"])),
        energy_wh=Decimal(str(row["wh"])),
        is_complete=bool(row["complete"]),
        reason=str(row["why"]),
    )
