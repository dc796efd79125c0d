"""How the register's packs appear to the valuation on a day: what is known of each, and whence.

The state of health is that of the standing report on the whole pack while it is valid, by
capacity (Ah), the one that the grade is made of; a report on a module or a cell says nothing of
its pack here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings.health import reports
from listings.health.reports import HealthReport, Subject
from listings.packs import Condition, Pack
from pricing.columns import PackFacts

UNSAFE = "safety_check_failed"
_LATER_ERA = 2020  # the tables of the 2020s describe packs designed from here on
_DAMAGED = (Condition.DAMAGED, Condition.CRITICAL)


def of_packs(session: orm.Session, packs: Sequence[Pack], on: date) -> list[dict[str, Any]]:
    """Each pack in plain JSON, in the order of their keys: id, name, the report used, its facts."""
    found = standing_reports(session, [pack.id for pack in packs], on)
    return [_plain(pack, found.get(pack.id), on) for pack in sorted(packs, key=lambda p: p.id)]


def standing_reports(
    session: orm.Session, pack_ids: Sequence[int], on: date
) -> dict[int, HealthReport]:
    """The standing report on each whole pack that is valid on a day."""
    rows = session.scalars(
        sa.select(HealthReport).where(
            HealthReport.pack_id.in_(pack_ids),
            HealthReport.subject == Subject.PACK,
            reports.counts(on),
        ),
    )
    return {report.pack_id: report for report in rows}


def facts(pack: Pack, report: HealthReport | None, on: date) -> PackFacts:
    """What is known of a pack. A failed safety check counts as damage, whatever the capacity."""
    is_unsafe = report is not None and UNSAFE in report.reasons
    return PackFacts(
        energy_kwh=float(pack.type.rated_energy_kwh),
        chemistry=pack.type.chemistry.value,
        era=_era(pack.type.design_year or (pack.made_on.year if pack.made_on else None)),
        soh=float(report.soh_q) if report and report.soh_q is not None else None,
        evidence_level=int(report.evidence_level.removeprefix("L")) if report else None,
        age_years=_age(pack.made_on, on),
        mass_kg=float(pack.mass_kg or pack.type.mass_kg),
        is_damaged=pack.condition in _DAMAGED or is_unsafe,
    )


def _plain(pack: Pack, report: HealthReport | None, on: date) -> dict[str, Any]:
    return {
        "id": pack.id,
        "name": pack.name,
        "report_id": report.id if report else None,
        "facts": facts(pack, report, on).to_json(),
    }


def _era(year: int | None) -> str:
    if year is None:
        return "unknown"
    return "2020s" if year >= _LATER_ERA else "2010s"


def _age(made_on: date | None, on: date) -> float | None:
    """Whole months since manufacture, in years; None where the day is unknown or to come."""
    if made_on is None or made_on > on:
        return None
    months = (on.year - made_on.year) * 12 + on.month - made_on.month - (on.day < made_on.day)
    return max(0, months) / 12
