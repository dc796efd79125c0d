from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from listings.identity import gbt34014
from listings.identity.problems import Severity

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 4, 1)
EVE = "04QCB76836300JBC40000903"
CATL = "001CB240000003B3C0221953"
NMC = "02LCC02100101A87Y0052124"
OFFICIAL = re.compile(
    r"^([0-9A-Z]{3})([PMC])([A-GZ])([0-9A-Z]{2})([0-9A-Z]{7})([1-9A-HJ-NPR-TV-Y])([1-9A-C])([0-9A-HJ-NPR-TV-Y])(\d{7})$",
    re.ASCII,
)


def codes_of(decoded):
    return [problem.code for problem in decoded.problems]


@pytest.mark.parametrize(
    ("text", "maker", "name", "chemistry", "made_on"),
    [
        (EVE, "04Q", "EVE", "LFP", date(2021, 12, 4)),
        (CATL, "001", "CATL", "LFP", date(2021, 3, 12)),
        (NMC, "02L", None, "LMO", date(2018, 7, 30)),
    ],
)
def test_real_codes_say_maker_chemistry_and_day(text, maker, name, chemistry, made_on):
    code = gbt34014.decode(text, today=TODAY)
    assert code.valid
    assert code.problems == ()
    assert (code.maker, code.maker_name, code.kind) == (maker, name, "cell")
    assert (code.chemistry, code.made_on, code.length) == (chemistry, made_on, 24)


def test_every_part_of_a_code_is_kept():
    code = gbt34014.decode(EVE, today=TODAY)
    assert (code.spec, code.traceability, code.date_characters, code.serial) == (
        "76",
        "836300J",
        "BC4",
        "0000903",
    )


def test_blanks_breaks_lower_case_and_full_width_characters_are_read():
    typed = "０４ｑＣＢ７６ 8363\u200b00j\r\n　bc4 0000903\t"
    code = gbt34014.decode(typed, today=TODAY)
    assert code.text == EVE
    assert code.valid


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "wrong_length"),
        (EVE[:-1], "wrong_length"),
        (EVE[:-1] + "号", "wrong_characters"),
        (EVE[:-1] + "-", "wrong_characters"),
        ("04QXB76836300JBC40000903", "wrong_kind"),
        ("04QCH76836300JBC40000903", "wrong_chemistry"),
        ("04QCB76836300JBC4000090A", "wrong_serial"),
        ("04QCB76836300JB2Y0000903", "no_such_date"),
        ("04QCB76836300J0C40000903", "no_such_date"),
        ("04QCB76836300JBD40000903", "no_such_date"),
        ("04QCB76836300JGC40000903", "in_the_future"),
    ],
)
def test_each_fault_has_its_own_code_and_sentence(text, problem):
    code = gbt34014.decode(text, today=TODAY)
    assert not code.valid
    assert problem in codes_of(code)
    assert not re.search(r"%\(", " ".join(str(found) for found in code.problems))


def test_a_leap_day_is_a_day_only_in_a_leap_year():
    leap, common = "04QCB76836300J92X0000903", "04QCB76836300JA2X0000903"
    assert gbt34014.decode(leap, today=TODAY).made_on is None  # 2019
    assert gbt34014.decode(common, today=TODAY).made_on == date(2020, 2, 29)


def test_the_last_day_of_a_month_is_zero():
    assert gbt34014.decode("04QCB76836300JB100000903", today=TODAY).made_on == date(2021, 1, 31)


def test_a_code_made_today_is_valid_and_tomorrow_it_is_in_the_future():
    made = date(2021, 12, 4)
    assert gbt34014.decode(EVE, today=made).valid
    assert codes_of(gbt34014.decode(EVE, today=made - timedelta(days=1))) == ["in_the_future"]


def test_a_battery_younger_than_its_vehicle_s_registration_is_a_problem():
    made = date(2021, 12, 4)
    same = gbt34014.decode(EVE, today=TODAY, first_registered_on=made)
    later = gbt34014.decode(EVE, today=TODAY, first_registered_on=made - timedelta(days=1))
    assert same.valid
    assert codes_of(later) == ["after_registration"]
    assert "2021-12-03" in str(later.problems[0])


@pytest.mark.parametrize("swapped", [EVE[12:] + EVE[:12], EVE[14:] + "\n" + EVE[:14]])
def test_lines_joined_the_wrong_way_round_get_a_hint_with_the_right_code(swapped):
    code = gbt34014.decode(swapped, today=TODAY)
    hint = [problem for problem in code.problems if problem.code == "halves_swapped"]
    assert len(hint) == 1
    assert EVE in str(hint[0])


