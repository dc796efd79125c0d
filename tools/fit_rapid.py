"""Fit the pulse models again from the calibrated cells and write listings/health/tables/rapid.json.

    python tools/fit_rapid.py FOLDER [--check]

FOLDER holds NMC_21Ah_W_5000.xlsx and LFP_35Ah_W_5000.xlsx of the data set that the table names;
they are no part of this project. With ``--check`` nothing is written and the status is 1 where
the table differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from listings import sheets
from listings.health import rapid_models
from listings.health.rapid import POINTS, RIDGE, Model, fit_level, names, responses

TEMPERATURE_C = 25.0
FILES = ("LFP_35Ah_W_5000.xlsx", "NMC_21Ah_W_5000.xlsx")
SOURCE = {
    "dataset": "TBSI-Lijing retired battery data set (Pulse-Voltage-Response-Generation)",
    "repository": "github.com/terencetaothucb/Pulse-Voltage-Response-Generation",
    "licence": "MIT",
    "paper": "Tao et al., Generative learning assisted state-of-health estimation for "
    "sustainable battery recycling with random retirement conditions, "
    "Nature Communications 15 (2024)",
    "doi": "10.1038/s41467-024-54454-0",
    "calibration": "CC-CV charge at 1C to 0.05C, CC discharge at 1C, at 25 degC",
    "protocol": "charged at 1C from the lower cut-off in steps of 5 % of the rated capacity, "
    "rest 10 min, pulses of +0.5, -0.5, +1, -1, +1.5 C with 75 s of rest behind each",
}


def fit(path: Path) -> Model:
    """The model of one table. Every cell must stand once at every state of charge."""
    sheet = sheets.read(path, path.name)
    at = {name: place for place, name in enumerate(sheet.header)}
    volts = [at[f"U{i}"] for i in range(1, POINTS + 1)]
    rows = [row.cells for row in sheet.rows]
    levels = []
    for soc in sorted({_number(row[at["SOC"]]) for row in rows}):
        here = [row for row in rows if _number(row[at["SOC"]]) == soc]
        if len({row[at["ID"]] for row in here}) != len(here):
            raise SystemExit(f"a cell stands twice at {soc:g} % in {path.name}")
        x = np.array([responses([_number(row[place]) for place in volts]) for row in here])
        soh = np.array([_number(row[at["Q"]]) / _number(row[at["Qn"]]) for row in here])
        levels.append(fit_level(soc, x, soh))
    states = [_number(row[at["Q"]]) / _number(row[at["Qn"]]) for row in rows]
    return Model(
        chemistry=str(_only(rows, at["Mat"])),
        rated_ah=_number(_only(rows, at["Qn"])),
        pulse_width_s=_number(_only(rows, at["Pt"])),
        temperature_c=TEMPERATURE_C,
        cells=len({row[at["ID"]] for row in rows}),
        soh_low=round(min(states), 6),
        soh_high=round(max(states), 6),
        levels=tuple(levels),
    )


def table(folder: Path) -> dict[str, Any]:
    """What rapid.json holds, from the tables in ``folder``."""
    models = [rapid_models.written(fit(folder / name)) for name in FILES]
    made_with = {"ridge": RIDGE, "responses": list(names())}
    return {"source": SOURCE, **made_with, "models": models}


def _number(cell: object) -> float:
    if not isinstance(cell, int | float):
        raise SystemExit(f"“{cell}” is no number")
    return float(cell)


def _only(rows: list[list[sheets.Cell]], place: int) -> object:
    (value,) = {row[place] for row in rows}
    return value


def main(arguments: list[str]) -> int:
    """Write or check the table, and print each level's errors."""
    found = table(Path(arguments[0]))
    for model in found["models"]:
        for level in model["levels"]:
            errors = "  ".join(
                f"{name} {level[name] * 100:5.2f} %"
                for name in ("rmse", "max_error", "half_width", "baseline_rmse")
            )
            sys.stdout.write(f"{model['chemistry']} {level['soc_percent']:3g} %  {errors}\n")
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if "--check" in arguments:
        return int(json.loads(text) != rapid_models.contents())
    rapid_models.TABLE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
