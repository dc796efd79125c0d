"""[pure] What the telemetry of one vehicle says of its battery, and the letter that follows.

Evidence is L3 where at least one charge of the last 90 days covered 60 % or more of the range; else
L5, a figure that is indicative and earns no letter. ``grade.grade`` alone decides on the letter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from listings.errors import N_, Refused
from listings.health.grade import EvidenceLevel, Findings, Grade, Policy, Subject, grade

FEW: Final = 3
HIGHEST_SOH: Final = 1.5

FLAGS: Final[dict[str, str]] = {
    "current_sign_turned": N_(
        "The export counts charging as positive; the sign of the current was turned."
    ),
    "few_windows": N_("The capacity rests on fewer than three charges."),
    "no_wide_window": N_("No charge covered 60 %% of the range, so there is no letter."),
    "invalid_rows": N_("Rows with missing or invalid values were left out."),
    "charges_not_counted": N_("Some charges were found and did not count; each says why."),
    "far_from_rated": N_(
        "The capacity is over 1.5 times the rated one: check the rated value and the unit."
    ),
}
"""What a reader of the finding must know, by code."""

REASONS: Final[dict[str, str]] = {
    "time_repeated": N_(
        "One instant has several different rows: the clock was set back, or two terminals sent."
    ),
    "gauge_fell": N_("The state of charge fell while it charged: the clock was set back."),
    "gauge_jumped": N_("The state of charge leapt by over 5 %% between two rows: it was reset."),
}
"""Why a charge does not count, by code."""


class RatedAhWrong(Refused):
    """A rated capacity that is no positive number."""

    message = N_("The rated capacity must be a number of Ah above 0, and %(rated)s is not.")


@dataclass(frozen=True, slots=True)
class Finding:
    """Capacity and state of health of one vehicle's battery, with their largest relative error.

    ``soh`` is SoH_Q, a fraction; ``windows`` the number of charges behind it; ``first`` and
    ``last`` seconds of Beijing wall time; temperatures in Celsius. All are
    None where no wide window counts.
    """

    vehicle: str
    rated_ah: float
    capacity_ah: float | None
    soh: float | None
    uncertainty: float | None
    windows: int
    first: int | None
    last: int | None
    low_celsius: float | None
    high_celsius: float | None
    evidence_level: EvidenceLevel
    flags: tuple[str, ...]

    def graded(
        self,
        policy: Policy,
        *,
        subject: Subject | None = None,
        safety_check_passed: bool | None = None,
        has_origin: bool | None = None,
    ) -> Grade:
        """The letter that ``policy`` gives this finding."""
        found = Findings(
            soh=self.soh,
            evidence_level=self.evidence_level,
            subject=subject,
            safety_check_passed=safety_check_passed,
            has_origin=has_origin,
        )
        return grade(found, policy)


def finding(
    vehicle: dict[str, Any],
    recent: dict[str, Any] | None,
    listed: list[dict[str, Any]],
    rated_ah: float,
) -> Finding:
    """The finding from one row each of ``vehicles`` and ``recent``, and the vehicle's charges.

    Refuses a rated capacity that is no positive number (``RatedAhWrong``).
    """
    if not (math.isfinite(rated_ah) and rated_ah > 0):
        raise RatedAhWrong(field="rated_ah", rated=f"{rated_ah:g}")
    found: dict[str, Any] = recent or {}
    capacity = found.get("capacity_ah")
    soh = None if capacity is None else capacity / rated_ah
    raised = {
        "current_sign_turned": any(charge["is_turned"] for charge in listed),
        "few_windows": recent is not None and recent["charges"] < FEW,
        "no_wide_window": recent is None,
        "invalid_rows": vehicle["invalid_rows"] > 0,
        "charges_not_counted": any(charge["reason"] is not None for charge in listed),
        "far_from_rated": soh is not None and soh > HIGHEST_SOH,
    }
    return Finding(
        vehicle=vehicle["vehicle"],
        rated_ah=rated_ah,
        capacity_ah=capacity,
        soh=soh,
        uncertainty=found.get("uncertainty"),
        windows=found.get("charges", 0),
        first=found.get("first"),
        last=found.get("last"),
        low_celsius=found.get("low_celsius"),
        high_celsius=found.get("high_celsius"),
        evidence_level="L5" if recent is None else "L3",
        flags=tuple(flag for flag in FLAGS if raised[flag]),
    )
