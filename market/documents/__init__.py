"""Documents as PDF, set by Typst: the same input gives the same bytes on every machine.

Words of users travel as data and are never read as markup. Only the fonts that come with the
application are used. The files are PDF/A-3b, the form that archives ask for.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from datetime import UTC, datetime
from pathlib import Path

import typst

from listings import words
from market import resources
from market.documents import glyphs
from market.documents.award_letter import AwardLetter
from market.documents.contract import Asset, Contract
from market.documents.handover_note import Attestation, HandoverNote, Line
from market.documents.health_sheet import Discharge, HealthReportSheet
from market.documents.label import Label, LabelSheet
from market.documents.parts import PackGroup, Party, Terms
from market.documents.receipt import Receipt

__all__ = [
    "Asset",
    "Attestation",
    "AwardLetter",
    "Contract",
    "Discharge",
    "Document",
    "FontsMissing",
    "HandoverNote",
    "HealthReportSheet",
    "Label",
    "LabelSheet",
    "Line",
    "PackGroup",
    "Party",
    "Receipt",
    "Terms",
    "render",
]

Document = AwardLetter | Contract | HandoverNote | HealthReportSheet | Label | LabelSheet | Receipt
_DRAWINGS = frozenset({"qr", "svg"})


class FontsMissing(RuntimeError):
    """The fonts that come with the application are not in their place."""


def render(document: Document, *, locale: str, at: datetime) -> bytes:
    """The document as PDF/A-3b in this locale, dated ``at`` (an instant with a zone).

    Characters that the font lacks are named by their number. Raises ``FontsMissing`` where the
    front-end packages were never fetched.
    """
    with words.speaking(locale):
        name, data = _composed(document)
    spoken = "en" if locale.startswith("en") else "zh"
    fonts, points = _fonts(resources.root("static") / "vendor" / "fonts")
    text = json.dumps({"lang": spoken, **_drawable(data, points)}, ensure_ascii=False)
    folder = resources.root("templates") / "documents"
    return typst.compile(
        folder / name,
        root=folder,
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"data": text},
        pdf_standards=["a-3b"],
        timestamp=at.astimezone(UTC).replace(microsecond=0),
    )


def _composed(document: Document) -> tuple[str, dict[str, object]]:
    if isinstance(document, Label):
        return "label.typ", {"sheet": False, "labels": [document.compose()]}
    if isinstance(document, LabelSheet):
        labels = [label.compose() for label in document.labels]
        return "label.typ", {"sheet": True, "labels": labels}
    return "paper.typ", dataclasses.asdict(document.compose())


@functools.cache
def _fonts(folder: Path) -> tuple[typst.Fonts, frozenset[int]]:
    files = sorted(folder.glob("NotoSansSC*.ttf"))
    if not files:
        raise FontsMissing(f"no Noto Sans SC in {folder}: fetch the front-end packages first")
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
    return fonts, frozenset.intersection(*(glyphs.covered(file) for file in files))


def _drawable(data: dict[str, object], points: frozenset[int]) -> dict[str, object]:
    def clean(value: object) -> object:
        if isinstance(value, str):
            return glyphs.drawable(value, points)
        if isinstance(value, list):
            return [clean(part) for part in value]
        if isinstance(value, dict):
            return {k: part if k in _DRAWINGS else clean(part) for k, part in value.items()}
        return value

    return {k: part if k in _DRAWINGS else clean(part) for k, part in data.items()}
