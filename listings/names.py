"""The names of an organisation: as registered, and as the reader's language has it."""

from __future__ import annotations

from collections.abc import Mapping

from listings import words


def called(registered: str, english: str) -> str:
    """The name for a reader of the current language; the registered one where it has no other."""
    return english if english and _is_english() else registered


def in_full(registered: str, english: str) -> str:
    """The registered name, which binds; with the English one beside it for who reads English.

    For papers and for payments, where a bank or a court compares what is written.
    """
    if english and english != registered and _is_english():
        return f"{registered} ({english})"
    return registered


def kept(registered: str, english: str) -> dict[str, str]:
    """Both names as JSON, for a sentence that is stored now and read in a language later."""
    return {"registered": registered, "english": english}


def said(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a stored sentence, names that were `kept` in the current language."""
    return {
        key: called(str(value["registered"]), str(value["english"]))
        if isinstance(value, dict) and value.keys() == {"registered", "english"}
        else value
        for key, value in values.items()
    }


def _is_english() -> bool:
    return words.locale().startswith("en")
