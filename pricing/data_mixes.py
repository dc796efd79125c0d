"""The data mix of an edition: what its evidence said for each price point when it was proposed.

Computed from the panel's submissions by the parameters of the edition's methodology, and kept as
canonical JSON when the edition goes to its approver, so that what was approved stays readable.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import rfc8785
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped

from listings import days, db
from pricing import guides, points, submissions
from pricing.guides import Edition
from pricing.mixes import mix
from pricing.parameters import Parameters


class DataMix(db.Base):
    """The mix of one edition as it was proposed; immutable. The newest of an edition counts."""

    __tablename__ = "data_mix"

    id: Mapped[int] = db.key()
    edition_id: Mapped[int] = db.refers("edition.id")
    computed_at: Mapped[datetime]
    document: Mapped[bytes]


def compute(session: orm.Session, edition: Edition, *, at: datetime) -> dict[str, Any]:
    """The mix of each standing price point from what was known at ``at``, in plain JSON.

    A methodology that states no parameters is read with the house's own (`Parameters`).
    """
    on = edition.priced_on or days.of(at)
    return _of(session, edition.guide_id, edition.methodology.parameters, on, at)


def now(session: orm.Session, guide_id: int, *, at: datetime) -> dict[str, Any]:
    """The mix that an edition of today would have, by the guide's newest methodology."""
    newest = guides.newest_methodology(session, guide_id)
    return _of(session, guide_id, newest.parameters if newest else None, days.of(at), at)


def keep(session: orm.Session, edition: Edition, *, at: datetime) -> DataMix:
    """Keep the mix of an edition as it is now."""
    row = DataMix(
        edition_id=edition.id,
        computed_at=at,
        document=rfc8785.dumps(compute(session, edition, at=at)),
    )
    session.add(row)
    session.flush()
    return row


def kept(session: orm.Session, edition_id: int) -> dict[str, Any] | None:
    """The mix with which an edition was proposed last; None where it was not yet."""
    row = session.scalar(
        sa.select(DataMix).where(DataMix.edition_id == edition_id).order_by(DataMix.id.desc())
    )
    return json.loads(row.document) if row is not None else None


def _of(
    session: orm.Session, guide_id: int, stated: db.Facts | None, on: date, at: datetime
) -> dict[str, Any]:
    rules = Parameters.from_json(stated) if stated else Parameters()
    since = on - timedelta(days=rules.window_days - 1)
    found = []
    for point in points.of_guide(session, guide_id):
        evidence = submissions.reported(session, point, since, at)
        found.append(points.to_json(point) | {"mix": mix(evidence, rules, on).to_json()})
    return {
        "on": on.isoformat(),
        "known_at": at.isoformat(),
        "parameters": rules.to_json(),
        "is_stated": bool(stated),
        "points": found,
    }
