"""What the panel reported: who, when, how much, what kind, for which price point.

A submission is never changed. A wrong one is taken out by the firm that made it or left out by the
valuer, with a reason, as a row of its own; the price stays readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.parties import Acting, Kind, demand
from pricing import guides
from pricing.guides import Guide
from pricing.mixes import Reported
from pricing.panels import Panelist, PanelistGone
from pricing.parameters import DataKind
from pricing.points import PointEnded, PricePoint

MOST = Decimal(10) ** 11


class Submission(db.Base):
    """One reported price in the unit and on the basis of its price point; immutable."""

    __tablename__ = "submission"
    __table_args__ = (
        sa.Index("ix_submission_point_id_on_date", "point_id", "on_date"),
        sa.CheckConstraint("volume > 0", name="volume"),
        sa.CheckConstraint("price <> 0", name="price"),
    )

    id: Mapped[int] = db.key()
    panelist_id: Mapped[int] = db.refers("panelist.id")
    point_id: Mapped[int] = db.refers("price_point.id", index=False)
    kind: Mapped[DataKind] = db.choice(DataKind, check="kind")
    on_date: Mapped[date]
    price: Mapped[Decimal] = mapped_column(sa.Numeric(20, 6))
    volume: Mapped[Decimal | None] = mapped_column(sa.Numeric(20, 6), default=None)
    note: Mapped[str] = mapped_column(default="")
    entered_by: Mapped[int] = db.refers("person.id")
    entered_for: Mapped[int] = db.refers("organisation.id")
    entered_at: Mapped[datetime]

    panelist: Mapped[Panelist] = orm.relationship(init=False)
    point: Mapped[PricePoint] = orm.relationship(init=False)
    exclusion: Mapped[SubmissionExclusion | None] = orm.relationship(init=False)


class SubmissionExclusion(db.Base):
    """Why a submission does not count from ``at`` on; immutable."""

    __tablename__ = "submission_exclusion"

    submission_id: Mapped[int] = mapped_column(
        sa.ForeignKey("submission.id", ondelete="RESTRICT"), primary_key=True
    )
    reason: Mapped[str]
    excluded_by: Mapped[int] = db.refers("person.id")
    excluded_for: Mapped[int] = db.refers("organisation.id")
    at: Mapped[datetime]


class NotOnPanel(Forbidden):
    """The organisation does not report to this guide."""

    message = N_("Your organisation is not on the panel of this guide.")


class DayInFuture(Refused):
    """A submission is dated after today."""

    message = N_("A price cannot be reported for %(on)s, which is after today.")


class PriceOutOfRange(Refused):
    """A price or a volume that is none."""

    message = N_("“%(value)s” cannot be the %(name)s of a submission.")


class ExcludedAlready(Conflict):
    """The submission does not count already."""

    message = N_("This submission was left out already.")


def submit(
    session: orm.Session,
    acting: Acting,
    guide_id: int,
    *,
    panelist_id: int,
    point_id: int,
    kind: DataKind,
    on_date: date,
    price: Decimal,
    volume: Decimal | None = None,
    note: str = "",
    at: datetime,
) -> Submission:
    """Keep one reported price, per unit of its price point and on its basis.

    The acting organisation is the panelist itself, or the valuer who writes down what it was told.
    Refuses others, a firm that left the panel, a point that ended, a day to come, and a price of
    nothing.
    """
    guide = session.get(Guide, guide_id)
    panelist, point = session.get(Panelist, panelist_id), session.get(PricePoint, point_id)
    if guide is None or panelist is None or point is None:
        raise NotFound
    if guide.id != panelist.guide_id or guide.id != point.guide_id:
        raise NotFound
    _demand_reporter(acting, guide, panelist)
    if panelist.ended_at is not None:
        raise PanelistGone(name=panelist.name)
    if point.ended_at is not None:
        raise PointEnded(code=point.code)
    if on_date > days.of(at):
        raise DayInFuture("on_date", on=on_date.isoformat())
    if not price.is_finite() or not 0 < abs(price) < MOST:
        raise PriceOutOfRange("price", value=price, name=N_("reported price"))
    if volume is not None and not (volume.is_finite() and 0 < volume < MOST):
        raise PriceOutOfRange("volume", value=volume, name=N_("reported volume"))
    row = Submission(
        panelist_id=panelist.id,
        point_id=point.id,
        kind=kind,
        on_date=on_date,
        price=price,
        volume=volume,
        note=note.strip(),
        entered_by=acting.user_id,
        entered_for=acting.organisation_id,
        entered_at=at,
    )
    session.add(row)
    guides.note(session, "submission:made", row, acting, at)
    return row


def exclude(
    session: orm.Session, acting: Acting, submission_id: int, *, reason: str, at: datetime
) -> SubmissionExclusion:
    """From now on a submission does not count; refuses no reason and a second time."""
    row = session.get(Submission, submission_id)
    if row is None:
        raise NotFound
    guide = session.get_one(Guide, row.panelist.guide_id)
    _demand_reporter(acting, guide, row.panelist)
    reason = guides.worded(reason, "reason", N_("reason"))
    db.lock(session, Guide, guide.id)
    if session.get(SubmissionExclusion, row.id, populate_existing=True) is not None:
        raise ExcludedAlready
    exclusion = SubmissionExclusion(
        submission_id=row.id,
        reason=reason,
        excluded_by=acting.user_id,
        excluded_for=acting.organisation_id,
        at=at,
    )
    session.add(exclusion)
    guides.note(session, "submission:excluded", row, acting, at, reason=reason)
    session.expire(row, ["exclusion"])
    return exclusion


def of_guide(
    session: orm.Session, guide_id: int, *, panelist_ids: Sequence[int] | None = None
) -> list[Submission]:
    """What was reported to a guide, the newest day first; by some of its panel where asked."""
    rows = (
        sa.select(Submission)
        .join(Panelist)
        .where(Panelist.guide_id == guide_id)
        .order_by(Submission.on_date.desc(), Submission.id.desc())
    )
    if panelist_ids is not None:
        rows = rows.where(Submission.panelist_id.in_(panelist_ids))
    return list(session.scalars(rows))


def reported(session: orm.Session, point: PricePoint, since: date, at: datetime) -> list[Reported]:
    """The evidence on a point as it was known at an instant, from a day on."""
    rows = session.execute(
        sa.select(Submission, SubmissionExclusion.reason)
        .outerjoin(
            SubmissionExclusion,
            sa.and_(
                SubmissionExclusion.submission_id == Submission.id, SubmissionExclusion.at <= at
            ),
        )
        .where(
            Submission.point_id == point.id,
            Submission.on_date >= since,
            Submission.entered_at <= at,
        )
        .order_by(Submission.id)
    )
    return [
        Reported(
            ident=row.id,
            submitter=str(row.panelist_id),
            kind=row.kind,
            on=row.on_date,
            price=row.price,
            volume=row.volume,
            excluded=reason or "",
        )
        for row, reason in rows
    ]


def _demand_reporter(acting: Acting, guide: Guide, panelist: Panelist) -> None:
    if acting.organisation_id == guide.valuer_id:
        demand(acting, "guide:write", Kind.VALUER)
    elif acting.organisation_id == panelist.organisation_id:
        demand(acting, "submission:write")
    else:
        raise NotOnPanel
