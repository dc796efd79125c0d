"""A report counts until its subject is opened: whoever has the pack says when that was."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import orm

from listings import days, db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.health.reports import HealthReport, standing_of_all
from listings.packs import Pack
from listings.parties import Acting, Kind, demand


class OpenedInFuture(Refused):
    """An opening that is still to come."""

    message = N_("The opening on %(day)s is still to come.")


class NothingToEnd(Conflict):
    """No report counts any more, or all are of examinations after the opening."""

    message = N_("No report on this pack was examined by %(day)s and still counts.")


def opened(
    session: orm.Session, acting: Acting, pack_id: int, *, opened_on: date, at: datetime
) -> list[HealthReport]:
    """End every standing report of a pack and its parts that was examined by the day of opening.

    A report is valid 90 days or until its subject is opened. The owner or holder of the pack says
    so, or a lab that reported on it. Refuses anybody else, a day to come (`OpenedInFuture`), and
    where there is no such report (`NothingToEnd`).
    """
    pack = db.lock(session, Pack, pack_id)
    if pack is None:
        raise NotFound
    found = [
        report
        for report in standing_of_all(session, [pack_id], days.of(at))
        if report.examined_on <= opened_on
    ]
    if acting.organisation_id in {pack.owner_id, pack.holder_id}:
        demand(acting, "register:write")
    else:
        demand(acting, "report:write", Kind.LAB)
        if all(report.lab_id != acting.organisation_id for report in found):
            raise NotFound
    if opened_on > days.of(at):
        raise OpenedInFuture(field="opened_on", day=opened_on)
    if not found:
        raise NothingToEnd(field="opened_on", day=opened_on)
    for report in found:
        report.opened_on = opened_on
    journal.record(
        session,
        "pack:opened",
        pack,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        opened_on=opened_on.isoformat(),
    )
    return found
