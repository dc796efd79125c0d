"""Maccor text exports: tabs, one or two lines of head, the state of each row as a letter.

The first line may be notes ("Today's Date ... Filename: ..."). Labels carry units ("Test (Sec)",
"Voltage [V]") or are units ("Amps"). Current is unsigned in most exports: the state letter C or D
gives it its sign. The cycle count is Maccor's own, from 0.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from listings.health.readers import frames, tables
from listings.health.readers.limits import Upload
from listings.health.recording import Recording

VERSION: Final = "1"
HEAD_LINES: Final = 20


def knows(upload: Upload) -> bool:
    """Whether the header starts with Rec, is written with tabs and has the state letter."""
    layout = tables.find(upload.head)
    return (
        layout is not None
        and layout.delimiter == "\t"
        and layout.header_line <= HEAD_LINES
        and starts(layout)
        and {"record", "step", "state"} <= layout.columns.keys()
    )


def starts(layout: tables.Layout) -> bool:
    """Whether the first label is Maccor's number of the record."""
    return layout.labels[0].strip().lower() in {"rec", "rec#"}


def read(upload: Upload) -> Recording:
    """Read an export that ``knows`` knows; no cut-offs stand in it."""
    layout = tables.layout_of(upload)
    return Recording(
        frame=frames.canonical(tables.read(upload.path, layout, frames.READ)),
        reader="maccor-text",
        reader_version=f"{VERSION} (polars {pl.__version__})",
        sha256=upload.sha256,
    )
