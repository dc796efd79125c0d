"""Rows of handovers: who passes which packs to whom, how far they are, and who may see them."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, Conflict, Forbidden, NotFound
from listings.lots import Lot
from listings.packs import Pack
from listings.parties import Acting, Kind, Organisation
from market import notices
from market.awarded import Award
from market.rules.dangerous_goods import DangerousGoodsClass


class HandoverState(enum.StrEnum):
    """The part of the state machine in docs/custody-formats.md that is built."""

    DRAFT = "draft"
    AGREED = "agreed"
    READY = "ready"
    RELEASED = "released"
    ARRIVED = "arrived"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_RESERVATION = "accepted_with_reservation"
    PART_REJECTED = "part_rejected"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset(
    {
        HandoverState.DRAFT,
        HandoverState.AGREED,
        HandoverState.READY,
        HandoverState.RELEASED,
        HandoverState.ARRIVED,
    },
)


class Capacity(enum.StrEnum):
    """In what capacity an organisation takes part."""

    OWNER = "owner"
    RELEASER = "releaser"
    RECEIVER = "receiver"
    CARRIER = "carrier"


class WrongState(Conflict):
    """The step does not come now."""

    message = N_("Handover %(number)s is at another step. Look again before you go on.")


class TimeRunsBackward(Conflict):
    """A step would lie before the one it follows."""

    message = N_("This step would lie before the last one at %(last)s. Check the clock.")


class Handover(db.Base):
    """Packs of one award pass from releaser to receiver, with or without a carrier between.

    The owner is not necessarily the releaser. Masses in kg from the weighbridge.
    """

    __tablename__ = "handover"
    __table_args__ = (
        sa.CheckConstraint("releaser_id <> receiver_id", name="parties"),
        sa.CheckConstraint("gross_kg >= tare_kg", name="weighbridge"),
    )

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    award_id: Mapped[int] = db.refers("award.id")
    owner_id: Mapped[int] = db.refers("organisation.id")
    releaser_id: Mapped[int] = db.refers("organisation.id")
    receiver_id: Mapped[int] = db.refers("organisation.id")
    carrier_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    site_id: Mapped[int | None] = db.refers("site.id", default=None)
    state: Mapped[HandoverState] = db.choice(HandoverState, default=HandoverState.DRAFT)
    releaser_agreed_by: Mapped[int | None] = db.refers("person.id", default=None)
    receiver_agreed_by: Mapped[int | None] = db.refers("person.id", default=None)
    checklist: Mapped[db.Facts] = mapped_column(default_factory=dict)
    releaser_checked_by: Mapped[int | None] = db.refers("person.id", default=None)
    receiver_checked_by: Mapped[int | None] = db.refers("person.id", default=None)
    dangerous_goods: Mapped[DangerousGoodsClass | None] = db.choice(
        DangerousGoodsClass,
        default=None,
    )
    vehicle_plate: Mapped[str] = mapped_column(default="")
    waybill: Mapped[str] = mapped_column(default="")
    seal: Mapped[str] = mapped_column(default="")
    gross_kg: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3), default=None)
    tare_kg: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3), default=None)
    weighbridge_ticket: Mapped[str] = mapped_column(default="")
    # The release record waits here between the releaser's signature and the taker's.
    pending_record: Mapped[bytes | None] = mapped_column(default=None)
    release_leaf: Mapped[int | None] = db.refers("leaf.sequence", default=None)
    acceptance_leaf: Mapped[int | None] = db.refers("leaf.sequence", default=None)
    reservation: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(default=None)
    arrived_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    award: Mapped[Award] = orm.relationship(init=False)
    owner: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[owner_id])
    releaser: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[releaser_id])
    receiver: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[receiver_id])
    carrier: Mapped[Organisation | None] = orm.relationship(init=False, foreign_keys=[carrier_id])
    lines: Mapped[list[HandoverLine]] = orm.relationship(
        init=False,
        lazy="selectin",
        order_by="HandoverLine.pack_id",
    )

    @property
    def taker_id(self) -> int:
        """Who takes the goods from the releaser: the carrier, or the receiver who collects."""
        return self.carrier_id or self.receiver_id

    @property
    def net_kg(self) -> Decimal | None:
        """The weighbridge's gross less tare."""
        if self.gross_kg is None or self.tare_kg is None:
            return None
        return self.gross_kg - self.tare_kg

    def capacities(self, organisation_id: int) -> frozenset[Capacity]:
        """In what capacities an organisation takes part; empty for strangers."""
        parts = {
            Capacity.OWNER: self.owner_id,
            Capacity.RELEASER: self.releaser_id,
            Capacity.RECEIVER: self.receiver_id,
            Capacity.CARRIER: self.carrier_id,
        }
        return frozenset(part for part, ident in parts.items() if ident == organisation_id)


