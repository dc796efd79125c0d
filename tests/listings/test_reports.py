from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from make import NOW

from listings import blobs
from listings.custody import canonical
from listings.errors import Forbidden, NotFound
from listings.health import examinations, openings, policies, regrading, reports, reproduction
from listings.health.grade import policy
from listings.health.policy_tables import cap_reason
from listings.health.reports import Subject
from listings.health.synthetic import write_bdf
from listings.packs import Condition
from listings.parties import Kind

TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def tester_file(tmp_path_factory) -> Path:
    """A capacity test of a cell of 5 Ah at SoH 0.85."""
    path = tmp_path_factory.mktemp("tester") / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.85)
    return path


@pytest.fixture
def pack_type(make):
    """One cell in series, so that a cell's file is also a plausible pack's."""
    return make.pack_type(
        rated_capacity_ah=Decimal(5),
        rated_voltage_v=Decimal("3.6"),
        rated_energy_kwh=Decimal("0.018"),
        cell_rated_capacity_ah=Decimal(5),
        lower_cutoff_v=Decimal("2.5"),
        upper_cutoff_v=Decimal("4.2"),
        cells_in_series=1,
    )


@pytest.fixture
def pack(make, pack_type):
    return make.pack(make.organisation(Kind.FLEET_OWNER), pack_type)


@pytest.fixture
def lab(make):
    return make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L0001"))


@pytest.fixture
def blob(session, tester_file):
    return blobs.store(
        session, tester_file.read_bytes(), name="synthetic.bdf.csv", media_type="text/csv", at=NOW
    )


@pytest.fixture
def store(session, lab, pack, pack_type, blob):
    def store(subject=Subject.PACK, **more):
        values = {
            "pack_id": pack.id,
            "examination": examined(blob, pack_type, subject),
            "blob_sha256": blob.sha256,
            "examined_on": TODAY,
            "at": NOW,
            "subject": subject,
            "coverage": "整包",
        }
        return reports.store(session, lab, **(values | more))

    return store


def examined(blob, pack_type, subject=Subject.PACK):
    return examinations.examine(
        blobs.path(blob.sha256), examinations.rated(pack_type, subject.value)
    )


def test_a_report_keeps_what_the_file_says(store, blob):
    report = store()
    assert float(report.soh_q) == pytest.approx(0.85, abs=0.005)
    assert report.rated_capacity_ah == 5
    assert (report.grade, report.evidence_level, report.policy_version) == ("A", "L1", 1)
    assert [d["complete"] for d in report.discharges] == [False, True, True, True]
    assert report.discharges[0]["reason"] == "no_charge_before"
    assert report.blob_sha256 == blob.sha256
    assert report.valid_until == TODAY + timedelta(days=90)
    assert len(report.curve["points"]) > 50


def test_what_was_not_measured_makes_the_letter_provisional(store):
    report = store()
    assert report.is_provisional
    assert report.reasons == ["spread_missing", "safety_check_missing"]
    full = store(capacity_spread=Decimal("0.02"), safety_check_passed=True)
    assert not full.is_provisional
    assert full.reasons == []


def test_a_failed_safety_check_gives_r_and_marks_the_pack_damaged(store, pack):
    report = store(safety_check_passed=False)
    assert report.grade == "R"
    assert pack.condition is Condition.DAMAGED


def test_a_wide_spread_lowers_the_letter(store):
    report = store(capacity_spread=Decimal("0.06"), safety_check_passed=True)
    assert (report.grade, report.reasons) == ("B", ["spread_over_5"])


def test_the_signed_record_holds_what_the_page_shows(store):
    report = store()
    record = canonical.parse(report.record)
    assert record["grade"] == report.grade
    assert Decimal(record["soh_q"]) == report.soh_q
    assert record["file"]["sha256"] == report.blob_sha256
    assert record["lab"]["accreditation_number"] == "CNAS L0001"
    assert canonical.is_canonical(report.record)


