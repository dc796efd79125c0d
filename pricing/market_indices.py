"""The market index from the sales that count: by chemistry and route, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import orm

from listings import days
from listings.lots import Lot
from pricing import comparables
from pricing.comparables import Comparable
from pricing.market_index import Case, Month, monthly
from pricing.materials import CHEMISTRIES

CURRENCY = "CNY"


@dataclass(frozen=True, slots=True)
class Series:
    """One chemistry and route: its months, and how many sales stand behind it."""

    chemistry: str
    route: str
    months: list[Month]
    sales: int
    external: int

    @property
    def latest(self) -> Month | None:
        """The newest month with a level, or None."""
        levels = [month for month in self.months if month.level is not None]
        return levels[-1] if levels else None


def series(session: orm.Session, at: datetime) -> list[Series]:
    """Every chemistry and route that was sold, as known at an instant.

    A sale counts where its energy and its one chemistry are known and its price is in yuan.
    """
    groups: dict[tuple[str, str], list[Comparable]] = {}
    for sale in comparables.counting(session, at):
        if sale.energy_kwh and sale.chemistry in CHEMISTRIES and sale.currency == CURRENCY:
            groups.setdefault((sale.chemistry, sale.route.value), []).append(sale)
    return [
        Series(
            chemistry,
            route,
            monthly([_case(session, sale) for sale in sales]),
            len(sales),
            sum(sale.is_external for sale in sales),
        )
        for (chemistry, route), sales in sorted(groups.items())
    ]


def _case(session: orm.Session, sale: Comparable) -> Case:
    known = [(pack.known.soh, pack.known.energy_kwh) for pack in sale.packs]
    weighed = [(soh * energy, energy) for soh, energy in known if soh is not None]
    soh = None
    if weighed and len(weighed) == len(known):
        soh = sum(part for part, _ in weighed) / sum(energy for _, energy in weighed)
    seller = sale.seller_id
    if seller is None and sale.lot_id is not None:
        seller = session.get_one(Lot, sale.lot_id).seller_id
    return Case(
        month=days.of(sale.sold_at).replace(day=1),
        price=float(sale.net_per_kwh or 0),
        energy_kwh=float(sale.energy_kwh or 0),
        soh=soh,
        seller=seller,
    )
