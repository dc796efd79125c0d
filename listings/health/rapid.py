"""[pure] State of health from a few seconds of pulses: a ridge regression fitted on retired cells.

Evidence level L2. Method, protocol and worked example: docs/method/rapid-test.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from listings.errors import N_, DomainError, Refused

Vector = NDArray[np.float64]

POINTS: Final = 21
"""Voltages of one sequence: at rest, then of each pulse its onset, its end, the moment after it
and the end of the rest behind it."""
RATES_C: Final = (0.5, -0.5, 1.0, -1.0, 1.5)
"""The pulses in their order, in C of the rated capacity; charging positive."""
RIDGE: Final = 0.01
"""Penalty on standardised weights, times the number of cells: one for all levels, of three tried
(0.001, 0.01, 0.1) that differ little."""
COVERAGE: Final = 0.9
LEAST_SKILL: Final = 0.5
"""Share of the variance between cells left out that a level must explain to be published."""
SOC_TOLERANCE: Final = 1.0
TEMPERATURE_TOLERANCE_C: Final = 5.0
SAME: Final = 0.01
"""Relative tolerance of rated capacity and pulse width."""
FAR: Final = 1.0
"""How many widths of its fitted range a response may lie outside before nothing is said."""
VOLTS: Final = (1.5, 5.0)
LARGEST_SOH: Final = 1.2

FAMILIES: Final[dict[str, str]] = {
    "LFP": "LFP",
    **dict.fromkeys(("NMC", "NMC111", "NMC532", "NMC622", "NMC811", "ternary"), "NMC"),
}
"""The chemistry of a registered type -> the family that a model is fitted on."""

FLAGS: Final[dict[str, str]] = {
    "model_estimate": N_(
        "State of health and capacity are estimates of a pulse model; no capacity was measured."
    ),
    "soc_from_empty": N_(
        "The state of charge is the charge put in since empty, over the rated capacity."
    ),
    "outside_features": N_("A pulse response lies outside those the model was fitted on."),
    "outside_soh": N_("The estimate lies outside the states of health the model was fitted on."),
    "temperature_not_given": N_("The temperature of the pulses is not on record."),
    "nickel_not_known": N_(
        "The model was fitted on NMC cells whose nickel share is not published."
    ),
}
"""What a reader of an estimate must know, by code."""


class RapidRefused(Refused):
    """Pulses that no fitted model can judge."""


class ChemistryNotFitted(RapidRefused):
    """No model of this chemistry."""

    message = N_(
        "No pulse model is fitted for %(chemistry)s; there are models for %(known)s. Make a "
        "capacity test."
    )


class RatedCapacityNotFitted(RapidRefused):
    """A cell of another size than those fitted."""

    message = N_(
        "The pulse model for %(chemistry)s is fitted on cells of %(fitted)s Ah and says nothing "
        "of a cell rated %(rated)s Ah. Make a capacity test."
    )


class PulseWidthNotFitted(RapidRefused):
    """Longer or shorter pulses than those fitted."""

    message = N_(
        "The pulse model is fitted on pulses of %(fitted)s s, and these last %(width)s s. Repeat "
        "the pulses with that width."
    )


class SocNotFitted(RapidRefused):
    """A state of charge between or outside those fitted."""

    message = N_(
        "The pulse model is fitted at a state of charge of %(fitted)s %%, and these pulses were "
        "made at %(soc)s %%. Repeat them at one of those."
    )


class NoBetterThanMean(RapidRefused):
    """A level at which pulses hardly tell the cells apart."""

    message = N_(
        "At %(soc)s %% state of charge the pulse model for %(chemistry)s errs by %(rmse)s %%, and "
        "taking every cell for average by %(baseline)s %%: too little to publish. Pulses at "
        "%(published)s %% can be judged."
    )


class TemperatureNotFitted(RapidRefused):
    """Resistance changes with temperature; the model knows one."""

    message = N_(
        "The pulse model is fitted at %(fitted)s °C, and these pulses were made at %(found)s °C. "
        "Repeat them within 5 °C of that."
    )


class VoltagesWrong(RapidRefused):
    """Not the voltages of one cell."""

    message = N_(
        "A pulse sequence is 21 voltages of one cell, U1 to U21, each between 1.5 and 5 V; "
        "%(found)s. Check the unit and that no voltage is missing."
    )


class FarFromFitted(RapidRefused):
    """Responses that no fitted cell comes near."""

    message = N_(
        "The pulse response %(name)s is %(found)s mOhm·Ah, and the fitted cells have %(low)s to "
        "%(high)s: too far away to judge. Check the currents, the contacts and the cell."
    )


class EstimateImplausible(RapidRefused):
    """A number that no cell has."""

    message = N_("The pulse model answers %(soh)s %%, which no cell has. Make a capacity test.")


@dataclass(frozen=True, slots=True)
class Pulses:
    """One pulse sequence of one cell.

    ``volts`` are U1..U21 [V]; ``soc_percent`` is the charge put in since the lower cut-off in
    percent of the rated capacity (not of the present one: it is not known yet).
    """

    cell: str
    rated_ah: float
    soc_percent: float
    pulse_width_s: float
    volts: tuple[float, ...]
    temperature_c: float | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """The model at one state of charge, and how wrong it was about cells that it had not seen.

    Errors are fractions of the rated capacity: ``rmse``, ``max_error`` and ``half_width`` (that of
    the 90 % interval) of the model, ``baseline_rmse`` of the mean of the other cells. ``weights``
    (of ``responses``, per mOhm·Ah) and ``intercept`` give the SoH; ``low`` and ``high`` are the
    fitted range of each response.
    """

    soc_percent: float
    rmse: float
    max_error: float
    half_width: float
    baseline_rmse: float
    intercept: float
    weights: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def is_published(self) -> bool:
        """Whether it explains at least half of the variance between cells left out."""
        return self.rmse**2 <= (1 - LEAST_SKILL) * self.baseline_rmse**2


@dataclass(frozen=True, slots=True)
class Model:
    """Levels of one chemistry, with what they were fitted on."""

    chemistry: str
    rated_ah: float
    pulse_width_s: float
    temperature_c: float
    cells: int
    soh_low: float
    soh_high: float
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """SoH_Q of one cell with its 90 % interval, all unrounded fractions, and codes of ``FLAGS``.

    The errors are those of ``Level``; ``cells`` is how many cells they rest on.
    """

    cell: str
    chemistry: str
    soc_percent: float
    soh: float
    low: float
    high: float
    rmse: float
    max_error: float
    baseline_rmse: float
    cells: int
    flags: tuple[str, ...]
    temperature_c: float | None = None

    evidence_level = "L2"


def names() -> tuple[str, ...]:
    """What the 15 responses are called, in their order."""
    kinds = ("onset", "rise", "residue")
    return tuple(f"{kind}_{rate:+g}C" for kind in kinds for rate in RATES_C)


def responses(volts: Sequence[float]) -> Vector:
    """15 responses [mOhm·Ah] of one sequence: voltage change over the rate in C, times 1000.

    For each pulse its onset (first voltage minus the rest before it), its rise (last minus first)
    and its residue (end of the rest behind it minus the rest before it). The open-circuit voltage
    itself is no response: it tells how the cell was charged, not how it is. Refuses anything but
    21 voltages of one cell (``VoltagesWrong``).
    """
    _demand_volts(volts)
    u = np.asarray(volts, dtype=np.float64)
    rest, onset, end = u[0:-4:4], u[1::4], u[2::4]
    after = u[4::4]
    rates = np.asarray(RATES_C)
    changes = (onset - rest, end - onset, after - rest)
    return np.concatenate([change / rates * 1000 for change in changes])


def _demand_volts(volts: Sequence[float]) -> None:
    if len(volts) != POINTS:
        raise VoltagesWrong(field="file", found=f"{len(volts)}")
    for place, value in enumerate(volts, start=1):
        if not VOLTS[0] <= value <= VOLTS[1]:
            raise VoltagesWrong(field="file", found=f"U{place} = {value:g} V")


def fit_level(soc_percent: float, x: Vector, soh: Vector) -> Level:
    """Fit one level on cells in rows (``x`` of shape (cells, 15), ``soh`` of shape (cells,)).

    Each row is another cell, so leaving a row out leaves a cell out: its error comes from a fit
    that has not seen it. The interval's half width is the ceil(0.9 (n + 1))-th smallest of them.
    """
    errors = np.array([_left_out(x, soh, i) for i in range(len(soh))])
    lonely = np.array([np.delete(soh, i).mean() - soh[i] for i in range(len(soh))])
    intercept, weights = _ridge(x, soh)
    ordered = np.sort(np.abs(errors))
    kth = min(math.ceil(COVERAGE * (len(soh) + 1)), len(soh))
    return Level(
        soc_percent=float(soc_percent),
        rmse=_rms(errors),
        max_error=float(ordered[-1]),
        half_width=float(ordered[kth - 1]),
        baseline_rmse=_rms(lonely),
        intercept=intercept,
        weights=tuple(float(weight) for weight in weights),
        low=tuple(float(value) for value in x.min(axis=0)),
        high=tuple(float(value) for value in x.max(axis=0)),
    )


def _ridge(x: Vector, soh: Vector) -> tuple[float, Vector]:
    """Intercept and weights in the units of ``x``; the penalty acts on standardised columns."""
    mean, spread, level = x.mean(axis=0), x.std(axis=0), soh.mean()
    spread = np.where(spread > 0, spread, 1.0)
    z = (x - mean) / spread
    normal = z.T @ z + RIDGE * len(soh) * np.eye(x.shape[1])
    weights = np.linalg.solve(normal, z.T @ (soh - level)) / spread
    return float(level - mean @ weights), weights


def _left_out(x: Vector, soh: Vector, i: int) -> float:
    intercept, weights = _ridge(np.delete(x, i, axis=0), np.delete(soh, i))
    return float(intercept + x[i] @ weights - soh[i])


def _rms(errors: Vector) -> float:
    return float(np.sqrt((errors**2).mean()))


def family(chemistry: str, models: Mapping[str, Model]) -> str:
    """The family of a chemistry. Refuses one without a model (``ChemistryNotFitted``)."""
    found = FAMILIES.get(chemistry)
    if found is None or found not in models:
        known = ", ".join(sorted(models))
        raise ChemistryNotFitted(field="chemistry", chemistry=chemistry, known=known)
    return found


def assess(pulses: Pulses, chemistry: str, models: Mapping[str, Model]) -> Estimate:
    """The state of health that the model of a chemistry reads from one pulse sequence.

    ``models`` by family (``rapid_models.shipped``). Refuses what was not fitted: chemistry, rated
    capacity, pulse width, temperature, state of charge; a state of charge at which the model is
    hardly better than the mean; voltages that are none of a cell, or far from the fitted ones.
    """
    model = models[family(chemistry, models)]
    _demand_protocol(pulses, model)
    level = _level(pulses.soc_percent, model)
    x = responses(pulses.volts)
    outside = _outside(x, level)
    soh = float(level.intercept + x @ np.asarray(level.weights))
    if not 0 < soh <= LARGEST_SOH:
        raise EstimateImplausible(field="file", soh=f"{soh * 100:.1f}")
    said = {
        "model_estimate": True,
        "soc_from_empty": True,
        "outside_features": outside,
        "outside_soh": not model.soh_low <= soh <= model.soh_high,
        "temperature_not_given": pulses.temperature_c is None,
        "nickel_not_known": model.chemistry == "NMC",
    }
    return Estimate(
        cell=pulses.cell,
        chemistry=model.chemistry,
        soc_percent=level.soc_percent,
        soh=soh,
        low=max(soh - level.half_width, 0.0),
        high=soh + level.half_width,
        rmse=level.rmse,
        max_error=level.max_error,
        baseline_rmse=level.baseline_rmse,
        cells=model.cells,
        flags=tuple(code for code, is_so in said.items() if is_so),
        temperature_c=pulses.temperature_c,
    )


def assess_cell(
    sequences: Sequence[Pulses], chemistry: str, models: Mapping[str, Model]
) -> Estimate:
    """The estimate of one cell from its sequences at several states of charge.

    The one with the smallest error counts; they are not averaged, because their errors go
    together. Refuses as ``assess`` does where none can be judged, with the first one's reason.
    """
    found: list[Estimate] = []
    refusals: list[DomainError] = []
    for pulses in sequences:
        try:
            found.append(assess(pulses, chemistry, models))
        except RapidRefused as refusal:
            refusals.append(refusal)
    if not found:
        raise refusals[0] if refusals else VoltagesWrong(field="file", found="0")
    return min(found, key=lambda estimate: (estimate.rmse, estimate.soc_percent))


def _demand_protocol(pulses: Pulses, model: Model) -> None:
    if not math.isclose(pulses.rated_ah, model.rated_ah, rel_tol=SAME):
        raise RatedCapacityNotFitted(
            field="rated_ah",
            chemistry=model.chemistry,
            fitted=f"{model.rated_ah:g}",
            rated=f"{pulses.rated_ah:g}",
        )
    if not math.isclose(pulses.pulse_width_s, model.pulse_width_s, rel_tol=SAME):
        width = f"{pulses.pulse_width_s:g}"
        raise PulseWidthNotFitted(field="file", fitted=f"{model.pulse_width_s:g}", width=width)
    found = pulses.temperature_c
    if found is not None and not abs(found - model.temperature_c) <= TEMPERATURE_TOLERANCE_C:
        fitted = f"{model.temperature_c:g}"
        raise TemperatureNotFitted(field="file", fitted=fitted, found=f"{found:g}")


def _level(soc_percent: float, model: Model) -> Level:
    level = min(model.levels, key=lambda one: abs(one.soc_percent - soc_percent))
    if not abs(level.soc_percent - soc_percent) <= SOC_TOLERANCE:
        fitted = ", ".join(f"{one.soc_percent:g}" for one in model.levels)
        raise SocNotFitted(field="file", fitted=fitted, soc=f"{soc_percent:g}")
    if not level.is_published:
        published = [f"{one.soc_percent:g}" for one in model.levels if one.is_published]
        raise NoBetterThanMean(
            field="file",
            soc=f"{level.soc_percent:g}",
            chemistry=model.chemistry,
            rmse=f"{level.rmse * 100:.1f}",
            baseline=f"{level.baseline_rmse * 100:.1f}",
            published=", ".join(published),
        )
    return level


def _outside(x: Vector, level: Level) -> bool:
    """Whether a response lies outside its fitted range; refuses one far outside."""
    is_outside = False
    for name, value, low, high in zip(names(), x, level.low, level.high, strict=True):
        beyond = max(low - value, value - high)
        if beyond > FAR * (high - low):
            raise FarFromFitted(
                field="file",
                name=name,
                found=f"{value:.1f}",
                low=f"{low:.1f}",
                high=f"{high:.1f}",
            )
        is_outside = is_outside or beyond > 0
    return is_outside


def document(estimate: Estimate) -> dict[str, Any]:
    """The numbers of an estimate as a JSON document shows them: six decimals."""
    return {
        "cell": estimate.cell,
        "chemistry": estimate.chemistry,
        "soc_percent": estimate.soc_percent,
        "soh": round(estimate.soh, 6),
        "soh_low": round(estimate.low, 6),
        "soh_high": round(estimate.high, 6),
        "coverage": COVERAGE,
        "leave_out_rmse": round(estimate.rmse, 6),
        "leave_out_max": round(estimate.max_error, 6),
        "baseline_rmse": round(estimate.baseline_rmse, 6),
        "fitted_cells": estimate.cells,
        "temperature_c": estimate.temperature_c,
        "flags": list(estimate.flags),
    }
