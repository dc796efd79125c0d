"""[pure] Direct-current resistance t seconds after a step from rest to a current.

R_t = |V(t) - V_rest| / |I|, V_rest the last voltage at rest. It holds only with its t, state of
charge, rate, direction and temperature, which go with it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from listings.health.segments import Segment
from listings.health.track import Track
from listings.health.uncertainty import RECTANGLE, Tester, expanded, repeat

TIMES: Final = (1.0, 5.0, 10.0)
LEAST_RATE: Final = 0.1
"""Slower steps move the voltage too little."""
LEAST_REST_S: Final = 10.0
STEADY: Final = 0.05
"""How far the current may stray before t, as a share of it."""
DELAY: Final = 0.2
"""Seconds from the last row at rest to the first under current, as a share of t."""
CLOSE: Final = 0.05
"""A row this near to t, as a share of it, stands for t."""
BETWEEN: Final = 0.5
"""Rows farther apart than this share of t are not interpolated."""
SOC_STEP: Final = 0.05
RATE_STEP: Final = 0.1

Why = Literal[
    "no_pulse", "current_too_small", "rest_too_short", "pulse_too_short", "current_not_constant",
    "sampling_too_coarse",
]  # fmt: skip
NEARNESS: Final[tuple[Why, ...]] = (
    "sampling_too_coarse", "current_not_constant", "pulse_too_short", "rest_too_short",
    "current_too_small", "no_pulse",
)  # fmt: skip
"""Reasons, that which came nearest to a number first."""


@dataclass(frozen=True)
class Step:
    """A step from rest to a current: its segment, the last voltage at rest, how long it rested."""

    segment: Segment
    rest_v: float
    rest_at: float
    rest_s: float


@dataclass(frozen=True)
class Pulse:
    """One resistance [ohm] with all it depends on; ``budget`` are its uncertainties [ohm]."""

    after_s: float
    charging: bool
    ohm: float
    rest_v: float
    volts: float
    amperes: float
    rate_c: float
    soc: float | None
    temperature: float | None
    rest_s: float
    budget: dict[str, float]


@dataclass(frozen=True)
class Group:
    """Like pulses as one number: the median, their count and the budget [ohm]."""

    pulses: tuple[Pulse, ...]
    ohm: float
    budget: dict[str, float]

    @property
    def uncertainty(self) -> float:
        """Expanded by k = 2 [ohm]."""
        return expanded(self.budget)


def steps(track: Track) -> list[Step]:
    """Every step from rest to a current, however short the rest."""
    columns = track.pieces.columns
    found: list[Step] = []
    ended = 0
    for segment in track.pieces.segments:
        last = segment.first - 1
        if last >= ended:
            seconds = columns["test_time_second"]
            found.append(
                Step(
                    segment,
                    rest_v=float(columns["voltage_volt"][last]),
                    rest_at=float(seconds[last]),
                    rest_s=float(seconds[last] - seconds[max(ended - 1, 0)]),
                )
            )
        ended = segment.first + segment.seconds.size
    return found


def pulses(track: Track, by: Tester, after_s: float) -> tuple[list[Pulse], Why]:
    """The resistances ``after_s`` seconds after steps from rest, and why not where there is none.

    A step counts with 0.1 C or more after 10 s of rest and at least ``after_s``; the current must
    hold within 5 % up to then. The step lies between the last row at rest and the first under
    current, which may be 0.2 x ``after_s`` apart; time counts from their middle. V(t) is linear
    between rows at most t / 2 apart, else the row within 5 % of t, else sampling is too coarse.
    """
    found: list[Pulse] = []
    reasons: set[Why] = {"no_pulse"}
    for step in steps(track):
        read = _read(track, step, after_s)
        if isinstance(read, str):
            reasons.add(read)
        else:
            found.append(_pulse(track, step, after_s, read, by))
    return found, next(why for why in NEARNESS if why in reasons)


def grouped(found: Iterable[Pulse]) -> list[Group]:
    """Pulses of one direction, state of charge (to 5 %) and rate (to 0.1 C) as one number.

    Ordered by nearness to 50 % and 1 C, so that the first is what most tables print.
    """
    alike: dict[tuple[bool, float, float], list[Pulse]] = {}
    for pulse in found:
        soc = -1.0 if pulse.soc is None else round(pulse.soc / SOC_STEP) * SOC_STEP
        key = (pulse.charging, soc, round(pulse.rate_c / RATE_STEP) * RATE_STEP)
        alike.setdefault(key, []).append(pulse)
    ordered = sorted(alike, key=lambda key: (abs(key[1] - 0.5), abs(key[2] - 1), key[0]))
    return [_group(alike[key]) for key in ordered]


def of_readings(
    rest_volts: Sequence[float], loaded_volts: Sequence[float], amperes: Sequence[float]
) -> list[float]:
    """Resistances [ohm] from a published table of pulses: a row each, |V - V_rest| / |I|."""
    return [
        abs(loaded - rest) / abs(current)
        for rest, loaded, current in zip(rest_volts, loaded_volts, amperes, strict=True)
    ]


@dataclass(frozen=True)
class _Reading:
    volts: float
    amperes: float
    delay_s: float
    volts_per_s: float


def _read(track: Track, step: Step, after_s: float) -> _Reading | Why:
    segment = step.segment
    delay = float(segment.seconds[0]) - step.rest_at
    elapsed = segment.seconds - (step.rest_at + delay / 2)
    why = _unfit(track, step, after_s, lasting=float(elapsed[-1]), delay=delay)
    if why is not None:
        return why
    high = min(int(np.searchsorted(elapsed, after_s)), elapsed.size - 1)
    low = max(high - 1, 0)
    apart = float(elapsed[high] - elapsed[low])
    near = high if abs(elapsed[high] - after_s) <= abs(elapsed[low] - after_s) else low
    if 0 < apart <= BETWEEN * after_s and elapsed[high] >= after_s:
        volts = float(np.interp(after_s, elapsed[[low, high]], segment.volts[[low, high]]))
        amperes = float(np.interp(after_s, elapsed[[low, high]], segment.amperes[[low, high]]))
    elif abs(elapsed[near] - after_s) <= CLOSE * after_s:
        volts, amperes = float(segment.volts[near]), float(segment.amperes[near])
    else:
        return "sampling_too_coarse"
    if np.abs(segment.amperes[: high + 1] - amperes).max() > STEADY * amperes:
        return "current_not_constant"
    slope = float(segment.volts[high] - segment.volts[low]) / apart if apart > 0 else 0.0
    return _Reading(volts, amperes, delay, slope)


def _unfit(track: Track, step: Step, after_s: float, *, lasting: float, delay: float) -> Why | None:
    """Why a step says nothing of this time, before its rows are looked at."""
    if step.segment.amperes.max() < LEAST_RATE * track.rated_ah:
        return "current_too_small"
    if step.rest_s < max(LEAST_REST_S, after_s):
        return "rest_too_short"
    if lasting < after_s * (1 - CLOSE):
        return "pulse_too_short"
    if not 0 <= delay <= DELAY * after_s:
        return "sampling_too_coarse"
    return None


def _pulse(track: Track, step: Step, after_s: float, read: _Reading, by: Tester) -> Pulse:
    segment = step.segment
    drop = abs(read.volts - step.rest_v)
    return Pulse(
        after_s=after_s,
        charging=segment.sign > 0,
        ohm=drop / read.amperes,
        rest_v=step.rest_v,
        volts=read.volts,
        amperes=read.amperes,
        rate_c=read.amperes / track.rated_ah,
        soc=track.soc(segment.first),
        temperature=segment.temperature,
        rest_s=step.rest_s,
        budget={
            "voltage": math.sqrt(2) * by.volt / read.amperes,
            "current": drop / read.amperes * by.ampere / read.amperes,
            "time": abs(read.volts_per_s) * read.delay_s / 2 / RECTANGLE / read.amperes,
        },
    )


def _group(alike: Sequence[Pulse]) -> Group:
    """The tester's part does not shrink with the number of pulses: it is the same in all."""
    names = alike[0].budget
    tester = {name: math.fsum(p.budget[name] for p in alike) / len(alike) for name in names}
    return Group(
        tuple(alike),
        statistics.median(p.ohm for p in alike),
        tester | repeat([p.ohm for p in alike]),
    )
