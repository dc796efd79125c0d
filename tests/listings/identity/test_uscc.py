from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from listings.identity import uscc

GOOD = "91110000600037341L"


@pytest.mark.parametrize(
    "text", [GOOD, GOOD.lower(), " 9111 0000 6000 3734 1L\n", "９１110000-600037341L"]
)
def test_a_code_is_normalised(text):
    assert uscc.validate(text) == GOOD


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", uscc.CreditCodeLength),
        (GOOD[:-1], uscc.CreditCodeLength),
        (GOOD[:-1] + "M", uscc.CreditCodeCheckDigit),
        ("A1110000600037341L", uscc.CreditCodeCharacters),
        ("91110000600037341O", uscc.CreditCodeCharacters),
        ("9111000060003734某L", uscc.CreditCodeCharacters),
    ],
)
def test_each_fault_is_named(text, refusal):
    with pytest.raises(refusal) as caught:
        uscc.validate(text, field="credit_code")
    assert caught.value.field == "credit_code"
    assert "%" not in str(caught.value)


@given(
    st.text("0123456789", min_size=8, max_size=8),
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9),
    st.integers(0, 17),
    st.sampled_from("0123456789"),
)
def test_one_mistyped_digit_never_passes(front, back, place, digit):
    good = front + back + stdnum_uscc.calc_check_digit(front + back)
    assert uscc.validate(good) == good
    bad = good[:place] + digit + good[place + 1 :]
    if bad != good:
        with pytest.raises(uscc.CreditCodeRefused):
            uscc.validate(bad)
