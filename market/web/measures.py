"""Measures of an examination as rows of a table, and the tables beside its curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from listings.custody import canonical
from listings.errors import N_
from listings.health.quantities import ABSENCES, COMPONENTS, QUANTITIES, UNITS
from listings.health.reports import HealthReport
from listings.words import gettext
from market.web import formats, pictures

Facts = Mapping[str, Any]

TENTHS = 10
DIRECTIONS = {"charge": N_("charge"), "discharge": N_("discharge")}
CONDITIONS: tuple[tuple[str, str, float, int], ...] = (
    ("after_s", N_("%(n)s s after the step"), 1, 0),
    ("soc", N_("%(n)s %% charged"), 100, 0),
    ("rate_c", N_("%(n)s C"), 1, 2),
    ("temperature_c", N_("%(n)s °C"), 1, 1),
    ("rated_ah", N_("rated %(n)s Ah"), 1, 2),
    ("rated_wh", N_("rated %(n)s Wh"), 1, 1),
    ("runs", N_("discharges: %(n)s"), 1, 0),
    ("cycles", N_("cycles: %(n)s"), 1, 0),
    ("discharges", N_("discharges: %(n)s"), 1, 0),
    ("pulses", N_("steps: %(n)s"), 1, 0),
    ("rest_s", N_("rested %(n)s s"), 1, 0),
    ("ah", N_("%(n)s Ah in and out"), 1, 2),
    ("ah_per_volt", N_("%(n)s Ah/V high"), 1, 2),
    ("window_v", N_("smoothed over %(n)s mV"), 1000, 1),
    ("days", N_("%(n)s days"), 1, 1),
    ("parts", N_("parts: %(n)s"), 1, 0),
)
"""Condition, its words, what its number is multiplied by, and its places in print."""


def of_record(report: HealthReport) -> list[Facts]:
    """The measures that a report's lab signed; none in records of version 1."""
    if report.record is None:
        return []
    record = canonical.parse(report.record)
    found = record.get("measures") if isinstance(record, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def rows(measures: Sequence[Facts]) -> list[dict[str, str]]:
    """What the table prints, in the reader's language; absent quantities last, with the reason."""
    known = [one for one in measures if one.get("code") in QUANTITIES]
    present = [one for one in known if one["value"] is not None]
    return [_row(one) for one in present] + [_row(one) for one in known if one["value"] is None]


def accuracy(measures: Sequence[Facts]) -> str:
    """What the uncertainties rest on, as one sentence; nothing where nothing was measured."""
    for one in measures:
        under = one["conditions"]
        if "accuracy" in under:
            share = f"{float(under['accuracy']) * 100:g}"
            is_assumed = under["accuracy_source"] == "assumed"
            sentence = (
                N_(
                    "± is twice the combined standard uncertainty (GUM, k = 2). The accuracy of "
                    "the tester is assumed: %(share)s %% of %(amperes)s A and %(volts)s V."
                )
                if is_assumed
                else N_(
                    "± is twice the combined standard uncertainty (GUM, k = 2). The accuracy of "
                    "the tester is stated: %(share)s %% of %(amperes)s A and %(volts)s V."
                )
            )
            return gettext(
                sentence,
                share=share,
                amperes=f"{float(under['range_a']):g}",
                volts=f"{float(under['range_v']):g}",
            )
    return ""


def incremental(curves: Sequence[Facts]) -> list[dict[str, Any]]:
    """Pictures of incremental capacity curves, each with the peaks for its table."""
    return [
        {
            "title": _title(curve),
            "picture": _picture(curve),
            "peaks": [(float(volts), float(height)) for volts, height in curve["peaks"]],
        }
        for curve in curves
    ]


def tenths(points: Sequence[Sequence[float]]) -> list[tuple[int, float, float]]:
    """(per cent of the discharge, Ah, V) at every tenth of a curve of (Ah, V)."""
    if not points:
        return []
    whole = points[-1][0]
    found: list[tuple[int, float, float]] = []
    for tenth in range(TENTHS + 1):
        wanted = whole * tenth / TENTHS
        place = next((i for i, point in enumerate(points) if point[0] >= wanted), len(points) - 1)
        found.append((tenth * 10, wanted, _between(points, place, wanted)))
    return found


def _between(points: Sequence[Sequence[float]], place: int, ah: float) -> float:
    (low_ah, low_v), (high_ah, high_v) = points[max(place - 1, 0)], points[place]
    share = (ah - low_ah) / (high_ah - low_ah) if high_ah > low_ah else 1.0
    return low_v + (high_v - low_v) * share


def _title(curve: Facts) -> str:
    rate = f"{float(curve['rate_c']):.3f}"
    if curve["charging"]:
        return gettext("Incremental capacity of a charge at %(rate)s C", rate=rate)
    return gettext("Incremental capacity of a discharge at %(rate)s C", rate=rate)


def _picture(curve: Facts) -> Markup:
    return pictures.incremental_capacity(
        [(float(volts), float(height)) for volts, height in curve["points"]],
        [(float(volts), float(height)) for volts, height in curve["peaks"]],
        title=_title(curve),
        x_label=gettext("V"),
        y_label=gettext("Ah/V"),
    )


def _row(one: Facts) -> dict[str, str]:
    quantity = QUANTITIES[one["code"]]
    unit = str(one["unit"])
    printed, absence = UNITS.get(unit, ""), ABSENCES.get(str(one["absence"]), "")
    value, spread = _figures(one)
    return {
        "title": gettext(quantity.title),
        "value": value,
        "uncertainty": spread,
        "unit": gettext(printed).replace("%%", "%") if printed else unit,
        "method": gettext(quantity.method).replace("%%", "%"),
        "conditions": _conditions(one["conditions"]),
        "why": gettext(absence).replace("%%", "%") if absence else "",
        "budget": _budget(one),
    }


def _figures(one: Facts) -> tuple[str, str]:
    """Value and uncertainty, cut where two digits of the uncertainty end (GUM 7.2.6)."""
    if one["value"] is None:
        return "–", "–"
    times = 100 if str(one["unit"]).startswith("1") else 1
    value, spread = float(one["value"]) * times, float(one["uncertainty"]) * times
    places = _places(spread)
    return formats.number(value, places), formats.number(spread, places)


def _places(spread: float) -> int:
    return 4 if spread <= 0 else min(8, max(0, 1 - math.floor(math.log10(spread))))


def _conditions(under: Facts) -> str:
    way = DIRECTIONS.get(str(under.get("direction")))
    said = [gettext(way)] if way else []
    for name, sentence, times, places in CONDITIONS:
        if under.get(name) is not None:
            number = formats.number(float(under[name]) * times, places)
            said.append(gettext(sentence, n=number))
    if under.get("low_v") is not None:
        low, high = (f"{float(under[name]):.2f}" for name in ("low_v", "high_v"))
        said.append(f"{low}–{high} V")
    return " · ".join(said)


def _budget(one: Facts) -> str:
    """The parts of the uncertainty as standard uncertainties, in the value's unit."""
    times = 100 if str(one["unit"]).startswith("1") else 1
    return ", ".join(
        f"{gettext(words)} {float(one['budget'][name]) * times:.2g}"
        for name, words in COMPONENTS.items()
        if name in one["budget"]
    )
