"""Entering, correcting and holding index values, on the database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden
from listings.parties import Kind, Role
from pricing import indices, seeded
from pricing.bases import BasisMismatch

TODAY = NOW.date()
CARBONATE = {
    "series": "Li2CO3",
    "basis": "Li2CO3",
    "unit": "t",
    "currency": "CNY",
    "is_tax_included": True,
    "source": "A price agency",
}


@pytest.fixture
def operator(make):
    return make.member(make.organisation(Kind.OPERATOR))


@pytest.fixture
def enter(session, operator):
    def call(value, on=TODAY, acting=operator, **more):
        given = CARBONATE | {"value": Decimal(value), "on_date": on, "at": NOW} | more
        return indices.enter(session, acting, **given)

    return call


def test_the_newest_value_on_or_before_the_date_is_the_level(session, enter):
    enter("80000", TODAY - timedelta(days=9))
    enter("86450", TODAY - timedelta(days=2))
    levels = indices.levels(session, TODAY - timedelta(days=3))
    assert levels.quote("Li2CO3").price.amount == 80000
    assert indices.levels(session, TODAY).quote("Li2CO3").price.amount == 86450
    assert "Li2CO3" not in indices.levels(session, TODAY - timedelta(days=10)).quotes


def test_a_value_before_tax_is_brought_to_the_same_metal_price(session, enter):
    enter("76504.4248", is_tax_included=False)
    per_kg = indices.levels(session, TODAY).metal_per_kg("Li2CO3", "Li", Decimal("0.13"), "CNY")
    assert per_kg == pytest.approx(Decimal("460.2"), rel=Decimal("0.0001"))


def test_a_tenfold_misprint_is_held_and_does_not_count(session, enter):
    enter("86450", TODAY - timedelta(days=1))
    misprint = enter("864500")
    assert misprint.is_held
    assert indices.levels(session, TODAY).quote("Li2CO3").price.amount == 86450
    assert indices.held(session) == [misprint]


@pytest.mark.parametrize(
    ("value", "is_held"), [("200000", False), ("280000", True), ("26000", True)]
)
def test_a_move_of_some_three_times_is_where_holding_begins(enter, value, is_held):
    enter("86450", TODAY - timedelta(days=1))
    assert enter(value).is_held is is_held


def test_the_same_level_in_another_unit_is_no_misprint(enter):
    enter("86450", TODAY - timedelta(days=1))
    assert not enter("86.45", unit="kg").is_held


def test_a_released_value_stands(session, enter, operator):
    enter("86450", TODAY - timedelta(days=1))
    value = enter("864500")
    indices.release(session, operator, value.id, at=NOW)
    assert indices.levels(session, TODAY).quote("Li2CO3").price.amount == 864500
    with pytest.raises(indices.NotHeld):
        indices.release(session, operator, value.id, at=NOW)


def test_a_discarded_value_is_gone_from_the_waiting_ones(session, enter, operator):
    enter("86450", TODAY - timedelta(days=1))
    value = enter("8645")
    indices.discard(session, operator, value.id, at=NOW)
    assert indices.held(session) == []
    assert indices.superseded(session, "Li2CO3") == [value]
    assert indices.levels(session, TODAY).quote("Li2CO3").price.amount == 86450


def test_a_correction_supersedes_and_the_old_value_stays(session, enter):
    first = enter("86450")
    second = enter("86540")
    session.refresh(first)
    assert first.superseded_by_id == second.id
    assert [row.id for row in indices.history(session, "Li2CO3")] == [second.id]
    assert indices.superseded(session, "Li2CO3") == [first]


def test_a_held_correction_leaves_the_standing_value_until_it_is_released(session, enter, operator):
    first = enter("86450")
    second = enter("8645")
    assert indices.standing(session, "Li2CO3", TODAY) is first
    indices.release(session, operator, second.id, at=NOW)
    assert indices.standing(session, "Li2CO3", TODAY) is second


def test_the_right_value_entered_anew_takes_the_place_of_a_held_one(session, enter):
    enter("86450", TODAY - timedelta(days=1))
    enter("864500")
    enter("86500")
    assert indices.held(session) == []
    assert indices.levels(session, TODAY).quote("Li2CO3").price.amount == 86500


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"source": " "}, "source"),
        ({"series": ""}, "series"),
        ({"basis": "lithium"}, "basis"),
        ({"unit": "lb"}, "unit"),
        ({"unit": "kWh"}, "unit"),
        ({"currency": "XYZ"}, "currency"),
        ({"value": Decimal(0)}, "value"),
        ({"value": Decimal("NaN")}, "value"),
        ({"on": TODAY + timedelta(days=1)}, "on_date"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(enter, given, field):
    given = {"value": "86450"} | given
    with pytest.raises((indices.IndexFieldWrong, indices.IndexInFuture)) as refused:
        enter(given.pop("value"), **given)
    assert refused.value.field == field
    assert str(refused.value)


def test_a_currency_is_a_series_without_tax(session, enter):
    dollar = {"series": "USD/CNY", "basis": "money", "unit": "USD", "is_tax_included": False}
    assert not enter("7.09", **dollar).is_held
    assert indices.levels(session, TODAY).rate("USD", "CNY").price.amount == Decimal("7.09")
    assert enter("70.9", **dollar).is_held
    for wrong in ({"is_tax_included": True}, {"unit": "t"}, {"currency": "USD"}, {"basis": "Ni"}):
        with pytest.raises(indices.IndexFieldWrong):
            enter("7.09", **dollar | wrong)


def test_a_metal_price_in_a_salt_series_is_refused(enter):
    enter("86450", TODAY - timedelta(days=1))
    with pytest.raises(BasisMismatch):
        enter("120450", basis="Ni")


def test_only_an_operator_who_decides_enters_values(make, enter):
    with pytest.raises(Forbidden):
        enter("86450", acting=make.member(make.organisation(Kind.VALUER)))
    with pytest.raises(Forbidden):
        enter("86450", acting=make.member(make.organisation(Kind.OPERATOR), Role.CLERK))


def test_the_seed_enters_every_packaged_value_once_on_its_own_date(session):
    rows = indices.seed(session, at=NOW)
    known = [*seeded.quotes(), *seeded.exchange_rates()]
    assert len(rows) == len(known)
    assert not any(row.is_held for row in rows)
    assert indices.seed(session, at=NOW) == []
    levels = indices.levels(session, TODAY)
    assert levels.quotes == {quote.series: quote for quote in known}
    assert levels.quote("Li2CO3").on == date(2025, 11, 14)


def test_two_standing_values_of_one_day_are_refused_by_the_database(session, enter):
    row = enter("86450")
    twin = {
        name: getattr(row, name)
        for name in ("series", "on_date", "value", "basis", "unit", "is_tax_included", "source")
    }
    session.add(indices.IndexValue(entered_at=NOW, **twin))
    with pytest.raises(sa.exc.IntegrityError, match="uq_index_value_standing"):
        session.flush()
