"""Battery Data Format csv: one header line, then numbers; machine names or labels with units.

Source: battery-data-alliance/battery-data-format, which defines the column names, SI units and
charging as positive. Files in mV, mA, mAh, min or h with the unit in the label are taken too.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from listings.health.readers import frames, tables
from listings.health.readers.limits import Upload
from listings.health.recording import OPTIONAL, REQUIRED, Recording

VERSION: Final = "2"
MACHINE: Final = ("_second", "_volt", "_ampere")


def knows(upload: Upload) -> bool:
    """Whether the first line has the three required columns, named as the format names them."""
    layout = tables.find(upload.head)
    if layout is None or layout.header_line or layout.delimiter != ",":
        return False
    labels = [layout.columns[name].label for name in REQUIRED if name in layout.columns]
    return len(labels) == len(REQUIRED) and all(
        " / " in label or label.strip().lower().endswith(MACHINE) for label in labels
    )


def read(upload: Upload) -> Recording:
    """Read a csv that ``knows`` knows. Signs, steps and cycles stay as written.

    Refuses text where a number should stand, and a last line that was cut off (``DamagedFile``).
    A csv carries no checksum: a changed digit cannot be noticed.
    """
    layout = tables.layout_of(upload)
    columns = tables.read(upload.path, layout, frames.READ)
    for unit in ("ah", "wh"):
        counted = frames.counter(columns, unit)
        if counted is not None:
            columns[f"tester_{unit}"] = counted
    wanted = [name for name in (*REQUIRED, *OPTIONAL) if name in columns]
    return Recording(
        frame=pl.DataFrame([columns[name].cast(pl.Float64).alias(name) for name in wanted]),
        reader="bdf-csv",
        reader_version=f"{VERSION} (polars {pl.__version__})",
        sha256=upload.sha256,
    )
