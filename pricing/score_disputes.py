"""A valuer says that one line of its record is wrong; an operator answers. Nothing is erased.

A line that was disputed with success does not count in the score from the decision on; it stays
readable with the reason and the answer.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, Conflict, NotFound
from listings.parties import Acting, Kind, demand
from pricing import guides
from pricing.forecasts import Forecast


class Outcome(enum.StrEnum):
    """The line is taken out of the score, or it stays in."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class ScoreDispute(db.Base):
    """Why a valuer disputes one line, and what the operator answered."""

    __tablename__ = "score_dispute"
    __table_args__ = (
        sa.CheckConstraint(
            "num_nonnulls(outcome, answer, decided_by, decided_at) IN (0, 4)", name="decided"
        ),
        sa.Index(
            "uq_score_dispute_standing",
            "forecast_id",
            unique=True,
            postgresql_where=sa.text("outcome IS DISTINCT FROM 'dismissed'"),
        ),
    )

    id: Mapped[int] = db.key()
    forecast_id: Mapped[int] = db.refers("forecast.id")
    reason: Mapped[str]
    opened_by: Mapped[int] = db.refers("person.id")
    opened_at: Mapped[datetime]
    outcome: Mapped[Outcome | None] = db.choice(Outcome, check="outcome", default=None)
    answer: Mapped[str | None] = mapped_column(default=None)
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)

    forecast: Mapped[Forecast] = orm.relationship(init=False)


class DisputedAlready(Conflict):
    """The line is disputed, or was taken out, already."""

    message = N_("This line is disputed already.")


class DisputeDecided(Conflict):
    """Somebody answered first."""

    message = N_("This dispute was answered already. Look at the line again.")


def dispute(
    session: orm.Session, acting: Acting, forecast_id: int, *, reason: str, at: datetime
) -> ScoreDispute:
    """Dispute a line of the acting valuer's own record, with a reason.

    Refuses another valuer's line (`Forbidden`), an empty reason, and a line disputed already; one
    whose dispute was dismissed may be disputed again.
    """
    forecast = session.get(Forecast, forecast_id)
    if forecast is None:
        raise NotFound
    guides.own(session, acting, forecast.guide_id, "guide:write")
    reason = guides.worded(reason, "reason", N_("reason"))
    if any(row.outcome is not Outcome.DISMISSED for row in of_line(session, forecast_id)):
        raise DisputedAlready
    row = ScoreDispute(
        forecast_id=forecast_id, reason=reason, opened_by=acting.user_id, opened_at=at
    )
    session.add(row)
    guides.note(session, "score:disputed", row, acting, at, forecast_id=forecast_id)
    return row


def decide(
    session: orm.Session,
    acting: Acting,
    dispute_id: int,
    *,
    outcome: Outcome,
    answer: str,
    at: datetime,
) -> ScoreDispute:
    """The operator's answer, once. Upheld: the line counts no more from now on."""
    demand(acting, "operator:decide", Kind.OPERATOR)
    row = db.lock(session, ScoreDispute, dispute_id)
    if row is None:
        raise NotFound
    if row.outcome is not None:
        raise DisputeDecided
    row.answer = guides.worded(answer, "answer", N_("answer"))
    row.outcome, row.decided_by, row.decided_at = outcome, acting.user_id, at
    guides.note(session, "score:decided", row, acting, at, outcome=outcome.value)
    return row


def of_line(session: orm.Session, forecast_id: int) -> list[ScoreDispute]:
    """Every dispute of a line, newest first."""
    rows = sa.select(ScoreDispute).where(ScoreDispute.forecast_id == forecast_id)
    return list(session.scalars(rows.order_by(ScoreDispute.id.desc())))


def newest(session: orm.Session, forecast_ids: Sequence[int]) -> dict[int, ScoreDispute]:
    """The latest dispute of each of these lines that has one."""
    rows = sa.select(ScoreDispute).where(ScoreDispute.forecast_id.in_(forecast_ids))
    return {row.forecast_id: row for row in session.scalars(rows.order_by(ScoreDispute.id))}


def waiting(session: orm.Session) -> list[ScoreDispute]:
    """The disputes that wait for the operator, oldest first."""
    rows = sa.select(ScoreDispute).where(ScoreDispute.outcome.is_(None))
    return list(session.scalars(rows.order_by(ScoreDispute.id)))