class Finding(enum.StrEnum):
    """What the receiver found for one declared pack."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MISSING = "missing"


class HandoverLine(db.Base):
    """One declared pack and what became of it. A pack is in at most one open handover."""

    __tablename__ = "handover_line"
    __table_args__ = (
        sa.Index(
            "uq_handover_line_open",
            "pack_id",
            unique=True,
            postgresql_where=sa.text("is_open"),
        ),
    )

    handover_id: Mapped[uuid.UUID] = mapped_column(
        sa.Uuid,
        sa.ForeignKey("handover.id"),
        primary_key=True,
    )
    pack_id: Mapped[int] = db.refers("pack.id", primary_key=True)
    is_open: Mapped[bool] = mapped_column(default=True)
    finding: Mapped[Finding | None] = db.choice(Finding, default=None)
    discrepancy: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")

    pack: Mapped[Pack] = orm.relationship(init=False)


class Discrepancy(enum.StrEnum):
    """What was wrong with a pack (custody.md); a missing one is a finding of its own."""

    CODE_MISMATCH = "code_mismatch"
    CODE_UNREADABLE = "code_unreadable"
    CLASS_MISMATCH = "class_mismatch"
    SOC_OUT_OF_LIMIT = "soc_out_of_limit"
    SOH_OUTSIDE_TOLERANCE = "soh_outside_tolerance"
    DAMAGE_NEW = "damage_new"
    DG_CLASS_CHANGED = "dg_class_changed"
    SEAL_BROKEN = "seal_broken"
    PACKING_WRONG = "packing_wrong"
    DOCUMENT_MISSING = "document_missing"
    TIME_WINDOW = "time_window"


def may_see(acting: Acting, handover: Handover) -> bool:
    """Whether this organisation takes part, operates the market or regulates it."""
    takes_part = bool(handover.capacities(acting.organisation_id))
    return takes_part or acting.is_any(Kind.OPERATOR, Kind.REGULATOR)


def seen_by(session: orm.Session, acting: Acting, handover_id: uuid.UUID) -> Handover:
    """The handover, for those who may see it; `NotFound` for everybody else."""
    handover = session.get(Handover, handover_id)
    if handover is None or not may_see(acting, handover):
        raise NotFound
    return handover


def listed_for(session: orm.Session, acting: Acting, *, most: int = 200) -> Sequence[Handover]:
    """The handovers that this organisation may see, newest first."""
    rows = sa.select(Handover).order_by(Handover.opened_at.desc(), Handover.id.desc()).limit(most)
    if not acting.is_any(Kind.OPERATOR, Kind.REGULATOR):
        ours = acting.organisation_id
        parts = (
            Handover.owner_id,
            Handover.releaser_id,
            Handover.receiver_id,
            Handover.carrier_id,
        )
        rows = rows.where(sa.or_(*(part == ours for part in parts)))
    return session.scalars(rows).all()


def of_award(session: orm.Session, award_id: int) -> Sequence[Handover]:
    """The handovers of an award, oldest first."""
    rows = sa.select(Handover).where(Handover.award_id == award_id)
    return session.scalars(rows.order_by(Handover.opened_at, Handover.id)).all()


def locked(session: orm.Session, acting: Acting, handover_id: uuid.UUID) -> Handover:
    """A handover in which the organisation takes part, locked; `NotFound` for others."""
    handover = db.lock(session, Handover, handover_id)
    if handover is None or not handover.capacities(acting.organisation_id):
        raise NotFound
    return handover


def locked_with_goods(
    session: orm.Session, acting: Acting, handover_id: uuid.UUID
) -> tuple[Handover, list[Pack]]:
    """The same with its lot and packs locked before it, in the order of the house."""
    seen = session.get(Handover, handover_id)
    if seen is None or not seen.capacities(acting.organisation_id):
        raise NotFound
    db.lock(session, Lot, seen.award.lot_id)
    packs = db.lock_all(session, Pack, [line.pack_id for line in seen.lines])
    return locked(session, acting, handover_id), packs


def demand_state(handover: Handover, *states: HandoverState) -> None:
    """Refuse a step that does not come now (`WrongState`)."""
    if handover.state not in states:
        raise WrongState(number=handover.number)


def demand_capacity(handover: Handover, acting: Acting, *allowed: Capacity) -> Capacity:
    """The first of the allowed capacities that the acting organisation has, else `Forbidden`."""
    held = handover.capacities(acting.organisation_id)
    for capacity in allowed:
        if capacity in held:
            return capacity
    raise Forbidden


def demand_after(handover: Handover, at: datetime, *earlier: datetime | None) -> None:
    """Refuse an instant before the steps that came before it (`TimeRunsBackward`)."""
    last = max([handover.opened_at, *(instant for instant in earlier if instant is not None)])
    if at < last:
        raise TimeRunsBackward(last=last.isoformat(timespec="seconds"))


def tell(
    session: orm.Session,
    handover: Handover,
    organisation_id: int,
    message: str,
    *,
    act: str = "handover:write",
    at: datetime,
) -> None:
    """Leave word about a handover with those of an organisation whose role may do ``act``."""
    notices.tell(
        session,
        organisation_id,
        message,
        at=at,
        link=f"/handovers/{handover.id}",
        act=act,
        number=handover.number,
    )
