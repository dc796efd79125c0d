"""How wide a guide's range is: measured on the sales that it said something of, else as stated.

The residual of a sale is (price - value) / gross metal value, divided by the factor that the age of
guide and levels had widened its range by on that day, because the same factor widens the band
again. Cells are (route, chemistry); see ``intervals`` for the band and its fall-backs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from pricing import forecasts
from pricing.coefficients import ROUTES, GuideCoefficients
from pricing.forecasts import Miss
from pricing.guides import Edition
from pricing.intervals import Band, mondrian_bands, staleness

Cell = tuple[str, str]


def of_guide(session: orm.Session, edition: Edition, *, at: datetime) -> dict[Cell, Band]:
    """The band of every (route, chemistry) of an edition's guide, from the sales of the year up to
    an instant that still counted then.
    """
    misses = forecasts.misses(session, edition.guide_id, at=at)
    return mondrian_bands(
        [residual(miss) for miss in misses],
        [(miss.route.value, miss.chemistry) for miss in misses],
        GuideCoefficients.from_json(edition.coefficients).stated_half_widths(),
    )


def residual(miss: Miss) -> float:
    """How far the price lay off the value, in parts of gross metal value and of the widening."""
    return (miss.price - miss.value) / miss.gross / staleness(miss.stale_days)


def plain(bands: dict[Cell, Band], chemistries: Iterable[str]) -> list[dict[str, Any]]:
    """The bands of these chemistries in plain JSON, for the inputs of a value."""
    return [
        {
            "route": route,
            "chemistry": chemistry,
            "half_width": bands[route, chemistry].half_width,
            "n": bands[route, chemistry].n,
            "origin": bands[route, chemistry].origin,
        }
        for chemistry in sorted(chemistries)
        for route in ROUTES
        if (route, chemistry) in bands
    ]


def measured(rows: Iterable[dict[str, Any]]) -> dict[Cell, Band]:
    """Of bands in plain JSON those from sales; what a guide states stands in its coefficients."""
    return {
        (row["route"], row["chemistry"]): Band(row["half_width"], row["n"], row["origin"])
        for row in rows
        if row["origin"] != "stated"
    }
