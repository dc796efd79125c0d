"""What a pack's code and a health report say, as sentences, pictures and rows for a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from listings.custody import canonical
from listings.errors import N_
from listings.health import capacity, composition, grade, rapid, records
from listings.health.examinations import Examination
from listings.health.figures import drawn, told
from listings.health.reports import HealthReport
from listings.words import gettext
from market.web import measures, part_pictures, pictures

REASONS: Mapping[str, str] = {**grade.REASONS, **capacity.REASONS}
# The code that `policy_tables.cap_reason` gives a cap without a sentence of its own.
SPREAD = re.compile(r"spread_over_([0-9.]+)_([B-D])")
CAPPED = N_("The capacity spread is over %(share)s, so the letter is at most %(letter)s.")
FLAGS: Mapping[str, str] = {
    **capacity.FLAGS,
    **records.FLAGS,
    **rapid.FLAGS,
    **composition.FLAGS,
}
SOURCES: Mapping[str, str] = records.CUTOFF_SOURCES
COUNTING: Mapping[str, str] = {
    "counts": N_("It began full and ended at the lower cut-off voltage."),
    "apart": N_(
        "Complete, but not in the mean: at another rate than the last ones, or over 3 %% from them."
    ),
}


def said(table: Mapping[str, str], codes: Iterable[str | None]) -> list[str]:
    """The sentences behind codes, in the reader's language; an unknown code stays as it is."""
    return [sentence(table, code) for code in codes if code]


def sentence(table: Mapping[str, str], code: str | None) -> str:
    """The sentence behind one code, or nothing."""
    if not code:
        return ""
    spread = SPREAD.fullmatch(code) if code not in table else None
    if spread:
        share, letter = spread.groups()
        return gettext(CAPPED, share=f"{share}%", letter=letter)
    return gettext(table[code]).replace("%%", "%") if code in table else code


def level(code: str) -> str:
    """What an evidence level rests on."""
    found = {str(name): text for name, text in grade.LEVELS.items()}
    return sentence(found, code)


def capacities(discharges: list[dict[str, Any]], rated_ah: float, title: str) -> Markup:
    """Capacity per cycle, rejected discharges marked, with the rated capacity as a line."""
    return pictures.capacity_per_cycle(
        [
            pictures.Discharge(int(found["cycle"]), float(found["ah"]), bool(found["complete"]))
            for found in discharges
        ],
        title=title,
        x_label=gettext("Cycle"),
        y_label=gettext("Ah"),
        kept_label=gettext("Counts"),
        rejected_label=gettext("Rejected"),
        rated=pictures.Mark(rated_ah, gettext("Rated %(ah)s Ah", ah=f"{rated_ah:g}")),
    )


def voltages(points: list[list[float]], title: str) -> Markup:
    """Voltage over capacity of the last discharge that counts."""
    return pictures.voltage_over_capacity(
        [(ah, volts) for ah, volts in points],
        title=title,
        x_label=gettext("Ah"),
        y_label=gettext("V"),
    )


def of_report(report: HealthReport) -> dict[str, Any]:
    """What the page of a stored report shows beside its row."""
    points = report.curve.get("points", [])
    return {
        "reasons": said(REASONS, report.reasons),
        "flags": [*_error_of(report), *said(FLAGS, report.flags)],
        "level": level(report.evidence_level),
        "discharges": _rows(report.discharges),
        "capacities": capacities(
            report.discharges, float(report.rated_capacity_ah), gettext("Capacity per cycle")
        )
        if report.discharges
        else "",
        "voltages": voltages(points, gettext("Voltage over capacity")) if points else "",
        "cutoff_source": sentence(SOURCES, report.cutoffs.get("source")),
        "parts": part_pictures.of_report(report),
        **_measured(measures.of_record(report), points, report.curve.get("incremental", [])),
    }


def of_examination(examination: Examination) -> dict[str, Any]:
    """The same of an examination that nobody signed yet."""
    found, estimate = examination.assessment, examination.rapid
    rated_ah, whole = examination.rated.capacity_ah, examination.measured
    errors = [] if estimate is None else [_error(rapid.document(estimate))]
    discharges = records.discharges(found)
    points = [[ah, volts] for ah, volts in found.curve]
    return {
        "flags": [*errors, *said(FLAGS, found.flags)],
        "discharges": _rows(discharges),
        "capacities": capacities(discharges, rated_ah, gettext("Capacity per cycle"))
        if discharges
        else "",
        "voltages": voltages(points, gettext("Voltage over capacity")) if points else "",
        "cutoff_source": sentence(SOURCES, found.cutoffs.source),
        "parts": part_pictures.of_examination(examination),
        **_measured(
            [told(one) for one in whole.measures], points, [drawn(one) for one in whole.curves]
        ),
    }


def _measured(
    told: list[Mapping[str, Any]], points: list[list[float]], curves: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """The table of measures, and what stands beside the curves."""
    return {
        "measures": measures.rows(told),
        "accuracy": measures.accuracy(told),
        "tenths": measures.tenths(points),
        "incremental": measures.incremental(curves),
    }


def _error_of(report: HealthReport) -> list[str]:
    """What the signed record says of the error of a pulse model, where one was used."""
    if report.evidence_level != "L2" or report.record is None:
        return []
    record = canonical.parse(report.record)
    facts = record.get("rapid") if isinstance(record, dict) else None
    return [_error(facts)] if isinstance(facts, dict) else []


def _error(facts: Mapping[str, Any]) -> str:
    """The sentence that belongs beside every estimate of a pulse model."""
    shares = ("soh_low", "soh_high", "leave_out_rmse", "leave_out_max", "baseline_rmse")
    low, high, usual, most, mean = (f"{float(facts[name]) * 100:.1f}" for name in shares)
    return gettext(
        N_(
            "Pulse model at %(soc)s %% charge: state of health %(low)s to %(high)s %% (9 of 10 "
            "times). About %(cells)s cells, each left out of the fit, it erred by %(usual)s %% "
            "(root mean square) and %(most)s %% at most; taking every cell for average errs by "
            "%(mean)s %%."
        ),
        soc=f"{float(facts['soc_percent']):g}",
        low=low,
        high=high,
        cells=facts["fitted_cells"],
        usual=usual,
        most=most,
        mean=mean,
    )


def _rows(discharges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**found, "why": why(found)} for found in discharges]


def why(discharge: Mapping[str, Any]) -> str:
    """Why a discharge counts, or counts not; a report of before says less."""
    if not discharge["complete"]:
        return sentence(capacity.REASONS, discharge.get("reason"))
    return sentence(COUNTING, "apart" if discharge.get("in_run") is False else "counts")
