"""Who may look at a pack, its vehicle and its reports."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from listings.health.reports import HealthReport
from listings.lots import Lot, LotPack, LotState
from listings.packs import Pack
from listings.parties import Acting, Kind

SEES_ALL = (Kind.REGULATOR, Kind.OPERATOR)
SHOWN = (LotState.CATALOGUED, LotState.AWARDED, LotState.PASSED)


def packs(acting: Acting) -> sa.ColumnElement[bool]:
    """The condition on packs that an organisation may see.

    Owner and holder see theirs, a lab those it reported on, regulators and the operator all, and
    every organisation those of lots that are or were on sale.
    """
    if acting.is_any(*SEES_ALL):
        return sa.true()
    on_sale = (
        sa.select(LotPack.pack_id).join(Lot, Lot.id == LotPack.lot_id).where(Lot.state.in_(SHOWN))
    )
    own = sa.select(HealthReport.pack_id).where(HealthReport.lab_id == acting.organisation_id)
    return sa.or_(
        Pack.owner_id == acting.organisation_id,
        Pack.holder_id == acting.organisation_id,
        Pack.id.in_(on_sale),
        Pack.id.in_(own),
    )


def own_packs(acting: Acting) -> sa.ColumnElement[bool]:
    """The condition on packs that an organisation owns or holds; all for who sees all."""
    if acting.is_any(*SEES_ALL):
        return sa.true()
    return sa.or_(Pack.owner_id == acting.organisation_id, Pack.holder_id == acting.organisation_id)


def reports(acting: Acting) -> sa.ColumnElement[bool]:
    """The condition on reports that concern an organisation: of its packs, or written by it."""
    if acting.is_any(*SEES_ALL):
        return sa.true()
    own = sa.select(Pack.id).where(own_packs(acting))
    return sa.or_(HealthReport.lab_id == acting.organisation_id, HealthReport.pack_id.in_(own))


def pack(session: orm.Session, acting: Acting, pack_id: int) -> Pack | None:
    """The pack where the organisation may see it, else None."""
    return session.scalar(sa.select(Pack).where(Pack.id == pack_id, packs(acting)))


def report(session: orm.Session, acting: Acting, report_id: int) -> HealthReport | None:
    """The report where the organisation may see its pack, else None."""
    return session.scalar(
        sa.select(HealthReport)
        .join(Pack, Pack.id == HealthReport.pack_id)
        .where(HealthReport.id == report_id, packs(acting))
    )


def raw_file(acting: Acting, report: HealthReport) -> bool:
    """Whether the tester file itself is theirs: its lab, the pack's owner or holder, or an office.

    Buyers read the report; the file stays with those who measured or own.
    """
    own = {report.lab_id, report.pack.owner_id, report.pack.holder_id}
    return acting.is_any(*SEES_ALL) or acting.organisation_id in own
