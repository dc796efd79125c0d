"""Which characters a TrueType font can draw, so that no text is lost or refused on paper."""

from __future__ import annotations

import functools
import re
import struct
from pathlib import Path

# Control characters, and marks that reorder or hide text: a name must read as it is stored.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_WINDOWS, _FORMAT_BMP, _FORMAT_FULL = 3, 4, 12


@functools.cache
def covered(font: Path) -> frozenset[int]:
    """The code points of a font file's character map (OpenType ``cmap``, formats 4 and 12)."""
    data = font.read_bytes()
    (count,) = struct.unpack_from(">H", data, 4)
    tables = {
        data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0]
        for at in range(12, 12 + 16 * count, 16)
    }
    cmap = tables[b"cmap"]
    points: set[int] = set()
    for record in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        platform, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * record)
        if platform in (0, _WINDOWS):
            points |= _subtable(data, cmap + offset)
    return frozenset(points)


def _subtable(data: bytes, at: int) -> set[int]:
    (shape,) = struct.unpack_from(">H", data, at)
    if shape == _FORMAT_FULL:
        (groups,) = struct.unpack_from(">I", data, at + 12)
        ranges = [struct.unpack_from(">II", data, at + 16 + 12 * i) for i in range(groups)]
    elif shape == _FORMAT_BMP:
        (doubled,) = struct.unpack_from(">H", data, at + 6)
        ends = struct.unpack_from(f">{doubled // 2}H", data, at + 14)
        starts = struct.unpack_from(f">{doubled // 2}H", data, at + 16 + doubled)
        ranges = [(a, b) for a, b in zip(starts, ends, strict=True) if a != 0xFFFF]  # noqa: PLR2004
    else:
        return set()
    return {point for first, last in ranges for point in range(first, last + 1)}


def drawable(text: str, points: frozenset[int]) -> str:
    """The text without invisible marks; what the font lacks is named, as in 〔U+1F600〕."""
    seen = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\t", " "))
    return "".join(c if c == "\n" or ord(c) in points else f"〔U+{ord(c):04X}〕" for c in seen)