def test_only_a_lab_reports(session, make, store):
    workshop = make.member(make.organisation(Kind.REPAIR_SHOP))
    with pytest.raises(Forbidden):
        reports.store(
            session,
            workshop,
            pack_id=1,
            examination=None,
            blob_sha256="",
            examined_on=TODAY,
            at=NOW,
        )


def test_a_newer_report_supersedes_and_the_older_stays_as_it_was(store, session):
    first, second = store(examined_on=TODAY - timedelta(days=9)), store()
    session.refresh(first)
    assert first.superseded_by_id == second.id
    assert reports.standing(session, [first.pack_id]) == {first.pack_id: second}


def test_an_older_examination_does_not_supersede_a_later_one(store):
    store()
    with pytest.raises(reports.NewerReportStands):
        store(examined_on=TODAY - timedelta(days=1))


def test_a_signed_report_is_never_edited(store, session):
    report = store()
    with pytest.raises(sa.exc.IntegrityError, match="superseded, never edited"):
        session.execute(
            sa.update(reports.HealthReport)
            .where(reports.HealthReport.id == report.id)
            .values(grade="B")
        )


@pytest.mark.parametrize("act", ["DELETE FROM health_report", "UPDATE health_report SET {}"])
def test_the_database_itself_keeps_a_signed_report(store, session, act):
    store(examined_on=TODAY - timedelta(days=9))
    store()
    with pytest.raises(sa.exc.IntegrityError, match="superseded, never edited"):
        session.execute(sa.text(act.format("superseded_by_id = NULL")))


def test_the_newer_report_says_which_it_replaces(store):
    first, second = store(examined_on=TODAY - timedelta(days=9)), store()
    told = [canonical.parse(report.record) for report in (first, second)]
    assert [one["number"] for one in told] == [first.number, second.number]
    assert [one["supersedes"] for one in told] == [None, first.number]


def test_the_stored_file_gives_the_signed_bytes_again(store, blob, session):
    record = canonical.parse(store(safety_check_passed=True).record)
    signed = {name: value for name, value in record.items() if name != "proof"}
    examination = examinations.examine(blobs.path(blob.sha256), reproduction.rated_of(record))
    policy = policies.of_version(session, record["policy_version"])
    again = reproduction.recompose(record, examination, policy)
    assert canonical.dumps(again) == canonical.dumps(signed)


def test_opening_a_pack_ends_its_reports(store, session, make, pack):
    whole, cell = store(), store(Subject.CELL, subject_position="1")
    owner = make.member(pack.owner)
    ended = openings.opened(session, owner, pack.id, opened_on=TODAY, at=NOW)
    assert {report.id for report in ended} == {whole.id, cell.id}
    assert not whole.is_valid(TODAY)
    assert whole.is_valid(TODAY - timedelta(days=1))
    given = reports.pack_grade(session, pack.id, TODAY)
    assert (given.letter, given.report, given.hint) == (None, None, None)
    with pytest.raises(openings.NothingToEnd):
        openings.opened(session, owner, pack.id, opened_on=TODAY, at=NOW)
    after = store()
    assert whole.superseded_by_id == after.id
    assert reports.pack_grade(session, pack.id, TODAY).report is after


def test_only_who_has_the_pack_or_measured_it_opens_it(store, session, make, pack, lab):
    store()
    for stranger in (Kind.LAB, Kind.FLEET_OWNER):
        with pytest.raises((NotFound, Forbidden)):
            openings.opened(
                session, make.member(make.organisation(stranger)), pack.id, opened_on=TODAY, at=NOW
            )
    with pytest.raises(openings.OpenedInFuture):
        openings.opened(session, lab, pack.id, opened_on=TODAY + timedelta(days=1), at=NOW)
    assert openings.opened(session, lab, pack.id, opened_on=TODAY, at=NOW)


