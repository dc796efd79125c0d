"""The tables that travel with the product: material intensities, a set of dated index values and
one valuer's first guide. Everything in them names its source; assumptions say that they are one.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from pricing.bases import Basis, Price, Substance, Tax, Unit
from pricing.coefficients import GuideCoefficients
from pricing.levels import IndexLevels, Quote
from pricing.materials import ELEMENT_NAMES, Row, from_cathode

NAME = "退役动力电池价格表"
"""The guide whose first edition is packaged."""


@dataclass(frozen=True, slots=True)
class SeededEdition:
    """The first edition of the seeded guide, as its valuer sends it in."""

    edition: str
    announced_on: date
    effective_from: date
    review_due: date
    methodology: str
    methodology_sha256: str
    explanation: str
    coefficients: GuideCoefficients


def _text(name: str) -> str:
    return (resources.files(__package__) / "tables" / name).read_text(encoding="utf-8")


@cache
def material_tables() -> tuple[Row, ...]:
    """The published intensities: BatPaC 5.2 (era 2020s) and EverBatt 2019 (era 2010s).

    Where a table gives the cathode and not its metals, they follow from the formula.
    """
    return tuple(_row(line) for line in csv.DictReader(_text("materials.csv").splitlines()))


def _row(line: dict[str, str]) -> Row:
    cathode = float(line["cathode"]) if line["cathode"] else None
    elements = from_cathode(line["chemistry"], cathode) if cathode is not None else {}
    elements |= {name: float(line[name]) for name in ELEMENT_NAMES if line.get(name)}
    return Row(line["chemistry"], line["era"], line["source"], cathode, elements)


def quotes() -> list[Quote]:
    """Every seeded index value, each on its own date."""
    return [Quote.from_json(quote) for quote in _indices()["quotes"]]


def index_levels() -> IndexLevels:
    """The seeded index values as they stood on the seed's date in November 2025."""
    return IndexLevels.from_json(_indices())


def exchange_rates() -> list[Quote]:
    """Yuan per unit of the other currencies, as series of their own (``USD/CNY``)."""
    return [_rate(row) for row in _indices()["currencies"]]


def _rate(row: dict[str, str]) -> Quote:
    tax = Tax(included=False, rate=Decimal("0.13"))
    basis = Basis(Substance.MONEY, Unit(row["currency"]), "CNY", tax)
    on = date.fromisoformat(row["on"])
    return Quote(f"{row['currency']}/CNY", Price(Decimal(row["cny"]), basis), on, row["source"])


def edition() -> SeededEdition:
    """The seeded guide's first edition with its methodology's text and hash."""
    data = json.loads(_text("guide.json"))
    return SeededEdition(
        edition=data["edition"],
        announced_on=date.fromisoformat(data["announced_on"]),
        effective_from=date.fromisoformat(data["effective_from"]),
        review_due=date.fromisoformat(data["review_due"]),
        methodology=data["methodology"],
        methodology_sha256=hashlib.sha256(data["methodology"].encode()).hexdigest(),
        explanation=data["explanation"],
        coefficients=GuideCoefficients.from_json(data["coefficients"]),
    )


def _indices() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_text("indices.json"))
    return data
