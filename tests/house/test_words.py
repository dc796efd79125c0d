"""Every sentence is in both catalogues, with the same places for values."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from listings import words

TOP = Path(__file__).parents[2]
PLACES = re.compile(r"%\((\w+)\)")


def catalogue(locale: str) -> Catalog:
    with (words.CATALOGUES / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def places(text: str | list[str] | tuple[str, ...]) -> set[str]:
    """The names of the values in a sentence, or in all forms of a plural."""
    forms = [text] if isinstance(text, str) else text
    return {name for form in forms for name in PLACES.findall(form)}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the code and the templates say today."""
    target = tmp_path_factory.mktemp("words") / "messages.pot"
    command = ["-q", "extract", "-F", "pyproject.toml", "-k", "N_", "-o", str(target), "."]
    program = "from babel.messages.frontend import main; main()"
    subprocess.run([sys.executable, "-c", program, *command], cwd=TOP, check=True)
    with target.open("rb") as file:
        return read_po(file)


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_sentence_is_translated(extracted, locale):
    known = catalogue(locale)
    missing = [
        message.id
        for message in extracted
        if message.id and not (known.get(message.id) and known.get(message.id).string)
    ]
    assert missing == []


def test_no_sentence_of_the_code_escapes_the_extraction(extracted):
    """Babel reads over a call inside another one: ``gettext(STAGES.get(key, N_("...")))``."""
    known = {
        name for one in extracted for name in ([one.id] if isinstance(one.id, str) else one.id)
    }
    escaped = []
    for path in (
        path for top in ("market", "pricing", "listings") for path in TOP.glob(f"{top}/**/*.py")
    ):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            match call:
                case ast.Call(
                    func=ast.Name(id="N_" | "_" | "gettext" | "ngettext"),
                    args=[ast.Constant(value=str(sentence)), *_],
                ) if sentence and sentence not in known:
                    escaped.append(f"{path.relative_to(TOP)}: {sentence}")
    assert escaped == []


@pytest.mark.parametrize("locale", words.LOCALES)
def test_no_translation_is_left_that_nobody_says(extracted, locale):
    said = {message.id for message in extracted}
    assert [message.id for message in catalogue(locale) if message.id not in said] == []


@pytest.mark.parametrize("locale", words.LOCALES)
def test_a_translation_names_the_same_values(locale):
    strange = [
        message.id
        for message in catalogue(locale)
        if message.id and places(message.id) != places(message.string)
    ]
    assert strange == []


def test_no_sentence_calls_a_sale_what_only_a_licensed_house_may_hold():
    chinese = [str(message.string) for message in catalogue("zh_Hans_CN") if message.id]
    assert [sentence for sentence in chinese if "拍卖" in sentence or "流拍" in sentence] == []
