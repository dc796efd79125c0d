"""A pulse table judged cell by cell: the document of ``packbourse health rapid``.

Its JSON Schema stands in docs/commands/health-rapid.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from listings.errors import N_
from listings.health import rapid, rapid_models
from listings.health.rapid import Estimate, Model, Pulses, RapidRefused
from listings.health.readers import pulses
from listings.health.recording import FileRefused
from listings.words import gettext


class NoPulses(FileRefused):
    """A table with its header and nothing below."""

    message = N_("The pulse table holds no row. Fill the template, one row per cell and level.")


def by_cell(sequences: Iterable[Pulses]) -> dict[str, list[Pulses]]:
    """The sequences of each cell, in the table's order. Refuses none at all."""
    found: dict[str, list[Pulses]] = {}
    for one in sequences:
        found.setdefault(one.cell, []).append(one)
    if not found:
        raise NoPulses(field="file")
    return found


def judge(path: Path, chemistry: str) -> dict[str, Any]:
    """Read a table in a child process and estimate each of its cells.

    A cell that cannot be judged has the sentence why instead of an estimate. Refuses a table that
    cannot be read, and a chemistry without a model.
    """
    models = rapid_models.shipped()
    family = rapid.family(chemistry, models)
    sha256, sequences = pulses.read_in_child(path)
    cells = by_cell(sequences)
    return {
        "reader": pulses.READER,
        "reader_version": pulses.VERSION,
        "sha256": sha256,
        "chemistry": family,
        "evidence_level": "L2",
        "source": rapid_models.contents()["source"],
        "cells": [_judged(cell, several, chemistry, models) for cell, several in cells.items()],
    }


def _judged(
    cell: str, several: list[Pulses], chemistry: str, models: Mapping[str, Model]
) -> dict[str, Any]:
    estimate: Estimate | None = None
    refusal = None
    try:
        estimate = rapid.assess_cell(several, chemistry, models)
    except RapidRefused as refused:
        refusal = gettext(refused.message, **refused.values)
    shown = None if estimate is None else rapid.document(estimate)
    return {"cell": cell, "estimate": shown, "refusal": refusal}
