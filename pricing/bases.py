"""What a price is a price of: substance, unit, currency and tax, so that no two are confused.

A figure of 86 450 CNY per tonne means nothing until it says *of lithium carbonate, tax included*.
Every price here carries its basis, and converts only where chemistry or arithmetic allows: a salt
to the metal it carries, tonnes to kilograms, tax in to tax out. Anything else is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from listings.errors import N_, Refused

# Abridged standard atomic weights (IUPAC CIAAW; conventional values for Li, H, C, O, S).
ATOMIC_MASS = {
    "H": Decimal("1.008"),
    "Li": Decimal("6.94"),
    "C": Decimal("12.011"),
    "O": Decimal("15.999"),
    "Al": Decimal("26.982"),
    "P": Decimal("30.974"),
    "S": Decimal("32.06"),
    "Mn": Decimal("54.938"),
    "Fe": Decimal("55.845"),
    "Ni": Decimal("58.693"),
    "Co": Decimal("58.933"),
    "Cu": Decimal("63.546"),
}


class BasisMismatch(Refused):
    """A price was asked for on a basis that it cannot be brought to."""

    message = N_("A price of %(given)s cannot be stated as a price of %(wanted)s.")


class Substance(StrEnum):
    """What is priced: an element, a salt that carries one, or a mass that carries several."""

    LI = "Li"
    NI = "Ni"
    CO = "Co"
    MN = "Mn"
    CU = "Cu"
    AL = "Al"
    GRAPHITE = "graphite"
    LI2CO3 = "Li2CO3"
    LIOH = "LiOH.H2O"
    NISO4 = "NiSO4.6H2O"
    COSO4 = "CoSO4.7H2O"
    CELL_MASS = "cell mass"
    BLACK_MASS_DRY = "black mass, dry"
    BLACK_MASS_AS_RECEIVED = "black mass, as received"
    NEW_CELL = "new cell"
    RETIRED_PACK = "retired pack"
    MONEY = "money"


class Unit(StrEnum):
    """What one pays for. A point is one percent of the element in a tonne: ten kilograms of it.

    Money is paid for by the unit of its currency.
    """

    KG = "kg"
    TONNE = "t"
    POINT = "point"
    KWH = "kWh"
    USD = "USD"
    EUR = "EUR"
    HKD = "HKD"
    JPY = "JPY"


CURRENCY_UNITS = (Unit.USD, Unit.EUR, Unit.HKD, Unit.JPY)
_KG = {Unit.KG: Decimal(1), Unit.TONNE: Decimal(1000), Unit.POINT: Decimal(10)}

_SALTS: dict[Substance, tuple[Substance, dict[str, int]]] = {
    Substance.LI2CO3: (Substance.LI, {"Li": 2, "C": 1, "O": 3}),
    Substance.LIOH: (Substance.LI, {"Li": 1, "O": 2, "H": 3}),
    Substance.NISO4: (Substance.NI, {"Ni": 1, "S": 1, "O": 10, "H": 12}),
    Substance.COSO4: (Substance.CO, {"Co": 1, "S": 1, "O": 11, "H": 14}),
}

ELEMENTS = (
    Substance.LI,
    Substance.NI,
    Substance.CO,
    Substance.MN,
    Substance.CU,
    Substance.AL,
    Substance.GRAPHITE,
)


def molar_mass(formula: dict[str, int]) -> Decimal:
    """Grams per mole of a formula given as atoms of each element."""
    return sum((ATOMIC_MASS[atom] * count for atom, count in formula.items()), Decimal(0))


def carried_by(substance: Substance) -> Substance | None:
    """The element that ``substance`` is or carries; None for masses and cells."""
    if substance in ELEMENTS:
        return substance
    return _SALTS[substance][0] if substance in _SALTS else None


def salt_factor(salt: Substance) -> Decimal:
    """Kilograms of ``salt`` that carry one kilogram of its metal, to four digits as traded.

    An element is its own salt with factor 1. Refuses what carries no single element.
    """
    if salt in ELEMENTS:
        return Decimal(1)
    if salt not in _SALTS:
        raise BasisMismatch(given=salt.value, wanted=N_("an element"))
    metal, formula = _SALTS[salt]
    in_formula = ATOMIC_MASS[metal.value] * formula[metal.value]
    return (molar_mass(formula) / in_formula).quantize(Decimal("0.0001"))


@dataclass(frozen=True, slots=True)
class Tax:
    """Whether value-added tax is in the figure, and at which rate (0.13 for metals in China)."""

    included: bool
    rate: Decimal

    @property
    def factor(self) -> Decimal:
        """What the figure holds for each yuan before tax."""
        return 1 + self.rate if self.included else Decimal(1)


@dataclass(frozen=True, slots=True)
class Basis:
    """Of what, per what, in which money, with or without tax."""

    substance: Substance
    unit: Unit
    currency: str
    tax: Tax

    def __str__(self) -> str:
        tax = "tax included" if self.tax.included else "before tax"
        return f"{self.substance.value} ({self.currency}/{self.unit.value}, {tax})"

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; ``from_json`` reads it back."""
        return {
            "substance": self.substance.value,
            "unit": self.unit.value,
            "currency": self.currency,
            "tax_included": self.tax.included,
            "tax_rate": str(self.tax.rate),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Basis:
        """Read what ``to_json`` wrote."""
        tax = Tax(bool(data["tax_included"]), Decimal(data["tax_rate"]))
        return cls(Substance(data["substance"]), Unit(data["unit"]), data["currency"], tax)


@dataclass(frozen=True, slots=True)
class Price:
    """An exact amount on a basis. There is no way to take the number and leave the basis behind
    but ``amount`` itself; masses are paid for with ``for_mass``, which asks of what they are.
    """

    amount: Decimal
    basis: Basis

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"prices are Decimal, not {type(self.amount).__name__}")

    def on(self, wanted: Basis) -> Price:
        """The same price on another basis.

        Refuses another currency, another element, another tax rate, and masses against elements.
        """
        given = self.basis
        if given.currency != wanted.currency or given.tax.rate != wanted.tax.rate:
            raise BasisMismatch(given=str(given), wanted=str(wanted))
        per_unit = self._substance_ratio(wanted) * self._unit_ratio(wanted)
        return Price(self.amount * per_unit * wanted.tax.factor / given.tax.factor, wanted)

    def _substance_ratio(self, wanted: Basis) -> Decimal:
        given = self.basis
        if given.substance == wanted.substance:
            return Decimal(1)
        metal = carried_by(given.substance)
        if metal is None or metal != carried_by(wanted.substance):
            raise BasisMismatch(given=str(given), wanted=str(wanted))
        return salt_factor(given.substance) / salt_factor(wanted.substance)

    def _unit_ratio(self, wanted: Basis) -> Decimal:
        units = (self.basis.unit, wanted.unit)
        if units[0] == units[1]:
            return Decimal(1)
        point_of_a_mass = Unit.POINT in units and carried_by(self.basis.substance) is None
        if not set(units) <= set(_KG) or point_of_a_mass:
            raise BasisMismatch(given=str(self.basis), wanted=str(wanted))
        return _KG[wanted.unit] / _KG[self.basis.unit]

    def per_kg_of(self, substance: Substance, *, tax_included: bool = True) -> Price:
        """The price of one kilogram of ``substance``, in this currency and at this tax rate."""
        tax = replace(self.basis.tax, included=tax_included)
        return self.on(Basis(substance, Unit.KG, self.basis.currency, tax))

    def for_mass(self, kg: Decimal, of: Substance) -> Decimal:
        """What ``kg`` kilograms of ``of`` cost at this price, on its own tax side."""
        return self.per_kg_of(of, tax_included=self.basis.tax.included).amount * kg


def payable(paid: Price, index: Price) -> Decimal:
    """The share of the index that is paid for the element: both brought to one basis first.

    With a lithium point of 2 900 and carbonate at 86 450, both with tax, this is 0.63016.
    """
    metal = carried_by(paid.basis.substance)
    if metal is None:
        raise BasisMismatch(given=str(paid.basis), wanted=str(index.basis))
    return paid.per_kg_of(metal).amount / index.per_kg_of(metal).amount
