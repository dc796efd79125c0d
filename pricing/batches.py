"""Packs of a table valued by a guide, block after block, in exact amounts.

Every row gets what the same pack gets anywhere else: the kernel's figures, rounded to the minor
unit once. Nothing but the block at hand is held, however long the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from listings import sheet_streams
from listings.errors import DomainError
from listings.money import MINOR_DIGITS, Money
from pricing import pack_columns, pack_tables
from pricing.applied import Applied
from pricing.coefficients import FAMILIES, ROUTES, family_of
from pricing.columns import PackColumn
from pricing.materials import CHEMISTRIES
from pricing.pack_tables import PackTable
from pricing.roundings import Floats, Whole, whole, whole_columns
from pricing.valuation import Provenance, Route, value

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_FAMILY = np.array([FAMILIES.index(family_of(name)) for name in CHEMISTRIES])


@dataclass(frozen=True, eq=False)
class RouteAmounts:
    """One route in minor units: signed parts that make ``total`` exactly. Nothing is meant by an
    amount where ``is_known`` is false.
    """

    parts: dict[str, Whole]
    total: Whole
    low: Whole
    high: Whole
    is_known: Flags


@dataclass(frozen=True, eq=False)
class Amounts:
    """What a guide says of a column of packs, in minor units of ``currency``.

    ``routes`` by name; ``indicative`` bounds the cascade value of packs without a grade and is
    meant where ``is_indicative``; ``index_dates`` by family code, ``family`` the packs' codes.
    """

    currency: str
    valuer: str
    provenance: Provenance
    routes: dict[str, RouteAmounts]
    is_cascade: Flags
    is_indifferent: Flags
    indicative: tuple[Whole, Whole]
    is_indicative: Flags
    family: Places
    index_dates: Sequence[date]

    def __len__(self) -> int:
        return len(self.is_cascade)

    def chosen(self, name: str) -> Whole:
        """``total``, ``low`` or ``high`` of each pack's better route."""
        regeneration, cascade = (getattr(self.routes[route], name) for route in ROUTES)
        chosen: Whole = np.where(self.is_cascade, cascade, regeneration)
        return chosen

    def document(self, i: int) -> dict[str, Any]:
        """What `packbourse value --json` says of pack ``i``; its parts sum to its value."""
        route = ROUTES[int(self.is_cascade[i])]
        amounts = self.routes[route]
        return {
            "value": self._decimal(amounts.total[i]),
            "low": self._decimal(amounts.low[i]),
            "high": self._decimal(amounts.high[i]),
            "route": route,
            "indifferent": bool(self.is_indifferent[i]),
            "components": [
                {"name": name, "route": route, "amount": self._decimal(part[i])}
                for name, part in amounts.parts.items()
                if part[i]
            ],
            "guide": self.provenance.guide,
            "edition": self.provenance.edition,
            "methodology_sha256": self.provenance.methodology_sha256,
            "index_date": self.index_dates[self.family[i]].isoformat(),
        }

    def _decimal(self, minor: Any) -> str:
        return str(Money(int(minor), self.currency).decimal)


@dataclass(frozen=True, eq=False)
class Valued:
    """A block of a table with what each guide says of its good rows, in their order.

    ``done`` is the share of the table that was read.
    """

    table: PackTable
    amounts: Sequence[Amounts]
    done: float

    @property
    def problems(self) -> Iterator[tuple[int, DomainError]]:
        """Row numbers with what is wrong there."""
        return (
            (self.table.numbers[i], self.table.problems[i]) for i in sorted(self.table.problems)
        )


class Batch:
    """One table of packs, to be valued by one guide or several.

    ``passed_over`` are the columns that nobody knows, once a block was read.
    """

    def __init__(self, path: Path, guides: Sequence[Applied]) -> None:
        self.path = path
        self.guides = guides
        self.passed_over: list[str] = []

    def valued(self) -> Iterator[Valued]:
        """The table block after block. Refuses what `sheet_streams.stream` and
        `pack_columns.places` refuse, and an index that a guide lacks.
        """
        for block in sheet_streams.stream(self.path, pack_columns.is_header):
            named = pack_columns.places(block.frame.columns, self.path.name)
            known = set(named.values())
            self.passed_over = [name for name in block.frame.columns if name not in known]
            table = pack_tables.read(block.frame, block.numbers, named)
            said = [amounts(table.packs(guide.coefficients), guide) for guide in self.guides]
            yield Valued(table, said, block.done)


def amounts(packs: PackColumn, guide: Applied) -> Amounts:
    """Value packs by a guide, to the minor unit."""
    found = value(
        packs,
        guide.coefficients,
        guide.levels,
        guide.tables,
        provenance=guide.provenance,
        bands=guide.widened,
    )
    digits = MINOR_DIGITS[found.currency]
    bounds = [np.nan_to_num(one) for one in (found.indicative_low, found.indicative_high)]
    return Amounts(
        currency=found.currency,
        valuer=guide.valuer,
        provenance=found.provenance,
        routes={
            "regeneration": _route(found.regeneration, digits),
            "cascade": _route(found.cascade, digits),
        },
        is_cascade=found.is_cascade,
        is_indifferent=found.is_indifferent,
        indicative=(whole(bounds[0], digits), whole(bounds[1], digits)),
        is_indicative=~np.isnan(found.indicative_low),
        family=_FAMILY[packs.chemistry],
        index_dates=[guide.index_dates[name] for name in FAMILIES],
    )


def _route(route: Route, digits: int) -> RouteAmounts:
    is_known = ~np.isnan(route.total)
    known = [np.where(is_known, part, 0.0) for part in route.parts.values()]
    sums = np.where(is_known, route.total, 0.0)  # what the kernel says, as ``waterfalls`` does
    units, total = whole_columns(known, digits, sums)
    return RouteAmounts(
        parts=dict(zip(route.parts, units, strict=True)),
        total=total,
        low=whole(_nothing(route.low), digits),
        high=whole(_nothing(route.high), digits),
        is_known=is_known,
    )


def _nothing(bound: Floats) -> Floats:
    return np.nan_to_num(bound, nan=0.0)
