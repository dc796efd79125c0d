"""What a valuer's guide says a lot is worth, from what the register knows on a day.

The inputs are kept beside the result, both as canonical JSON (RFC 8785), so that anyone computes
the value again and finds the same bytes. The figure is that valuer's guide value, nobody else's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import rfc8785
import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.errors import N_, DomainError, Forbidden, NotFound, Refused
from listings.lots import Lot
from listings.money import Money
from listings.packs import Pack
from pricing import appearances, bands, conflicts, indices, seeded
from pricing.coefficients import ROUTES, GuideCoefficients
from pricing.columns import PackColumn, PackFacts
from pricing.guides import Edition, EditionState, Guide, GuideValue
from pricing.intervals import MOST_STALE_DAYS, refuse_past_review, staleness, trading_days
from pricing.levels import IndexLevels
from pricing.materials import TERNARY, Row
from pricing.valuation import Provenance, Valuation, value
from pricing.waterfalls import Component, LotValue, bounds, of_lot


class ValuerConflicted(Forbidden):
    """The valuer or its group owns, sells or wants to buy the lot, or declared an interest."""

    message = N_(
        "%(valuer)s gives no value for this lot: it or its group owns, sells or bids for it, or it "
        "declared an interest."
    )


class NothingToValue(Refused):
    """The lot has no packs."""

    message = N_("This lot has no packs, so there is nothing to value.")


class NotInForce(Refused):
    """The edition is not the one in force."""

    message = N_("Edition %(number)s is not in force and gives no value.")


@dataclass(frozen=True, slots=True)
class RouteValue:
    """One route of a lot: its parts, which sum to ``total``, and its interval."""

    name: str
    components: list[Component]
    total: Money
    low: Money
    high: Money


@dataclass(frozen=True, slots=True)
class Explanation:
    """A guide value read back from its stored bytes.

    ``routes`` has regeneration and, where every pack has a grade, cascade; ``indicative`` bounds
    the cascade value where grades are missing. ``widened`` is the factor by which ``stale_days``
    trading days widened the range; ``bands`` say whether that was measured on past sales.
    ``packs``, ``quotes`` and ``edition`` (its valuer, guide, number and methodology) are the
    inputs in plain JSON.
    """

    route: str
    is_indifferent: bool
    routes: list[RouteValue]
    indicative: tuple[Money, Money] | None
    index_date: date
    stale_days: int
    widened: float
    bands: list[dict[str, Any]]
    packs: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    edition: dict[str, Any]

    @property
    def chosen(self) -> RouteValue:
        """The better route."""
        return next(route for route in self.routes if route.name == self.route)


def for_lot(session: orm.Session, lot_id: int, *, at: datetime) -> GuideValue | None:
    """The guide value of a lot by the edition that took effect last, or None where no guide gives
    one. Computed anew, and kept only where its inputs changed.
    """
    return next(iter(all_for_lot(session, lot_id, at=at)), None)


def all_for_lot(session: orm.Session, lot_id: int, *, at: datetime) -> list[GuideValue]:
    """The guide value of a lot by every guide in force, the newest edition first.

    A guide that gives none (past its review, conflicted, an index missing) is left out.
    """
    said = statements(session, lot_id, at=at)
    return [found for _, found in said if isinstance(found, GuideValue)]


def statements(
    session: orm.Session, lot_id: int, *, at: datetime
) -> list[tuple[Edition, GuideValue | DomainError]]:
    """What every guide in force says of a lot: its value, or why it gives none."""
    said: list[tuple[Edition, GuideValue | DomainError]] = []
    for edition in in_force(session):
        try:
            said.append((edition, of_edition(session, edition, lot_id, at=at)))
        except DomainError as refusal:
            said.append((edition, refusal))
    return said


def in_force(session: orm.Session) -> list[Edition]:
    """The editions in force, the one that took effect last first."""
    rows = sa.select(Edition).where(Edition.state == EditionState.EFFECTIVE)
    return list(session.scalars(rows.order_by(Edition.effective_from.desc(), Edition.id.desc())))


def of_edition(session: orm.Session, edition: Edition, lot_id: int, *, at: datetime) -> GuideValue:
    """The value of a lot by one edition in force, kept where its inputs changed.

    Refuses an edition not in force or past its review, a conflicted valuer, a lot without packs,
    a chemistry outside the tables, and an index that is missing.
    """
    if edition.state is not EditionState.EFFECTIVE:
        raise NotInForce(number=edition.number)
    lot = session.get(Lot, lot_id)
    if lot is None:
        raise NotFound
    inputs = inputs_of(session, edition, lot, at=at)
    kept = _newest(session, edition, lot_id)
    if kept is not None and kept.inputs == rfc8785.dumps(inputs):
        return kept
    return _keep(session, edition, lot_id, inputs, at)


def inputs_of(session: orm.Session, edition: Edition, lot: Lot, *, at: datetime) -> dict[str, Any]:
    """Everything that the value rests on, in plain JSON. The edition's coefficients stand in it by
    their hash: an announced edition is never edited.

    Refuses as `of_edition` does, without asking whether the edition is in force.
    """
    refuse_past_review(edition.review_due_on, days.of(at))
    refuse_conflict(session, edition, lot, at)
    if not lot.packs:
        raise NothingToValue
    return inputs_for(session, edition, lot.packs, at=at)


def inputs_for(
    session: orm.Session, edition: Edition, found: Sequence[Pack], *, at: datetime
) -> dict[str, Any]:
    """The same for any packs, without asking whose they are."""
    packs = appearances.of_packs(session, found, days.of(at))
    return inputs_from(session, edition, packs, at=at)


def inputs_from(
    session: orm.Session, edition: Edition, packs: list[dict[str, Any]], *, at: datetime
) -> dict[str, Any]:
    """The same for packs in plain JSON (each with its ``facts``), with the levels, and the bands
    from past sales, that were known at that instant.
    """
    on = days.of(at)
    guide = GuideCoefficients.from_json(edition.coefficients)
    chemistries = {pack["facts"]["chemistry"] for pack in packs}
    levels = levels_of(session, guide, at)
    index_date = min(levels.quote(name).on for name in guide.series_behind(chemistries))
    since = min(index_date, days.of(edition.effective_from or at))
    return {
        "edition": _provenance(edition),
        "coefficients_sha256": _sha256(guide.to_json()),
        "indices": levels.to_json(),
        "index_date": index_date.isoformat(),
        "stale_days": min(trading_days(since, on), MOST_STALE_DAYS),
        "tables": [asdict(row) for row in _tables(chemistries)],
        "bands": bands.plain(bands.of_guide(session, edition, at=at), chemistries),
        "packs": packs,
    }


def refuse_conflict(session: orm.Session, edition: Edition, lot: Lot, at: datetime) -> None:
    """Refuse a valuer that is tied to the lot or to a party of it (`conflicts`)."""
    owners = {pack.owner_id for pack in lot.packs}
    refuse_party(session, edition, {lot.seller_id, *owners}, lot_id=lot.id, at=at)


def refuse_party(
    session: orm.Session,
    edition: Edition,
    parties: set[int],
    *,
    lot_id: int | None = None,
    at: datetime,
) -> None:
    """Refuse a valuer that is tied to one of these organisations, or to the lot."""
    valuer = session.get_one(Guide, edition.guide_id).valuer
    if conflicts.tie(session, valuer.id, parties=parties, lot_id=lot_id, at=at) is not None:
        raise ValuerConflicted(valuer=valuer.called)


def valued(inputs: dict[str, Any], coefficients: GuideCoefficients) -> Valuation:
    """The packs of stored inputs, valued. Inputs kept before bands were measured have none."""
    return value(
        PackColumn.of([PackFacts(**pack["facts"]) for pack in inputs["packs"]]),
        coefficients,
        IndexLevels.from_json(inputs["indices"]),
        [Row(**row) for row in inputs["tables"]],
        provenance=Provenance(
            inputs["edition"]["guide"],
            inputs["edition"]["number"],
            inputs["edition"]["methodology_sha256"],
        ),
        bands=bands.measured(inputs.get("bands", [])),
        stale_days=inputs["stale_days"],
    )


def compute(inputs: dict[str, Any], coefficients: GuideCoefficients) -> dict[str, Any]:
    """The result of stored inputs, in plain JSON with amounts in minor units. No database."""
    valuation = valued(inputs, coefficients)
    lot = of_lot(valuation)
    return {
        "value_minor": lot.value.minor,
        "low_minor": lot.low.minor,
        "high_minor": lot.high.minor,
        "currency": valuation.currency,
        "route": lot.route,
        "is_indifferent": lot.is_indifferent,
        "routes": _routes(valuation, lot),
        "indicative": [bound.minor for bound in lot.indicative] if lot.indicative else None,
        "index_date": inputs["index_date"],
        "guide": valuation.provenance.guide,
        "edition": valuation.provenance.edition,
        "methodology_sha256": valuation.provenance.methodology_sha256,
    }


def recompute(guide_value: GuideValue) -> bytes:
    """The result of a kept value computed again from its inputs and its edition's coefficients."""
    coefficients = GuideCoefficients.from_json(guide_value.edition.coefficients)
    return rfc8785.dumps(compute(json.loads(guide_value.inputs), coefficients))


