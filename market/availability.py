"""Whether bids could be taken: heartbeats of the web process, and the gaps between them."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import insert

from market.notices import Heartbeat

BEAT = timedelta(seconds=15)
LONGEST_SILENCE = timedelta(seconds=60)


def beat(session: orm.Session, *, at: datetime) -> None:
    """Say that bids can be taken at this second; saying it twice is once."""
    second = at.replace(microsecond=0)
    session.execute(insert(Heartbeat).values(at=second).on_conflict_do_nothing())


def was_interrupted(session: orm.Session, since: datetime, until: datetime) -> bool:
    """Whether more than ``LONGEST_SILENCE`` passed without a heartbeat inside the period."""
    beats = session.scalars(
        sa.select(Heartbeat.at)
        .where(Heartbeat.at > since, Heartbeat.at < until)
        .order_by(Heartbeat.at),
    ).all()
    instants = [since, *beats, until]
    return any(later - earlier > LONGEST_SILENCE for earlier, later in itertools.pairwise(instants))


def forget(session: orm.Session, before: datetime) -> None:
    """Heartbeats older than any sale that could still close are of no more use."""
    session.execute(sa.delete(Heartbeat).where(Heartbeat.at < before))
