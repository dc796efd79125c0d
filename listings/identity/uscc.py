"""Unified social credit codes (统一社会信用代码, GB 32100) of organisations. Pure.

Third-party libraries: ``stdnum`` (the check digit and the parts). Siblings: ``listings.errors``,
``listings.identity.problems``.
"""

from __future__ import annotations

from stdnum import exceptions
from stdnum.cn import uscc

from listings.errors import N_, Refused
from listings.identity.problems import normalise


class CreditCodeRefused(Refused):
    """The text is not a unified social credit code."""

    message = N_("“%(value)s” is not a unified social credit code.")


class CreditCodeLength(CreditCodeRefused):
    """It is too short or too long."""

    message = N_("A unified social credit code has 18 characters; this one has %(length)s.")


class CreditCodeCheckDigit(CreditCodeRefused):
    """A character was mistyped: the last one does not fit the others."""

    message = N_(
        "The last character of the unified social credit code “%(value)s” does not fit the "
        "others: one of them is mistyped."
    )


class CreditCodeCharacters(CreditCodeRefused):
    """It has characters, or a place for them, that the standard does not know."""

    message = N_(
        "“%(value)s” is not a unified social credit code: it has digits and letters without "
        "I, O, S, V and Z, and its first eight characters are the authority, the kind and the "
        "district."
    )


def validate(text: str, field: str = "uscc") -> str:
    """The normalised 18 characters; refuses with the reason, naming ``field``."""
    code = normalise(text).replace("-", "")
    try:
        return str(uscc.validate(code))
    except exceptions.InvalidLength:
        raise CreditCodeLength(field=field, length=len(code)) from None
    except exceptions.InvalidChecksum:
        raise CreditCodeCheckDigit(field=field, value=code) from None
    except exceptions.ValidationError:
        raise CreditCodeCharacters(field=field, value=code) from None
