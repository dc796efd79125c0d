from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings import capitals
from listings.money import Money

VALUES = {digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
SMALL = {"拾": 10, "佰": 100, "仟": 1000}


def section(text: str) -> int:
    """Read up to four digits, by adding digit times place."""
    total, digit = 0, 0
    for sign in text:
        if sign in SMALL:
            total, digit = total + digit * SMALL[sign], 0
        else:
            digit = VALUES[sign]
    return total + digit


def read_back(text: str) -> int:
    """A reader of the numerals that shares nothing with the writer; fen."""
    shape = r"人民币(负?)(?:(?:(.*)亿)?(.*)元)?零?(?:(.)角)?(?:(.)分)?整?"
    match = re.fullmatch(shape, text)
    assert match, text
    negative, high, low, jiao, fen = match.groups()
    yuan = 0
    for part, size in ((high, 10**8), (low, 1)):
        *ten_thousands, ones = (part or "").split("万")
        yuan += size * (sum(section(t) for t in ten_thousands) * 10**4 + section(ones))
    minor = yuan * 100 + VALUES.get(jiao or "", 0) * 10 + VALUES.get(fen or "", 0)
    return -minor if negative else minor


@pytest.mark.parametrize(
    ("yuan", "words"),
    [
        # the examples of the banking rule itself
        ("1409.50", "人民币壹仟肆佰零玖元伍角整"),
        ("6007.14", "人民币陆仟零柒元壹角肆分"),
        ("1680.32", "人民币壹仟陆佰捌拾元零叁角贰分"),
        ("107000.53", "人民币壹拾万柒仟元零伍角叁分"),
        ("16409.02", "人民币壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "人民币叁佰贰拾伍元零肆分"),
        # and the edges
        ("123.45", "人民币壹佰贰拾叁元肆角伍分"),
        ("0", "人民币零元整"),
        ("0.05", "人民币伍分"),
        ("0.30", "人民币叁角整"),
        ("10", "人民币壹拾元整"),
        ("10.01", "人民币壹拾元零壹分"),
        ("100000000", "人民币壹亿元整"),
        ("100005000", "人民币壹亿零伍仟元整"),
        ("10010100", "人民币壹仟零壹万零壹佰元整"),
        ("26722500", "人民币贰仟陆佰柒拾贰万贰仟伍佰元整"),
        ("1000000000000", "人民币壹万亿元整"),
        ("1000000000000.01", "人民币壹万亿元零壹分"),
        ("-12000", "人民币负壹万贰仟元整"),
    ],
)
def test_an_amount_is_written_as_the_banking_rule_writes_it(yuan: str, words: str) -> None:
    minor = (
        round(float(yuan) * 100) if len(yuan) < 12 else int(yuan.replace(".", "").ljust(15, "0"))
    )
    assert capitals.amount(Money(minor)) == words


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_the_numerals_read_back_as_the_amount(minor: int) -> None:
    assert read_back(capitals.amount(Money(minor))) == minor


@given(st.integers(0, 10**18 - 1), st.integers(0, 17))
def test_numerals_never_repeat_or_end_in_zero(minor: int, place: int) -> None:
    text = capitals.amount(Money(minor - minor % 10**place))
    assert "零零" not in text
    assert text == "人民币零元整" or not re.search(r"零[拾佰仟万亿元角分整]", text)


@pytest.mark.parametrize("money", [Money(1, "USD"), Money(10**18), Money(-(10**18))])
def test_what_has_no_reading_is_refused(money: Money) -> None:
    with pytest.raises(capitals.NoCapitals):
        capitals.amount(money)
