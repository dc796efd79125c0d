"""A valuer's record as a table to keep, and the whole evidence behind one line of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import orm

from listings.money import Money
from pricing import score_disputes, scoreboard
from pricing.forecasts import Forecast
from pricing.guides import Edition
from pricing.score_disputes import ScoreDispute
from pricing.scores import ALPHA, Line, Said, interval_score

HEADER = [
    "line", "sale", "price_fixed_at", "sold_at", "quarter", "route", "chemistry", "valuer", "guide",
    "edition", "state", "counts", "currency", "price", "value", "low", "high", "gross_metal_value",
    "log_ratio", "inside", "interval_score", "edition_before", "value_before", "low_before",
    "high_before", "interval_score_before", "reason", "dispute",
]  # fmt: skip
"""Columns of the csv. Scores are in parts of gross metal value; amounts with tax."""


def cells(
    forecast: Forecast, disputes: Mapping[int, ScoreDispute], before: Edition | None
) -> list[str]:
    """A line as a row of the table; empty where there is nothing to say."""
    sale, cell = forecast.comparable, scoreboard.cell_of(forecast)
    found = disputes.get(forecast.id)
    amounts = (forecast.value_minor, forecast.low_minor, forecast.high_minor, forecast.gross_minor)
    earlier = (forecast.before_value_minor, forecast.before_low_minor, forecast.before_high_minor)
    figures = measures(forecast.line)
    return [
        str(forecast.id),
        sale.sale_number,
        sale.priced_at.isoformat(),
        sale.sold_at.isoformat(),
        cell.quarter or "",
        sale.route.value,
        sale.chemistry,
        forecast.guide.valuer.name,
        forecast.guide.name,
        forecast.edition.number,
        forecast.state.value,
        "yes" if scoreboard.counts(forecast, disputes) else "no",
        sale.currency,
        str(sale.total.decimal),
        *(_amount(minor, sale.currency) for minor in amounts),
        _text(figures.get("log_ratio")),
        _text(figures.get("inside")),
        _text(figures.get("interval_score")),
        before.number if before else "",
        *(_amount(minor, sale.currency) for minor in earlier),
        _text(figures.get("interval_score_before")),
        forecast.refusal.get("message", "") % forecast.refusal.get("values", {}),
        "" if found is None else (found.outcome.value if found.outcome else "open"),
    ]


def measures(line: Line | None) -> dict[str, float | bool | None]:
    """What one line adds to the score: log(value / price), whether the price lay inside, and both
    interval scores in parts of gross metal value. Empty for a guide that said nothing.
    """
    if line is None:
        return {}
    both_positive = line.price > 0 and line.said.value > 0
    return {
        "log_ratio": math.log(line.said.value / line.price) if both_positive else None,
        "inside": line.said.low <= line.price <= line.said.high,
        "interval_score": _charge(line, line.said),
        "interval_score_before": _charge(line, line.before) if line.before else None,
    }


def document(session: orm.Session, forecast: Forecast) -> dict[str, Any]:
    """Everything behind one line: sale and packs as known, inputs, coefficients of both editions,
    figures and disputes. Amounts in minor units; from it anyone computes the line again.
    """
    sale = forecast.comparable
    before = (
        session.get(Edition, forecast.before_edition_id) if forecast.before_edition_id else None
    )
    return {
        "line": forecast.id,
        "state": forecast.state.value,
        "refusal": forecast.refusal,
        "kept_at": forecast.kept_at.isoformat(),
        "sale": {
            "number": sale.sale_number,
            "price_fixed_at": sale.priced_at.isoformat(),
            "sold_at": sale.sold_at.isoformat(),
            "route": sale.route.value,
            "chemistry": sale.chemistry,
            "total_minor": sale.total_minor,
            "currency": sale.currency,
            "tax_rate": str(sale.tax_rate),
            "packs": [{"facts": p.facts, "share_minor": p.share_minor} for p in sale.packs],
        },
        "said": _said(forecast.value_minor, forecast.low_minor, forecast.high_minor),
        "gross_minor": forecast.gross_minor,
        "alpha": ALPHA,
        "figures": measures(forecast.line),
        "edition": _edition(forecast.edition),
        "before": {
            "said": _said(
                forecast.before_value_minor, forecast.before_low_minor, forecast.before_high_minor
            ),
            "edition": _edition(before) if before else None,
        },
        "inputs": json.loads(forecast.inputs) if forecast.inputs else None,
        "disputes": [_dispute(row) for row in score_disputes.of_line(session, forecast.id)],
    }


def _charge(line: Line, said: Said) -> float:
    [total] = interval_score([said.low], [said.high], [line.price])
    return float(total) / line.gross


def _edition(edition: Edition) -> dict[str, Any]:
    return {
        "valuer": edition.guide.valuer.name,
        "guide": edition.guide.name,
        "number": edition.number,
        "effective_from": edition.effective_from.isoformat() if edition.effective_from else None,
        "methodology_sha256": edition.methodology.sha256,
        "coefficients": edition.coefficients,
    }


def _dispute(row: ScoreDispute) -> dict[str, Any]:
    return {
        "reason": row.reason,
        "opened_at": row.opened_at.isoformat(),
        "outcome": row.outcome.value if row.outcome else None,
        "answer": row.answer,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }


def _said(value: int | None, low: int | None, high: int | None) -> dict[str, int | None] | None:
    found = {"value_minor": value, "low_minor": low, "high_minor": high}
    return None if value is None else found


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(minor, currency).decimal)


def _text(figure: float | bool | None) -> str:
    if figure is None:
        return ""
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    return f"{figure:.6f}"
