"""Bids on a sale: locked, checked against the pure rule, written once."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


class Bid(db.Base):
    """An accepted maximum and what it did. Append-only; ``number`` counts within its sale."""

    __tablename__ = "bid"
    __table_args__ = (
        sa.UniqueConstraint("auction_id", "number"),
        # The award refers to the pair, so that the winning bid belongs to this sale.
        sa.UniqueConstraint("id", "auction_id"),
        sa.UniqueConstraint("auction_id", "form_key"),
    )

    id: Mapped[int] = db.key()
    auction_id: Mapped[int] = db.refers("auction.id")
    number: Mapped[int] = mapped_column(sa.Integer)
    bidder_id: Mapped[int] = db.refers("organisation.id")
    user_id: Mapped[int] = db.refers("person.id")
    approved_by: Mapped[int | None] = db.refers("person.id", default=None)
    maximum_minor: Mapped[int]
    placed_at: Mapped[datetime]
    price_minor: Mapped[int]
    leader_id: Mapped[int] = db.refers("organisation.id")
    ends_at: Mapped[datetime]
    # The key of the form that was sent, so that a double click is one bid.
    form_key: Mapped[str]


class ProposalState(enum.StrEnum):
    """What became of a prepared maximum."""

    PREPARED = "prepared"
    APPROVED = "approved"
    REJECTED = "rejected"


class BidProposal(db.Base):
    """A maximum prepared by one person that another one of the same firm approves."""

    __tablename__ = "bid_proposal"
    __table_args__ = (sa.CheckConstraint("decided_by <> prepared_by", name="four_eyes"),)

    id: Mapped[int] = db.key()
    auction_id: Mapped[int] = db.refers("auction.id")
    bidder_id: Mapped[int] = db.refers("organisation.id")
    maximum_minor: Mapped[int]
    prepared_by: Mapped[int] = db.refers("person.id")
    prepared_at: Mapped[datetime]
    state: Mapped[ProposalState] = db.choice(ProposalState, default=ProposalState.PREPARED)
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
