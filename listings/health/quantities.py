"""[pure] The quantities that a report can carry beside the grade: title, unit and method of each.

A unit that begins with 1 is a share: a page shows it times 100, in per cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from listings.errors import N_


@dataclass(frozen=True)
class Quantity:
    """What is measured, in which unit, and how, in one sentence."""

    title: str
    unit: str
    method: str


QUANTITIES: Final[dict[str, Quantity]] = {
    "capacity": Quantity(
        N_("Capacity"), "Ah",
        N_("Mean of the discharges that count; each the trapezoid sum of current over time."),
    ),
    "energy": Quantity(
        N_("Energy"), "Wh",
        N_("Mean of the discharges that count; each the trapezoid sum of power over time."),
    ),
    "soh_q": Quantity(
        N_("State of health (Ah)"), "1", N_("Capacity over the rated capacity of the type.")
    ),
    "soh_e": Quantity(
        N_("State of health (energy)"), "1", N_("Energy over the rated energy of the type.")
    ),
    "coulombic_efficiency": Quantity(
        N_("Coulombic efficiency"), "1",
        N_("Ah of a counting discharge over the Ah charged before it from empty; mean of cycles."),
    ),
    "energy_efficiency": Quantity(
        N_("Energy efficiency"), "1",
        N_("Wh of a counting discharge over the Wh charged before it from empty; mean of cycles."),
    ),
    "fade_per_cycle": Quantity(
        N_("Capacity fade per cycle"), "1/cycle",
        N_("Median of all slopes between counting discharges at one rate, over rated capacity."),
    ),
    "fade_over_record": Quantity(
        N_("Capacity fade over the record"), "1",
        N_("Fade per cycle times the cycles from the first to the last counting discharge."),
    ),
    "equivalent_full_cycles": Quantity(
        N_("Equivalent full cycles in the record"), "cycles",
        N_("All Ah in and out over twice the rated capacity."),
    ),
    "dcir": Quantity(
        N_("DC resistance"), "mΩ",
        N_("Change of voltage since the last row at rest over the current, median of like steps."),
    ),
    "incremental_peak": Quantity(
        N_("Peak of incremental capacity"), "V",
        N_("Maximum of dQ/dV, smoothed by a line through nine of 501 even voltages."),
    ),
    "self_discharge": Quantity(
        N_("Self-discharge"), "1/day",
        N_("Two voltages of one rest, as states of charge by the file's own slow discharge."),
    ),
    "capacity_spread": Quantity(
        N_("Capacity spread of the parts"), "1", N_("(largest - smallest) / mean.")
    ),
    "voltage_spread": Quantity(
        N_("Voltage spread of the parts at rest"), "mV", N_("Largest - smallest.")
    ),
}  # fmt: skip
"""By code, in the order of the table."""

UNITS: Final[dict[str, str]] = {
    "1": "%",
    "1/cycle": N_("%% per cycle"),
    "1/day": N_("%% per day"),
    "cycles": N_("cycles"),
}
"""How a unit is printed where it is not printed as it is; a share times 100."""

ABSENCES: Final[dict[str, str]] = {
    "no_capacity": N_("No discharge counts."),
    "no_rated_energy": N_("The rated energy is not known."),
    "no_full_cycle": N_("No charge from empty stands before a discharge that counts."),
    "too_few_discharges": N_("Fewer than three discharges at one rate count."),
    "no_pulse": N_("No step from rest to a current is on record."),
    "current_too_small": N_("The steps from rest are below 0.1 C."),
    "rest_too_short": N_("The rests before the steps are too short."),
    "pulse_too_short": N_("The current ends before this time."),
    "current_not_constant": N_("The current strays by over 5 %% before this time."),
    "sampling_too_coarse": N_("The rows around the step are too far apart for this time."),
    "rate_too_high": N_("No charge or discharge ran at C/10 or slower."),
    "no_long_rest": N_("No rest lasted a day beyond its first six hours."),
    "voltage_outside_curve": N_("The rest voltage lies outside the slow discharge."),
    "sums_only": N_("The file holds only the tester's sums per step."),
}
"""Why a quantity has no value, by code."""

COMPONENTS: Final[dict[str, str]] = {
    "tester": N_("accuracy of the tester"),
    "step": N_("distance between rows"),
    "repeat": N_("repetition"),
    "voltage": N_("two voltages"),
    "current": N_("the current"),
    "time": N_("beginning of the step"),
    "smoothing": N_("width of the smoothing"),
    "slope": N_("interval of the slopes"),
}
"""Parts of an uncertainty budget, by code."""
