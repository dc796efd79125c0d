"""A sentence in Chinese and English at once, for papers that both sides of a border read."""

from __future__ import annotations

from listings import words


def both(message: str, **values: object) -> str:
    """The Chinese line over the English one; one line where they are the same."""
    lines = []
    for locale in words.LOCALES:
        with words.speaking(locale):
            lines.append(words.gettext(message, **values))
    return "\n".join(dict.fromkeys(lines))
