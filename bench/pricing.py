"""Nanoseconds a pack for both routes with their intervals, beside a plain numpy pass over the same
columns, and rows a second of a whole file by the command, beside bare Polars.

The plain pass is what the method note says, written as whole-column expressions; both must agree.
15 ns is what a bare cache-blocked pass took on one core when the design was measured. Bare Polars
reads the same file and writes a csv of as many columns as the command does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pricing import kernel, seeded
from pricing.coefficients import FORMATS
from pricing.columns import PackColumn
from pricing.materials import CHEMISTRIES, ERAS
from pricing.rates import Rates, rates
from pricing.valuation import look_up

Floats = npt.NDArray[np.float64]

PACKS = 1_000_000
FEW = 100_000
ROUNDS = 9
FLOOR_NS = 15.0
# Chemistries as they come in: half of the packs LFP, a third nickel and cobalt.
MIX = ("LFP",) * 5 + ("NMC532", "NMC622", "ternary", "LMO", "LTO")


def main() -> None:
    """Print both measurements."""
    of_kernel()
    of_files()


def of_kernel() -> None:
    """Print nanoseconds a pack of both passes, and their ratios."""
    packs = made_up(PACKS)
    known = rates(seeded.edition().coefficients, seeded.index_levels(), seeded.material_tables())
    _agree(packs.take(slice(0, 10_000)), known)
    blocked, whole = fastest(lambda: kernel.totals(packs, known), lambda: plain(packs, known))
    ours, theirs = blocked / PACKS * 1e9, whole / PACKS * 1e9
    print(f"pricing: kernel {ours:.1f} ns/pack, plain numpy {theirs:.1f} ns/pack", end="")
    print(f", ratio {theirs / ours:.1f}; {ours / FLOOR_NS:.2f} of {FLOOR_NS:.0f} ns")


def of_files() -> None:
    """Print rows a second of a million-row csv from start to end, and how memory grew from one of a
    tenth of it.
    """
    with tempfile.TemporaryDirectory(prefix="packbourse-bench-") as name:
        folder = Path(name)
        few, many = (_written(folder / f"{count}.csv", count) for count in (FEW, PACKS))
        small = _valued(few, folder / "few.csv")
        ours = _valued(many, folder / "many.csv")
        bare = _ran("-c", _BARE, str(many), str(folder / "many.csv"), str(folder / "bare.csv"))
    print(f"pricing: {PACKS / ours.seconds:,.0f} rows/s of a csv in {ours.seconds:.1f} s", end="")
    print(f" ({ours.busy:.1f} s of processor), bare Polars {PACKS / bare.seconds:,.0f}", end="")
    print(f" rows/s, ratio {ours.seconds / bare.seconds:.1f}; memory {ours.mb:.0f} MB", end="")
    print(f", {ours.mb / small.mb:.2f} of that for {FEW:,} rows")


_BARE = """
import sys
import polars as pl
given, like, out = sys.argv[1:]
width = len(pl.read_csv(like, n_rows=1).columns)
frame = pl.scan_csv(given)
names = frame.collect_schema().names()
columns = [pl.col(names[i % len(names)]).alias(str(i)) for i in range(width)]
frame.select(columns).sink_csv(out)
"""


def _written(file: Path, count: int) -> Path:
    packs = made_up(count)
    level = np.where(packs.is_graded, 2, 4)
    frame = pl.DataFrame(
        {
            "code": [f"P{i:07}" for i in range(count)],
            "chemistry": np.array(CHEMISTRIES)[packs.chemistry],
            "era": np.array(ERAS)[packs.era],
            "energy_kwh": packs.energy_kwh.round(2),
            "soh": packs.soh.round(3),
            "evidence_level": level,
            "age_years": packs.age_years.round(1),
            "format": np.array(FORMATS)[packs.format],
            "spread": packs.spread.round(3),
            "mass_kg": packs.mass_kg.round(1),
            "distance_km": packs.distance_km.round(0),
            "damaged": np.where(packs.is_damaged, "yes", "no"),
        }
    )
    frame.with_columns(pl.selectors.float().fill_nan(None)).write_csv(file)
    return file


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of a Python process from start to end and on processors, and the most memory that it
    held, in MB.
    """

    seconds: float
    busy: float
    mb: float


