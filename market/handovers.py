"""Handovers: one transfer of possession, signed by both sides, ending in the custody log."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.packs import Pack
from listings.parties import Organisation
from market.awards import Award


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


OPEN_STATES = ("draft", "agreed", "ready", "released", "arrived")


class DangerousGoodsClass(enum.StrEnum):
    """Class 9 by condition and purpose (custody.md)."""

    INTACT = "intact"
    INTACT_FOR_RECYCLING = "intact_for_recycling"
    DAMAGED = "damaged"
    CRITICAL = "critical"


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
