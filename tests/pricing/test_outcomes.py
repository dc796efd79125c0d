"""From a sale to the line of a valuer's record, its band, its weight and the reference value."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
import scored
import sqlalchemy as sa
from make import NOW

from listings.lots import Route
from listings.parties import Kind
from pricing import (
    bands,
    comparables,
    forecasts,
    guides,
    indices,
    outcomes,
    references,
    score_disputes,
    scoreboard,
    values,
)
from pricing.columns import PackFacts
from pricing.comparables import ExclusionKind
from pricing.consensus import MOST, NotEnoughValuers
from pricing.forecasts import Forecast, ForecastState
from pricing.intervals import GuidePastReview
from pricing.score_disputes import DisputedAlready, DisputeDecided, Outcome
from pricing.scoreboard import Cell

START = NOW - timedelta(days=60)


@pytest.fixture(autouse=True)
def levels(session):
    return indices.seed(session, at=START)


@pytest.fixture
def trader(make):
    return make.organisation(Kind.FLEET_OWNER)


@pytest.fixture
def buyer(make):
    return make.recycler()


@pytest.fixture
def issue(make):
    """``issue(valuer, 1.2)``: see `scored.issue`; in force from `START`."""

    def call(valuer, factor=1.0, *, at=START, guide=None):
        return scored.issue(make, valuer, factor, at=at, guide=guide)

    return call


@pytest.fixture
def edition(issue, make):
    return issue(make.organisation(Kind.VALUER))


@pytest.fixture
def sell(make, trader, buyer):
    """``sell(12_000)``: see `scored.sell`."""

    def call(yuan=12_000, facts=scored.PACK, *, seller=trader, by=buyer, **more):
        return scored.sell(make, seller, by, yuan, facts, **more)

    return call


def one(session, sale):
    [forecast] = outcomes.keep(session, sale, at=NOW)
    session.refresh(forecast)
    return forecast


def many(session, sell, prices, start=START + timedelta(days=1)):
    """Sales one hour after another, each dealt with at once."""
    for turn, yuan in enumerate(prices):
        at = start + timedelta(hours=turn)
        sell(yuan, at=at)
        outcomes.keep_due(session, at=at)


def test_a_line_is_what_the_guide_said_by_the_route_of_the_sale(session, edition, sell):
    forecast = one(session, sell())
    assert forecast.state is ForecastState.SAID
    assert forecast.low_minor < forecast.value_minor < forecast.high_minor
    assert forecast.edition_id == edition.id
    assert forecast.before is None  # a first edition
    inputs = json.loads(forecast.inputs)
    result = values.compute(inputs, values.GuideCoefficients.from_json(edition.coefficients))
    [cascade] = [route for route in result["routes"] if route["name"] == "cascade"]
    assert cascade["total_minor"] == forecast.value_minor
    assert forecast.line.price == 1_200_000


def test_the_edition_before_the_price_was_fixed_counts_and_not_a_later_one(
    session, edition, issue, sell
):
    early = sell(at=NOW - timedelta(days=10))
    later = issue(edition.guide.valuer, 1.5, at=NOW - timedelta(days=5), guide=edition.guide)
    late = sell(at=NOW)
    assert one(session, early).edition_id == edition.id
    found = one(session, late)
    assert found.edition_id == later.id
    assert found.before_edition_id == edition.id
    # Same day, same levels: half as much again for the cells than the edition before.
    assert found.value_minor > found.before_value_minor
    assert found.before_value_minor == pytest.approx(one_value(session, early), rel=1e-6)


def one_value(session, sale):
    return session.scalar(sa.select(Forecast.value_minor).where(Forecast.comparable_id == sale.id))


def test_levels_entered_after_the_price_was_fixed_do_not_count(session, edition, sell):
    sale = sell(at=NOW - timedelta(days=2), route=Route.REGENERATION)
    price = indices.standing(session, "Li2CO3", NOW.date())
    for on in (price.on_date, NOW.date()):  # a correction, and a new day
        indices.enter(
            session, None, series="Li2CO3", on_date=on, value=price.value * 2, basis=price.basis,
            unit=price.unit, is_tax_included=price.is_tax_included, source="late", at=NOW,
        )  # fmt: skip
    [lithium] = [
        quote
        for quote in json.loads(one(session, sale).inputs)["indices"]["quotes"]
        if quote["series"] == "Li2CO3"
    ]
    assert Decimal(lithium["amount"]) == price.value


def test_a_sale_is_dealt_with_once_and_a_later_guide_had_not_spoken(
    session, edition, issue, make, sell
):
    sale = sell(at=NOW - timedelta(days=1))
    issue(make.organisation(Kind.VALUER), at=NOW)
    assert [f.guide_id for f in outcomes.keep_due(session, at=NOW)] == [edition.guide_id]
    assert outcomes.keep_due(session, at=NOW) == []
    assert len(forecasts.known(session, at=NOW)) == 1
    assert sale.id == forecasts.known(session, at=NOW)[0].comparable_id


@pytest.mark.parametrize("side", ["seller", "buyer", "group"])
def test_a_conflicted_valuer_is_not_scored_and_is_listed(session, edition, sell, make, side):
    valuer = edition.guide.valuer
    other = make.organisation(Kind.FLEET_OWNER, parent_id=valuer.id)
    sides = {"seller": {"seller": valuer}, "buyer": {"by": valuer}, "group": {"by": other}}[side]
    forecast = one(session, sell(**sides))
    assert forecast.state is ForecastState.CONFLICTED
    assert forecast.line is None
    [record] = scoreboard.records(session, at=NOW)
    assert (record.score.n, record.conflicted, record.counted) == (0, [forecast], [])


def test_a_guide_past_its_review_or_without_that_route_is_silent(session, edition, sell):
    late = sell(at=NOW + timedelta(days=500))
    forecast = one(session, late)
    assert forecast.state is ForecastState.SILENT
    assert forecast.refusal["message"] == GuidePastReview.message
    ungraded = one(session, sell(facts=PackFacts(energy_kwh=64, chemistry="LFP")))
    assert ungraded.refusal["message"] == outcomes.NoValueByRoute.message
    unknown = PackFacts(energy_kwh=64, chemistry="LTO")
    forecast = one(session, sell(facts=unknown, route=Route.REGENERATION))
    assert forecast.refusal["message"] == outcomes.NoMetalKnown.message


def test_a_kept_line_is_never_rewritten(session, edition, sell):
    forecast = one(session, sell())
    with (
        pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied"),
        session.begin_nested(),
    ):
        session.execute(sa.update(Forecast).where(Forecast.id == forecast.id).values(stale_days=9))


def test_with_nineteen_sales_the_range_is_measured_on_them(session, edition, sell):
    many(session, sell, [12_000 + 100 * turn for turn in range(18)])
    cell = ("cascade", "LFP")
    assert bands.of_guide(session, edition, at=NOW)[cell].origin == "stated"
    sell(9_000, at=NOW - timedelta(days=1))
    outcomes.keep_due(session, at=NOW)
    found = bands.of_guide(session, edition, at=NOW)
    residuals = sorted(
        abs(bands.residual(miss)) for miss in forecasts.misses(session, edition.guide_id, at=NOW)
    )
    assert (found[cell].origin, found[cell].n) == ("cell", 19)
    assert found[cell].half_width == residuals[17]  # k = ceil(20 x 0.9)
    assert (found["regeneration", "NMC622"].origin, found["regeneration", "NMC622"].n) == (
        "pooled",
        19,
    )


def test_bands_know_nothing_of_later_sales_nor_of_later_exclusions(session, edition, sell):
    many(session, sell, [12_000] * 19)
    before = START + timedelta(days=1, hours=17)
    cell = ("cascade", "LFP")
    assert bands.of_guide(session, edition, at=before)[cell].origin == "stated"
    third = forecasts.known(session, at=NOW)[-3].comparable.sale_number
    comparables.exclude(session, third, ExclusionKind.DISPUTE, "weighed again", at=NOW)
    assert bands.of_guide(session, edition, at=NOW - timedelta(hours=1))[cell].n == 19
    assert bands.of_guide(session, edition, at=NOW)[cell].origin == "stated"
    [record] = scoreboard.records(session, at=NOW)
    assert record.score.n == 18


def test_a_lot_s_value_says_whether_its_range_is_measured_and_computes_again(
    session, edition, sell, make, trader
):
    lot = make.lot(trader)
    stated = values.for_lot(session, lot.id, at=NOW)
    many(session, sell, [12_000] * 19)
    measured = values.for_lot(session, lot.id, at=NOW)
    for kept, origin in ((stated, "stated"), (measured, "pooled")):
        [band] = [b for b in values.explain(kept).bands if b["route"] == "regeneration"]
        assert band["origin"] == origin
        assert values.recompute(kept) == kept.result
    assert measured.value_minor == stated.value_minor
    assert measured.high_minor != stated.high_minor
    [band] = [b for b in values.explain(measured).bands if b["route"] == "regeneration"]
    valuation = values.valued(
        json.loads(measured.inputs), values.GuideCoefficients.from_json(edition.coefficients)
    )
    half = valuation.gross_metal[0] * band["half_width"] * values.explain(measured).widened
    assert measured.high_minor - measured.value_minor == pytest.approx(half * 100, abs=2)


def test_old_inputs_without_bands_give_the_stated_range(session, edition, make, trader):
    kept = values.for_lot(session, make.lot(trader).id, at=NOW)
    inputs = json.loads(kept.inputs)
    del inputs["bands"]
    guide = values.GuideCoefficients.from_json(edition.coefficients)
    assert values.compute(inputs, guide) == json.loads(kept.result)


def test_a_record_is_read_by_chemistry_route_and_quarter(session, edition, sell):
    for at, route in (
        (NOW - timedelta(days=70), Route.CASCADE),
        (NOW - timedelta(days=3), Route.CASCADE),
        (NOW - timedelta(days=2), Route.REGENERATION),
    ):
        sale = sell(at=at, route=route)
        if at > START:
            one(session, sale)
    [record] = scoreboard.records(session, at=NOW)
    cells = [cell for cell, _ in scoreboard.by_cell(record)]
    assert cells == [Cell("LFP", "cascade", "2026Q2"), Cell("LFP", "regeneration", "2026Q2")]
    [part] = scoreboard.records(session, Cell(route="regeneration"), at=NOW)
    assert part.score.n == 1
    assert scoreboard.records(session, Cell(chemistry="NMC622"), at=NOW) == []


def test_an_upheld_dispute_takes_a_line_out_and_keeps_it_readable(session, edition, make, sell):
    forecast = one(session, sell())
    valuer = make.member(edition.guide.valuer)
    operator = make.member(make.organisation(Kind.OPERATOR))
    row = score_disputes.dispute(session, valuer, forecast.id, reason="Sold with a bus.", at=NOW)
    [record] = scoreboard.records(session, at=NOW)
    assert record.score.n == 1  # an open dispute changes nothing yet
    with pytest.raises(DisputedAlready):
        score_disputes.dispute(session, valuer, forecast.id, reason="Again.", at=NOW)
    score_disputes.decide(
        session, operator, row.id, outcome=Outcome.UPHELD, answer="So it was.", at=NOW
    )
    with pytest.raises(DisputeDecided):
        score_disputes.decide(
            session, operator, row.id, outcome=Outcome.DISMISSED, answer="No.", at=NOW
        )
    session.flush()
    [record] = scoreboard.records(session, at=NOW)
    assert (record.score.n, record.upheld) == (0, [forecast])
    assert scoreboard.standings(session, [edition.guide_id], at=NOW)[edition.guide_id].n == 0


def test_a_dismissed_line_counts_on_and_may_be_disputed_again(session, edition, make, sell):
    forecast = one(session, sell())
    valuer = make.member(edition.guide.valuer)
    operator = make.member(make.organisation(Kind.OPERATOR))
    row = score_disputes.dispute(session, valuer, forecast.id, reason="Too late.", at=NOW)
    score_disputes.decide(
        session, operator, row.id, outcome=Outcome.DISMISSED, answer="In time.", at=NOW
    )
    session.flush()
    assert score_disputes.dispute(session, valuer, forecast.id, reason="New.", at=NOW)
    assert scoreboard.records(session, at=NOW)[0].score.n == 1


def test_nobody_disputes_another_valuer_s_line(session, edition, make, sell):
    forecast = one(session, sell())
    stranger = make.member(make.organisation(Kind.VALUER))
    with pytest.raises(guides.Forbidden):
        score_disputes.dispute(session, stranger, forecast.id, reason="Mine.", at=NOW)


def test_skill_rests_on_the_sales_that_had_an_edition_before(session, edition, issue, sell):
    many(session, sell, [12_000] * 2)
    issue(edition.guide.valuer, 1.2, at=NOW - timedelta(days=20), guide=edition.guide)
    many(session, sell, [14_000] * 6, start=NOW - timedelta(days=10))
    [record] = scoreboard.records(session, at=NOW)
    assert (record.score.n, record.score.n_skill) == (8, 6)
    standing = scoreboard.standings(session, [edition.guide_id], at=NOW)[edition.guide_id]
    assert standing.n == 6
    assert standing.skill == round(record.score.skill.figure, 4)


def test_three_valuers_make_a_reference_value_that_computes_again(session, issue, make, trader):
    for factor in (1.0, 1.3, 0.8):
        issue(make.organisation(Kind.VALUER), factor)
    pack = make.pack(trader, made_on=date(2018, 3, 1))
    lot = make.lot(trader, [pack])
    said = values.statements(session, lot.id, at=NOW)
    kept = references.of_lot(session, lot.id, said, at=NOW)
    found = sorted(value.value_minor for _, value in said)
    assert kept.value_minor == found[1]
    assert kept.low_minor <= kept.value_minor <= kept.high_minor
    assert references.recompute(kept) == kept.record
    assert {voice["weight"] for voice in json.loads(kept.record)["voices"]} == {MOST}
    again = values.statements(session, lot.id, at=NOW + timedelta(hours=1))
    assert references.of_lot(session, lot.id, again, at=NOW + timedelta(hours=1)) is kept
    assert sum(weight for _, weight in references.panel(session, at=NOW)) == 3 * MOST


def test_two_valuers_or_three_of_two_groups_make_none(session, issue, make, trader):
    first = make.organisation(Kind.VALUER)
    for valuer in (first, make.organisation(Kind.VALUER)):
        issue(valuer)
    issue(make.organisation(Kind.VALUER, parent_id=first.id))
    lot = make.lot(trader)
    said = values.statements(session, lot.id, at=NOW)
    assert len(said) == 3
    assert references.of_lot(session, lot.id, said, at=NOW) is None
    with pytest.raises(NotEnoughValuers, match="2 valuers"):
        references.panel(session, at=NOW)
