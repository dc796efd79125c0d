"""What a buyer reckons with: its handling costs, where it takes goods to, and its ceilings.

They are the buyer's own secret: nobody else, the operator included, is shown them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal, provinces
from listings.errors import N_, Refused
from listings.lots import Lot
from listings.money import Money
from listings.pack_types import Chemistry
from listings.packs import Mounting
from listings.parties import Acting, Kind, Organisation, by, demand
from market import amounts
from market.auctions import Auction, Delivery
from pricing import distances, landed_cost, seeded
from pricing.landed_cost import Ceiling, Goods, LandedCost, Rates

BUYERS = (Kind.SECOND_LIFE, Kind.REGENERATION)
USUAL_DISTANCE_KM = 300
CURRENCY = "CNY"


class CeilingUnit(enum.StrEnum):
    """What a ceiling is for."""

    KWH = "kwh"
    TONNE = "t"


class CostNegative(Refused):
    """A handling cost below zero."""

    message = N_("A cost must not be below 0.")


class BuyerTerms(db.Base):
    """One buyer's handling costs (minor units, tax included) from ``set_at`` on; newest counts."""

    __tablename__ = "buyer_terms"

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id")
    province: Mapped[str]
    removal_per_tonne_minor: Mapped[int]
    loading_per_tonne_minor: Mapped[int]
    freight_per_tonne_km_minor: Mapped[int]
    is_tax_credited: Mapped[bool]
    set_by: Mapped[int] = db.refers("person.id")
    set_at: Mapped[datetime]

    ceilings: Mapped[list[BuyerCeiling]] = orm.relationship(
        default_factory=list, order_by="BuyerCeiling.chemistry"
    )


class BuyerCeiling(db.Base):
    """The most at the gate before tax, for a kWh or a tonne of one chemistry."""

    __tablename__ = "buyer_ceiling"

    terms_id: Mapped[int] = mapped_column(
        sa.ForeignKey("buyer_terms.id", ondelete="RESTRICT"), primary_key=True, init=False
    )
    chemistry: Mapped[Chemistry] = db.choice(Chemistry, primary_key=True)
    unit: Mapped[CeilingUnit] = db.choice(CeilingUnit, check="unit")
    amount_minor: Mapped[int]


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A lot's landed cost beside the buyer's ceiling.

    ``allowed`` is None where a chemistry of the lot has no ceiling (``missing``). ``highest`` is
    the unit price, in minor units, up to which the ceiling holds.
    """

    cost: LandedCost
    goods: Goods
    distance_km: Decimal | None
    unit_minor: int
    allowed: Money | None
    missing: list[str]
    highest: int | None

    @property
    def room(self) -> Money | None:
        """What the ceiling leaves; negative where the lot costs more."""
        return None if self.allowed is None else self.allowed - self.cost.net


def save(
    session: orm.Session,
    acting: Acting,
    *,
    province: str,
    rates: Rates,
    ceilings: Mapping[Chemistry, Ceiling],
    at: datetime,
) -> BuyerTerms:
    """Reckon with these from now on; what stood before stays in its row.

    Only somebody of a buyer who may prepare bids does this. Refuses a cost below zero; a ceiling
    may be: some goods are only taken for money.
    """
    acting = demand(acting, "bid:prepare", *BUYERS)
    for name in ("removal_per_tonne", "loading_per_tonne", "freight_per_tonne_km"):
        if getattr(rates, name).minor < 0:
            raise CostNegative(field=name)
    terms = BuyerTerms(
        organisation_id=acting.organisation_id,
        province=provinces.find(province),
        removal_per_tonne_minor=rates.removal_per_tonne.minor,
        loading_per_tonne_minor=rates.loading_per_tonne.minor,
        freight_per_tonne_km_minor=rates.freight_per_tonne_km.minor,
        is_tax_credited=rates.is_credited,
        set_by=acting.user_id,
        set_at=at,
        ceilings=[
            BuyerCeiling(
                chemistry=chemistry,
                unit=CeilingUnit(ceiling.unit),
                amount_minor=ceiling.amount.minor,
            )
            for chemistry, ceiling in ceilings.items()
        ],
    )
    session.add(terms)
    journal.record(session, "ceilings:set", terms, at=at, **by(acting))
    session.flush()
    return terms


def of(session: orm.Session, organisation_id: int) -> BuyerTerms | None:
    """What a buyer reckons with at present, or None where it never said."""
    rows = sa.select(BuyerTerms).where(BuyerTerms.organisation_id == organisation_id)
    return session.scalar(rows.order_by(BuyerTerms.id.desc()).limit(1))


def rates(terms: BuyerTerms | None) -> Rates:
    """The buyer's handling costs, or those of the packaged guide where it has none of its own."""
    if terms is None:
        guide = seeded.edition().coefficients
        per_tonne = _minor(guide.loading_per_kg.value)
        return Rates(Money(0), per_tonne, _minor(guide.freight_per_kg_km.value))
    return Rates(
        Money(terms.removal_per_tonne_minor),
        Money(terms.loading_per_tonne_minor),
        Money(terms.freight_per_tonne_km_minor),
        terms.is_tax_credited,
    )