def test_an_opening_is_said_once(store, session, pack, lab):
    store()
    openings.opened(session, lab, pack.id, opened_on=TODAY, at=NOW)
    session.flush()
    with pytest.raises(sa.exc.IntegrityError, match="superseded, never edited"):
        session.execute(sa.update(reports.HealthReport).values(opened_on=None))


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"examined_on": TODAY + timedelta(days=1)}, reports.ExaminedInFuture),
        ({"examined_on": TODAY - timedelta(days=91)}, reports.ExaminedTooLongAgo),
        ({"blob_sha256": "0" * 64}, reports.FileNotExamined),
        ({"subject": Subject.CELL}, reports.PositionNeeded),
        ({"subject": Subject.CELL, "subject_position": "M1-1"}, reports.FileNotExamined),
    ],
)
def test_a_report_says_when_what_and_which(store, blob, pack_type, more, refusal):
    values = {"examination": examined(blob, pack_type)} | more
    with pytest.raises(refusal):
        store(**values)


def test_a_type_corrected_after_the_examination_asks_for_another(store, pack_type, blob):
    examination = examined(blob, pack_type)
    pack_type.rated_capacity_ah = Decimal(6)
    with pytest.raises(reports.FileNotExamined):
        store(examination=examination)


def test_a_file_without_a_discharge_that_counts_is_no_report(store, session, pack_type, tmp_path):
    path = tmp_path / "synthetic-part.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.85, cycles=0)
    kept = blobs.store(session, path.read_bytes(), name=path.name, media_type="text/csv", at=NOW)
    examination = examined(kept, pack_type)
    with pytest.raises(reports.NoCapacityFound):
        store(examination=examination, blob_sha256=kept.sha256)


def test_a_file_of_another_size_of_battery_is_refused(blob):
    small = examinations.Rated("cell", 2.0, None, (2.5, 4.2))
    with pytest.raises(examinations.CapacityImplausible):
        examinations.examine(blobs.path(blob.sha256), small)


def test_rated_values_come_from_the_type_by_subject(make):
    pack_type = make.pack_type()
    assert examinations.rated(pack_type, "pack").cutoffs == (250, 365)
    cell = examinations.rated(pack_type, "cell")
    assert (cell.capacity_ah, cell.energy_wh, cell.cutoffs) == (200, 640, (2.5, 3.65))
    assert examinations.rated(pack_type, "module").energy_wh is None


def test_a_cells_report_gives_its_pack_no_letter(store, session, pack):
    cell = store(Subject.CELL, subject_position="M1-1")
    assert cell.grade == "A"
    given = reports.pack_grade(session, pack.id, TODAY)
    assert (given.letter, given.evidence_level, given.hint) == (None, "L5", cell)


def test_an_expired_report_gives_no_letter(store, session, pack):
    report = store()
    last = report.valid_until
    assert reports.pack_grade(session, pack.id, last).letter == "A"
    after = reports.pack_grade(session, pack.id, last + timedelta(days=1))
    assert (after.letter, after.report) == (None, None)


def test_a_lab_that_owns_the_pack_is_said_to(make, session, pack_type, blob):
    firm = make.organisation(Kind.LAB)
    report = reports.store(
        session,
        make.member(firm),
        pack_id=make.pack(firm, pack_type).id,
        examination=examined(blob, pack_type),
        blob_sha256=blob.sha256,
        examined_on=TODAY,
        at=NOW,
    )
    assert {"own_pack", "not_accredited"} <= set(report.flags)


def test_the_signature_is_the_labs_and_breaks_with_one_changed_figure(store, session, lab):
    report = store()
    key = reports.signer(session, report)
    assert key.organisation_id == lab.organisation_id
    forged = report.record.replace(b'"grade":"A"', b'"grade":"B"')
    session.expunge(report)
    report.record = forged
    assert reports.signer(session, report) is None


