from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.identity import vin
from listings.identity.problems import Severity


def test_the_textbook_numbers_check():
    for number in ("1M8GDM9AXKP042788", "11111111111111111", "5GZCZ43D13S812715"):
        assert vin.check(number) == []


def test_blanks_lower_case_and_full_width_are_read():
    assert vin.check(" 1m8gdm9axkp０42788\n") == []


def test_a_wrong_digit_is_an_error_on_a_chinese_vehicle_and_a_warning_elsewhere():
    chinese = "LGWEF4A59ES000001"
    right = chinese[:8] + vin.check_digit(chinese) + chinese[9:]
    wrong = chinese[:8] + ("0" if right[8] != "0" else "1") + chinese[9:]
    assert vin.check(right) == []
    (problem,) = vin.check(wrong)
    assert problem.severity is Severity.ERROR
    assert right[8] in str(problem)
    (problem,) = vin.check("1M8GDM9A0KP042788")
    assert problem.severity is Severity.WARNING
    assert problem.code == "wrong_check_digit"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["wrong_length"]),
        ("1M8GDM9AXKP04278", ["wrong_length"]),
        ("1M8GDM9AXKP04278O", ["wrong_characters"]),
        ("IOQ", ["wrong_length", "wrong_characters"]),
        ("1M8GDM9AXKP04278电", ["wrong_characters"]),
    ],
)
def test_length_and_characters_are_checked_before_the_digit(text, codes):
    assert [problem.code for problem in vin.check(text)] == codes


@given(
    st.text("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", min_size=17, max_size=17),
    st.integers(0, 16).filter(lambda place: place != 8),
    st.integers(1, 9),
)
def test_a_changed_digit_never_passes(text, place, change):
    good = text[:8] + vin.check_digit(text) + text[9:]
    if good[place].isdigit():
        other = str((int(good[place]) + change) % 10)
        assert vin.check(good[:place] + other + good[place + 1 :])
    assert vin.check(good) == []
