"""What is wrong with a code that somebody typed, as a finding rather than a refusal. Pure.

Third-party libraries: none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

INVISIBLE = ("Z", "C")
"""Unicode categories of blanks, line breaks, control and zero-width characters."""


class Severity(StrEnum):
    """An error makes the code unusable as an identity; a warning stays on the record."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """A stable code, an English sentence that is also its message id, and the values it names."""

    code: str
    message: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return self.message % dict(self.values) if self.values else self.message


def normalise(text: str) -> str:
    """Full-width characters made plain, ASCII letters upper case, blanks and breaks taken out."""
    plain = unicodedata.normalize("NFKC", text)
    kept = (letter for letter in plain if unicodedata.category(letter)[0] not in INVISIBLE)
    return "".join(letter.upper() if letter.isascii() else letter for letter in kept)
