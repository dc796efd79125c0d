"""What a guide comes to at index levels: yuan per kWh and per kg, by chemistry and design era.

Everything here is worked out once and then serves any number of packs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pricing.coefficients import FORMATS, ROUTES, GuideCoefficients, family_of
from pricing.intervals import Band
from pricing.levels import IndexLevels
from pricing.lines import Lines, lines
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS, Row, Tables, intensity

Floats = npt.NDArray[np.float64]
Bands = Mapping[tuple[str, str], Band]  # (route, chemistry) -> band

ERA_COUNT = len(ERAS)
KINDS = tuple((chemistry, era) for chemistry in CHEMISTRIES for era in ERAS)


@dataclass(frozen=True, eq=False)
class Rates:
    """Yuan, tax included. Arrays are by kind, ``chemistry code x ERA_COUNT + era code``.

    ``metal`` and ``gross``: the payable and the whole index value of the metals in a kWh;
    ``half_width``: of the interval by route, as a part of gross metal value; ``price`` yuan per kg
    of an element, ``paid`` the same times the payable share; ``kg``: kilograms of it per kWh.
    ``cells``: price of a kWh of new cells times the discounts of state of health and format, by
    kind and format, over the state of health; ``age`` and ``spread`` factors, below nought where
    unknown. ``later``: what a yuan of recycling is worth now.
    """

    price: dict[str, float]
    paid: dict[str, Floats]
    kg: dict[str, Floats]
    metal: Floats
    gross: Floats
    mass: Floats
    later: Floats
    half_width: dict[str, Floats]
    cells: Lines
    age: Lines
    spread: Lines
    loading: float
    freight: float
    distance: float
    scrap: float
    dismantling: float
    discharge: float
    damaged: float
    test: float
    repurposing: float
    indicative_soh: tuple[float, ...]
    currency: str


def rates(
    guide: GuideCoefficients, indices: IndexLevels, tables: Tables, bands: Bands | None = None
) -> Rates:
    """Bring a guide's shares, the index levels and the tables of materials together.

    Refuses an index that is missing or on a basis that cannot be brought to the metal.
    """
    tax = Decimal(str(guide.tax_rate.value))
    price = {
        element: float(indices.metal_per_kg(guide.index_of[element], element, tax, guide.currency))
        for element in ELEMENT_NAMES
        if element in guide.index_of
    }
    kg = kilograms(tuple(tables))
    paid = {element: price[element] * _payable(guide, element) for element in price}
    cell = {
        family: float(indices.cell_per_kwh(series, tax, guide.currency))
        for family, series in guide.cell_of.items()
    }
    return Rates(
        price=price,
        paid=paid,
        kg=kg,
        metal=_summed([kg[element] * paid[element] for element in price]),
        gross=_summed([kg[element] * price[element] for element in price]),
        mass=_by_family({name: one.value for name, one in guide.mass_kg_per_kwh.items()}),
        later=_by_family({family: _later(guide, family) for family in guide.cell_of}),
        half_width={route: _half_widths(guide, bands, route) for route in ROUTES},
        cells=_cells(guide, cell),
        age=lines([guide.age_factor], unknown=guide.age_unknown.value),
        spread=lines([guide.spread_factor], unknown=guide.spread_unknown.value),
        loading=guide.loading_per_kg.value,
        freight=guide.freight_per_kg_km.value,
        distance=guide.distance_km.value,
        scrap=guide.scrap_share.value * guide.scrap_per_kg.value,
        dismantling=guide.dismantling_per_kg.value,
        discharge=guide.discharge_per_kwh.value,
        damaged=guide.damaged_per_kg.value,
        test=guide.test_per_kwh.value,
        repurposing=guide.repurposing_per_kwh.value,
        indicative_soh=tuple(bound.value for bound in guide.indicative_soh),
        currency=guide.currency,
    )


@lru_cache(maxsize=64)
def kilograms(tables: tuple[Row, ...]) -> dict[str, Floats]:
    """Kilograms of each element per kWh by kind; nothing where no source says anything."""
    found = [intensity(chemistry, era, tables).elements for chemistry, era in KINDS]
    return {
        element: np.array([amount.kg if (amount := one[element]) else 0.0 for one in found])
        for element in ELEMENT_NAMES
    }


def _by_chemistry(figures: list[float]) -> Floats:
    return np.repeat(np.array(figures, dtype=np.float64), ERA_COUNT)


def _by_family(figures: dict[str, float]) -> Floats:
    return _by_chemistry([figures[family_of(chemistry)] for chemistry in CHEMISTRIES])


def _summed(parts: list[Floats]) -> Floats:
    total = np.zeros(len(KINDS))
    for part in parts:
        total = total + part
    return total


def _payable(guide: GuideCoefficients, element: str) -> Floats:
    return _by_family(
        {
            family: shares[element].value if element in shares else 0.0
            for family, shares in guide.payable.items()
        }
    )


def _later(guide: GuideCoefficients, family: str) -> float:
    """What a yuan of recycling value after a second life is worth now: share / (1 + r) ^ years."""
    factor = guide.later_share.value
    for _ in range(int(guide.second_life_years[family].value)):
        factor = factor / (1 + guide.discount_rate.value)
    return factor


def _half_widths(guide: GuideCoefficients, bands: Bands | None, route: str) -> Floats:
    widths = []
    for chemistry in CHEMISTRIES:
        width = guide.stated_range[route][family_of(chemistry)].value
        if chemistry == "ternary":
            width = width + guide.unknown_ternary_range.value
        if bands and (route, chemistry) in bands:
            width = bands[route, chemistry].half_width
        widths.append(width)
    return _by_chemistry(widths)


def _cells(guide: GuideCoefficients, cell: dict[str, float]) -> Lines:
    """By kind and format; families share their lines, and each has its own price of new cells."""
    formats = [guide.format_factor[name].value for name in FORMATS]
    by_family = lines([guide.soh_discount[family] for family in cell], formats)
    size = len(FORMATS) * by_family.width
    at = {family: i * size for i, family in enumerate(cell)}

    def spread_out(figures: Floats) -> Floats:
        rows = [
            figures[at[family] : at[family] + size] * cell[family]
            for family in (family_of(chemistry) for chemistry, _ in KINDS)
        ]
        return np.concatenate(rows)

    return Lines(by_family.breaks, spread_out(by_family.intercept), spread_out(by_family.slope))
