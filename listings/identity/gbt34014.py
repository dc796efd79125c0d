"""Battery codes (动力电池编码) after GB/T 34014-2017. Pure.

24 characters: maker 3, type 1, chemistry 1, specification 2, traceability 7, year, month and day
1 each, serial 7. A reuse product has 19: the traceability characters go, ``R`` and the type of
the reuse product are appended. There is no check digit, so a valid code may still be mistyped.

Third-party libraries: none. Siblings: ``listings.errors``, ``listings.identity.problems``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from listings.errors import N_, Refused
from listings.identity.problems import Problem, Severity, normalise

LENGTH = 24
REUSE_LENGTH = 19
KINDS = {"P": "pack", "M": "module", "C": "cell"}
CHEMISTRIES = {
    "A": "NiMH",
    "B": "LFP",
    "C": "LMO",
    "D": "LCO",
    "E": "ternary",
    "F": "supercapacitor",
    "G": "LTO",
    "Z": "other",
}
YEARS = {letter: 2011 + i for i, letter in enumerate("123456789ABCDEFGHJKLMNPRSTVWXY")}
MONTHS = {letter: 1 + i for i, letter in enumerate("123456789ABC")}
DAYS = {letter: 1 + i for i, letter in enumerate("123456789ABCDEFGHJKLMNPRSTVWXY0")}
MAKER_NAMES: Mapping[str, str] = {"001": "CATL", "04Q": "EVE"}
"""Names of makers where a published code and its maker are certain; others show the code only."""

SHEET_NAMES = {
    **{key.upper(): key for key in CHEMISTRIES.values()},
    **dict.fromkeys(("NMC", "NCM", "NCA", "NMC/NCA", "三元", "三元锂"), "ternary"),
    "LIFEPO4": "LFP",
    "磷酸铁锂": "LFP",
    "锰酸锂": "LMO",
    "钴酸锂": "LCO",
    "钛酸锂": "LTO",
    "镍氢": "NiMH",
    "超级电容": "supercapacitor",
    "其他": "other",
}

FULL = re.compile(
    r"([0-9A-Z]{3})([PMC])([A-GZ])([0-9A-Z]{2})([0-9A-Z]{7})"
    r"([1-9A-HJ-NPR-TV-Y])([1-9A-C])([0-9A-HJ-NPR-TV-Y])([0-9]{7})"
)

WRONG_LENGTH = N_(
    "A battery code has 24 characters, or 19 for a reuse product; this one has %(length)s."
)
WRONG_CHARACTERS = N_(
    "A battery code has only digits and the letters A to Z; this one has “%(characters)s”."
)
WRONG_KIND = N_(
    "Character 4 says P (pack), M (module) or C (cell); “%(character)s” is none of them."
)
WRONG_CHEMISTRY = N_("Character 5 is the chemistry, A to G or Z; “%(character)s” is none of them.")
WRONG_SERIAL = N_("The serial number must be 7 digits; “%(serial)s” is not.")
WRONG_REUSE_MARK = N_(
    "A code of 19 characters ends in R and P, M or C; this one ends in “%(mark)s”."
)
NO_SUCH_DATE = N_("The date characters “%(characters)s” are not a day of the calendar.")
IN_THE_FUTURE = N_("The code says that it was made on %(made_on)s, which is still to come.")
AFTER_REGISTRATION = N_(
    "The code says that it was made on %(made_on)s, after the vehicle was first registered on "
    "%(first_registered_on)s."
)
HALVES_SWAPPED = N_(
    "The two lines of the code may have been swapped: “%(suggestion)s” would be a valid code."
)
CHEMISTRY_CONFLICT = N_("The battery code says %(coded)s, the datasheet says %(datasheet)s.")


class NotAFullCode(Refused):
    """Only a valid code of 24 characters has a reuse code."""

    message = N_("“%(code)s” is not a battery code of 24 characters.")


@dataclass(frozen=True, slots=True)
class BatteryCode:
    """A decoded code; every part that could not be read is None.

    ``text`` is the normalised code. ``kind`` of a reuse product is that of the reuse product, its
    ``original_kind`` that of character 4. ``date_characters`` are kept because the end of the day
    table is inferred: show them beside ``made_on``. ``traceability`` is None in a reuse code.
    """

    text: str
    valid: bool
    kind: str | None
    original_kind: str | None
    chemistry_letter: str | None
    chemistry: str | None
    maker: str | None
    maker_name: str | None
    made_on: date | None
    date_characters: str | None
    length: int
    spec: str | None
    traceability: str | None
    serial: str | None
    problems: tuple[Problem, ...]

    @property
    def is_reuse(self) -> bool:
        """Whether this is the code of a reuse product."""
        return self.length == REUSE_LENGTH


def decode(
    text: str,
    *,
    today: date,
    first_registered_on: date | None = None,
    maker_names: Mapping[str, str] = MAKER_NAMES,
) -> BatteryCode:
    """Read a code as typed, scanned or pasted; never refuses, lists ``problems`` instead.

    The date of manufacture must be a calendar day, not after ``today`` and not after the first
    registration of the vehicle. A full code whose halves were joined the wrong way round gets a
    hint with the code that would be valid.
    """
    code = normalise(text)
    if len(code) not in (LENGTH, REUSE_LENGTH):
        return _unread(code, Problem("wrong_length", WRONG_LENGTH, {"length": len(code)}))
    strange = "".join(sorted(set(re.findall(r"[^0-9A-Z]", code))))
    if strange:
        return _unread(code, Problem("wrong_characters", WRONG_CHARACTERS, {"characters": strange}))
    reuse = len(code) == REUSE_LENGTH
    tail = code[7:17] if reuse else code[14:]
    made_on = _calendar_day(tail[:3])
    problems = [
        *_static_problems(code, tail, reuse=reuse),
        *_date_problems(tail[:3], made_on, today, first_registered_on),
    ]
    if problems and not reuse:
        problems += _swap_hint(text, today)
    return BatteryCode(
        text=code,
        valid=not problems,
        kind=KINDS.get(code[-1] if reuse else code[3]),
        original_kind=KINDS.get(code[3]),
        chemistry_letter=code[4] if code[4] in CHEMISTRIES else None,
        chemistry=CHEMISTRIES.get(code[4]),
        maker=code[:3],
        maker_name=maker_names.get(code[:3]),
        made_on=made_on,
        date_characters=tail[:3],
        length=len(code),
        spec=code[5:7],
        traceability=None if reuse else code[7:14],
        serial=tail[3:],
        problems=tuple(problems),
    )


def document(text: str, today: date) -> dict[str, object]:
    """The JSON document of ``packbourse code``; unknown parts are null.

    A problem is one string: its stable code, a colon, its sentence.
    """
    code = decode(text, today=today)
    return {
        "valid": code.valid,
        "kind": code.kind,
        "chemistry": code.chemistry,
        "maker": code.maker,
        "made_on": code.made_on.isoformat() if code.made_on else None,
        "length": code.length,
        "problems": [f"{problem.code}: {problem}" for problem in code.problems],
    }


def reuse_code(code24: str, kind: str | None = None) -> str:
    """The 19-character code of a reuse product made of ``code24``, which stays as its alias.

    ``kind`` is that of the reuse product ("pack", "module", "cell"), by default that of the
    original. Refuses anything but a well-formed full code (``NotAFullCode``).
    """
    code = normalise(code24)
    if not FULL.fullmatch(code) or _calendar_day(code[14:17]) is None:
        raise NotAFullCode(field="code", code=code)
    letters = {name: letter for letter, name in KINDS.items()}
    return code[:7] + code[14:] + "R" + (code[3] if kind is None else letters[kind])


def conflicts(code: BatteryCode, datasheet_chemistry: str | None) -> list[Problem]:
    """A warning when code and datasheet name different chemistries; it stays on the report.

    Datasheet names are read loosely (NMC, NCM, NCA, 三元 are all "ternary"); the code overrides
    nothing. Without a chemistry on either side there is nothing to compare.
    """
    if code.chemistry is None or not datasheet_chemistry:
        return []
    sheet = SHEET_NAMES.get(normalise(datasheet_chemistry), "other")
    if sheet == code.chemistry:
        return []
    values = {"coded": code.chemistry, "datasheet": datasheet_chemistry}
    return [Problem("chemistry_conflict", CHEMISTRY_CONFLICT, values, Severity.WARNING)]


def _calendar_day(characters: str) -> date | None:
    year, month, day = tuple(characters)
    try:
        return date(YEARS[year], MONTHS[month], DAYS[day])
    except (KeyError, ValueError):
        return None


def _static_problems(code: str, tail: str, *, reuse: bool) -> list[Problem]:
    """Type, chemistry, serial number and reuse mark, each on its own."""
    found = []
    if code[3] not in KINDS:
        found.append(Problem("wrong_kind", WRONG_KIND, {"character": code[3]}))
    if code[4] not in CHEMISTRIES:
        found.append(Problem("wrong_chemistry", WRONG_CHEMISTRY, {"character": code[4]}))
    if not tail[3:].isdigit():
        found.append(Problem("wrong_serial", WRONG_SERIAL, {"serial": tail[3:]}))
    if reuse and (code[17] != "R" or code[18] not in KINDS):
        found.append(Problem("wrong_reuse_mark", WRONG_REUSE_MARK, {"mark": code[17:]}))
    return found


def _date_problems(
    characters: str, made_on: date | None, today: date, first_registered_on: date | None
) -> list[Problem]:
    if made_on is None:
        return [Problem("no_such_date", NO_SUCH_DATE, {"characters": characters})]
    found = []
    if made_on > today:
        found.append(Problem("in_the_future", IN_THE_FUTURE, {"made_on": made_on}))
    if first_registered_on is not None and made_on > first_registered_on:
        values = {"made_on": made_on, "first_registered_on": first_registered_on}
        found.append(Problem("after_registration", AFTER_REGISTRATION, values))
    return found


def _swap_hint(text: str, today: date) -> list[Problem]:
    """Labels carry the code in two lines: as typed, 12 and 12, or production data first (10)."""
    code = normalise(text)
    if FULL.fullmatch(code):
        return []
    lines = [normalise(line) for line in text.splitlines() if normalise(line)]
    cuts = [len(lines[0])] if len(lines) == 2 else []  # noqa: PLR2004 - two lines
    for cut in (*cuts, LENGTH // 2, 10):
        swapped = code[cut:] + code[:cut]
        made_on = _calendar_day(swapped[14:17])
        if FULL.fullmatch(swapped) and made_on is not None and made_on <= today:
            return [Problem("halves_swapped", HALVES_SWAPPED, {"suggestion": swapped})]
    return []


def _unread(code: str, problem: Problem) -> BatteryCode:
    return BatteryCode(
        text=code,
        valid=False,
        kind=None,
        original_kind=None,
        chemistry_letter=None,
        chemistry=None,
        maker=None,
        maker_name=None,
        made_on=None,
        date_characters=None,
        length=len(code),
        spec=None,
        traceability=None,
        serial=None,
        problems=(problem,),
    )
