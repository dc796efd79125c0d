from __future__ import annotations

import pytest

from listings.money import Money, NotAnAmount


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1,250.50", 125_050),
        ("1 000", 100_000),
        ("¥5", 500),
        (".5", 50),
        ("１２，３４５．６０", 1_234_560),
        ("￥１２", 1200),
        ("-3", -300),
    ],
)
def test_an_amount_is_read_as_people_write_it(text, fen):
    assert Money.parse(text).minor == fen


@pytest.mark.parametrize(
    "text",
    [
        "12,50", "1,25", "1,2500", ",", ".", "", "+", "¥", "1e3", "1_000", "٣", "²", "NaN",
        "Infinity", "0x10", "1.2.3", "1.005", "9" * 16, "1e18",
    ],
)  # fmt: skip
def test_what_could_be_read_two_ways_is_no_amount(text):
    with pytest.raises(NotAnAmount):
        Money.parse(text)
