"""A made-up tester file for demonstrations: Battery Data Format csv of a CC-CV capacity test.

The shape of the curves is plausible, nothing more; a file's name must say that it is synthetic.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Final

LOW, HIGH = 2.5, 4.2
STEP_S: Final = 20.0
RATE_C: Final = 0.5
TAPER_C: Final = 0.05
LOSS: Final = 0.003
"""Share of the capacity that is charged and not given back."""
LEAST_DECAY: Final = 0.2
NOTHING_LEFT: Final = 1e-9
HIGHEST_SOH: Final = 1.2
RESISTANCE: Final = 0.12
"""Drop of voltage per C of current [V h], charging and discharging alike."""
HEADER: Final = ("test_time_second", "voltage_volt", "current_ampere", "cycle_count", "step_count")


def write_bdf(
    path: Path,
    *,
    rated_ah: float,
    soh: float,
    cycles: int = 3,
    seed: int = 1,
    cutoffs: tuple[float, float] = (LOW, HIGH),
) -> None:
    """Write a test of ``cycles`` full cycles at C/2 after one discharge from a part charge.

    Its complete discharges give ``soh`` x ``rated_ah`` within 0.5 %; the same arguments give the
    same bytes. The curves of one cell are stretched between ``cutoffs`` [V]. Raises ValueError
    where the name does not say "synthetic" or ``soh`` is not in (0, 1.2].
    """
    if "synthetic" not in path.name:
        raise ValueError("the name of a synthetic tester file must say so")
    if not 0 < soh <= HIGHEST_SOH:
        raise ValueError("the state of health must be above 0 and at most 1.2")
    tester = _Tester(rated_ah, seed, cutoffs)
    tester.rest(300)
    tester.discharge(soh, filled=0.3)
    for number in range(1, cycles + 1):
        tester.rest(300)
        tester.cycle = number
        capacity = soh * (1 + tester.chance.uniform(-0.0005, 0.0005))
        tester.charge(capacity)
        tester.rest(300)
        tester.discharge(capacity)
    tester.rest(300)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(tester.rows)


class _Tester:
    """Rows as a tester logs them; capacities are fractions of the rated one."""

    def __init__(self, rated_ah: float, seed: int, cutoffs: tuple[float, float]) -> None:
        self.rated_ah = rated_ah
        self.cutoffs = cutoffs
        self.chance = random.Random(seed)  # noqa: S311 - noise on a curve, not a secret
        self.rows: list[tuple[str, str, str, int, int]] = []
        self.seconds = 0.0
        self.volts = 3.6
        self.cycle = 1
        self.step = 0

    def rest(self, seconds: float) -> None:
        self.step += 1
        for _ in range(int(seconds / STEP_S) + 1):
            self._log(self.volts, 0.0)
            self.seconds += STEP_S
        self.seconds -= STEP_S

    def discharge(self, capacity: float, filled: float = 1.0) -> None:
        """At constant current from ``filled`` (of capacity) until the lower cut-off."""
        self.step += 1
        left = capacity * filled
        while True:
            share = max(left, 0.0) / capacity
            # The last 5 % fall steeply, so that the cut-off is met at nothing left.
            bend = min(share / 0.05, 1.0) ** 0.5
            self._log(LOW + bend * (_open_circuit(share) - RESISTANCE * RATE_C - LOW), -RATE_C)
            if left <= 0:
                return
            seconds = min(STEP_S, left / RATE_C * 3600)
            self.seconds += seconds
            left -= RATE_C * seconds / 3600
            left = left if left > NOTHING_LEFT else 0.0

    def charge(self, capacity: float) -> None:
        """At constant current up to the upper cut-off, then held there down to C/20."""
        self.step += 1
        filled, rate, volts, decay = 0.0, RATE_C, LOW, 1.0
        while rate > TAPER_C:
            if volts < HIGH:
                volts = min(HIGH, _open_circuit(filled / capacity) + RESISTANCE * rate)
                decay = _held_decay(capacity * (1 + LOSS) - filled)
            else:
                rate *= decay
            self._log(volts, rate)
            self.seconds += STEP_S
            filled += rate * STEP_S / 3600
        self._log(HIGH, TAPER_C)

    def _log(self, volts: float, rate: float) -> None:
        self.volts = volts
        noise = self.chance.gauss(0, 0.0003)
        self.rows.append(
            (
                f"{self.seconds:.3f}",
                f"{self._stretched(volts + noise):.4f}",
                f"{rate * self.rated_ah:.5f}",
                self.cycle,
                self.step,
            )
        )

    def _stretched(self, volts: float) -> float:
        low, high = self.cutoffs
        return low + (volts - LOW) * ((high - low) / (HIGH - LOW))


def _held_decay(left: float) -> float:
    """What remains of the current after one row at constant voltage, so that ``left`` is charged.

    The trapezoids of a geometric series from RATE_C to TAPER_C sum to
    row (RATE_C - TAPER_C) (1 + decay) / (1 - decay) / 2.
    """
    row = STEP_S / 3600
    share = (RATE_C - TAPER_C) * row / max(left, NOTHING_LEFT)
    return max(LEAST_DECAY, (2 - share) / (2 + share))


def _open_circuit(share: float) -> float:
    """Open-circuit voltage [V] of a share of charge 0..1, a straight line with a foot."""
    return 3.3 + 0.86 * min(share, 1.0) - 0.3 * max(0.0, 0.1 - share) / 0.1
