"""The pulse models that are shipped, read from their table; ``tools/fit_rapid.py`` writes it."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from listings.health.rapid import Level, Model

TABLE: Final = Path(__file__).parent / "tables/rapid.json"


@functools.cache
def shipped() -> Mapping[str, Model]:
    """The models by family of chemistry."""
    return {found["chemistry"]: _model(found) for found in contents()["models"]}


def contents() -> dict[str, Any]:
    """The whole table with its provenance, as it stands in the file."""
    found: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return found


def written(model: Model) -> dict[str, Any]:
    """A model as it stands in the table: errors to six decimals, numbers to nine figures."""
    found = asdict(model)
    for level in found["levels"]:
        for name in ("rmse", "max_error", "half_width", "baseline_rmse"):
            level[name] = round(level[name], 6)
        level["intercept"] = _short(level["intercept"])
        for name in ("weights", "low", "high"):
            level[name] = [_short(value) for value in level[name]]
    return found


def _short(value: float) -> float:
    return float(f"{value:.9g}")


def _model(found: dict[str, Any]) -> Model:
    levels = tuple(_level(level) for level in found["levels"])
    return Model(**{**found, "levels": levels})


def _level(found: dict[str, Any]) -> Level:
    lists = {name: tuple(found[name]) for name in ("weights", "low", "high")}
    return Level(**{**found, **lists})
