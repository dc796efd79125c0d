"""Rows of a table of packs as arrays. A cell that cannot be read spoils its own row alone."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from listings.errors import N_, DomainError, Refused
from pricing.coefficients import GuideCoefficients, family_of
from pricing.columns import GRADED_UP_TO, PackCannotBeValued, PackColumn
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS
from pricing.pack_columns import ID, NUMBERS, UNKNOWN, WORDS, Number, Words
from pricing.spellings import plain

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]

LATER_ERA: Final = 2020  # the tables of the 2020s describe packs designed from here on
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


class FactMissing(Refused):
    """A cell without which a pack has no value is empty."""

    message = N_("Row %(row)s: %(name)s is missing.")


@dataclass(slots=True)
class PackTable:
    """Some rows of a table as arrays; NaN where nothing stands, 255 for a chemistry that does not
    stand there. ``problems``: what is wrong with a row, by its place here.
    """

    numbers: Sequence[int]
    ids: list[str | None]
    values: dict[str, Floats] = field(default_factory=dict)
    codes: dict[str, Codes] = field(default_factory=dict)
    problems: dict[int, DomainError] = field(default_factory=dict)
    blank: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.numbers)

    def packs(self, guide: GuideCoefficients) -> PackColumn:
        """The rows without a problem as packs. Where the energy is not given it follows from the
        mass, by the guide's kg per kWh; such a pack counts as one without a grade.
        """
        good = self.good
        value = {name: column[good] for name, column in self.values.items()}
        code = {name: column[good] for name, column in self.codes.items()}
        per_kwh = [guide.mass_kg_per_kwh[family_of(name)].value for name in CHEMISTRIES]
        energy, mass = value["energy_kwh"], value["mass_kg"]
        is_estimated = np.isnan(energy)
        level = code["evidence_level"]
        is_graded = (level > 0) & (level <= GRADED_UP_TO) & ~np.isnan(value["soh"])
        return PackColumn(
            energy_kwh=np.where(is_estimated, mass / np.array(per_kwh)[code["chemistry"]], energy),
            chemistry=code["chemistry"],
            era=_eras(code["era"], value["design_year"]),
            soh=value["soh"],
            is_graded=is_graded & ~is_estimated,
            age_years=value["age_years"],
            format=code["format"],
            spread=value["spread"],
            mass_kg=mass,
            distance_km=value["distance_km"],
            is_damaged=code["is_damaged"] == 1,
            assay_kg=_assays(value),
        )

    @property
    def good(self) -> npt.NDArray[np.intp]:
        """The places of the rows that can be valued."""
        is_good = ~self.blank
        is_good[list(self.problems)] = False
        return np.flatnonzero(is_good)

    def complain(self, place: int, error: DomainError) -> None:
        """Write down what is wrong with a row; the first complaint stands."""
        self.problems.setdefault(place, error)


def read(frame: pl.DataFrame, numbers: Sequence[int], named: Mapping[str, str]) -> PackTable:
    """Read the cells of a table; ``named`` as `places` found it, ``numbers`` those of the rows."""
    ids = _texts(frame[named[ID]]).to_list() if ID in named else [None] * len(numbers)
    table = PackTable(numbers, ids)
    table.blank = _blank(frame)
    for words in WORDS:
        _read_words(table, words, frame, named.get(words.key))
    for number in NUMBERS:
        _read_numbers(table, number, frame, named.get(number.key))
    _demand(table)
    return table


def _blank(frame: pl.DataFrame) -> Flags:
    """Rows in which nothing stands."""
    import polars as pl

    texts = [
        _texts(column).is_null() if column.dtype == pl.String else column.is_null()
        for column in frame
        if column.null_count()
    ]
    if len(texts) < frame.width:
        return np.zeros(len(frame), np.bool_)
    blank: Flags = np.logical_and.reduce([one.to_numpy() for one in texts])
    return blank


def _texts(column: pl.Series) -> pl.Series:
    """Trimmed texts, null where nothing stands, without the apostrophe that guards formulas."""
    import polars as pl

    trimmed = column.cast(pl.String).str.strip_chars()
    if trimmed.str.starts_with("'").any():
        trimmed = trimmed.str.replace(r"^'('*[=+\-@])", "$1")
    return trimmed.set(trimmed == "", None)


def _read_words(table: PackTable, words: Words, frame: pl.DataFrame, name: str | None) -> None:
    import polars as pl

    if name is None:
        table.codes[words.key] = np.full(len(table), words.otherwise, np.uint8)
        return
    column = frame[name].cast(pl.String)
    codes = {text: _code(words, text) for text in column.unique().to_list()}
    read = column.replace_strict(codes, return_dtype=pl.Int16).to_numpy()
    for place in np.flatnonzero(read < 0).tolist():
        table.complain(place, _wrong(table, place, words.key, column[place]))
    table.codes[words.key] = np.where(read < 0, 0, read).astype(np.uint8)


def _code(words: Words, text: str | None) -> int:
    """The code of a word; -1 for one that means nothing."""
    if text is None or not text.strip():
        return words.otherwise
    return words.codes.get(plain(text), -1)


def _read_numbers(table: PackTable, number: Number, frame: pl.DataFrame, name: str | None) -> None:
    import polars as pl

    if name is None:
        table.values[number.key] = np.full(len(table), np.nan)
        return
    column = frame[name]
    if column.dtype.is_numeric():
        read = column.cast(pl.Float64).to_numpy(writable=True)
    else:
        read = _numbers(table, number, _texts(column))
    if number.is_share and plain(name).endswith("%"):
        read = read / 100
    with np.errstate(invalid="ignore"):
        wrong = (read < number.least) | (read > number.most)
        wrong |= number.is_above & (read == number.least)
    for place in np.flatnonzero(wrong).tolist():
        table.complain(place, _wrong(table, place, number.key, column[place]))
        read[place] = np.nan
    table.values[number.key] = read


def _numbers(table: PackTable, number: Number, texts: pl.Series) -> Floats:
    import polars as pl

    cast = texts.cast(pl.Float64, strict=False)
    read: Floats = cast.to_numpy(writable=True)
    for place in np.flatnonzero((cast.is_null() & texts.is_not_null()).to_numpy()).tolist():
        found = _number(texts[place], is_share=number.is_share)
        if math.isnan(found):
            table.complain(place, _wrong(table, place, number.key, texts[place]))
        read[place] = found
    return read


def _number(text: str, *, is_share: bool) -> float:
    """A number as people write it: full-width digits, thousands set apart, a percent sign."""
    text = unicodedata.normalize("NFKC", text).replace(" ", "")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        if text.endswith("%") and is_share:
            return float(text[:-1]) / 100
        return float(text)
    except ValueError:
        return math.nan


def _wrong(table: PackTable, place: int, key: str, value: Any) -> DomainError:
    return PackCannotBeValued(key, row=table.numbers[place], value=value, name=key)


def _demand(table: PackTable) -> None:
    """Complain of rows without chemistry, or without energy and mass, and of assays by percent
    without a mass.
    """
    value = table.values
    needed = {
        "chemistry": table.codes["chemistry"] == UNKNOWN,
        "energy_kwh": np.isnan(value["energy_kwh"]) & np.isnan(value["mass_kg"]),
        "mass_kg": np.isnan(value["mass_kg"])
        & np.logical_or.reduce(
            [~np.isnan(value[f"assay_{name.lower()}_percent"]) for name in ELEMENT_NAMES]
        ),
    }
    for key, is_missing in needed.items():
        for place in np.flatnonzero(is_missing & ~table.blank).tolist():
            table.complain(place, FactMissing(key, row=table.numbers[place], name=key))


def _eras(era: Codes, year: Floats) -> Codes:
    """The design era as given, else that of the design year."""
    by_year = np.where(year >= LATER_ERA, ERAS.index("2020s"), ERAS.index("2010s"))
    follows = (era == ERAS.index("unknown")) & ~np.isnan(year)
    return np.where(follows, by_year, era).astype(np.uint8)


def _assays(value: dict[str, Floats]) -> dict[str, Floats]:
    """Kilograms of what was assayed, as given or as a percentage of the pack's mass."""
    found = {}
    for name in ELEMENT_NAMES:
        kg, percent = (value[f"assay_{name.lower()}_{unit}"] for unit in ("kg", "percent"))
        measured = np.where(np.isnan(kg), value["mass_kg"] * percent / 100, kg)
        if not np.isnan(measured).all():
            found[name] = measured
    return found
