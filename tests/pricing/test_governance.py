"""What stands behind a guide and what is said against it, on the database."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden, NotFound
from listings.parties import Kind, Role
from pricing import (
    complaints,
    conflicts,
    consultations,
    corrections,
    data_mixes,
    delays,
    editions,
    evidence,
    guides,
    indices,
    panels,
    points,
    redistributions,
    submissions,
    values,
)
from pricing.conflicts import Interest
from pricing.evidence import Evidence, EvidenceKind
from pricing.guides import EditionState
from pricing.panels import Side
from pricing.parameters import DataKind, Parameters

TODAY = NOW.date()
APPEND_ONLY = "append-only|permission denied|insufficient"


@pytest.fixture
def valuer(make):
    return make.organisation(Kind.VALUER)


@pytest.fixture
def assessor(make, valuer):
    return make.member(valuer, Role.CLERK)


@pytest.fixture
def approver(make, valuer):
    return make.member(valuer, Role.APPROVER)


@pytest.fixture
def edition(session, valuer, assessor, approver):
    """The seeded guide in force."""
    indices.seed(session, at=NOW)
    people = {"assessor": assessor, "approver": approver}
    return editions.seed(session, valuer_id=valuer.id, at=NOW, **people)


@pytest.fixture
def point(session, edition, assessor):
    return points.open_point(
        session,
        assessor,
        edition.guide_id,
        code="LFP-LI",
        name="Lithium point of LFP black mass",
        specification="Li 2-4 %",
        substance="Li",
        unit="point",
        is_tax_included=True,
        delivery="works, collected",
        at=NOW,
    )


@pytest.fixture
def reporter(make):
    return make.member(make.organisation(Kind.REGENERATION), Role.TRADER)


@pytest.fixture
def panelist(session, edition, assessor, reporter):
    return panels.register(
        session,
        assessor,
        edition.guide_id,
        organisation_id=reporter.organisation_id,
        side=Side.BUYS,
        at=NOW,
    )


@pytest.fixture
def submit(session, edition, point, panelist, reporter):
    """``submit(2700)``: a concluded trade of today, as the panelist reports it."""

    def call(price, **more):
        given = {
            "panelist_id": panelist.id,
            "point_id": point.id,
            "kind": DataKind.TRADE,
            "on_date": TODAY,
            "price": Decimal(price),
            "at": NOW,
        } | more
        return submissions.submit(session, given.pop("acting", reporter), edition.guide_id, **given)

    return call


@pytest.fixture
def draft(session, edition, assessor):
    def call(number="2026-06", **more):
        given = {
            "number": number,
            "coefficients": edition.coefficients,
            "explanation": "n = 3, judgement.",
            "review_due_on": TODAY + timedelta(days=90),
            "methodology_id": edition.methodology_id,
            "at": NOW,
        } | more
        return editions.draft(session, assessor, edition.guide_id, **given)

    return call


@pytest.fixture
def lot(make):
    return make.lot(make.organisation(Kind.FLEET_OWNER))


# The panel and what it reports


def test_a_panelist_reports_who_when_how_much_and_what_kind(submit, panelist, reporter):
    row = submit(2700, volume=Decimal(12), note="two lorries")
    assert (row.panelist_id, row.kind, row.on_date) == (panelist.id, DataKind.TRADE, TODAY)
    assert (row.price, row.volume, row.entered_for) == (2700, 12, reporter.organisation_id)


def test_the_valuer_writes_down_what_an_outside_firm_said(session, submit, edition, assessor):
    outside = panels.register(
        session, assessor, edition.guide_id, name="A trader", side=Side.BOTH, at=NOW
    )
    row = submit(2700, acting=assessor, panelist_id=outside.id)
    assert row.entered_for == assessor.organisation_id


def test_who_is_not_on_the_panel_reports_nothing(make, submit):
    with pytest.raises(submissions.NotOnPanel):
        submit(2700, acting=make.member(make.organisation(Kind.REGENERATION)))
    with pytest.raises(NotFound):
        submit(2700, panelist_id=10**9)


def test_a_viewer_of_a_panelist_reports_nothing(session, make, submit, panelist):
    firm = session.get(panels.Panelist, panelist.id).organisation_id
    viewer = make.member(session.get(panels.Organisation, firm), Role.VIEWER)
    with pytest.raises(Forbidden):
        submit(2700, acting=viewer)


def test_the_valuers_own_group_is_not_on_its_panel(session, make, edition, assessor, valuer):
    child = make.organisation(Kind.REGENERATION, parent_id=valuer.id)
    with pytest.raises(panels.PanelistConflicted):
        panels.register(
            session, assessor, edition.guide_id, organisation_id=child.id, side=Side.BUYS, at=NOW
        )


def test_a_firm_is_on_the_panel_once_and_leaves_it_once(
    session, assessor, edition, panelist, submit
):
    again = {"organisation_id": panelist.organisation_id, "side": Side.BUYS, "at": NOW}
    with pytest.raises(panels.PanelistKnown):
        panels.register(session, assessor, edition.guide_id, **again)
    panels.end(session, assessor, panelist.id, at=NOW)
    with pytest.raises(panels.PanelistGone):
        panels.end(session, assessor, panelist.id, at=NOW)
    with pytest.raises(panels.PanelistGone):
        submit(2700)
    assert panels.members(session, edition.guide_id) == []
    assert panels.register(session, assessor, edition.guide_id, **again).id != panelist.id


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"on_date": TODAY + timedelta(days=1)}, submissions.DayInFuture),
        ({"price": Decimal(0)}, submissions.PriceOutOfRange),
        ({"price": Decimal("NaN")}, submissions.PriceOutOfRange),
        ({"volume": Decimal(0)}, submissions.PriceOutOfRange),
    ],
)
def test_a_submission_that_cannot_be_so_is_refused(submit, more, refusal):
    with pytest.raises(refusal):
        submit(more.pop("price", 2700), **more)


def test_a_submission_is_never_rewritten_but_left_out_once_with_a_reason(
    session, submit, assessor, reporter, make
):
    row = submit(2700)
    with pytest.raises(guides.TextMissing):
        submissions.exclude(session, reporter, row.id, reason=" ", at=NOW)
    stranger = make.member(make.organisation(Kind.REGENERATION))
    with pytest.raises(submissions.NotOnPanel):
        submissions.exclude(session, stranger, row.id, reason="wrong", at=NOW)
    submissions.exclude(session, assessor, row.id, reason="one group", at=NOW)
    with pytest.raises(submissions.ExcludedAlready):
        submissions.exclude(session, reporter, row.id, reason="a slip", at=NOW)
    row.price = Decimal(1)
    with pytest.raises(sa.exc.SQLAlchemyError, match=APPEND_ONLY):
        session.flush()


# The data mix


def test_the_mix_of_an_edition_follows_its_methodology_and_is_kept_when_proposed(
    session, draft, submit, edition, assessor
):
    rules = Parameters(minimum_count=1, window_days=7, cap=Decimal(1))
    version = guides.methodology(
        session, assessor, edition.guide_id, text="Trades.", parameters=rules, at=NOW
    )
    submit(2700)
    submit(2000, on_date=TODAY - timedelta(days=7))
    submit(2900, kind=DataKind.OFFER)
    proposed = draft(methodology_id=version.id)
    assert data_mixes.kept(session, proposed.id) is None
    editions.propose(session, assessor, proposed.id, at=NOW)
    submit(9000, at=NOW + timedelta(hours=1))
    found = data_mixes.kept(session, proposed.id)
    [stated] = found["points"]
    assert (stated["code"], stated["mix"]["counts"]) == ("LFP-LI", {"trade": 1})
    assert Decimal(stated["mix"]["average"]) == 2700
    assert (found["parameters"], found["is_stated"]) == (rules.to_json(), True)
    assert data_mixes.compute(session, proposed, at=NOW) == found


def test_a_misprint_and_what_was_left_out_do_not_move_the_mix(
    session, draft, submit, edition, assessor
):
    rows = [submit(price) for price in (2650, 2700, 2750, 26500, 2000)]
    submissions.exclude(session, assessor, rows[4].id, reason="a default", at=NOW)
    found = data_mixes.compute(session, draft(), at=NOW)
    [stated] = found["points"]
    assert [ident for ident, _ in stated["mix"]["screened"]] == [rows[3].id]
    assert stated["mix"]["excluded"] == [[rows[4].id, "a default"]]
    assert (stated["mix"]["low"], stated["mix"]["high"]) == ("2650", "2750")
    assert found["is_stated"] is False


def test_parameters_stand_in_the_hash_of_a_methodology_and_stay_for_the_next(
    session, edition, assessor
):
    def version(**more):
        return guides.methodology(session, assessor, edition.guide_id, at=NOW, **more)

    plain = version(text="One.")
    stated = version(text="One.", parameters=Parameters(window_days=7))
    assert plain.sha256 != stated.sha256
    assert stated.sha256 == guides.hash_of("One.", stated.parameters)
    assert version(text="Two.").parameters == stated.parameters
    with pytest.raises(guides.MethodologyUnchanged):
        version(text="Two.", parameters=Parameters(window_days=7))


# Consultation


def test_a_proposed_edition_is_commented_and_its_valuer_answers(
    session, draft, assessor, approver, reporter
):
    proposed = draft()
    with pytest.raises(NotFound):
        consultations.comment(session, reporter, proposed.id, text="High.", at=NOW)
    editions.propose(session, assessor, proposed.id, at=NOW)
    said = consultations.comment(session, reporter, proposed.id, text="Copper is high.", at=NOW)
    with pytest.raises(Forbidden):
        consultations.comment(
            session, reporter, proposed.id, text="Yes.", answers_id=said.id, at=NOW
        )
    editions.approve(session, approver, proposed.id, at=NOW)
    with pytest.raises(consultations.ConsultationClosed):
        consultations.comment(session, reporter, proposed.id, text="Late.", at=NOW)
    answer = consultations.comment(
        session, assessor, proposed.id, text="Measured.", answers_id=said.id, at=NOW
    )
    assert consultations.of_edition(session, proposed.id) == [(said, [answer])]


# Corrections and delays


@pytest.fixture
def corrected(session, edition, assessor, approver):
    """The correction of the edition in force, in force itself."""

    def call(wrong=edition, at=NOW, **changes):
        begun = editions.correct(session, assessor, wrong.id, reason="A slipped point.", at=at)
        begun.coefficients = begun.coefficients | changes
        editions.propose(session, assessor, begun.id, at=at)
        return editions.approve(session, approver, begun.id, at=at)

    return call


def test_a_correction_takes_the_place_of_the_wrong_edition_which_stays(session, edition, corrected):
    right = corrected()
    assert (right.state, edition.state) == (EditionState.EFFECTIVE, EditionState.SUPERSEDED)
    assert right.number == f"{edition.number}-C1"
    assert corrections.of(session, right.id).reason == "A slipped point."
    assert [row.edition_id for row in corrections.to(session, edition.id)] == [right.id]
    again = corrected(right)
    assert again.number == f"{edition.number}-C2"
    assert corrections.corrected(session, again.id) == [right.id, edition.id]


def test_a_correction_needs_a_reason_and_one_at_a_time(session, edition, assessor):
    with pytest.raises(guides.TextMissing):
        editions.correct(session, assessor, edition.id, reason="", at=NOW)
    editions.correct(session, assessor, edition.id, reason="A slip.", at=NOW)
    with pytest.raises(editions.CorrectionBegun):
        editions.correct(session, assessor, edition.id, reason="Another.", at=NOW)


def test_a_correction_is_of_the_day_of_what_it_corrects_and_the_wrong_price_is_no_history(
    session, draft, point, assessor, approver
):
    def prices(amount):
        return {"LFP-LI": {"low": str(amount), "high": str(amount), "average": str(amount)}}

    made = []
    for day, amount in ((TODAY, 2700), (TODAY + timedelta(days=1), 27500)):
        at = NOW + timedelta(days=(day - TODAY).days)
        made.append(draft(day.isoformat(), priced_on=day, prices=prices(amount), at=at))
        editions.propose(session, assessor, made[-1].id, at=at)
        editions.approve(session, approver, made[-1].id, at=at)
    begun = editions.correct(session, assessor, made[1].id, reason="Ten times.", at=NOW)
    assert begun.priced_on == made[1].priced_on
    kept = {name: getattr(begun, name) for name in ("number", "explanation", "review_due_on")}
    given = {"coefficients": begun.coefficients, "methodology_id": begun.methodology_id}
    editions.edit(
        session,
        assessor,
        begun.id,
        priced_on=begun.priced_on,
        prices=prices(2750),
        at=NOW,
        **kept,
        **given,
    )
    editions.propose(session, assessor, begun.id, at=NOW)
    editions.approve(session, approver, begun.id, at=NOW + timedelta(days=1))
    [line] = points.lines(session, begun)
    assert line.change == 50
    assert [price.average for _, price in points.history(session, point)] == [2700, 2750]


def test_a_correction_of_an_edition_that_was_superseded_meanwhile_is_refused(
    session, edition, draft, assessor, approver
):
    begun = editions.correct(session, assessor, edition.id, reason="A slip.", at=NOW)
    editions.propose(session, assessor, begun.id, at=NOW)
    next_one = draft()
    editions.propose(session, assessor, next_one.id, at=NOW)
    editions.approve(session, approver, next_one.id, at=NOW)
    with pytest.raises(editions.CorrectionOvertaken):
        editions.approve(session, approver, begun.id, at=NOW)


def test_a_delay_is_announced_with_its_reason_and_ends_with_the_next_edition(
    session, edition, assessor, corrected
):
    given = {"was_due_on": TODAY, "expected_on": TODAY + timedelta(days=3), "at": NOW}
    with pytest.raises(guides.TextMissing):
        delays.announce(session, assessor, edition.guide_id, reason="", **given)
    row = delays.announce(session, assessor, edition.guide_id, reason="Too few.", **given)
    before = NOW - timedelta(days=1)
    assert delays.standing(session, edition.guide_id, before) is row
    assert delays.standing(session, edition.guide_id, NOW) is None
    assert delays.of_guide(session, edition.guide_id) == [row]
    late = given | {"expected_on": TODAY}
    with pytest.raises(delays.NotLater):
        delays.announce(session, assessor, edition.guide_id, reason="Again.", **late)


# Complaints


@pytest.fixture
def kept(session, edition, lot):
    return values.for_lot(session, lot.id, at=NOW)


def test_a_complaint_stands_at_one_version_with_a_deadline_and_is_answered_once(
    session, kept, reporter, approver
):
    row = complaints.file(session, reporter, kept.id, text="Too low.", at=NOW)
    assert row.due_on == TODAY + timedelta(days=28)
    assert not row.is_overdue(row.due_on)
    assert row.is_overdue(row.due_on + timedelta(days=1))
    given = {"is_upheld": False, "text": "The level is right.", "at": NOW}
    complaints.answer(session, approver, row.id, **given)
    assert row.answer.text == "The level is right."
    assert not row.is_overdue(row.due_on + timedelta(days=1))
    with pytest.raises(complaints.AnsweredAlready):
        complaints.answer(session, approver, row.id, **given)
    assert complaints.of_lot(session, kept.lot_id) == [row]
    row.text = "Never mind."
    with pytest.raises(sa.exc.SQLAlchemyError, match=APPEND_ONLY):
        session.flush()


def test_a_valuer_neither_complains_of_itself_nor_lets_the_assessor_judge(
    session, make, kept, reporter, approver
):
    with pytest.raises(complaints.OwnValue):
        complaints.file(session, approver, kept.id, text="Hm.", at=NOW)
    row = complaints.file(session, reporter, kept.id, text="Too low.", at=NOW)
    other = make.member(make.organisation(Kind.VALUER))
    with pytest.raises(Forbidden):
        complaints.answer(session, other, row.id, is_upheld=True, text="Yes.", at=NOW)
    edition = kept.edition
    edition.assessor_id, edition.approver_id = edition.approver_id, edition.assessor_id
    session.flush()
    with pytest.raises(complaints.AssessorAnswers):
        complaints.answer(session, approver, row.id, is_upheld=True, text="Yes.", at=NOW)


def test_complaints_are_listed_for_who_is_concerned(session, make, kept, reporter, approver):
    row = complaints.file(session, reporter, kept.id, text="Too low.", at=NOW)
    regulator = make.member(make.organisation(Kind.REGULATOR))
    stranger = make.member(make.organisation(Kind.REGENERATION))
    for acting in (reporter, approver, regulator):
        assert complaints.seen_by(session, acting) == [row]
    assert complaints.seen_by(session, stranger) == []


# Conflicts


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("subject", ["seller", "lot", "group"])
def test_a_declared_interest_silences_the_valuer_until_it_ends(
    session, make, lot, assessor, subject
):
    named = {"lot_id": lot.id} if subject == "lot" else {"organisation_id": lot.seller_id}
    if subject == "group":
        named["organisation_id"] = make.organisation(parent_id=lot.seller_id).id
    assert values.for_lot(session, lot.id, at=NOW) is not None
    row = conflicts.declare(
        session, assessor, interest=Interest.OTHER, note="A loan.", at=NOW, **named
    )
    assert values.for_lot(session, lot.id, at=NOW) is None
    later = NOW + timedelta(days=1)
    conflicts.end(session, assessor, row.id, at=later)
    assert values.for_lot(session, lot.id, at=later) is not None
    known = {"parties": [lot.seller_id], "lot_id": lot.id}
    assert conflicts.tie(session, assessor.organisation_id, at=NOW, **known).reason == "other"
    assert conflicts.tie(session, assessor.organisation_id, at=later, **known) is None


def test_a_bid_of_the_valuers_group_is_a_conflict_from_then_on(session, make, edition, lot, valuer):
    bidder = make.organisation(Kind.REGENERATION, parent_id=valuer.id)
    row = Evidence(
        kind=EvidenceKind.BID,
        subject="bid:1",
        lot_id=lot.id,
        organisation_id=bidder.id,
        price_basis="lump_sum",
        quantity=Decimal(1),
        unit_minor=100,
        total_minor=100,
        currency="CNY",
        is_tax_included=True,
        tax_rate=Decimal("0.13"),
        at=NOW,
    )
    evidence.record(session, row)
    session.flush()
    known = {"parties": [lot.seller_id], "lot_id": lot.id}
    assert conflicts.tie(session, valuer.id, at=NOW - timedelta(hours=1), **known) is None
    assert conflicts.tie(session, valuer.id, at=NOW, **known).reason == "bid"
    with pytest.raises(values.ValuerConflicted):
        values.of_edition(session, edition, lot.id, at=NOW)


def test_a_declaration_names_one_subject_and_a_reason_and_stands_once(session, make, assessor, lot):
    given = {"interest": Interest.OWNS, "note": "Shares.", "at": NOW}
    with pytest.raises(conflicts.SubjectMissing):
        conflicts.declare(session, assessor, **given)
    with pytest.raises(conflicts.SubjectIsSelf):
        conflicts.declare(session, assessor, organisation_id=assessor.organisation_id, **given)
    with pytest.raises(conflicts.NoteMissing):
        conflicts.declare(session, assessor, lot_id=lot.id, **(given | {"note": " "}))
    row = conflicts.declare(session, assessor, lot_id=lot.id, **given)
    with pytest.raises(conflicts.DeclaredAlready):
        conflicts.declare(session, assessor, lot_id=lot.id, **given)
    with pytest.raises(Forbidden):
        conflicts.end(session, make.member(make.organisation(Kind.VALUER)), row.id, at=NOW)
    conflicts.end(session, assessor, row.id, at=NOW)
    with pytest.raises(conflicts.DeclarationEnded):
        conflicts.end(session, assessor, row.id, at=NOW)
    row.note = "None."
    with pytest.raises(sa.exc.SQLAlchemyError, match="ended once"):
        session.flush()


# Rights


def test_rights_of_redistribution_are_stated_in_versions(session, edition, assessor):
    guide_id = edition.guide_id
    assert redistributions.stated(session, guide_id) is None
    first = redistributions.state(session, assessor, guide_id, text="Free with a name.", at=NOW)
    with pytest.raises(redistributions.RightsUnchanged):
        redistributions.state(session, assessor, guide_id, text="Free with a name.", at=NOW)
    later = NOW + timedelta(days=1)
    second = redistributions.state(session, assessor, guide_id, text="Ask us.", at=later)
    assert redistributions.stated(session, guide_id) is second
    assert redistributions.stated(session, guide_id, NOW) is first


def test_a_kept_mix_is_canonical_json(session, draft, assessor):
    proposed = draft()
    editions.propose(session, assessor, proposed.id, at=NOW)
    [row] = session.scalars(
        sa.select(data_mixes.DataMix).where(data_mixes.DataMix.edition_id == proposed.id)
    )
    found = json.loads(row.document)
    assert found["on"] == "2026-06-01"
    assert list(found) == sorted(found)
