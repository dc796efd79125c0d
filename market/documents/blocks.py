"""What a paper is made of. Every string is finished text: the template only places it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import segno

from market.documents.figures import DASH

Block = dict[str, object]


@dataclass(frozen=True, slots=True)
class Paper:
    """One A4 document: its head, its blocks in order, and the line at the foot of each page."""

    title: str
    number: str
    blocks: list[Block]
    foot: str = ""
    qr: str = ""
    qr_caption: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its head, its share of the width (0: as wide as its text)."""

    head: str
    share: int = 0
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Seal:
    """A place for a seal and a signature."""

    role: str
    name: str
    lines: Sequence[str] = field(default=())


def heading(text: str) -> Block:
    return {"kind": "heading", "text": _flat(text)}


def annex(text: str) -> Block:
    """The head of what begins on a page of its own."""
    return {"kind": "annex", "text": _flat(text)}


def text(value: str) -> Block:
    return {"kind": "text", "text": value}


def code(value: str) -> Block:
    """Text whose every character counts, such as a checkpoint."""
    return {"kind": "code", "text": value}


def pairs(rows: Iterable[tuple[str, str]]) -> Block:
    """Labels and values; an empty value is a dash."""
    return {"kind": "pairs", "rows": [[_flat(label), value or DASH] for label, value in rows]}


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    foot: Sequence[str] = (),
    empty: str = "",
) -> Block:
    """A table whose head is repeated on each page; ``empty`` is said where it has no row."""
    return {
        "kind": "table",
        "columns": [
            {"head": column.head, "share": column.share, "number": column.is_number}
            for column in columns
        ],
        "rows": [[cell or DASH for cell in row] for row in rows],
        "foot": list(foot),
        "empty": empty,
    }


def clause(number: int, title: str, paragraphs: Sequence[str]) -> Block:
    return {"kind": "clause", "number": number, "title": title, "paragraphs": list(paragraphs)}


def picture(svg: str, caption: str) -> Block:
    """A drawing as SVG text; nothing where there is none."""
    return {"kind": "picture", "svg": svg, "caption": caption}


def seals(places: Sequence[Seal]) -> Block:
    return {
        "kind": "seals",
        "places": [
            {"role": _flat(seal.role), "name": seal.name, "lines": [_flat(li) for li in seal.lines]}
            for seal in places
        ],
    }


def qr(address: str) -> str:
    """The address as a QR code in SVG, with its quiet zone; "" for no address."""
    if not address:
        return ""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", border=4, xmldecl=False, svgns=True, light="#fff"
    )
    return drawn.getvalue().decode()


def _flat(label: str) -> str:
    return label.replace("\n", " ")
