"""The packaged tables of the outlook: vehicles registered by province and year, what one carried,
and the plan of a region to set beside the forecast. Sources stand in ``tables/NOTICE.md`` and
``tables/outlook.json``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from pricing.outlook import Array, Registrations

CLASSES = ("car", "commercial")


@dataclass(frozen=True, slots=True)
class Carried:
    """What a vehicle of one class and year carried; no ``lfp_share`` where it is not told apart."""

    kind: str
    year: int
    kwh: float
    wh_per_kg: float
    lfp_share: float | None
    source: str

    @property
    def kg(self) -> float:
        """Mass of the pack or packs of one vehicle."""
        return self.kwh / self.wh_per_kg * 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """Tonnes that a region expected to retire, by year and province, and who said so."""

    source: str
    tonnes: dict[int, dict[str, int]]

    @property
    def provinces(self) -> tuple[str, ...]:
        """The provinces of the region, in the plan's order."""
        return tuple(next(iter(self.tonnes.values())))

    def total(self, year: int) -> int:
        """Tonnes of the region in a year."""
        return sum(self.tonnes[year].values())


@cache
def table() -> Registrations:
    """Vehicles by province, in groups by class and chemistry. Refuses nothing: it is packaged.

    The table has no commercial vehicles for 2016; they count as none.
    """
    rows = list(csv.DictReader(_text("vehicles.csv").splitlines()))
    provinces = tuple(dict.fromkeys(row["province"] for row in rows))
    first = min(int(row["year"]) for row in rows)
    count = max(int(row["year"]) for row in rows) - first + 1
    cars, commercial = np.zeros((2, len(provinces), count))
    for row in rows:
        place = provinces.index(row["province"]), int(row["year"]) - first
        cars[place] = float(row["cars"])
        commercial[place] = float(row["commercial"] or 0)
    lfp = _column("car", lambda one: one.lfp_share or 0.0)
    return Registrations(
        provinces,
        first,
        vehicles={"car_lfp": cars * lfp, "car_ternary": cars * (1 - lfp), "commercial": commercial},
        kg=_by_group(lambda one: one.kg),
        kwh=_by_group(lambda one: one.kwh),
    )


@cache
def carried() -> tuple[Carried, ...]:
    """What one vehicle carried, by class and year, with its source."""
    return tuple(
        Carried(
            kind=row["class"],
            year=row["year"],
            kwh=float(row["kwh"]),
            wh_per_kg=float(row["wh_per_kg"]),
            lfp_share=float(row["lfp_share"]) if "lfp_share" in row else None,
            source=row["source"],
        )
        for row in _outlook()["packs"]
    )


@cache
def plan() -> Plan:
    """The plan of Beijing, Tianjin and Hebei of 2018 for the years 2018 to 2020."""
    data = _outlook()["plan"]
    tonnes = {int(year): dict(found) for year, found in data["tonnes"].items()}
    return Plan(data["source"], tonnes)


def _column(kind: str, pick: Callable[[Carried], float]) -> Array:
    return np.array([pick(one) for one in carried() if one.kind == kind])


def _by_group(pick: Callable[[Carried], float]) -> dict[str, Array]:
    car, commercial = (_column(kind, pick) for kind in CLASSES)
    return {"car_lfp": car, "car_ternary": car, "commercial": commercial}


def _outlook() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_text("outlook.json"))
    return data


def _text(name: str) -> str:
    return (resources.files(__package__) / "tables" / name).read_text(encoding="utf-8")
