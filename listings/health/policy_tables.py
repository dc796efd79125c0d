"""[pure] A grading policy as a table: how it is written down, read back, and what it may hold."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from listings.errors import N_, DomainError, Refused, Several
from listings.health.grade import ORDER, EvidenceLevel, Letter, Policy, Subject

BANDED: Final[tuple[Letter, ...]] = ORDER[:-1]
"""The letters that a lowest state of health may earn; under the last of them it is R."""

CAPS: Final[tuple[Letter, ...]] = BANDED[1:]
"""The letters that a spread may lower to: never the best, and R is left to safety."""

MEASURED: Final[tuple[EvidenceLevel, ...]] = ("L1", "L2", "L3")
"""The evidence levels that may carry a letter at all; a claim and nothing never do."""

REQUIRED: Final = ("spread", "safety_check", "origin")
UNDIVIDED: Final[tuple[Subject, ...]] = ("cell", "module")
_NAMED: Final = {(0.05, "B"): "spread_over_5", (0.08, "D"): "spread_over_8"}


class BandMissing(Refused):
    """A letter without its lowest state of health."""

    message = N_("Every letter from A to D needs its lowest state of health.")


class BandOutOfRange(Refused):
    """A bound that no battery is measured at."""

    message = N_(
        "%(value)s %% is no lowest state of health: it lies above 0 and at most at 100 %%."
    )


class BandsCross(Refused):
    """A better letter that asks for less."""

    message = N_(
        "%(better)s must begin above %(worse)s, and it begins at %(better_from)s %%, the other at "
        "%(worse_from)s %%."
    )


class CapOutOfRange(Refused):
    """A cap that no spread passes, or that every spread does."""

    message = N_("%(value)s %% is no limit of a spread: it lies above 0 and under 100 %%.")


class CapLetterRefused(Refused):
    """A cap at the best letter lowers nothing; R is left to safety and to the lowest band."""

    message = N_("A spread lowers a letter to B, C or D, not to %(letter)s.")


class CapsCross(Refused):
    """A wider spread that lowers less."""

    message = N_(
        "A wider spread must lower further: over %(wider)s %% to %(letter)s does not follow over "
        "%(narrower)s %% to %(other)s."
    )


class LevelRefused(Refused):
    """A letter for a claim, or for no evidence level at all."""

    message = N_(
        "Letters rest on measurements: choose among L1, L2 and L3, at least one; %(level)s is none "
        "of them."
    )


class InputUnknown(Refused):
    """Something is required that no findings hold."""

    message = N_("“%(value)s” is nothing that a policy can require or leave out.")


def cap_reason(above: float, letter: Letter) -> str:
    """The code of the reason that a spread over ``above`` caps at ``letter``.

    Policy 1 has codes of its own; any other reads ``spread_over_PERCENT_LETTER``.
    """
    named = _NAMED.get((above, letter))
    return named or f"spread_over_{round(above * 100, 6):g}_{letter}"


def document(policy: Policy) -> dict[str, Any]:
    """The table as JSON without its version: shares are decimal strings."""
    return {
        "bands": [[letter, str(lowest)] for letter, lowest in policy.bands],
        "caps": [[str(above), letter] for above, letter, _ in policy.caps],
        "required": list(policy.required),
        "undivided": list(policy.undivided),
        "lettered": list(policy.lettered),
    }


def of_document(version: int, found: Mapping[str, Any]) -> Policy:
    """The policy that a stored table says, checked as `check` does."""
    caps = [(float(above), letter) for above, letter in found["caps"]]
    policy = Policy(
        version=version,
        bands=tuple((letter, float(lowest)) for letter, lowest in found["bands"]),
        caps=tuple((above, letter, cap_reason(above, letter)) for above, letter in caps),
        required=tuple(found["required"]),
        undivided=tuple(found["undivided"]),
        lettered=tuple(found["lettered"]),
    )
    return check(policy)


def check(policy: Policy) -> Policy:
    """The same policy with its lists in order; all that is wrong with it is refused at once.

    Bands: every letter A to D, each from a lower state of health (0..1) than the one before. Caps:
    wider spreads (0..1) lower further. Levels: some of L1 to L3, never a claim.
    """
    errors = [*_bands(policy), *_caps(policy), *_choices(policy)]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(errors)
    return replace(
        policy,
        required=tuple(name for name in REQUIRED if name in policy.required),
        undivided=tuple(name for name in UNDIVIDED if name in policy.undivided),
        lettered=tuple(level for level in MEASURED if level in policy.lettered),
    )


def _bands(policy: Policy) -> list[DomainError]:
    letters = tuple(letter for letter, _ in policy.bands)
    if letters != BANDED:
        return [BandMissing(field="band_A")]
    errors: list[DomainError] = [
        BandOutOfRange(field=f"band_{letter}", value=_percent(lowest))
        for letter, lowest in policy.bands
        if not 0 < lowest <= 1
    ]
    for (better, high), (worse, low) in itertools.pairwise(policy.bands):
        if not high > low:
            errors.append(
                BandsCross(
                    field=f"band_{better}",
                    better=better,
                    worse=worse,
                    better_from=_percent(high),
                    worse_from=_percent(low),
                )
            )
    return errors


def _caps(policy: Policy) -> list[DomainError]:
    errors: list[DomainError] = []
    for place, (above, letter, _) in enumerate(policy.caps, start=1):
        if not 0 < above < 1:
            errors.append(CapOutOfRange(field=f"cap_{place}", value=_percent(above)))
        if letter not in CAPS:
            errors.append(CapLetterRefused(field=f"cap_letter_{place}", letter=letter))
    if errors:
        return errors
    for place, (mild, strict) in enumerate(itertools.pairwise(policy.caps), start=2):
        if not (mild[0] < strict[0] and ORDER.index(mild[1]) < ORDER.index(strict[1])):
            errors.append(
                CapsCross(
                    field=f"cap_{place}",
                    wider=_percent(strict[0]),
                    letter=strict[1],
                    narrower=_percent(mild[0]),
                    other=mild[1],
                )
            )
    return errors


def _choices(policy: Policy) -> list[DomainError]:
    strange = [level for level in policy.lettered if level not in MEASURED]
    errors: list[DomainError] = []
    if strange or not policy.lettered:
        errors.append(LevelRefused(field="lettered", level=", ".join(strange) or "–"))
    for field, chosen, known in (
        ("required", policy.required, REQUIRED),
        ("undivided", policy.undivided, UNDIVIDED),
    ):
        errors += [InputUnknown(field=field, value=one) for one in chosen if one not in known]
    return errors


def _percent(share: float) -> str:
    return f"{round(share * 100, 6):g}"
