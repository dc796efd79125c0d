"""Kilograms of each metal in a kilowatt hour of battery, by chemistry and design era.

Two kinds of knowledge: the stoichiometric formula (capacity and voltage of the cathode, atomic
masses), which knows nothing of foils and graphite, and published tables. Where they differ, the
interval is from the least to the greatest of them. No file is read here: tables are passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from listings.errors import N_, Refused
from pricing.bases import ATOMIC_MASS, ELEMENTS

CHEMISTRIES = (
    "NMC111",
    "NMC532",
    "NMC622",
    "NMC811",
    "NCA",
    "LFP",
    "LMO",
    "LCO",
    "LTO",
    "ternary",
)
TERNARY = ("NMC111", "NMC532", "NMC622", "NMC811")  # what the span of an unknown ternary is over
ERAS = ("formula", "2010s", "2020s", "unknown")
ELEMENT_NAMES = tuple(element.value for element in ELEMENTS)

# Lithium in the electrolyte salt, kg per kWh, beside that of the cathode.
ELECTROLYTE_LITHIUM = 0.0026

# Usable capacity mAh/g and mean voltage V of the cathode; for LTO, of the whole cell.
_CATHODES: dict[str, tuple[float, float]] = {
    "NMC111": (160, 3.7),
    "NMC532": (170, 3.7),
    "NMC622": (180, 3.7),
    "NMC811": (200, 3.7),
    "NCA": (200, 3.65),
    "LCO": (150, 3.8),
    "LMO": (105, 3.95),
    "LFP": (155, 3.2),
    "LTO": (110, 2.5),
}

# Atoms per formula unit of the lithiated cathode.
_FORMULAS: dict[str, dict[str, float]] = {
    "NMC111": {"Li": 1, "Ni": 1 / 3, "Mn": 1 / 3, "Co": 1 / 3, "O": 2},
    "NMC532": {"Li": 1, "Ni": 0.5, "Mn": 0.3, "Co": 0.2, "O": 2},
    "NMC622": {"Li": 1, "Ni": 0.6, "Mn": 0.2, "Co": 0.2, "O": 2},
    "NMC811": {"Li": 1, "Ni": 0.8, "Mn": 0.1, "Co": 0.1, "O": 2},
    "NCA": {"Li": 1, "Ni": 0.8, "Co": 0.15, "Al": 0.05, "O": 2},
    "LCO": {"Li": 1, "Co": 1, "O": 2},
    "LMO": {"Li": 1, "Mn": 2, "O": 4},
    "LFP": {"Li": 1, "Fe": 1, "P": 1, "O": 4},
}

FORMULA_SOURCE = (
    "stoichiometric: cathode = 1000 / (capacity x voltage), plus 0.0026 kg/kWh of lithium "
    "in the electrolyte"
)


class UnknownChemistry(Refused):
    """The chemistry or design era is not one that the tables speak of."""

    message = N_("“%(value)s” is not a known chemistry or design era. Use one of: %(known)s.")


@dataclass(frozen=True, slots=True)
class Amount:
    """Kilograms per kWh with the least and greatest that the sources give."""

    kg: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Intensity:
    """What one kWh of nameplate energy holds. ``elements`` has every element of
    ``ELEMENT_NAMES``; None where no source says anything. ``cathode`` in kg/kWh.
    """

    chemistry: str
    era: str
    cathode: Amount | None
    elements: dict[str, Amount | None]
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """One chemistry in one published table, kg per kWh; elements it is silent on are absent."""

    chemistry: str
    era: str
    source: str
    cathode: float | None
    elements: dict[str, float] = field(hash=False)


Tables = Sequence[Row]


def cathode_kg_per_kwh(chemistry: str) -> float:
    """Cathode mass in kg/kWh from its capacity and voltage (for LTO: the cathode of the cell)."""
    capacity, voltage = _CATHODES[chemistry]
    return 1000 / (capacity * voltage)


def from_cathode(chemistry: str, cathode_kg: float) -> dict[str, float]:
    """Kilograms of each cathode element in ``cathode_kg`` of cathode, with the electrolyte's
    lithium for one kWh. Aluminium in NCA belongs to the cathode and is not counted as foil.
    """
    atoms = _FORMULAS[chemistry]
    masses = {atom: float(ATOMIC_MASS[atom]) * count for atom, count in atoms.items()}
    whole = sum(masses.values())
    kept = {name: cathode_kg * masses.get(name, 0.0) / whole for name in ("Li", "Ni", "Co", "Mn")}
    kept["Li"] += ELECTROLYTE_LITHIUM
    return kept


def formula_row(chemistry: str) -> Row:
    """What stoichiometry says of one kWh. For LTO it says nothing of the elements."""
    cathode = cathode_kg_per_kwh(chemistry)
    elements = from_cathode(chemistry, cathode) if chemistry in _FORMULAS else {}
    return Row(chemistry, "formula", FORMULA_SOURCE, cathode, elements)


def intensity(chemistry: str, era: str = "unknown", tables: Tables = ()) -> Intensity:
    """Kilograms per kWh by element, each with an interval, and where they come from.

    Era ``formula`` is the pure model. A tabulated era gives its own table's figure, with the
    interval over all sources; where its table is silent, and for ``unknown``, the middle of that
    interval. ``ternary`` spans every NMC. Refuses chemistries and eras that it does not know.
    """
    if chemistry not in CHEMISTRIES:
        raise UnknownChemistry("chemistry", value=chemistry, known=", ".join(CHEMISTRIES))
    if era not in ERAS:
        raise UnknownChemistry("era", value=era, known=", ".join(ERAS))
    members = TERNARY if chemistry == "ternary" else (chemistry,)
    rows = [formula_row(member) for member in members]
    if era != "formula":
        rows += [row for row in tables if row.chemistry in members]
    spread = era == "unknown" or chemistry == "ternary"
    own = rows if spread else [row for row in rows if row.era == era]
    elements = {
        name: _amount(
            [row.elements[name] for row in own if name in row.elements],
            [row.elements[name] for row in rows if name in row.elements],
        )
        for name in ELEMENT_NAMES
    }
    cathode = _amount(_cathodes(own), _cathodes(rows))
    source = "; ".join(dict.fromkeys(row.source for row in rows))
    return Intensity(chemistry, era, cathode, elements, source)


def document(found: Intensity) -> dict[str, Any]:
    """An intensity in plain JSON: ``cathode`` in kg/kWh, null where no source says anything."""
    return {
        "chemistry": found.chemistry,
        "era": found.era,
        "cathode": found.cathode.kg if found.cathode else None,
        "elements": {
            name: asdict(amount) if amount else None for name, amount in found.elements.items()
        },
        "source": found.source,
    }


def _cathodes(rows: Iterable[Row]) -> list[float]:
    return [row.cathode for row in rows if row.cathode is not None]


def _amount(own: list[float], every: list[float]) -> Amount | None:
    """The middle of the era's own figures within the span of all figures."""
    if not every:
        return None
    figures = own or every
    middle = (min(figures) + max(figures)) / 2
    return Amount(middle, min(every), max(every))