def explain(guide_value: GuideValue) -> Explanation:
    """A kept value taken apart, from its own bytes."""
    return explained(json.loads(guide_value.result), json.loads(guide_value.inputs))


def explained(result: dict[str, Any], inputs: dict[str, Any]) -> Explanation:
    """What `compute` found of ``inputs``, taken apart."""
    currency = result["currency"]
    found = result["indicative"]
    return Explanation(
        route=result["route"],
        is_indifferent=result["is_indifferent"],
        routes=[_route_value(route, currency) for route in result["routes"]],
        indicative=(Money(found[0], currency), Money(found[1], currency)) if found else None,
        index_date=date.fromisoformat(result["index_date"]),
        stale_days=inputs["stale_days"],
        widened=staleness(inputs["stale_days"]),
        bands=inputs.get("bands", []),
        packs=inputs["packs"],
        quotes=inputs["indices"]["quotes"],
        edition=inputs["edition"],
    )


def waterfall(guide_value: GuideValue, route: str | None = None) -> list[Component]:
    """The signed parts of a kept value, by its better route or a named one; they sum to it.

    Empty where the lot has no value by that route.
    """
    explained = explain(guide_value)
    wanted = route or explained.route
    return [part for found in explained.routes if found.name == wanted for part in found.components]


def document(guide_value: GuideValue) -> dict[str, Any]:
    """The whole record behind a kept value: result, inputs and coefficients with their sources."""
    return {
        "computed_at": guide_value.computed_at.isoformat(),
        "result": json.loads(guide_value.result),
        "inputs": json.loads(guide_value.inputs),
        "coefficients": guide_value.edition.coefficients,
        "methodology": guide_value.edition.methodology.text,
    }


