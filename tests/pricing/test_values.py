"""Guide values of lots, from rows to money and back to the same bytes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.health.reports import HealthReport, Subject
from listings.pack_types import Chemistry
from listings.packs import Condition
from listings.parties import Kind, Role
from pricing import editions, guides, indices, previews, values
from pricing.bases import Unit
from pricing.guides import GuideValue
from pricing.intervals import GuidePastReview
from pricing.levels import MissingIndex


@pytest.fixture
def valuer(make):
    return make.organisation(Kind.VALUER)


@pytest.fixture
def edition(session, make, valuer):
    """The seeded guide in force and the seeded indices, on their own dates of November 2025."""
    indices.seed(session, at=NOW)
    people = {"assessor": make.member(valuer), "approver": make.member(valuer, Role.APPROVER)}
    return editions.seed(session, valuer_id=valuer.id, at=NOW, **people)


@pytest.fixture
def seller(make):
    return make.organisation(Kind.FLEET_OWNER)


@pytest.fixture
def report(session, make):
    """``report(pack, 0.8)``: a standing laboratory report, L1, valid for half a year."""
    lab = make.organisation(Kind.LAB)

    def call(pack, soh, **more):
        given = {
            "subject": Subject.PACK,
            "examined_on": date(2026, 5, 20),
            "rated_capacity_ah": pack.type.rated_capacity_ah,
            "soh_q": Decimal(str(soh)),
            "grade": "B",
            "evidence_level": "L1",
            "policy_version": 1,
            "reported_at": NOW,
            "valid_until": date(2026, 11, 20),
        } | more
        row = HealthReport(pack_id=pack.id, lab_id=lab.id, **given)
        session.add(row)
        session.flush()
        return row

    return call


@pytest.fixture
def lot(make, seller, report):
    """Two LFP packs of 64 kWh, one at 82 % and one at 78 %."""
    kind = make.pack_type()
    packs = [make.pack(seller, kind, made_on=date(2018, 3, 1)) for _ in range(2)]
    report(packs[0], 0.82)
    report(packs[1], 0.78)
    return make.lot(seller, packs)


def test_a_graded_lfp_lot_is_worth_more_in_its_second_life(session, edition, lot):
    found = values.for_lot(session, lot.id, at=NOW)
    assert found.route == "cascade"
    assert found.edition_id == edition.id
    assert found.low_minor < found.value_minor < found.high_minor
    assert 0 < found.value_minor < 64 * 2 * 340_00  # less than new cells


def test_both_waterfalls_sum_to_their_totals_to_the_fen(session, edition, lot):
    found = values.for_lot(session, lot.id, at=NOW)
    assert sum(part.amount.minor for part in values.waterfall(found)) == found.value_minor
    explained = values.explain(found)
    assert [route.name for route in explained.routes] == ["regeneration", "cascade"]
    for route in explained.routes:
        parts = values.waterfall(found, route.name)
        assert sum(part.amount.minor for part in parts) == route.total.minor
    assert explained.chosen.total.minor == found.value_minor


def test_computing_again_gives_the_same_bytes(session, edition, lot):
    found = values.for_lot(session, lot.id, at=NOW)
    session.expire_all()
    assert values.recompute(found) == found.result
    assert json.loads(found.result)["value_minor"] == found.value_minor


def test_a_value_is_kept_once_while_its_inputs_stay(session, edition, lot):
    first = values.for_lot(session, lot.id, at=NOW)
    assert values.for_lot(session, lot.id, at=NOW + timedelta(hours=2)) is first
    assert session.scalar(sa.select(sa.func.count()).select_from(GuideValue)) == 1


def test_a_new_index_value_makes_a_new_value_and_the_old_one_stays(session, edition, lot):
    first = values.for_lot(session, lot.id, at=NOW)
    price = indices.standing(session, "Li2CO3", NOW.date())
    enter_like(session, price, value=price.value * 2)
    second = values.for_lot(session, lot.id, at=NOW)
    assert second is not first
    assert values.recompute(first) == first.result
    lithium = [
        next(
            part.amount.minor
            for part in values.waterfall(kept, "regeneration")
            if part.name == "Li"
        )
        for kept in (first, second)
    ]
    assert lithium[1] == pytest.approx(2 * lithium[0], abs=4)


def enter_like(session, row, **more):
    given = {
        "series": row.series,
        "on_date": NOW.date(),
        "value": row.value,
        "basis": row.basis,
        "unit": row.unit,
        "is_tax_included": row.is_tax_included,
        "source": "a later quote",
        "at": NOW,
    } | more
    return indices.enter(session, None, **given)


def test_a_lot_without_grades_has_no_cascade_value_but_an_indicative_range(
    session, edition, make, seller
):
    found = values.for_lot(session, make.lot(seller).id, at=NOW)
    explained = values.explain(found)
    assert found.route == "regeneration"
    assert [route.name for route in explained.routes] == ["regeneration"]
    low, high = explained.indicative
    assert low < high
    assert values.waterfall(found, "cascade") == []


@pytest.mark.parametrize(
    "more",
    [
        {"valid_until": date(2026, 5, 31)},
        {"subject": Subject.CELL, "subject_position": "1"},
        {"evidence_level": "L4", "grade": None},
    ],
)
@pytest.mark.usefixtures("edition")
def test_a_report_that_is_past_on_a_part_or_declared_gives_no_cascade_value(
    session, make, seller, report, more
):
    pack = make.pack(seller)
    report(pack, 0.9, **more)
    found = values.for_lot(session, make.lot(seller, [pack]).id, at=NOW)
    assert found.route == "regeneration"


def test_nickel_and_cobalt_go_to_regeneration(session, edition, make, seller, report):
    pack = make.pack(seller, make.pack_type(Chemistry.NMC622, mass_kg=Decimal(400)))
    report(pack, 0.8)
    assert values.for_lot(session, make.lot(seller, [pack]).id, at=NOW).route == "regeneration"


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize(
    "harm", [{"condition": Condition.DAMAGED}, {"reasons": ["safety_check_failed"]}]
)
def test_a_damaged_or_unsafe_pack_has_no_second_life(session, make, seller, report, harm):
    pack = make.pack(seller, condition=harm.get("condition", Condition.INTACT))
    report(pack, 0.9, reasons=harm.get("reasons", []))
    found = values.for_lot(session, make.lot(seller, [pack]).id, at=NOW)
    assert found.route == "regeneration"
    assert "penalties" in {part.name for part in values.waterfall(found)}
    assert values.explain(found).indicative is None


def test_old_levels_widen_the_interval_and_a_year_is_the_most(session, edition, lot):
    found = values.for_lot(session, lot.id, at=NOW)
    explained = values.explain(found)
    assert explained.index_date == found.index_date == date(2025, 11, 10)
    assert explained.stale_days == 145  # weekdays from 11 November 2025 to 1 June 2026
    later = values.explain(values.for_lot(session, lot.id, at=NOW + timedelta(days=170)))
    latest = values.explain(values.for_lot(session, lot.id, at=NOW + timedelta(days=360)))
    assert explained.widened < later.widened == latest.widened == pytest.approx(13.5**0.5)


def test_fresh_levels_bring_the_interval_back_to_the_stated_range(session, edition, lot):
    old = values.explain(values.for_lot(session, lot.id, at=NOW))
    for row in indices.history(session):
        enter_like(session, row)
    new = values.explain(values.for_lot(session, lot.id, at=NOW))
    assert (new.stale_days, new.widened) == (0, 1.0)
    assert new.chosen.total == old.chosen.total
    assert new.chosen.high.minor - new.chosen.low.minor == pytest.approx(
        (old.chosen.high.minor - old.chosen.low.minor) / old.widened, abs=4
    )


def test_a_guide_past_its_review_gives_no_value(session, edition, lot):
    late = NOW + timedelta(days=366)
    assert values.for_lot(session, lot.id, at=late) is None
    [(_, refusal)] = values.statements(session, lot.id, at=late)
    assert isinstance(refusal, GuidePastReview)


def test_a_missing_index_gives_no_value(session, edition, lot):
    early = NOW - timedelta(days=300)
    [(_, refusal)] = values.statements(session, lot.id, at=early)
    assert isinstance(refusal, MissingIndex)


@pytest.mark.parametrize("tie", ["sells", "owns", "child", "parent", "sibling"])
def test_a_conflicted_valuer_is_refused(session, make, edition, seller, tie):
    owner, valuer = seller, edition.guide.valuer
    if tie == "child":
        seller.parent_id = valuer.id
    elif tie == "parent":
        valuer.parent_id = seller.id
    elif tie == "sibling":
        valuer.parent_id = seller.parent_id = make.organisation(Kind.FLEET_OWNER).id
    elif tie == "owns":
        owner = valuer
    lot = make.lot(valuer if tie == "sells" else seller, [make.pack(owner)])
    session.flush()
    assert values.for_lot(session, lot.id, at=NOW) is None
    with pytest.raises(values.ValuerConflicted):
        values.of_edition(session, edition, lot.id, at=NOW)


def test_a_circle_of_parents_ends(session, make, edition, valuer, seller):
    valuer.parent_id, seller.parent_id = seller.id, valuer.id
    session.flush()
    with pytest.raises(values.ValuerConflicted):
        values.of_edition(session, edition, make.lot(seller).id, at=NOW)


def test_a_lot_without_packs_or_of_a_chemistry_outside_the_tables_has_no_value(
    session, edition, make, seller
):
    assert values.for_lot(session, make.lot(seller, []).id, at=NOW) is None
    other = make.pack(seller, make.pack_type(Chemistry.OTHER))
    assert values.for_lot(session, make.lot(seller, [other]).id, at=NOW) is None


def test_an_edition_not_in_force_gives_no_value(session, make, edition, lot, valuer):
    draft = next_edition(session, make, edition, valuer)
    with pytest.raises(values.NotInForce):
        values.of_edition(session, draft, lot.id, at=NOW)


def next_edition(session, make, edition, valuer, **changes):
    coefficients = json.loads(json.dumps(edition.coefficients))
    for name, number in changes.items():
        coefficients[name]["value"] = number
    return editions.draft(
        session,
        make.member(valuer),
        edition.guide_id,
        number="2026-06",
        coefficients=coefficients,
        explanation="A draft.",
        review_due_on=edition.review_due_on,
        methodology_id=edition.methodology_id,
        at=NOW,
    )


def test_a_preview_says_what_a_draft_moves_and_keeps_nothing(session, make, edition, lot, valuer):
    draft = next_edition(session, make, edition, valuer, repurposing_per_kwh=26.0)
    preview = previews.of_edition(session, draft, at=NOW)
    [move] = preview.moved
    assert move.lot_id == lot.id
    assert move.after_minor - move.before_minor == -128_00  # one yuan for each of 128 kWh
    assert preview.largest is move
    assert preview.median == move.change
    assert preview.turned == []
    assert session.scalar(sa.select(sa.func.count()).select_from(GuideValue)) == 0
    same = previews.of_edition(session, edition, at=NOW)
    assert (len(same.moves), same.moved, same.median) == (1, [], 0)


def test_a_preview_says_how_many_lots_it_leaves_out(session, edition, lot, monkeypatch):
    monkeypatch.setattr(previews, "MOST_LOTS", 0)
    assert previews.of_edition(session, edition, at=NOW).left_out == 1


def test_the_record_behind_a_value_stands_alone(session, edition, lot):
    record = json.loads(json.dumps(values.document(values.for_lot(session, lot.id, at=NOW))))
    again = values.compute(
        record["inputs"], values.GuideCoefficients.from_json(record["coefficients"])
    )
    assert again == record["result"]
    assert record["inputs"]["edition"]["methodology_sha256"] == edition.methodology.sha256
    assert {quote["basis"]["unit"] for quote in record["inputs"]["indices"]["quotes"]} == {
        Unit.TONNE,
        Unit.KWH,
    }


def test_a_second_guide_stands_beside_the_first_newest_first(session, make, edition, lot):
    other = make.organisation(Kind.VALUER)
    acting = make.member(other)
    guide = guides.create(session, acting, name="Another", at=NOW)
    version = guides.methodology(session, acting, guide.id, text="Ours.", at=NOW)
    draft = editions.draft(
        session,
        acting,
        guide.id,
        number="1",
        coefficients=edition.coefficients,
        explanation="As theirs.",
        review_due_on=edition.review_due_on,
        methodology_id=version.id,
        at=NOW,
    )
    editions.propose(session, acting, draft.id, at=NOW)
    approver = make.member(other, Role.APPROVER)
    editions.approve(session, approver, draft.id, at=NOW + timedelta(minutes=1))
    found = values.all_for_lot(session, lot.id, at=NOW + timedelta(minutes=2))
    assert [kept.edition_id for kept in found] == [draft.id, edition.id]
    assert found[0].value_minor == found[1].value_minor
