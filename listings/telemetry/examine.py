"""The document of ``packbourse health telemetry``; its JSON Schema: docs/commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from listings.health.grade import policy
from listings.telemetry import ratings, reading
from listings.telemetry.findings import Finding, finding
from listings.telemetry.reading import EngineName, File, Progress, Reading


def examine(
    files: Sequence[File],
    rated: float | Mapping[str, float],
    *,
    engine: EngineName = "duckdb",
    progress: Progress = lambda _stage, _done, _of: None,
) -> dict[str, Any]:
    """Read telemetry and tell charges, monthly medians and the letter of each vehicle.

    ``rated`` is the rated capacity [Ah] of all vehicles, or by vehicle. Refuses what
    ``reading.read``, ``ratings.of`` and ``findings.finding`` refuse.
    """
    read = reading.read(files, engine=engine, progress=progress)
    return document(read, findings(read, rated))


def findings(read: Reading, rated: float | Mapping[str, float]) -> list[Finding]:
    """The finding of every vehicle that was recorded."""
    recent = {row["vehicle"]: row for row in read.recent.to_dicts()}
    charges = by_vehicle(read.charges)
    return [
        finding(row, recent.get(name), charges.get(name, []), ratings.of(name, rated))
        for row in read.vehicles.to_dicts()
        for name in [row["vehicle"]]
    ]


def by_vehicle(frame: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows of a frame by vehicle, in their order."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in frame.to_dicts():
        rows.setdefault(row["vehicle"], []).append(row)
    return rows


def document(read: Reading, found: Sequence[Finding]) -> dict[str, Any]:
    """What ``examine`` answers, from a reading and its findings."""
    charges, months = by_vehicle(read.charges), by_vehicle(read.months)
    rows = {row["vehicle"]: row for row in read.vehicles.to_dicts()}
    return {
        "engine": read.engine,
        "version": reading.VERSION,
        "files": [{"file": name, "sha256": sha} for name, sha in read.files],
        "policy": policy().version,
        "vehicles": [
            _vehicle(one, rows[one.vehicle])
            | {
                "months": [_month(row) for row in months.get(one.vehicle, [])],
                "charges": [_charge(row) for row in charges.get(one.vehicle, [])],
            }
            for one in found
        ],
    }


def _vehicle(one: Finding, rows: dict[str, Any]) -> dict[str, Any]:
    given = one.graded(policy())
    return {
        "vehicle": one.vehicle,
        "rows": rows["rows"],
        "invalid_rows": rows["invalid_rows"],
        "rated_ah": one.rated_ah,
        "capacity_ah": _rounded(one.capacity_ah),
        "soh": _rounded(one.soh),
        "uncertainty": one.uncertainty,
        "windows": one.windows,
        "from": instant(one.first),
        "to": instant(one.last),
        "low_celsius": one.low_celsius,
        "high_celsius": one.high_celsius,
        "grade": given.letter,
        "provisional": given.is_provisional,
        "evidence_level": given.evidence_level,
        "reasons": list(given.reasons),
        "flags": list(one.flags),
    }


def _month(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "month": month(row["month"]),
        "is_wide": row["is_wide"],
        "charges": row["charges"],
        "capacity_ah": _rounded(row["capacity_ah"]),
        "lowest_ah": _rounded(row["lowest_ah"]),
        "highest_ah": _rounded(row["highest_ah"]),
        "uncertainty": row["uncertainty"],
        "low_celsius": row["low_celsius"],
        "high_celsius": row["high_celsius"],
    }


def _charge(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": instant(row["started"]),
        "to": instant(row["ended"]),
        "rows": row["rows"],
        "soc_from": row["soc_low"],
        "soc_to": row["soc_high"],
        "window": _rounded(row["window"]),
        "capacity_ah": _rounded(row["capacity_ah"]),
        "uncertainty": row["uncertainty"],
        "low_celsius": row["low_celsius"],
        "high_celsius": row["high_celsius"],
        "reason": row["reason"],
    }


def instant(seconds: int | None) -> str | None:
    """Beijing wall time as the exports write it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def month(number: int) -> str:
    """202605 as 2026-05."""
    return f"{number // 100}-{number % 100:02d}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