def _valued(file: Path, out: Path) -> Run:
    command = ("-P", "-m", "market", "value", str(file), "--guide", "packaged", "--output")
    return _ran(*command, str(out))


def _ran(*command: str) -> Run:
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    seconds = time.perf_counter() - begun
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def made_up(count: int) -> PackColumn:
    """Packs of which much is known and something missing, as fleets write them down."""
    draw = np.random.default_rng(20251121)

    def fact(least: float, most: float, share_known: float) -> Floats:
        return np.where(draw.random(count) < share_known, draw.uniform(least, most, count), np.nan)

    codes = [CHEMISTRIES.index(name) for name in MIX]
    return PackColumn(
        energy_kwh=draw.uniform(20, 300, count),
        chemistry=draw.choice(np.array(codes, np.uint8), count),
        era=draw.integers(0, len(ERAS), count, np.uint8),
        soh=fact(0.5, 1.0, 0.8),
        is_graded=draw.random(count) < 0.7,
        age_years=fact(1, 12, 0.8),
        format=draw.integers(0, len(FORMATS), count, np.uint8),
        spread=fact(0, 0.15, 0.5),
        mass_kg=fact(200, 2000, 0.5),
        distance_km=fact(10, 2000, 0.5),
        is_damaged=draw.random(count) < 0.02,
    )


def plain(packs: PackColumn, known: Rates) -> kernel.Totals:
    """Both routes and the half widths of their intervals, one whole column after the other."""
    kind, energy = kernel.kinds(packs), packs.energy_kwh
    mass = np.where(np.isnan(packs.mass_kg), energy * known.mass[kind], packs.mass_kg)
    distance = np.where(np.isnan(packs.distance_km), known.distance, packs.distance_km)
    transport = mass * (known.loading + known.freight * distance)
    regeneration = energy * known.metal[kind] + mass * (known.scrap - known.dismantling)
    regeneration = regeneration - transport - energy * known.discharge
    regeneration = regeneration - np.where(packs.is_damaged, mass * known.damaged, 0)
    soh = np.where(packs.is_graded & ~packs.is_damaged, packs.soh, np.nan)
    cells = look_up(soh, known.cells, kind * len(FORMATS) + packs.format) * soh
    for facts, table in ((packs.age_years, known.age), (packs.spread, known.spread)):
        cells = cells * look_up(np.where(np.isnan(facts), kernel.UNKNOWN, facts), table)
    cascade = energy * (cells - known.test - known.repurposing) - transport
    cascade = cascade + regeneration * known.later[kind]
    gross = energy * known.gross[kind]
    half, other = (gross * known.half_width[name][kind] for name in ("regeneration", "cascade"))
    is_indifferent = np.abs(cascade - regeneration) < np.maximum(half, other)
    is_cascade = cascade > regeneration
    return kernel.Totals(regeneration, cascade, half, other, is_cascade, is_indifferent)


def _agree(packs: PackColumn, known: Rates) -> None:
    blocked = kernel.totals(packs, known)
    whole = plain(packs, known)
    for name in ("regeneration", "cascade", "regeneration_half", "cascade_half"):
        one, other = getattr(blocked, name), getattr(whole, name)
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-6)


def fastest(*acts: Callable[[], object]) -> list[float]:
    """Processor seconds of the shortest of several rounds of each in turn: each runs on one core,
    and what else the machine does only adds.
    """
    taken = [float("inf")] * len(acts)
    for _ in range(ROUNDS):
        for place, act in enumerate(acts):
            begun = time.process_time()
            act()
            taken[place] = min(taken[place], time.process_time() - begun)
    return taken


if __name__ == "__main__":
    main()
