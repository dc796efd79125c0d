"""Vehicle identification numbers (VIN) and their check digit. Pure.

Position 9 is the sum of the transliterated characters times 8 7 6 5 4 3 2 10 0 9 8 7 6 5 4 3 2,
modulo 11, with X for 10 (GB 16735, 49 CFR 565).

Third-party libraries: none. Siblings: ``listings.errors``, ``listings.identity.problems``.
"""

from __future__ import annotations

import re

from listings.errors import N_
from listings.identity.problems import Problem, Severity, normalise

LENGTH = 17
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VALUES = {
    **{digit: int(digit) for digit in "0123456789"},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}

WRONG_LENGTH = N_("A VIN has 17 characters; this one has %(length)s.")
WRONG_CHARACTERS = N_(
    "A VIN has only digits and letters without I, O and Q; this one has “%(characters)s”."
)
WRONG_CHECK_DIGIT = N_(
    "Character 9 of the VIN should be %(expected)s by the others, but it is “%(found)s”. "
    "Compare it with the plate."
)


def check_digit(vin: str) -> str:
    """The character that position 9 of a normalised, well-formed VIN should have."""
    total = sum(
        weight * VALUES[letter] for weight, letter in zip(WEIGHTS, vin, strict=True) if weight
    )
    return "0123456789X"[total % 11]


def check(vin: str) -> list[Problem]:
    """What is wrong with a VIN, empty when nothing is.

    A wrong check digit is an error for Chinese makers (the VIN begins with L), who must set it,
    and a warning elsewhere, where many do not. Store ``problems.normalise(vin)``.
    """
    code = normalise(vin)
    found = []
    if len(code) != LENGTH:
        found.append(Problem("wrong_length", WRONG_LENGTH, {"length": len(code)}))
    strange = "".join(sorted(set(re.findall(r"[^0-9A-HJ-NPR-Z]", code))))
    if strange:
        found.append(Problem("wrong_characters", WRONG_CHARACTERS, {"characters": strange}))
    if found:
        return found
    expected = check_digit(code)
    if code[8] == expected:
        return []
    severity = Severity.ERROR if code.startswith("L") else Severity.WARNING
    values = {"expected": expected, "found": code[8]}
    return [Problem("wrong_check_digit", WRONG_CHECK_DIGIT, values, severity)]