def test_lines_are_swapped_where_the_label_broke_them():
    typed = EVE[8:] + "\n" + EVE[:8]
    assert "halves_swapped" in codes_of(gbt34014.decode(typed, today=TODAY))
    assert "halves_swapped" not in codes_of(gbt34014.decode(typed.replace("\n", ""), today=TODAY))


def test_a_merely_mistyped_code_gets_no_hint():
    code = gbt34014.decode("04QXB76836300JBC40000903", today=TODAY)
    assert codes_of(code) == ["wrong_kind"]


def test_a_reuse_code_drops_the_traceability_and_keeps_day_and_serial():
    code = gbt34014.reuse_code(EVE)
    assert code == "04QCB76BC40000903RC"
    decoded = gbt34014.decode(code, today=TODAY)
    assert decoded.valid
    assert decoded.is_reuse
    assert (decoded.length, decoded.kind, decoded.chemistry) == (19, "cell", "LFP")
    assert decoded.made_on == date(2021, 12, 4)
    assert (decoded.traceability, decoded.serial) == (None, "0000903")


def test_a_reuse_product_of_another_kind_remembers_what_it_was():
    pack = "04QPB76836300JBC40000903"
    decoded = gbt34014.decode(gbt34014.reuse_code(pack, "module"), today=TODAY)
    assert (decoded.kind, decoded.original_kind) == ("module", "pack")


@pytest.mark.parametrize("tail", ["SC", "RX", "CR"])
def test_nineteen_characters_without_the_reuse_mark_are_a_problem(tail):
    code = gbt34014.decode("04QCB76BC40000903" + tail, today=TODAY)
    assert codes_of(code) == ["wrong_reuse_mark"]


def test_only_a_full_code_has_a_reuse_code():
    for text in (gbt34014.reuse_code(EVE), EVE[:-1], "04QCB76836300JB2Y0000903"):
        with pytest.raises(gbt34014.NotAFullCode):
            gbt34014.reuse_code(text)


def test_an_lmo_code_on_a_cell_sold_as_nmc_is_a_warning():
    code = gbt34014.decode(NMC, today=TODAY)
    (problem,) = gbt34014.conflicts(code, "NMC")
    assert (problem.code, problem.severity) == ("chemistry_conflict", Severity.WARNING)
    assert "LMO" in str(problem)
    assert "NMC" in str(problem)
    assert code.valid


@pytest.mark.parametrize("sheet", ["LFP", "lfp", "LiFePO4", "磷酸铁锂", "", None])
def test_a_datasheet_that_says_the_same_or_nothing_is_no_conflict(sheet):
    assert gbt34014.conflicts(gbt34014.decode(EVE, today=TODAY), sheet) == []


@pytest.mark.parametrize("sheet", ["NMC", "NCA", "ncm", "ternary", "三元"])
def test_every_name_of_ternary_is_letter_e(sheet):
    code = gbt34014.decode("04QCE76836300JBC40000903", today=TODAY)
    assert gbt34014.conflicts(code, sheet) == []
    assert gbt34014.conflicts(code, "LFP")


letters = st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
near_codes = st.builds(
    lambda text, changes: "".join(dict(changes).get(i, old) for i, old in enumerate(text)),
    st.sampled_from([EVE, CATL, NMC]),
    st.lists(st.tuples(st.integers(0, 23), letters), max_size=3),
)


@given(near_codes | st.text(letters, min_size=24, max_size=24), st.dates())
def test_a_full_code_is_valid_exactly_when_the_official_pattern_and_the_calendar_agree(text, today):
    decoded = gbt34014.decode(text, today=today)
    match = OFFICIAL.match(text)
    made_on = None
    if match:
        year = "123456789ABCDEFGHJKLMNPRSTVWXY".index(match[6]) + 2011
        day = "123456789ABCDEFGHJKLMNPRSTVWXY0".index(match[8]) + 1
        try:
            made_on = date(year, "123456789ABC".index(match[7]) + 1, day)
        except ValueError:
            match = None
    assert decoded.valid == (match is not None and made_on is not None and made_on <= today)
    if decoded.valid:
        assert decoded.made_on == made_on
        assert gbt34014.decode(gbt34014.reuse_code(text), today=today).valid


SCHEMA = json.loads((ROOT / "docs/commands/code.json").read_text("utf-8"))


@given(st.text(max_size=30) | near_codes)
def test_any_text_gives_a_document_of_the_published_schema(text):
    document = gbt34014.document(text, TODAY)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document)))
    assert document["valid"] == (document["problems"] == [])


def test_the_document_of_a_valid_code_is_the_contract():
    assert gbt34014.document(EVE, TODAY) == {
        "valid": True,
        "kind": "cell",
        "chemistry": "LFP",
        "maker": "04Q",
        "made_on": "2021-12-04",
        "length": 24,
        "problems": [],
    }
