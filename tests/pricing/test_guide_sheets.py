"""An edition's numbers out to a spreadsheet and back, and what changed between two of them."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest

from listings import sheets
from listings.errors import Several
from pricing import differences, guide_sheets, seeded
from pricing.coefficients import BadCoefficient, GuideCoefficients


@pytest.fixture(scope="module")
def content():
    return seeded.edition().coefficients.to_json()


PRICES = {"BM-LI": {"low": "2850", "high": "2950", "average": "2900.5"}}
CODES = ["BM-LI", "BM-NI"]


def label(name):
    return (f"words of {name}", "CNY")


def text(*lines):
    return "\n".join(lines).encode()


def read(source, content, prices=PRICES):
    return guide_sheets.read(source, "edition.csv", content, prices, CODES)


@pytest.mark.parametrize("write", [sheets.write_xlsx, sheets.write_csv])
def test_the_template_read_back_changes_nothing(content, write):
    rows = guide_sheets.rows(content, PRICES, CODES, label)
    found = read(write(guide_sheets.COLUMNS, rows), content)
    assert GuideCoefficients.from_json(found.coefficients).to_json() == content
    assert found.prices == PRICES
    assert len(found.names) == len(rows)


def test_a_sheet_of_two_rows_changes_these_and_leaves_the_rest(content):
    sheet = text(
        "name,value,low,high,source",
        "payable.LFP.Li,0.65,,,SMM 2026-06-01",
        'price.BM-NI,,"80,000",81000,',
    )
    found = read(sheet, content)
    changed = differences.of_numbers(content, found.coefficients)
    assert [(one.name, one.after.value, one.after.source) for one in changed] == [
        ("payable.LFP.Li", 0.65, "SMM 2026-06-01")
    ]
    assert round(changed[0].share, 4) == 0.0315
    assert found.prices == PRICES | {"BM-NI": {"low": "80000", "high": "81000"}}


def test_a_row_without_prices_says_that_the_point_was_not_assessed(content):
    assert read(text("名称,最低,最高,均价", "price.BM-LI,,,"), content).prices == {}


def test_every_wrong_row_is_named_at_once(content):
    sheet = text(
        "name,value,low,source",
        "payable.LFP.Li,most,,x",
        "payable.LFP.Gold,1,,x",
        "distance_km,300,,x",
        "distance_km,400,,x",
        "price.OTHER,,1,",
    )
    with pytest.raises(Several) as caught:
        read(sheet, content)
    assert [type(problem).__name__ for problem in caught.value.errors] == [
        "RowNotANumber", "RowUnknown", "RowTwice", "RowUnknown",
    ]  # fmt: skip
    assert [problem.values["row"] for problem in caught.value.errors] == [2, 3, 5, 6]


def test_a_table_without_names_is_refused(content):
    with pytest.raises(guide_sheets.ColumnMissing):
        read(text("what,value", "payable.LFP.Li,1"), content)


def test_a_negative_coefficient_from_a_sheet_is_refused_by_its_name(content):
    found = read(text("name,value", "payable.LFP.Li,-1"), content)
    with pytest.raises(BadCoefficient) as caught:
        GuideCoefficients.from_json(found.coefficients)
    assert caught.value.values["name"] == "payable.LFP.Li"


def edition(content, prices, methodology_id=1):
    return SimpleNamespace(coefficients=content, prices=prices, methodology_id=methodology_id)


def test_the_difference_of_an_edition_to_itself_is_empty(content):
    assert differences.between(edition(content, PRICES), edition(content, PRICES)).is_empty


def test_a_difference_names_numbers_sources_series_prices_and_methodology(content):
    after = copy.deepcopy(content)
    after["payable"]["LFP"]["Li"]["source"] = "Another review"
    after["distance_km"]["value"] = 450.0
    after["index_of"]["Li"] = "LiOH.H2O"
    found = differences.between(
        edition(content, PRICES), edition(after, {"BM-NI": PRICES["BM-LI"]}, 2)
    )
    assert [one.name for one in found.coefficients] == ["payable.LFP.Li", "distance_km"]
    assert [one.share for one in found.coefficients] == [None, 0.5]
    assert found.settings == [("index_of.Li", "Li2CO3", "LiOH.H2O")]
    assert [(one.code, one.change) for one in found.prices] == [("BM-LI", None), ("BM-NI", None)]
    assert found.is_other_methodology
    assert not found.is_empty
