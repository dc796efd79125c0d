"""Award rows: who bought which lot, and who may see it. `market.awards` makes and annuls them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import NotFound
from listings.lots import Lot, LotPack
from listings.parties import Acting, Kind, Organisation
from market.auctions import Auction

# The year in a number is the one on the calendar of the parties.
ZONE = ZoneInfo("Asia/Shanghai")


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


def next_id(session: orm.Session) -> int:
    """The id of the next award; gaps are possible, repetitions are not."""
    sequence = sa.func.pg_get_serial_sequence("award", "id")
    return int(session.scalar(sa.select(sa.func.nextval(sa.cast(sequence, REGCLASS)))) or 0)


def number(ident: int, at: datetime) -> str:
    """A number such as ``A-2026-000123``: the year on the parties' calendar, and the id."""
    return f"A-{at.astimezone(ZONE).year}-{ident:06d}"


def may_see(acting: Acting, award: Award) -> bool:
    """Whether this organisation is a party, the operator or a regulator."""
    is_party = acting.organisation_id in {award.seller_id, award.buyer_id}
    return is_party or acting.is_any(Kind.OPERATOR, Kind.REGULATOR)


def seen_by(session: orm.Session, acting: Acting, award_id: int) -> Award:
    """The award, for those who may see it; `NotFound` for everybody else."""
    award = session.get(Award, award_id)
    if award is None or not may_see(acting, award):
        raise NotFound
    return award


def listed_for(session: orm.Session, acting: Acting, *, most: int = 200) -> Sequence[Award]:
    """The awards that this organisation may see, newest first."""
    awards = sa.select(Award).order_by(Award.id.desc()).limit(most)
    if not acting.is_any(Kind.OPERATOR, Kind.REGULATOR):
        ours = acting.organisation_id
        awards = awards.where(sa.or_(Award.seller_id == ours, Award.buyer_id == ours))
    return session.scalars(awards).all()


def has_defaulted(session: orm.Session, organisation_id: int, lot_id: int) -> bool:
    """Whether this buyer left an award of this lot, or of any of its packs, unpaid."""
    packs = sa.select(LotPack.pack_id).where(LotPack.lot_id == lot_id)
    lots = sa.select(LotPack.lot_id).where(LotPack.pack_id.in_(packs))
    annulled = sa.exists().where(
        Award.buyer_id == organisation_id,
        Award.annulled_at.is_not(None),
        sa.or_(Award.lot_id == lot_id, Award.lot_id.in_(lots)),
    )
    return bool(session.scalar(sa.select(annulled)))
