"""When a sale's price is known: what each guide had said of the lot before that, kept for good.

Everything is as of the instant at which the price was fixed: the edition in force before it, the
packs as they were known, the index levels entered by then, and the bands from earlier sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rfc8785
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import distinct_on

from listings import days
from listings.errors import N_, DomainError, Refused
from listings.money import MINOR_DIGITS
from pricing import conflicts, values
from pricing.coefficients import GuideCoefficients
from pricing.comparables import Comparable, ComparablePack, SaleSource
from pricing.forecasts import Forecast, ForecastState
from pricing.guides import Edition, EditionState
from pricing.intervals import refuse_past_review
from pricing.valuation import Valuation
from pricing.waterfalls import bounds, total, waterfall

RECENT = timedelta(days=30)
"""A sale is dealt with seconds after its award; older ones than this are left as they are."""
IN_FORCE_ONCE = (EditionState.EFFECTIVE, EditionState.SUPERSEDED)
_LOCK = 0x666F7265  # any number that nobody else locks


class NoValueByRoute(Refused):
    """The guide gives no value by the route for which the lot was sold."""

    message = N_("The guide gives no value by the route for which this lot was sold.")


class NoMetalKnown(Refused):
    """The lot's metal has no value, so that a miss cannot be measured in parts of it."""

    message = N_("Nothing is known of the metals in this lot, so a miss cannot be measured.")


class OtherCurrency(Refused):
    """The lot was sold in another currency than that of the guide."""

    message = N_("The lot was sold in %(sold)s, the guide values in %(guide)s.")


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Value, bounds and gross metal value of a lot by one route, in minor units."""

    value: int
    low: int
    high: int
    gross: int


def keep_due(session: orm.Session, *, at: datetime, since: timedelta = RECENT) -> list[Forecast]:
    """Keep what every guide had said of the sales that nobody dealt with yet, the oldest first.

    Sales from before packs were kept with them, and sales elsewhere, are left out. Where another
    process is at it nothing is done.
    """
    if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))):
        return []
    has_guide = sa.exists().where(
        Edition.state.in_(IN_FORCE_ONCE), Edition.effective_from < Comparable.priced_at
    )
    has_packs = sa.exists().where(ComparablePack.comparable_id == Comparable.id)
    is_done = sa.exists().where(Forecast.comparable_id == Comparable.id)
    due = sa.select(Comparable).where(
        Comparable.source == SaleSource.MARKET,
        Comparable.sold_at <= at,
        Comparable.sold_at > at - since,
        has_packs,
        has_guide,
        ~is_done,
    )
    sales = session.scalars(due.order_by(Comparable.priced_at, Comparable.id)).all()
    return [forecast for sale in sales for forecast in keep(session, sale, at=at)]


def keep(session: orm.Session, sale: Comparable, *, at: datetime) -> list[Forecast]:
    """Keep what every guide with an edition in force before the price was fixed said of a sale."""
    kept = [_forecast(session, sale, edition, at) for edition in editions_before(session, sale)]
    session.add_all(kept)
    session.flush()
    return kept


def editions_before(session: orm.Session, sale: Comparable) -> list[Edition]:
    """Of every guide the edition that was in force when the price was fixed."""
    return list(
        session.scalars(
            sa.select(Edition)
            .where(
                Edition.state.in_(IN_FORCE_ONCE),
                Edition.effective_from < sale.priced_at,
            )
            .ext(distinct_on(Edition.guide_id))
            .order_by(Edition.guide_id, Edition.effective_from.desc(), Edition.id.desc())
        )
    )


def edition_before(session: orm.Session, edition: Edition) -> Edition | None:
    """The edition of the same guide that was in force before this one."""
    return session.scalar(
        sa.select(Edition)
        .where(
            Edition.guide_id == edition.guide_id,
            Edition.state.in_(IN_FORCE_ONCE),
            Edition.effective_from < edition.effective_from,
            Edition.id != edition.id,
        )
        .order_by(Edition.effective_from.desc(), Edition.id.desc())
        .limit(1)
    )


def _forecast(session: orm.Session, sale: Comparable, edition: Edition, at: datetime) -> Forecast:
    forecast = Forecast(
        comparable_id=sale.id,
        guide_id=edition.guide_id,
        edition_id=edition.id,
        state=ForecastState.SILENT,
        kept_at=at,
    )
    parties = [party for party in (sale.seller_id, sale.buyer_id) if party is not None]
    tie = conflicts.tie(
        session, edition.guide.valuer_id, parties=parties, lot_id=sale.lot_id, at=sale.priced_at
    )
    if tie is not None:
        forecast.state = ForecastState.CONFLICTED
        forecast.refusal = _plain(values.ValuerConflicted(valuer=edition.guide.valuer.called))
        return forecast
    try:
        _say(session, forecast, sale, edition)
    except DomainError as refusal:
        forecast.refusal = _plain(refusal)
    return forecast


def _say(session: orm.Session, forecast: Forecast, sale: Comparable, edition: Edition) -> None:
    """What the edition, and the one before it on the same levels, said of the lot."""
    refuse_past_review(edition.review_due_on, days.of(sale.priced_at))
    facts = [{"id": pack.pack_id, "facts": pack.facts} for pack in sale.packs]
    inputs = values.inputs_from(session, edition, facts, at=sale.priced_at)
    coefficients = GuideCoefficients.from_json(edition.coefficients)
    if coefficients.currency != sale.currency:
        raise OtherCurrency(sold=sale.currency, guide=coefficients.currency)
    found = _amounts(values.valued(inputs, coefficients), sale.route.value)
    forecast.state = ForecastState.SAID
    forecast.value_minor, forecast.low_minor = found.value, found.low
    forecast.high_minor, forecast.gross_minor = found.high, found.gross
    forecast.stale_days = inputs["stale_days"]
    forecast.inputs = rfc8785.dumps(inputs)
    _say_before(session, forecast, sale, edition, inputs)


def _say_before(
    session: orm.Session,
    forecast: Forecast,
    sale: Comparable,
    edition: Edition,
    inputs: dict[str, Any],
) -> None:
    """The edition before, rolled forward: its coefficients on the levels of the day. A first
    edition has none, and one that says nothing of this lot is no measure.
    """
    before = edition_before(session, edition)
    if before is None:
        return
    coefficients = GuideCoefficients.from_json(before.coefficients)
    try:
        levels = values.levels_of(session, coefficients, sale.priced_at)
        valuation = values.valued(inputs | {"indices": levels.to_json()}, coefficients)
        found = _amounts(valuation, sale.route.value)
    except DomainError:
        return
    forecast.before_edition_id = before.id
    forecast.before_value_minor = found.value
    forecast.before_low_minor, forecast.before_high_minor = found.low, found.high


def _amounts(valuation: Valuation, route: str) -> _Amounts:
    """A lot by one route; refuses one without a value by it, and one without metal."""
    rows = range(len(valuation))
    try:
        low, high = bounds(valuation, rows, route)
        parts = [part for row in rows for part in waterfall(valuation, row, route)]
    except ValueError as error:
        raise NoValueByRoute from error
    scale = 10 ** MINOR_DIGITS[valuation.currency]
    gross = sum(round(float(valuation.gross_metal[row]) * scale) for row in rows)
    if gross <= 0:
        raise NoMetalKnown
    return _Amounts(total(parts, valuation.currency).minor, low.minor, high.minor, gross)


def _plain(refusal: DomainError) -> dict[str, Any]:
    """A refusal as it is kept: the sentence's id and the words in it."""
    words = {name: str(value) for name, value in refusal.values.items()}
    return {"message": refusal.message, "values": words}
