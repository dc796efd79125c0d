"""Which columns a table of packs to be valued may have, and what their cells may hold.

Headers are known in English and Chinese, whatever their case, blanks and underscores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from listings.errors import N_, Refused
from pricing.coefficients import FORMATS
from pricing.columns import MOST_SOH
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS
from pricing.spellings import CHEMISTRY_OF, FORMAT_OF, plain

UNKNOWN: Final = 255
"""The code of a chemistry that is not stated."""


class ColumnsMissing(Refused):
    """The table lacks a column without which no row can be valued."""

    message = N_(
        "“%(filename)s” needs a column “chemistry”, and “energy_kwh” or “mass_kg”. "
        "docs/value-files.md lists all columns."
    )


class SameColumnTwice(Refused):
    """Two columns mean the same."""

    message = N_("The columns “%(column)s” and “%(other)s” mean the same. Remove one.")


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers from ``least`` to ``most``; ``is_above`` leaves out ``least`` itself.
    ``is_share``: “80 %” is read as 0.8, and so is 80 under a header that ends in “%”.
    """

    key: str
    spellings: tuple[str, ...]
    most: float
    least: float = 0.0
    is_above: bool = False
    is_share: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A column of words with the code that each means; an empty cell means ``otherwise``."""

    key: str
    spellings: tuple[str, ...]
    codes: Mapping[str, int]
    otherwise: int


_YES = ("yes", "y", "true", "1", "是", "有", "damaged", "受损", "破损", "损坏")
_NO = ("no", "n", "false", "0", "否", "无", "intact", "完好")
_LEVELS = {text: level for level in range(1, 6) for text in (f"l{level}", str(level), f"{level}.0")}


def _assay(element: str, unit: str, word: str, most: float) -> Number:
    return Number(f"assay_{element.lower()}_{unit}", (f"assay {element} {word}",), most)


NUMBERS: Final = (
    Number("energy_kwh", ("energy", "额定能量kwh", "额定能量", "能量"), 1e6, is_above=True),
    Number("mass_kg", ("mass", "weight", "质量kg", "质量", "重量kg", "重量"), 1e7, is_above=True),
    Number("design_year", ("设计年份",), 2100, 1990),
    Number("soh", ("state of health", "健康状态", "健康度"), MOST_SOH, is_share=True),
    Number("age_years", ("age", "年限", "使用年限", "使用年限年", "役龄"), 100),
    Number("spread", ("capacity spread", "容量差", "容量离散度"), 1, is_share=True),
    Number("distance_km", ("distance", "运距km", "运距", "运输距离"), 1e5),
    *(_assay(name, "kg", "kg", 1e7) for name in ELEMENT_NAMES),
    *(_assay(name, "percent", "%", 100) for name in ELEMENT_NAMES),
)
WORDS: Final = (
    Words(
        "chemistry",
        ("化学体系", "电池类型", "材料体系"),
        {spelling: CHEMISTRIES.index(name) for spelling, name in CHEMISTRY_OF.items()},
        UNKNOWN,
    ),
    Words(
        "era",
        ("design era", "设计年代"),
        {plain(name): code for code, name in enumerate(ERAS)},
        ERAS.index("unknown"),
    ),
    Words("evidence_level", ("evidence", "证据等级"), _LEVELS, 0),
    Words(
        "format",
        ("cell format", "外形", "封装"),
        {spelling: FORMATS.index(name) for spelling, name in FORMAT_OF.items()},
        FORMATS.index("unknown"),
    ),
    Words(
        "is_damaged",
        ("damaged", "是否受损", "受损", "破损"),
        dict.fromkeys(_YES, 1) | dict.fromkeys(_NO, 0),
        0,
    ),
)
ID: Final = "id"
KEYS: Final = (ID, *(one.key for one in WORDS), *(one.key for one in NUMBERS))
_IDS = ("pack", "pack id", "name", "code", "编号", "电池编号", "电池编码", "电池包编号")
_SPELLINGS: dict[str, tuple[str, ...]] = {
    ID: _IDS,
    **{one.key: one.spellings for one in WORDS},
    **{one.key: one.spellings for one in NUMBERS},
    **{
        f"{one.key}%": tuple(f"{text}%" for text in one.spellings)
        for one in NUMBERS
        if one.is_share
    },
}
_KEY_OF: Final = {
    plain(spelling): key.removesuffix("%")
    for key, spellings in _SPELLINGS.items()
    for spelling in (key, *spellings)
}


def is_header(names: Sequence[str]) -> bool:
    """Whether a row of texts names the columns: the chemistry, and some other one."""
    keys = {_KEY_OF.get(plain(name)) for name in names}
    return "chemistry" in keys and len(keys - {None}) > 1


def places(names: Sequence[str], filename: str) -> dict[str, str]:
    """The name of each known column by its key. Refuses two that mean the same, and a table
    without chemistry, or without energy and mass.
    """
    found: dict[str, str] = {}
    for name in names:
        key = _KEY_OF.get(plain(name))
        if key in found:
            raise SameColumnTwice("file", column=found[key], other=name)
        if key is not None:
            found[key] = name
    if "chemistry" not in found or not {"energy_kwh", "mass_kg"} & set(found):
        raise ColumnsMissing("file", filename=filename)
    return found
