"""Rows of telemetry per second, beside a bare DuckDB aggregation of the same columns.

Both read the same csv with the same threads and memory, one after the other in the same run; ours
includes the check of every cell, the charges and the medians, not the start of the process.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import duckdb
import polars as pl

from listings.telemetry import compute, heads, synthetic
from listings.telemetry.engines import DUCKDB_MEMORY_MB, DuckDB

FLEET = synthetic.Fleet(vehicles=20, days=60)
COLUMNS = ("soc", "current", "speed", "max_temperature", "min_temperature")


def main() -> None:
    """Print rows per second of both, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="packbourse-bench-") as name:
        folder = Path(name)
        file = folder / "telemetry.csv"
        rows = _written(file)
        bare = _bare(file)
        ours = _ours(folder, file)
    print(f"telemetry: {rows / ours:,.0f} rows/s in {ours:.1f} s", end="")
    print(f", bare DuckDB {rows / bare:,.0f} rows/s, ratio {bare / ours:.2f}")


def _written(file: Path) -> int:
    made = synthetic.make(FLEET).rows
    made.with_columns(pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S")).write_csv(file)
    return made.height


def _bare(file: Path) -> float:
    begun = time.perf_counter()
    sums = ", ".join(f"sum({column})" for column in COLUMNS)
    settings = {"threads": os.cpu_count() or 1, "memory_limit": f"{DUCKDB_MEMORY_MB}MB"}
    with duckdb.connect(config=settings) as connection:
        connection.execute("SET preserve_insertion_order = false")
        columns = f"vehicle, count(*), min(time), max(time), {sums}"
        query = f"SELECT {columns} FROM read_csv(?) GROUP BY 1"
        connection.execute(query, [str(file)]).fetchall()
    return time.perf_counter() - begun


def _ours(folder: Path, file: Path) -> float:
    import ibis  # noqa: F401 - loaded before the clock starts, as in a warm process

    begun = time.perf_counter()
    head = heads.head(file, file.name, folder)
    compute.compute(DuckDB(folder, [head.path]), [head], lambda *_: None)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
