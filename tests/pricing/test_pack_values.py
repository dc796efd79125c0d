"""The value of one pack, by the same arithmetic as a lot's, and the record of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from make import NOW

from listings.errors import DomainError
from listings.health.reports import HealthReport, Subject
from listings.parties import Kind, Role
from pricing import editions, indices, pack_values, values
from pricing.coefficients import GuideCoefficients
from pricing.values import ValuerConflicted


@pytest.fixture
def valuer(make):
    return make.organisation(Kind.VALUER)


@pytest.fixture
def edition(session, make, valuer):
    """The seeded guide in force and the seeded indices."""
    indices.seed(session, at=NOW)
    people = {"assessor": make.member(valuer), "approver": make.member(valuer, Role.APPROVER)}
    return editions.seed(session, valuer_id=valuer.id, at=NOW, **people)


@pytest.fixture
def pack(session, make):
    """An LFP pack of 64 kWh with a standing report of 80 %, L1."""
    pack = make.pack(make.organisation(Kind.FLEET_OWNER), made_on=date(2018, 3, 1))
    session.add(
        HealthReport(
            pack_id=pack.id,
            subject=Subject.PACK,
            lab_id=make.organisation(Kind.LAB).id,
            examined_on=date(2026, 5, 20),
            rated_capacity_ah=pack.type.rated_capacity_ah,
            soh_q=Decimal("0.8"),
            grade="B",
            evidence_level="L1",
            policy_version=1,
            reported_at=NOW,
            valid_until=date(2026, 11, 20),
        )
    )
    session.flush()
    return pack


def test_a_pack_is_worth_what_a_lot_of_it_alone_is_worth(session, make, edition, pack):
    alone = values.explain(
        values.for_lot(session, make.lot(pack.owner, [pack]).id, at=NOW),
    )
    worked = pack_values.of_edition(session, edition, pack, at=NOW)
    assert worked.explained.routes == alone.routes
    assert worked.explained.chosen.total == alone.chosen.total
    assert worked.explained.route == "cascade"


def test_the_record_of_a_pack_gives_the_same_result_again(session, edition, pack):
    worked = pack_values.of_edition(session, edition, pack, at=NOW)
    record = json.loads(json.dumps(worked.document(NOW)))
    again = values.compute(record["inputs"], GuideCoefficients.from_json(record["coefficients"]))
    assert again == record["result"]


def test_a_guide_past_its_review_is_told_beside_the_others(session, edition, pack):
    late = NOW.replace(year=edition.review_due_on.year) + timedelta(days=800)
    ((said_by, refusal),) = pack_values.statements(session, pack, at=late)
    assert said_by is edition
    assert isinstance(refusal, DomainError)


def test_a_valuer_gives_no_value_of_its_own_pack(session, make, edition, valuer):
    own = make.pack(valuer)
    ((_, refusal),) = pack_values.statements(session, own, at=NOW)
    assert isinstance(refusal, ValuerConflicted)


def test_an_edition_that_is_not_in_force_gives_no_value(session, edition, pack):
    edition.state = editions.EditionState.SUPERSEDED
    with pytest.raises(values.NotInForce):
        pack_values.of_edition(session, edition, pack, at=NOW)
