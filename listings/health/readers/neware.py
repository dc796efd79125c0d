"""Neware .ndax archives, through fastnda, with the cut-offs of the test program in them.

In the archive voltages of the program are in 0.1 mV, currents in mA; the discharged ampere hours
are stored negative, currents positive while charging. Cycle numbers are the tester's own.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import fastnda
import polars as pl

from listings.health.readers import containers
from listings.health.readers.limits import Upload
from listings.health.recording import (
    REQUIRED,
    DamagedFile,
    Program,
    Recording,
)

MAX_MEMBERS: Final = 1000
DISCHARGE_TYPES: Final = frozenset({"2", "8", "10", "20", "26"})
CCCV_TYPES: Final = frozenset({"7", "18"})
CC_TYPES: Final = frozenset({"1"})
VOLTS_PER_UNIT: Final = 1e-4
AMPERES_PER_UNIT: Final = 1e-3
PLAUSIBLE: Final = (0.5, 2.0)
"""A program's upper cut-off outside these multiples of the highest voltage is in another unit."""


def knows(upload: Upload) -> bool:
    """Whether the file is a zip archive with Neware's .ndc members."""
    return containers.looks_like_zip(upload.head) and any(
        name.endswith(".ndc") for name in containers.names(upload.path)
    )


def read(upload: Upload) -> Recording:
    """Read an .ndax archive.

    Refuses an archive that unpacks to more than ``upload.max_bytes`` (``FileTooLarge``) and one
    whose checksums or content do not hold (``DamagedFile``).
    """
    _check_members(containers.check(upload.path, upload.max_bytes))
    rows, metadata = parsed(upload.path, "ndax")
    return Recording(
        frame=canonical(rows),
        reader="neware-ndax",
        reader_version=f"fastnda {fastnda.__version__}",
        sha256=upload.sha256,
        program=_program(metadata, rows),
    )


def _check_members(names: frozenset[str]) -> None:
    if "data.ndc" not in names:
        raise DamagedFile(field="file", detail="data.ndc is missing from the archive")
    for companion in ("data_runInfo.ndc", "data_step.ndc"):
        # Older exports hold all in data.ndc; an archive with only one of the two lost the other.
        if names & {"data_runInfo.ndc", "data_step.ndc"} and companion not in names:
            raise DamagedFile(field="file", detail=f"{companion} is missing from the archive")


def parsed(path: Path, ending: str) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows of an ``ndax`` or ``nda`` file with fastnda's Battery Data Format names.

    With them the metadata, where it decodes.
    """
    with tempfile.TemporaryDirectory() as folder:
        # fastnda goes by the name's ending; uploads are stored under their SHA-256.
        named = Path(folder) / f"upload.{ending}"
        named.symlink_to(path.resolve())
        try:
            rows: pl.DataFrame = fastnda.read(named, cycle_mode="raw", columns="bdf")
        except MemoryError:
            raise
        except Exception as error:  # the library raises whatever broke; all of it means: damaged
            raise containers.damaged(error) from error
        try:
            metadata: dict[str, Any] = fastnda.read_metadata(named)
        except Exception:  # noqa: BLE001 - without metadata the cut-offs are assumed, and marked
            metadata = {}
    for column in REQUIRED:
        if column not in rows.columns:
            raise DamagedFile(field="file", detail=f"no {column} in the archive")
    return rows, metadata


def canonical(rows: pl.DataFrame) -> pl.DataFrame:
    """The frame of ``recording.Recording`` from fastnda's rows."""
    chosen = [pl.col(name).cast(pl.Float64) for name in REQUIRED]
    renamed = {
        "cycle_count": "cycle",
        "step_count": "step",
        "step_net_capacity_ah": "tester_ah",
        "step_net_energy_wh": "tester_wh",
    }
    chosen += [
        pl.col(source).cast(pl.Float64).alias(name)
        for source, name in renamed.items()
        if source in rows.columns
    ]
    warm = [name for name in rows.columns if re.fullmatch(r"aux\d+_temperature_celsius", name)]
    if warm:
        chosen.append(pl.col(warm[0]).cast(pl.Float64).alias("temperature_celsius"))
    return rows.select(chosen)


def _program(metadata: dict[str, Any], rows: pl.DataFrame) -> Program | None:
    """The cut-offs of the steps that ran; None where the file does not tell or cannot be right."""
    steps = _executed(metadata, rows)
    held = [step for step in steps if step.get("Step_Type") in CCCV_TYPES]
    unheld = [step for step in steps if step.get("Step_Type") in CC_TYPES]
    discharges = [step for step in steps if step.get("Step_Type") in DISCHARGE_TYPES]
    tops = _limits(held, "Volt", VOLTS_PER_UNIT) + _limits(unheld, "Stop_Volt", VOLTS_PER_UNIT)
    program = Program(
        low=min(_limits(discharges, "Stop_Volt", VOLTS_PER_UNIT), default=None),
        high=max(tops, default=None),
        taper_ampere=min(_limits(held, "Stop_Curr", AMPERES_PER_UNIT), default=None),
        charge="cccv" if held else "cc" if unheld else None,
    )
    highest = rows["voltage_volt"].max()
    return program if isinstance(highest, float) and _plausible(program, highest) else None


def _executed(metadata: dict[str, Any], rows: pl.DataFrame) -> list[dict[str, Any]]:
    try:
        steps = [step for step in metadata["Step"]["Step_Info"].values() if isinstance(step, dict)]
    except (KeyError, TypeError, AttributeError):
        return []
    if "step_id" not in rows.columns:
        return steps
    ran = {str(step) for step in rows["step_id"].unique().drop_nulls().to_list()}
    return [step for step in steps if step.get("Step_ID") in ran]


def _limits(steps: Iterable[dict[str, Any]], name: str, unit: float) -> list[float]:
    values = []
    for step in steps:
        try:
            value = str(step["Limit"]["Main"][name]["Value"])
        except (KeyError, TypeError):
            continue
        if re.fullmatch(r"\d{1,9}", value):
            values.append(round(int(value) * unit, 6))
    return values


def _plausible(program: Program, highest: float) -> bool:
    low, high = program.low, program.high
    if high is not None and not PLAUSIBLE[0] * highest <= high <= PLAUSIBLE[1] * highest:
        return False
    return low is None or (low < highest if high is None else low < high)
