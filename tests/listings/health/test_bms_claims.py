"""Claims of management systems: who records them, with what, and that they stay claims."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden, NotFound
from listings.health import bms_claims, reports
from listings.health.bms_claims import Said
from listings.health.reports import HealthReport
from listings.parties import Kind, Role

SAID = Said(
    read_on=date(2026, 5, 20), firmware="V3.2.1", tool="CAN reader 4", reader="Wang", soh=Decimal(1)
)


@pytest.fixture
def owner(make):
    return make.member(make.organisation(Kind.FLEET_OWNER))


@pytest.fixture
def holder(make):
    return make.member(make.organisation(Kind.REPAIR_SHOP))


@pytest.fixture
def pack(session, make, owner, holder):
    firms = [session.get(reports.Organisation, one.organisation_id) for one in (owner, holder)]
    return make.pack(firms[0], holder=firms[1])


def signed(session, pack, lab_id):
    session.add(
        HealthReport(
            pack_id=pack.id,
            subject=reports.Subject.PACK,
            lab_id=lab_id,
            examined_on=date(2026, 5, 1),
            rated_capacity_ah=Decimal(200),
            evidence_level="L1",
            policy_version=1,
            reported_at=NOW,
            valid_until=date(2026, 8, 1),
        )
    )
    session.flush()


def test_owner_and_holder_record_what_was_read(session, pack, owner, holder):
    first = bms_claims.record(session, owner, pack.id, SAID, at=NOW)
    second = bms_claims.record(
        session, holder, pack.id, replace(SAID, read_on=date(2026, 5, 1)), at=NOW
    )
    assert bms_claims.of(session, pack.id) == [second, first]
    assert (first.soh, first.firmware, first.organisation_id) == (
        1,
        "V3.2.1",
        owner.organisation_id,
    )


def test_a_claim_gives_its_pack_no_letter(session, pack, owner):
    bms_claims.record(session, owner, pack.id, SAID, at=NOW)
    assert reports.pack_grade(session, pack.id, date(2026, 6, 1)).letter is None


def test_a_lab_records_for_a_pack_that_it_reported_on(session, make, pack):
    lab = make.member(make.organisation(Kind.LAB))
    with pytest.raises(Forbidden):
        bms_claims.record(session, lab, pack.id, SAID, at=NOW)
    signed(session, pack, lab.organisation_id)
    assert bms_claims.record(session, lab, pack.id, SAID, at=NOW).id


def test_nobody_else_records(session, make, pack, owner):
    stranger = make.member(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(Forbidden):
        bms_claims.record(session, stranger, pack.id, SAID, at=NOW)
    viewer = replace(owner, role=Role.VIEWER)
    with pytest.raises(Forbidden):
        bms_claims.record(session, viewer, pack.id, SAID, at=NOW)
    with pytest.raises(NotFound):
        bms_claims.record(session, owner, 10**9, SAID, at=NOW)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"soh": None}, bms_claims.NothingDeclared),
        ({"soh": Decimal("1.6")}, bms_claims.DeclaredOutOfRange),
        ({"capacity_ah": Decimal(-1)}, bms_claims.DeclaredOutOfRange),
        ({"firmware": " "}, bms_claims.SourceMissing),
        ({"tool": ""}, bms_claims.SourceMissing),
        ({"reader": ""}, bms_claims.SourceMissing),
        ({"read_on": date(2026, 6, 2)}, bms_claims.ReadInFuture),
    ],
)
def test_a_claim_of_nothing_or_of_nobody_is_refused(session, pack, owner, changed, refusal):
    with pytest.raises(refusal):
        bms_claims.record(session, owner, pack.id, replace(SAID, **changed), at=NOW)


def test_the_same_reading_is_on_record_once(session, pack, owner, holder):
    bms_claims.record(session, owner, pack.id, SAID, at=NOW)
    with pytest.raises(bms_claims.ClaimKnown):
        bms_claims.record(session, holder, pack.id, SAID, at=NOW)


@pytest.mark.parametrize("act", ["UPDATE bms_claim SET soh = 0.5", "DELETE FROM bms_claim"])
def test_a_claim_is_never_rewritten(session, pack, owner, act):
    bms_claims.record(session, owner, pack.id, SAID, at=NOW)
    with pytest.raises(sa.exc.DBAPIError, match="permission denied"):
        session.execute(sa.text(act))
