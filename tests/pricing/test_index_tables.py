"""Index values by the table: entered together or not at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from make import NOW

from listings import sheets
from listings.errors import Forbidden
from listings.parties import Kind
from pricing import index_tables, indices
from pricing.index_tables import TableRefused, enter, from_sheet

TODAY = NOW.date()
HEAD = "series,date,value,basis,unit,currency,tax_included,source\n"


@pytest.fixture
def operator(make):
    return make.member(make.organisation(Kind.OPERATOR))


@pytest.fixture
def send(session, operator):
    """``send("series,date,...\n...")`` as an uploaded csv."""

    def call(text, acting=operator):
        return enter(session, acting, from_sheet(text.encode(), "levels.csv"), at=NOW)

    return call


def day(before):
    return (TODAY - timedelta(days=before)).isoformat()


def test_a_table_enters_every_row_and_the_newest_is_the_level(session, send):
    done = send(
        f"{HEAD}Li2CO3,{day(1)},86450,Li2CO3,t,CNY,yes,An agency\n"
        f"Li2CO3,{day(2)},86000,Li2CO3,t,CNY,yes,An agency\n"
        f"USD/CNY,{day(1)},7.09,money,USD,CNY,no,A bank\n"
    )
    assert (len(done.standing), done.held, done.unchanged) == (3, [], 0)
    assert indices.levels(session, TODAY).quote("Li2CO3").price.amount == 86450


def test_a_known_series_needs_its_name_day_value_and_source_only(session, send):
    send(f"{HEAD}Co,{day(3)},400000,Co,t,CNY,yes,An agency\n")
    send(f"序列,日期,数值,来源\nCo,{day(1)},405000,另一家机构\n")
    row = indices.standing(session, "Co", TODAY)
    assert (row.value, row.unit, row.is_tax_included) == (405000, "t", True)


def test_each_row_is_screened_against_the_one_before_whatever_their_order(session, send):
    done = send(
        f"{HEAD}Cu,{day(1)},858150,Cu,t,CNY,yes,An agency\n"
        f"Cu,{day(3)},85000,Cu,t,CNY,yes,An agency\n"
    )
    assert [row.value for row in done.held] == [858150]
    assert indices.levels(session, TODAY).quote("Cu").price.amount == 85000


def test_sending_the_same_table_again_changes_nothing(session, send):
    text = (
        f"{HEAD}Cu,{day(3)},85000,Cu,t,CNY,yes,An agency\n"
        f"Cu,{day(1)},858150,Cu,t,CNY,yes,An agency\n"
    )
    send(text)
    again = send(text)
    assert (again.standing, again.held, again.unchanged) == ([], [], 2)
    assert len(indices.held(session)) == 1


def test_every_problem_is_named_by_row_and_column_and_nothing_is_entered(session, send):
    with pytest.raises(TableRefused) as refused:
        send(
            f"{HEAD}Cu,{day(3)},85000,Cu,t,CNY,yes,An agency\n"
            f"Cu,31 May,85000,Cu,t,CNY,yes,An agency\n"
            f"Cu,{day(2)},much,Cu,t,CNY,perhaps,An agency\n"
            f"gold,{day(2)},1,,,,,An agency\n"
            f"Cu,{day(3)},85001,Cu,t,CNY,yes,Another agency\n"
            f"Ni,{day(-1)},1,Ni,t,CNY,yes,An agency\n"
        )
    assert [(problem.row, problem.column) for problem in refused.value.problems] == [
        (3, "date"),
        (4, "value"),
        (4, "tax_included"),
        (5, "basis"),
        (6, "date"),
        (7, "on_date"),
    ]
    assert refused.value.values["count"] == 5


def test_missing_and_unknown_columns_are_named(send):
    with pytest.raises(index_tables.ColumnMissing, match="source"):
        send("series,date,value\nCu,2026-05-01,1\n")
    with pytest.raises(index_tables.ColumnUnknown, match="price"):
        send("series,date,value,source,price\nCu,2026-05-01,1,x,2\n")


def test_a_workbook_is_read_as_a_csv_is(session, operator):
    book = sheets.write_xlsx(
        index_tables.COLUMNS,
        [("Al", TODAY, Decimal("21500.5"), "Al", "t", "CNY", "yes", "An agency")],
    )
    enter(session, operator, from_sheet(book, "levels.xlsx"), at=NOW)
    assert indices.standing(session, "Al", TODAY).value == Decimal("21500.5")


def test_what_is_exported_can_be_entered_again(session, send, operator):
    send(f'{HEAD}Cu,{day(3)},85000.25,Cu,t,CNY,yes,"An agency, daily"\n')
    text = index_tables.export(indices.history(session, "Cu"))
    again = enter(session, operator, from_sheet(text, "out.csv"), at=NOW)
    assert again.unchanged == 1
    assert from_sheet(index_tables.template(), "t.csv")


def test_only_an_operator_who_decides_enters_a_table(make, send):
    with pytest.raises(Forbidden):
        send(f"{HEAD}Cu,{day(1)},1,Cu,t,CNY,yes,x\n", make.member(make.organisation(Kind.VALUER)))


def test_a_table_longer_than_the_limit_is_refused_whole(session, operator, monkeypatch):
    monkeypatch.setattr(index_tables, "MOST_ROWS", 1)
    with pytest.raises(index_tables.TableTooLong):
        enter(session, operator, [(2, {}), (3, {})], at=NOW)