def reckon(
    session: orm.Session,
    organisation_id: int,
    lot: Lot,
    auction: Auction,
    *,
    unit_minor: int,
    distance_km: Decimal | None = None,
) -> Reckoning | None:
    """What the lot would cost this buyer at a unit price of the sale, beside its ceilings.

    Without ``distance_km`` the way is guessed from the provinces; where the seller delivers there
    is none. None for a sale in another currency than the buyer's costs and ceilings, the yuan.
    """
    if auction.currency != CURRENCY:
        return None
    terms = of(session, organisation_id)
    goods, handling = goods_of(lot), rates(terms)
    way: Decimal | None = None
    if auction.delivery is not Delivery.DELIVERED:
        way = distance_km
        if way is None:
            way = _guessed(session, terms, organisation_id, lot)

    def cost_at(unit: int) -> LandedCost:
        gross, _tax = amounts.due(auction, unit, auction.quantity)
        return landed_cost.compute(gross, auction.tax_rate, goods, handling, distance_km=way)

    known = {
        row.chemistry.value: Ceiling(row.unit.value, Money(row.amount_minor))
        for row in (terms.ceilings if terms else [])
    }
    limit = landed_cost.allowed(goods, known)
    return Reckoning(
        cost=cost_at(unit_minor),
        goods=goods,
        distance_km=way,
        unit_minor=unit_minor,
        allowed=limit,
        missing=sorted(set(goods.energy_kwh) - set(known)),
        highest=None if limit is None else landed_cost.highest_unit(cost_at, limit),
    )


def goods_of(lot: Lot) -> Goods:
    """Energy and mass of a lot by chemistry; packs on a vehicle have to be taken off it."""
    energy: dict[str, Decimal] = {}
    mass: dict[str, Decimal] = {}
    mounted = Decimal(0)
    for pack in lot.packs:
        chemistry, kg = pack.type.chemistry.value, pack.mass_kg or pack.type.mass_kg
        energy[chemistry] = energy.get(chemistry, Decimal(0)) + pack.type.rated_energy_kwh
        mass[chemistry] = mass.get(chemistry, Decimal(0)) + kg
        mounted += kg if pack.mounting is Mounting.MOUNTED else 0
    return Goods(energy, mass, mounted)


def _guessed(
    session: orm.Session, terms: BuyerTerms | None, organisation_id: int, lot: Lot
) -> Decimal:
    there = terms.province if terms else session.get_one(Organisation, organisation_id).province
    here = lot.site.province if lot.site else lot.seller.province
    return Decimal(distances.road_km(here, there) or USUAL_DISTANCE_KM)


def _minor(per_kg: float) -> Money:
    """A guide's yuan for a kilogram as money for a tonne."""
    return Money(round(per_kg * 1000 * 100))