def test_two_labs_that_sign_at_once_leave_one_standing_report(database, tester_file):
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from make import Make

    from listings import db

    with db.transaction() as session:
        make = Make(session)
        pack_type = make.pack_type(
            rated_capacity_ah=Decimal(5),
            rated_voltage_v=Decimal("3.6"),
            rated_energy_kwh=Decimal("0.018"),
            cell_rated_capacity_ah=Decimal(5),
            upper_cutoff_v=Decimal("4.2"),
            cells_in_series=1,
        )
        pack = make.pack(make.organisation(Kind.FLEET_OWNER), pack_type)
        labs = [make.member(make.organisation(Kind.LAB)) for _ in range(2)]
        blob = blobs.store(
            session, tester_file.read_bytes(), name="synthetic", media_type="text/csv", at=NOW
        )
    with db.transaction() as session:
        rated = examinations.rated(session.get_one(type(pack_type), pack_type.id), "pack")
    examination = examinations.examine(blobs.path(blob.sha256), rated)
    gate = Barrier(2)

    def sign(lab) -> int:
        gate.wait()
        with db.transaction() as session:
            return reports.store(
                session,
                lab,
                pack_id=pack.id,
                examination=examination,
                blob_sha256=blob.sha256,
                examined_on=TODAY,
                at=NOW,
            ).id

    with ThreadPoolExecutor(2) as pool:
        signed = set(pool.map(sign, labs))
    with db.transaction() as session:
        standing = reports.standing(session, [pack.id])[pack.id]
        rows = session.execute(
            sa.select(reports.HealthReport.id, reports.HealthReport.superseded_by_id)
        ).all()
    older = signed - {standing.id}
    assert len(signed) == 2
    assert dict(tuple(row) for row in rows) == {standing.id: None, older.pop(): standing.id}


def test_the_signed_record_carries_the_measures_as_decimal_strings(store):
    report = store()
    record = canonical.parse(report.record)
    measures = {one["code"]: one for one in record["measures"]}
    assert record["version"] == 2
    assert Decimal(measures["capacity"]["value"]) == pytest.approx(
        report.capacity_ah, rel=Decimal("1e-6")
    )
    assert Decimal(measures["soh_q"]["uncertainty"]) > 0
    assert Decimal(measures["coulombic_efficiency"]["value"]) == pytest.approx(1, abs=0.01)
    assert measures["incremental_peak"]["absence"] == "rate_too_high"
    assert report.curve["schema"] == 2


def test_a_report_is_graded_by_the_policy_of_its_day_and_keeps_it(session, make, store):
    operator = make.member(make.organisation(Kind.OPERATOR))
    stricter = replace(
        policy(1),
        bands=(("A", 0.90), ("B", 0.70), ("C", 0.60), ("D", 0.40)),
        caps=((0.03, "C", cap_reason(0.03, "C")),),
    )
    row = policies.draft(session, operator, policy=stricter, note="Asks more for an A.", at=NOW)
    tomorrow = TODAY + timedelta(days=1)
    policies.publish(session, operator, row.id, in_force_from=tomorrow, at=NOW)
    before = store()
    after = store(at=NOW + timedelta(days=1), capacity_spread=Decimal("0.04"))
    assert (before.grade, before.policy_version) == ("A", 1)
    assert (after.grade, after.policy_version) == ("C", 2)
    assert after.reasons[0] == "spread_over_3_C"
    session.refresh(before)
    assert (before.grade, before.policy_version) == ("A", 1)


def test_stored_reports_are_graded_again_as_they_were_signed(session, store):
    store(capacity_spread=Decimal("0.06"), safety_check_passed=True)
    store(at=NOW + timedelta(minutes=1))
    wide, bare = sorted(regrading.stored(session), key=lambda one: one.capacity_spread is None)
    assert (wide.capacity_spread, wide.safety_check_passed, wide.has_origin) == (0.06, True, True)
    assert (bare.capacity_spread, bare.safety_check_passed, bare.has_origin) == (None, None, True)
    found = regrading.compare(session, policy(1), replace(policy(1), caps=()))
    moves = [(move.before, move.after, move.count) for move in found.moves]
    assert moves == [("A", "A", 1), ("B", "A", 1)]
