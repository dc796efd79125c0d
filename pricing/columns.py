"""Packs as columns: what the valuation needs to know of each, one array per fact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from listings.errors import N_, Refused
from pricing.coefficients import FORMATS, HIGHEST_SOH
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

GRADED_UP_TO = 3  # evidence levels L1 to L3 carry a grade; L4 and L5 give an indicative range
MOST_SOH = HIGHEST_SOH


class PackCannotBeValued(Refused):
    """A fact about a pack is missing or impossible."""

    message = N_("Row %(row)s: “%(value)s” cannot be its %(name)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """One pack: nameplate energy in kWh, chemistry, and whatever else is known (None: unknown).

    ``soh`` and ``spread`` (capacity spread over the mean) are fractions, ``evidence_level`` is 1
    to 5, ``age_years`` counts from manufacture, ``assay_kg`` gives kilograms in this pack of the
    elements that a laboratory measured: an assay wins over the tables.
    """

    energy_kwh: float
    chemistry: str
    era: str = "unknown"
    soh: float | None = None
    evidence_level: int | None = None
    age_years: float | None = None
    format: str = "unknown"
    spread: float | None = None
    mass_kg: float | None = None
    distance_km: float | None = None
    is_damaged: bool = False
    assay_kg: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; ``PackFacts(**data)`` reads it back."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class PackColumn:
    """A whole column of packs. Unknown floats are NaN; codes index ``CHEMISTRIES``, ``ERAS`` and
    ``FORMATS``; ``assay_kg`` has one array for each element that any pack was assayed for.
    """

    energy_kwh: Floats
    chemistry: Codes
    era: Codes
    soh: Floats
    is_graded: Flags
    age_years: Floats
    format: Codes
    spread: Floats
    mass_kg: Floats
    distance_km: Floats
    is_damaged: Flags
    assay_kg: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.energy_kwh)

    def __post_init__(self) -> None:
        for name in ("energy_kwh", "mass_kg", "age_years", "spread", "distance_km", "soh"):
            values: Floats = getattr(self, name)
            wrong = (values < 0) | np.isinf(values)
            if name in ("energy_kwh", "mass_kg"):
                wrong |= values == 0
            if name == "energy_kwh":
                wrong |= np.isnan(values)
            if name == "soh":
                wrong |= values > MOST_SOH
            _refuse_first(name, values, wrong)
        for name, measured in self.assay_kg.items():
            _refuse_first(f"assay_kg.{name}", measured, (measured < 0) | np.isinf(measured))
        for name, words in _WORDS.items():
            codes: Codes = getattr(self, name)
            _refuse_first(name, codes, (codes < 0) | (codes >= len(words)))
            object.__setattr__(self, name, codes.astype(np.uint8, copy=False))

    @classmethod
    def of(cls, packs: Sequence[PackFacts]) -> PackColumn:
        """Columns from rows. Refuses unknown words and impossible numbers, naming row and value."""
        assayed = {name for pack in packs for name in pack.assay_kg}
        return cls(
            energy_kwh=_floats([pack.energy_kwh for pack in packs]),
            chemistry=_codes("chemistry", [pack.chemistry for pack in packs], CHEMISTRIES),
            era=_codes("era", [pack.era for pack in packs], ERAS),
            soh=_floats([pack.soh for pack in packs]),
            is_graded=np.array([_graded(pack) for pack in packs], dtype=np.bool_),
            age_years=_floats([pack.age_years for pack in packs]),
            format=_codes("format", [pack.format for pack in packs], FORMATS),
            spread=_floats([pack.spread for pack in packs]),
            mass_kg=_floats([pack.mass_kg for pack in packs]),
            distance_km=_floats([pack.distance_km for pack in packs]),
            is_damaged=np.array([pack.is_damaged for pack in packs], dtype=np.bool_),
            assay_kg={
                name: _floats([pack.assay_kg.get(name) for pack in packs])
                for name in _codes_known("assay_kg", assayed)
            },
        )

    def take(self, rows: slice | npt.NDArray[np.intp]) -> PackColumn:
        """The same columns, some rows: a slice or their numbers."""
        parts = {
            column.name: getattr(self, column.name)[rows]
            for column in fields(self)
            if column.name != "assay_kg"
        }
        return PackColumn(**parts, assay_kg={k: v[rows] for k, v in self.assay_kg.items()})


_WORDS: dict[str, tuple[str, ...]] = {"chemistry": CHEMISTRIES, "era": ERAS, "format": FORMATS}


def _graded(pack: PackFacts) -> bool:
    level = pack.evidence_level
    return pack.soh is not None and level is not None and level <= GRADED_UP_TO


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if v is None else float(v) for v in values], dtype=np.float64)


def _codes(name: str, words: Sequence[str], known: tuple[str, ...]) -> Codes:
    code = {word: i for i, word in enumerate(known)}
    for row, word in enumerate(words, start=1):
        if word not in code:
            raise PackCannotBeValued(name, row=row, value=word, name=name)
    return np.array([code[word] for word in words], dtype=np.uint8)


def _codes_known(name: str, words: set[str]) -> list[str]:
    for word in sorted(words - set(ELEMENT_NAMES)):
        raise PackCannotBeValued(name, row="?", value=word, name=name)
    return [element for element in ELEMENT_NAMES if element in words]


def _refuse_first(name: str, values: Floats | Codes, wrong: Flags) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PackCannotBeValued(name, row=row + 1, value=float(values[row]), name=name)
