"""Awards: a lot given to a buyer, at most one standing per lot, with its letter."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.lots import Lot
from listings.parties import Organisation
from market.auctions import Auction


class Award(db.Base):
    """Who bought which lot at which hammer price (minor units per unit of the price basis)."""

    __tablename__ = "award"
    __table_args__ = (
        sa.Index(
            "uq_award_standing",
            "lot_id",
            unique=True,
            postgresql_where=sa.text("annulled_at IS NULL"),
        ),
        sa.ForeignKeyConstraint(
            ["bid_id", "auction_id"],
            ["bid.id", "bid.auction_id"],
            name="fk_award_bid_of_this_auction",
        ),
        sa.CheckConstraint("buyer_id <> seller_id", name="parties"),
    )

    id: Mapped[int] = db.key()
    number: Mapped[str] = mapped_column(unique=True)
    lot_id: Mapped[int] = db.refers("lot.id")
    auction_id: Mapped[int] = db.refers("auction.id")
    bid_id: Mapped[int]
    seller_id: Mapped[int] = db.refers("organisation.id")
    buyer_id: Mapped[int] = db.refers("organisation.id")
    hammer_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    awarded_at: Mapped[datetime]
    annulled_at: Mapped[datetime | None] = mapped_column(default=None)

    lot: Mapped[Lot] = orm.relationship(init=False)
    auction: Mapped[Auction] = orm.relationship(init=False, foreign_keys=[auction_id])
    seller: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[seller_id])
    buyer: Mapped[Organisation] = orm.relationship(init=False, foreign_keys=[buyer_id])