def _newest(session: orm.Session, edition: Edition, lot_id: int) -> GuideValue | None:
    of_both = sa.select(GuideValue).where(
        GuideValue.lot_id == lot_id, GuideValue.edition_id == edition.id
    )
    return session.scalar(of_both.order_by(GuideValue.id.desc()).limit(1))


def _keep(
    session: orm.Session, edition: Edition, lot_id: int, inputs: dict[str, Any], at: datetime
) -> GuideValue:
    result = compute(inputs, GuideCoefficients.from_json(edition.coefficients))
    kept = GuideValue(
        lot_id=lot_id,
        edition_id=edition.id,
        computed_at=at,
        index_date=date.fromisoformat(inputs["index_date"]),
        inputs=rfc8785.dumps(inputs),
        result=rfc8785.dumps(result),
        value_minor=result["value_minor"],
        low_minor=result["low_minor"],
        high_minor=result["high_minor"],
        currency=result["currency"],
        route=result["route"],
        is_indifferent=result["is_indifferent"],
    )
    session.add(kept)
    session.flush()
    return kept


def levels_of(session: orm.Session, guide: GuideCoefficients, at: datetime) -> IndexLevels:
    """The levels that the guide rests on, as known at an instant and as of the newest of them, so
    that a day without a new value leaves the inputs as they were.
    """
    names = {*guide.index_of.values(), *guide.cell_of.values()}
    return indices.levels(session, days.of(at), known_at=at).of(names, guide.currency)


def _tables(chemistries: set[str]) -> list[Row]:
    wanted = chemistries | (set(TERNARY) if "ternary" in chemistries else set())
    return [row for row in seeded.material_tables() if row.chemistry in wanted]


def _provenance(edition: Edition) -> dict[str, Any]:
    return {
        "id": edition.id,
        "guide": edition.guide.name,
        "valuer": edition.guide.valuer.name,
        "number": edition.number,
        "methodology_version": edition.methodology.version,
        "methodology_sha256": edition.methodology.sha256,
    }


def _routes(valuation: Valuation, lot: LotValue) -> list[dict[str, Any]]:
    """Both routes with their own bounds; a route without a value is left out."""
    parts = {"regeneration": lot.regeneration, "cascade": lot.cascade}
    rows = range(len(valuation))
    found = []
    for name in ROUTES:
        components = parts[name]
        if components is None:
            continue
        low, high = bounds(valuation, rows, name)
        found.append(
            {
                "name": name,
                "total_minor": sum(part.amount.minor for part in components),
                "low_minor": low.minor,
                "high_minor": high.minor,
                "components": [
                    {"name": part.name, "minor": part.amount.minor} for part in components
                ],
            }
        )
    return found


def _route_value(route: dict[str, Any], currency: str) -> RouteValue:
    return RouteValue(
        route["name"],
        [
            Component(part["name"], route["name"], Money(part["minor"], currency))
            for part in route["components"]
        ],
        Money(route["total_minor"], currency),
        Money(route["low_minor"], currency),
        Money(route["high_minor"], currency),
    )


def _sha256(data: Any) -> str:
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()
