"""Made-up recordings of a few charges, and a way to have DuckDB compute them in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from telemetry_rows import as_text, charge

from listings.telemetry import compute, engines, heads
from listings.telemetry.compute import Result


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def computed(work: Path) -> Callable[..., Result]:
    def run(*paths: Path, **settings: int) -> Result:
        known = [heads.head(path, path.name, work) for path in paths]
        engine = engines.DuckDB(work, [head.path for head in known], **settings)
        return compute.compute(engine, known, lambda *_: None)

    return run


@pytest.fixture
def one_charge(tmp_path: Path) -> Callable[..., Path]:
    """A csv of one charge of 150 Ah over 70 %, spoilt by the given function."""

    def write(
        spoil: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame, **how: object
    ) -> Path:
        path = tmp_path / "export.csv"
        as_text(spoil(charge(**how))).write_csv(path)  # type: ignore[arg-type]
        return path

    return write
