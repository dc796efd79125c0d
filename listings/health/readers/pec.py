"""PEC csv: lines of notes ("Test:,187"), "#..." blocks, then one table in mV, mA and mAh.

Charging is positive. A file may hold several tests or cells one after another; they are different
test objects, so such a file is refused.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from listings.health.readers import frames, tables
from listings.health.readers.limits import Upload
from listings.health.recording import Recording, SeveralTests

VERSION: Final = "1"


def knows(upload: Upload) -> bool:
    """Whether the header names the test, the cell and its total time."""
    layout = tables.find(upload.head)
    return (
        layout is not None
        and layout.delimiter == ","
        and {"test", "cell", "step", "cycle", "test_time_second"} <= layout.columns.keys()
    )


def read(upload: Upload) -> Recording:
    """Read an export that ``knows`` knows. Refuses several tests or cells (``SeveralTests``)."""
    layout = tables.layout_of(upload)
    columns = tables.read(upload.path, layout, (*frames.READ, "test", "cell"), comment="#")
    tests = pl.DataFrame([columns["test"].alias("test"), columns["cell"].alias("cell")]).unique()
    if tests.height > 1:
        raise SeveralTests(field="file", count=tests.height)
    return Recording(
        frame=frames.canonical(columns),
        reader="pec-csv",
        reader_version=f"{VERSION} (polars {pl.__version__})",
        sha256=upload.sha256,
    )
