"""The same sentences for pages, mail, documents and the command line."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from listings.errors import DomainError

LOCALES = ("zh_Hans_CN", "en")
CATALOGUES = Path(__file__).parent / "translations"

_locale: ContextVar[str] = ContextVar("locale", default="en")


def compile_catalogues(folder: Path = CATALOGUES) -> None:
    """Compile each catalogue whose compiled form is missing or older than its source."""
    for source in folder.glob("*/LC_MESSAGES/messages.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and not os.access(compiled.parent, os.W_OK):
            continue  # installed by another account, compiled when the wheel was built
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            with source.open("rb") as stream:
                catalogue = read_po(stream, locale=source.parts[-3])
            partial = compiled.with_suffix(".partial")
            with partial.open("wb") as stream:
                write_mo(stream, catalogue)
            partial.replace(compiled)


@functools.cache
def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(str(CATALOGUES), [locale])


def locale() -> str:
    """The locale that sentences are made in at the moment."""
    return _locale.get()


def speak(locale: str) -> None:
    """Make sentences in this locale until told otherwise in this context."""
    _locale.set(locale if locale in LOCALES else "en")


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Make sentences in this locale inside the block."""
    token = _locale.set(locale if locale in LOCALES else "en")
    try:
        yield
    finally:
        _locale.reset(token)


def gettext(message: str, **values: object) -> str:
    """The sentence in the current locale with its values filled in."""
    sentence = str(_catalogue(_locale.get()).gettext(message)) if message else ""
    return sentence % values if values else sentence


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """The form of the sentence for this count (``%(num)s`` in it) in the current locale."""
    sentence = str(_catalogue(_locale.get()).ngettext(singular, plural, count))
    return sentence % {"num": count, **values}


def listed(values: Iterable[str]) -> str:
    """Names in one line, with the separator of the current locale."""
    return ("、" if _locale.get().startswith("zh") else ", ").join(values)


def say(error: DomainError) -> str:
    """A refusal as a sentence in the current locale."""
    return gettext(error.message, **phrases(error.values))


def phrases(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a sentence, those that are sentences of ours in the current locale too."""
    catalogue = _catalogue(_locale.get())
    return {
        name: str(catalogue.gettext(value)) if isinstance(value, str) and value else value
        for name, value in values.items()
    }
