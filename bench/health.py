"""Reading and integrating tester files, beside fastnda alone in the same warm process."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from listings import confined
from listings.confined import Limits
from listings.health import batch

FILES = Path(__file__).resolve().parents[2] / "shared" / "data" / "neware"
RATED_AH = 5.0
ROUNDS = 15
FEW, MANY = 100, 1000


def main() -> None:
    """Print both ratios, or that the real file is not here."""
    found = sorted(FILES.glob("TESTCELL*.ndax"))
    if not found:
        print("health: ../shared/data is not here, so there is no real .ndax file to read")
        return
    _one(found[0])
    _batches(found[0])


def fastnda_alone(order: dict[str, Any]) -> dict[str, object]:
    """The reference. Runs in the confined process."""
    import fastnda

    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / "upload.ndax"
        named.symlink_to(order["path"])
        return {"rows": fastnda.read(named, cycle_mode="raw", columns="bdf").height}


def _one(path: Path) -> None:
    order: dict[str, object] = {"path": str(path), "rated_ah": RATED_AH, "cutoffs": None}
    alone, ours = _fastest(
        *(
            lambda name=name: confined.call(name, order, Limits())
            for name in ("bench.health:fastnda_alone", "listings.health.batch:answer")
        )
    )
    print(f"health: fastnda alone {alone * 1000:.1f} ms", end="")
    print(f", read and graded {ours * 1000:.1f} ms, ratio {ours / alone:.2f}")


def _batches(path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="packbourse-bench-") as name:
        seconds = {count: _batch(Path(name) / str(count), path, count) for count in (FEW, MANY)}
    linear = seconds[FEW] * MANY / FEW
    print(f"health: {MANY} files in {seconds[MANY]:.1f} s on {os.cpu_count()} processors", end="")
    print(f", {seconds[MANY] / linear:.2f} of {MANY // FEW} times {FEW}")


def _batch(folder: Path, path: Path, count: int) -> float:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.ndax").symlink_to(path)
    begun = time.perf_counter()
    batch.run(
        batch.Batch(folder, folder.with_suffix(".csv"), RATED_AH), progress=lambda _done, _of: None
    )
    return time.perf_counter() - begun


def _fastest(*acts: Callable[[], object]) -> list[float]:
    """The shortest of several rounds of each in turn: what else the machine does only adds."""
    taken = [float("inf")] * len(acts)
    for _ in range(ROUNDS):
        for place, act in enumerate(acts):
            begun = time.perf_counter()
            act()
            taken[place] = min(taken[place], time.perf_counter() - begun)
    return taken
