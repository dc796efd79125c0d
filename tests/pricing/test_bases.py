from __future__ import annotations

from decimal import Decimal

import pytest

from pricing.bases import Basis, BasisMismatch, Price, Substance, Tax, Unit, payable, salt_factor

IN = Tax(included=True, rate=Decimal("0.13"))
OUT = Tax(included=False, rate=Decimal("0.13"))


def price(amount: str, substance: Substance, unit: Unit = Unit.TONNE, tax: Tax = IN) -> Price:
    return Price(Decimal(amount), Basis(substance, unit, "CNY", tax))


@pytest.mark.parametrize(
    ("salt", "factor"),
    [
        (Substance.LI2CO3, "5.3233"),
        (Substance.LIOH, "6.0464"),
        (Substance.NISO4, "4.4782"),
        (Substance.COSO4, "4.7697"),
    ],
)
def test_salt_factors_follow_from_atomic_masses(salt, factor):
    assert salt_factor(salt) == Decimal(factor)


def test_a_lithium_point_of_2900_is_63_percent_of_carbonate_when_both_carry_tax():
    point = price("2900", Substance.LI, Unit.POINT)
    carbonate = price("86450", Substance.LI2CO3)
    assert round(payable(point, carbonate), 5) == Decimal("0.63016")


def test_the_same_quotes_read_71_percent_when_the_index_is_without_tax():
    point = price("2900", Substance.LI, Unit.POINT)
    before_tax = price(str(Decimal(86450) / Decimal("1.13")), Substance.LI2CO3, tax=OUT)
    # The mistake, spelled out: comparing figures across tax bases. payable() brings them together.
    assert round(point.amount * 100 / (before_tax.amount * Decimal("5.3233")), 4) == Decimal(
        "0.7121"
    )
    assert round(payable(point, before_tax), 5) == Decimal("0.63016")


def test_the_seeded_lithium_payable_is_the_round_trip(guide):
    assert guide.payable["LFP"]["Li"].value == pytest.approx(0.63016, abs=5e-6)


def test_a_kilogram_of_lithium_costs_the_carbonate_that_carries_it():
    per_kg = price("86450", Substance.LI2CO3).per_kg_of(Substance.LI)
    assert per_kg.amount == Decimal("86.45") * Decimal("5.3233")
    back = per_kg.on(price("1", Substance.LI2CO3).basis)
    assert round(back.amount, 9) == Decimal(86450)


def test_a_mass_of_metal_cannot_be_paid_for_as_if_it_were_the_salt():
    carbonate = price("86450", Substance.LI2CO3)
    as_metal = carbonate.for_mass(Decimal(1), of=Substance.LI)
    as_salt = carbonate.for_mass(Decimal(1), of=Substance.LI2CO3)
    assert as_metal / as_salt == Decimal("5.3233")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (Substance.LI2CO3, Substance.NI),
        (Substance.BLACK_MASS_DRY, Substance.LI),
        (Substance.BLACK_MASS_DRY, Substance.BLACK_MASS_AS_RECEIVED),
        (Substance.CELL_MASS, Substance.LI),
    ],
)
def test_a_price_of_one_thing_is_refused_as_a_price_of_another(given, wanted):
    with pytest.raises(BasisMismatch):
        price("1", given).per_kg_of(wanted)


def test_currencies_tax_rates_and_energies_are_not_converted_silently():
    carbonate = price("1", Substance.LI2CO3)
    for wanted in (
        Basis(Substance.LI2CO3, Unit.TONNE, "USD", IN),
        Basis(Substance.LI2CO3, Unit.TONNE, "CNY", Tax(included=True, rate=Decimal("0.09"))),
        Basis(Substance.LI2CO3, Unit.KWH, "CNY", IN),
    ):
        with pytest.raises(BasisMismatch):
            carbonate.on(wanted)


def test_a_float_is_no_price():
    with pytest.raises(TypeError):
        Price(86450.0, price("1", Substance.LI).basis)  # type: ignore[arg-type]


def test_a_basis_comes_back_from_its_document():
    basis = price("1", Substance.NISO4, tax=OUT).basis
    assert Basis.from_json(basis.to_json()) == basis
