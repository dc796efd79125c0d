"""Realised sales, as pushed by the market or taken from public notices; excluded by later rows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.lots import Route
from listings.money import Money
from pricing.columns import PackFacts

MIXED = "mixed"
AS_IS = "as_is"
WEAKEST = "L5"
"""Words for a lot: several chemistries or grades, no grade at all, no evidence of its state."""


class SaleSource(enum.StrEnum):
    """A sale of this market, or one that somebody else made public."""

    MARKET = "market"
    EXTERNAL = "external"


class ExclusionKind(enum.StrEnum):
    """Why a sale does not count."""

    RELATED = "related"
    DISPUTE = "dispute"
    DEFAULT = "default"
    MISTAKE = "mistake"


class Comparable(db.Base):
    """One realised sale: price, tax, and the lot as it was known when the price was fixed.

    ``hammer_minor`` is per unit of the basis, on the tax side that ``is_tax_included`` says;
    ``total_minor`` is what all of it comes to, tax always included. ``priced_at`` is when the
    price was fixed: the end of the bidding, or the publication of a fixed price. ``grade`` is the
    letter of every pack, ``mixed`` or ``as_is``; ``evidence_level`` that of the weakest pack.
    Energy and mass are None where a notice does not say them. Seller and buyer are kept for the
    screening of conflicts and never shown.
    """

    __tablename__ = "comparable"
    __table_args__ = (
        sa.CheckConstraint("(source = 'market') = (lot_id IS NOT NULL)", name="lot"),
        sa.CheckConstraint("source = 'market' OR notice <> ''", name="notice"),
        sa.CheckConstraint("priced_at <= sold_at", name="priced"),
    )

    id: Mapped[int] = db.key()
    # A lot sold again after a default has two sales.
    lot_id: Mapped[int | None] = db.refers("lot.id", default=None)
    sale_number: Mapped[str] = mapped_column(unique=True)
    source: Mapped[SaleSource] = db.choice(SaleSource, check="source", default=SaleSource.MARKET)
    notice: Mapped[str] = mapped_column(default="")
    entered_by: Mapped[int | None] = db.refers("person.id", default=None)
    seller_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    buyer_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    priced_at: Mapped[datetime]
    sold_at: Mapped[datetime]
    format: Mapped[str]
    price_basis: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4))
    hammer_minor: Mapped[int]
    total_minor: Mapped[int]
    currency: Mapped[str]
    is_tax_included: Mapped[bool]
    tax_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4))
    route: Mapped[Route] = db.choice(Route)
    chemistry: Mapped[str]
    pack_count: Mapped[int]
    energy_kwh: Mapped[Decimal | None] = mapped_column(sa.Numeric(16, 4), default=None)
    mass_kg: Mapped[Decimal | None] = mapped_column(sa.Numeric(16, 3), default=None)
    grade: Mapped[str]
    evidence_level: Mapped[str]
    province: Mapped[str] = mapped_column(default="")
    snapshot: Mapped[db.Facts]

    packs: Mapped[list[ComparablePack]] = orm.relationship(
        init=False, viewonly=True, order_by="ComparablePack.place"
    )

    @property
    def total(self) -> Money:
        """What the whole lot cost, tax included."""
        return Money(self.total_minor, self.currency)

    @property
    def net(self) -> Money:
        """What the whole lot cost before tax."""
        return self.total.times(1 / (1 + self.tax_rate))

    @property
    def net_per_kwh(self) -> Decimal | None:
        """Major units before tax for one kWh of nameplate; None where the energy is unknown."""
        if not self.energy_kwh:
            return None
        return (self.net.decimal / self.energy_kwh).quantize(Decimal("0.01"))

    @property
    def is_external(self) -> bool:
        """Whether it was sold elsewhere."""
        return self.source is SaleSource.EXTERNAL


class ComparablePack(db.Base):
    """One pack of a sale with its share of the total; the shares sum to it to the minor unit.

    ``facts`` are `PackFacts` in plain JSON as known when the price was fixed, so that any guide
    values it as of then. A notice gives its whole lot in one row without a pack, with an energy
    of 0 where it does not say it: such a sale is shown and not valued.
    """

    __tablename__ = "comparable_pack"

    comparable_id: Mapped[int] = mapped_column(
        sa.ForeignKey("comparable.id", ondelete="RESTRICT"), primary_key=True
    )
    place: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    pack_id: Mapped[int | None] = db.refers("pack.id", default=None)
    grade: Mapped[str]
    evidence_level: Mapped[str]
    share_minor: Mapped[int]
    facts: Mapped[db.Facts]

    @property
    def known(self) -> PackFacts:
        """What was known of the pack."""
        return PackFacts(**self.facts)


class Exclusion(db.Base):
    """A sale does not count from ``at`` on; a later row of the same kind may lift that again."""

    __tablename__ = "exclusion"

    id: Mapped[int] = db.key()
    comparable_id: Mapped[int] = db.refers("comparable.id")
    kind: Mapped[ExclusionKind] = db.choice(ExclusionKind, check="kind")
    reason: Mapped[str]
    is_lifted: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class SoldPack:
    """One pack as sold, before it is kept: ``weight`` is what the total is divided by."""

    facts: PackFacts
    weight: Decimal
    grade: str = AS_IS
    evidence_level: str = WEAKEST
    pack_id: int | None = None


def record(session: orm.Session, sale: Comparable, packs: Sequence[SoldPack]) -> Comparable:
    """Keep one realised sale with its packs; a sale number is kept once.

    The total is divided by the packs' weights with the largest remainder. A sale has one pack or
    more (``ValueError``).
    """
    if not packs:
        raise ValueError("a sale has one pack or more")
    session.add(sale)
    session.flush()
    shares = sale.total.split([pack.weight for pack in packs])
    for place, (pack, share) in enumerate(zip(packs, shares, strict=True), start=1):
        session.add(
            ComparablePack(
                comparable_id=sale.id,
                place=place,
                pack_id=pack.pack_id,
                grade=pack.grade,
                evidence_level=pack.evidence_level,
                share_minor=share.minor,
                facts=pack.facts.to_json(),
            )
        )
    session.flush()
    return sale


def one_word(words: Sequence[str]) -> str:
    """The word that all share, or ``mixed``."""
    return words[0] if len(set(words)) == 1 else MIXED


def of_number(session: orm.Session, sale_number: str) -> Comparable | None:
    """The sale of that number, or None."""
    return session.scalar(sa.select(Comparable).where(Comparable.sale_number == sale_number))


def exclude(
    session: orm.Session,
    sale_number: str,
    kind: ExclusionKind,
    reason: str,
    *,
    at: datetime,
    is_lifted: bool = False,
) -> Exclusion | None:
    """From ``at`` on this sale does not count (or, lifted, counts again as far as this kind goes).

    None where no such sale was kept.
    """
    sale = of_number(session, sale_number)
    if sale is None:
        return None
    exclusion = Exclusion(
        comparable_id=sale.id, kind=kind, reason=reason, is_lifted=is_lifted, at=at
    )
    session.add(exclusion)
    session.flush()
    return exclusion


def exclusions(session: orm.Session, comparable_ids: Sequence[int]) -> dict[int, list[Exclusion]]:
    """Every exclusion and lifting of these sales, oldest first."""
    rows = sa.select(Exclusion).where(Exclusion.comparable_id.in_(comparable_ids))
    found: dict[int, list[Exclusion]] = {ident: [] for ident in comparable_ids}
    for row in session.scalars(rows.order_by(Exclusion.at, Exclusion.id)):
        found[row.comparable_id].append(row)
    return found


def is_excluded(at: datetime) -> sa.ColumnElement[bool]:
    """The condition on sales: for some kind the newest word at an instant is an exclusion."""
    later = orm.aliased(Exclusion)
    overruled = sa.exists().where(
        later.comparable_id == Exclusion.comparable_id,
        later.kind == Exclusion.kind,
        later.at <= at,
        sa.tuple_(later.at, later.id) > sa.tuple_(Exclusion.at, Exclusion.id),
    )
    return sa.exists().where(
        Exclusion.comparable_id == Comparable.id,
        Exclusion.at <= at,
        ~Exclusion.is_lifted,
        ~overruled,
    )


def counting(
    session: orm.Session, at: datetime, *, source: SaleSource | None = None
) -> list[Comparable]:
    """The sales that were known and counted at an instant, newest first, of one source or all."""
    wanted = [Comparable.sold_at <= at, ~is_excluded(at)]
    if source is not None:
        wanted.append(Comparable.source == source)
    return list(
        session.scalars(
            sa.select(Comparable)
            .where(*wanted)
            .options(orm.selectinload(Comparable.packs))
            .order_by(Comparable.sold_at.desc(), Comparable.id.desc()),
        ),
    )
