"""What changed between two editions: coefficients, sources, prices, methodology and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import orm

from pricing import points
from pricing.coefficients import GuideCoefficients, Number
from pricing.guides import Edition
from pricing.points import PointPrice, prices_of


@dataclass(frozen=True, slots=True)
class Changed:
    """One coefficient by its dotted name; None on the side where it does not stand."""

    name: str
    before: Number | None
    after: Number | None

    @property
    def share(self) -> float | None:
        """The change as a part of the figure before; None without one, or where only the source
        is another.
        """
        if self.before is None or self.after is None or not self.before.value:
            return None
        if self.before.value == self.after.value:
            return None
        return (self.after.value - self.before.value) / abs(self.before.value)

    @property
    def has_old_source(self) -> bool:
        """Whether the figure after still names the source of the one before."""
        return (
            self.before is not None
            and self.after is not None
            and self.before.source == self.after.source
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """The prices of one point on both sides, None where an edition did not assess it."""

    code: str
    before: PointPrice | None
    after: PointPrice | None

    @property
    def change(self) -> Decimal | None:
        """The average after less the one before."""
        if self.before is None or self.after is None:
            return None
        return self.after.average - self.before.average


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that is not the same in two editions of one guide."""

    coefficients: list[Changed]
    settings: list[tuple[str, str, str]]
    prices: list[Moved]
    is_other_methodology: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing that is computed with, or published as a price, changed."""
        return not (self.coefficients or self.settings or self.prices or self.is_other_methodology)


def between(before: Edition, after: Edition) -> Difference:
    """The difference of two editions of one guide; its order is that of the editions' names."""
    return Difference(
        coefficients=of_numbers(before.coefficients, after.coefficients),
        settings=_settings(before.coefficients, after.coefficients),
        prices=_prices(before, after),
        is_other_methodology=before.methodology_id != after.methodology_id,
    )


def predecessor(session: orm.Session, edition: Edition) -> Edition | None:
    """The published edition that came before one; for an edition not yet published the last."""
    found = None
    for other in points.published(session, edition.guide_id):
        if other.id == edition.id:
            break
        found = other
    return found


def of_numbers(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Changed]:
    """Every number whose value or source is another, in the order of the later edition."""
    old = dict(GuideCoefficients.from_json(dict(before)).sources())
    new = dict(GuideCoefficients.from_json(dict(after)).sources())
    names = [*new, *(name for name in old if name not in new)]
    return [
        Changed(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Which index each metal and cell is priced on, and the currency, where that changed."""
    old, new = _words(before), _words(after)
    return [
        (name, old.get(name, "–"), new.get(name, "–"))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _words(coefficients: Mapping[str, Any]) -> dict[str, str]:
    found = {"currency": str(coefficients["currency"])}
    for table in ("index_of", "cell_of"):
        found |= {f"{table}.{name}": str(series) for name, series in coefficients[table].items()}
    return found


def _prices(before: Edition, after: Edition) -> list[Moved]:
    old, new = prices_of(before), prices_of(after)
    return [
        Moved(code, old.get(code), new.get(code))
        for code in sorted({*old, *new})
        if old.get(code) != new.get(code)
    ]
