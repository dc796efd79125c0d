"""Neware .ndax archives, through fastnda, with the cut-offs of the test program in them.

In the archive voltages of the program are in 0.1 mV, currents in mA; the discharged ampere hours
are stored negative, currents positive while charging. Cycle numbers are the tester's own.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

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
READ_BY_FASTNDA: Final = frozenset({"data.ndc", "data_runInfo.ndc", "data_step.ndc"})
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
    _check_members(containers.check(upload.path, upload.max_bytes, read_whole=READ_BY_FASTNDA))
    rows = parsed(upload.path, "ndax")
    return Recording(
        frame=canonical(rows),
        reader="neware-ndax",
        reader_version=f"fastnda {fastnda.__version__}",
        sha256=upload.sha256,
        program=_program(_steps(upload.path), rows),
    )


def _check_members(names: frozenset[str]) -> None:
    if "data.ndc" not in names:
        raise DamagedFile(field="file", detail="data.ndc is missing from the archive")
    for companion in ("data_runInfo.ndc", "data_step.ndc"):
        # Older exports hold all in data.ndc; an archive with only one of the two lost the other.
        if names & {"data_runInfo.ndc", "data_step.ndc"} and companion not in names:
            raise DamagedFile(field="file", detail=f"{companion} is missing from the archive")


def parsed(path: Path, ending: str) -> pl.DataFrame:
    """The rows of an ``ndax`` or ``nda`` file with fastnda's Battery Data Format names."""
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
    for column in REQUIRED:
        if column not in rows.columns:
            raise DamagedFile(field="file", detail=f"no {column} in the archive")
    return rows


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


def _steps(path: Path) -> list[Element]:
    """The steps of the archive's own test program; none where it does not decode."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("Step.xml").decode(errors="ignore")
        # Confined like every reader, and expat stops entities that grow.
        root = ET.fromstring(text)  # noqa: S314
    except (KeyError, OSError, ET.ParseError, zipfile.BadZipFile, ValueError):
        return []
    return [step for step in root.iterfind("config/Step_Info/*") if "Step_ID" in step.attrib]


def _program(steps: list[Element], rows: pl.DataFrame) -> Program | None:
    """The cut-offs of the steps that ran; None where the file does not tell or cannot be right."""
    if "step_id" in rows.columns:
        ran = {str(step) for step in rows["step_id"].unique().drop_nulls().to_list()}
        steps = [step for step in steps if step.get("Step_ID") in ran]
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


def _limits(steps: Iterable[Element], name: str, unit: float) -> list[float]:
    found = (step.find(f"Limit/Main/{name}") for step in steps)
    texts = [limit.get("Value", "") for limit in found if limit is not None]
    return [round(int(text) * unit, 6) for text in texts if re.fullmatch(r"[0-9]{1,9}", text)]


def _plausible(program: Program, highest: float) -> bool:
    low, high = program.low, program.high
    if high is not None and not PLAUSIBLE[0] * highest <= high <= PLAUSIBLE[1] * highest:
        return False
    return low is None or (low < highest if high is None else low < high)
