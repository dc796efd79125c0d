"""Pages read well in both languages: names of firms, and punctuation between words."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import read_po

from listings import words

TOP = Path(__file__).parents[2]
TEMPLATES = sorted((TOP / "templates").rglob("*.html"))
# What has but one name: packs, sites, files, guides, people, fields of a form.
ONE_NAME = re.compile(
    r"(?:pack|site|blob|guide|point|person|user|row|column|assessor|approver|asker|key|device|one)\.name\b"
)
NAME = re.compile(r"[\w.()]*\.name\b(?!_)")
# The registered name itself, marked as Chinese on a page in any language.
REGISTERED = re.compile(r'lang="zh-CN">\{\{ [\w.]+\.name \}\}')
GLUED = re.compile(r"\}\}(?:</\w+>)?[,;:] |(?:%\}|\}\})[,;] *\{|['\"][,;] ['\"] if|join\('[,;] '\)")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?][\u4e00-\u9fff ]")


def offences(pattern: re.Pattern[str], text: str) -> list[str]:
    return [found.group() for found in pattern.finditer(text)]


def test_a_template_prints_the_name_of_a_firm_in_the_readers_language():
    found = {
        path.name: [name for name in offences(NAME, text) if not ONE_NAME.search(name)]
        for path in TEMPLATES
        for text in [REGISTERED.sub("", path.read_text(encoding="utf-8"))]
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_no_template_joins_words_with_the_punctuation_of_one_language():
    found = {
        str(path.relative_to(TOP)): offences(GLUED, path.read_text(encoding="utf-8"))
        for path in TEMPLATES
    }
    assert {path: marks for path, marks in found.items() if marks} == {}


def test_chinese_sentences_have_full_width_punctuation():
    with (words.CATALOGUES / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans_CN")
    said = [(message.id, str(message.string)) for message in catalogue if message.id]
    assert [pair for pair in said if HALF_WIDTH.search(pair[1])] == []


def test_the_check_bites():
    assert offences(GLUED, "{{ a }}, {{ b }}")
    assert offences(GLUED, "{{ '; ' if not loop.last }}")
    assert not ONE_NAME.search(offences(NAME, "{{ lot.seller.name }}")[0])
    assert HALF_WIDTH.search("电池,车辆")
