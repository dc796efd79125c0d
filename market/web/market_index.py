"""The monthly market index: what was paid for a kWh, by chemistry and route."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from listings import db, sheets
from listings.errors import N_
from listings.words import gettext
from market.web import guard
from market.web.formats import word
from market.web.guard import public
from market.web.market_pictures import level_by_month
from market.web.values import download
from pricing import market_indices
from pricing.market_index import LEAST_SALES, LEAST_SELLERS
from pricing.market_indices import Series

blueprint = Blueprint("market_index", __name__)

HEADER = ["chemistry", "route", "month", "sales", "cny_per_kwh", "low", "high", "reason"]


@blueprint.get("/market-index")
@public
def index() -> Any:
    """Every chemistry and route that was sold, with its months."""
    with db.transaction() as reading:
        found = market_indices.series(reading, guard.now())
    return render_template(
        "market_index/index.html",
        found=found,
        picture=_picture,
        least_sales=LEAST_SALES,
        least_sellers=LEAST_SELLERS,
    )


@blueprint.get("/market-index.csv")
@public
def table() -> Response:
    """The same months as csv; a month without a level says why."""
    with db.transaction() as reading:
        found = market_indices.series(reading, guard.now())
    rows: list[list[str | int]] = [
        [
            series.chemistry,
            series.route,
            f"{month.month:%Y-%m}",
            month.sales,
            *(_plain(figure) for figure in (month.level, month.low, month.high)),
            month.reason,
        ]
        for series in found
        for month in series.months
    ]
    return download(sheets.write_csv(HEADER, rows), "text/csv", "market-index.csv")


def _picture(series: Series) -> Markup | None:
    title = gettext(
        N_("Market index of %(chemistry)s, %(route)s"),
        chemistry=word(series.chemistry, "Chemistry"),
        route=word(series.route, "Route"),
    )
    return level_by_month(series.months, title=title, unit="CNY/kWh")


def _plain(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.2f}"
