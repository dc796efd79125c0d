"""The custody log: signed records in one order, append-only, with signed checkpoints."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Leaf(db.Base):
    """One signed record, as its bytes were signed. ``sequence`` counts from 0 without a gap."""

    __tablename__ = "leaf"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record: Mapped[bytes]
    leaf_hash: Mapped[bytes] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(index=True)
    handover_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid, index=True, default=None)
    appended_at: Mapped[datetime]


class LeafPack(db.Base):
    """A leaf concerns a pack, so that a pack's chain can be read."""

    __tablename__ = "leaf_pack"

    pack_id: Mapped[int] = db.refers("pack.id", primary_key=True)
    sequence: Mapped[int] = db.refers("leaf.sequence", primary_key=True)


class Checkpoint(db.Base):
    """A signed head of the log: ``note`` is the C2SP signed note over size and root."""

    __tablename__ = "checkpoint"

    tree_size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    signed_at: Mapped[datetime]


class Holding(db.Base):
    """Who held or owned a pack, and from which leaf on. ``since`` is when it became so."""

    __tablename__ = "holding"
    __table_args__ = (
        sa.CheckConstraint("what IN ('owner', 'holder')", name="what"),
        sa.CheckConstraint("until IS NULL OR until >= since", name="period"),
        sa.Index(
            "uq_holding_now",
            "pack_id",
            "what",
            unique=True,
            postgresql_where=sa.text("until IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    what: Mapped[str]
    organisation_id: Mapped[int] = db.refers("organisation.id")
    since: Mapped[datetime]
    until: Mapped[datetime | None] = mapped_column(default=None)
    leaf_sequence: Mapped[int | None] = db.refers("leaf.sequence", default=None)
