"""How chemistries and formats are written on data sheets and in spreadsheets, and what they are.

Cathodes go by nickel, manganese, cobalt here (NMC532); China writes nickel, cobalt, manganese
(NCM523). A ternary whose grade nobody states is ``ternary``.
"""

from __future__ import annotations

import re
import unicodedata

from pricing.coefficients import FORMATS
from pricing.materials import CHEMISTRIES

_OTHERS = {
    "NMC333": "NMC111",
    "NCM333": "NMC111",
    "NCM111": "NMC111",
    "NCM523": "NMC532",
    "NMC523": "NMC532",
    "NCM622": "NMC622",
    "NCM811": "NMC811",
    "NMC": "ternary",
    "NCM": "ternary",
    "三元": "ternary",
    "三元锂": "ternary",
    "磷酸铁锂": "LFP",
    "LiFePO4": "LFP",
    "锰酸锂": "LMO",
    "LiMn2O4": "LMO",
    "钴酸锂": "LCO",
    "LiCoO2": "LCO",
    "钛酸锂": "LTO",
    "Li4Ti5O12": "LTO",
}
_FORMATS = {"方形": "prismatic", "方壳": "prismatic", "软包": "pouch", "圆柱": "cylindrical"}


def plain(text: str) -> str:
    """A word without case, blanks, brackets, hyphens and underscores, full-width letters narrow."""
    return re.sub(r"[\s_\-‐–/()\[\]]+", "", unicodedata.normalize("NFKC", text)).casefold()


CHEMISTRY_OF = {plain(name): name for name in CHEMISTRIES} | {
    plain(spelling): name for spelling, name in _OTHERS.items()
}
FORMAT_OF = {plain(name): name for name in FORMATS} | _FORMATS


def chemistry(text: str) -> str:
    """The chemistry that a spelling means; a text that means none comes back trimmed."""
    return CHEMISTRY_OF.get(plain(text), text.strip())
