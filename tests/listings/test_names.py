"""Tests of an organisation's names in the language of whoever reads."""

from __future__ import annotations

from listings import names, words

REGISTERED, ENGLISH = "皖江公共交通集团有限公司", "Wanjiang Public Transport Group"


def test_a_firm_is_called_by_the_name_of_the_readers_language():
    with words.speaking("en"):
        assert names.called(REGISTERED, ENGLISH) == ENGLISH
    with words.speaking("zh_Hans_CN"):
        assert names.called(REGISTERED, ENGLISH) == REGISTERED


def test_a_firm_without_an_english_name_is_called_as_registered():
    with words.speaking("en"):
        assert names.called(REGISTERED, "") == REGISTERED
        assert names.in_full(REGISTERED, "") == REGISTERED


def test_a_paper_keeps_the_registered_name_and_puts_the_english_one_beside_it():
    with words.speaking("en"):
        assert names.in_full(REGISTERED, ENGLISH) == f"{REGISTERED} ({ENGLISH})"
    with words.speaking("zh_Hans_CN"):
        assert names.in_full(REGISTERED, ENGLISH) == REGISTERED


def test_a_stored_sentence_is_read_with_the_name_of_the_readers_language():
    stored = {"organisation": names.kept(REGISTERED, ENGLISH), "number": "L-1"}
    with words.speaking("en"):
        assert names.said(stored) == {"organisation": ENGLISH, "number": "L-1"}
    with words.speaking("zh_Hans_CN"):
        assert names.said(stored) == {"organisation": REGISTERED, "number": "L-1"}
