"""The life cycle of guides and editions, on the database."""

from __future__ import annotations

import copy
import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings.errors import Forbidden, NotFound
from listings.parties import Kind, Role
from pricing import edition_fields, editions, guides, seeded
from pricing.coefficients import BadCoefficient
from pricing.guides import EditionState

TODAY = NOW.date()


@pytest.fixture(scope="module")
def coefficients():
    return seeded.edition().coefficients.to_json()


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
def guide(session, assessor):
    guide = guides.create(session, assessor, name="Bus batteries", at=NOW)
    guides.methodology(session, assessor, guide.id, text="Payables on indices.", at=NOW)
    return guide


@pytest.fixture
def draft(session, guide, assessor, coefficients):
    """``draft("2026-06")`` with the packaged coefficients where nothing else is said."""

    def call(number="2026-06", **more):
        given = {
            "number": number,
            "coefficients": coefficients,
            "explanation": "n = 0, judgement.",
            "review_due_on": TODAY + timedelta(days=90),
            "methodology_id": guides.newest_methodology(session, guide.id).id,
            "at": NOW,
        } | more
        return editions.draft(session, given.pop("acting", assessor), guide.id, **given)

    return call


@pytest.fixture
def announced(session, draft, assessor, approver):
    def call(number="2026-06", at=NOW, **more):
        edition = draft(number, **more)
        editions.propose(session, assessor, edition.id, at=at)
        return editions.approve(session, approver, edition.id, at=at)

    return call


def test_a_first_edition_takes_effect_when_another_person_approves(announced, assessor, approver):
    edition = announced()
    assert edition.state is EditionState.EFFECTIVE
    assert (edition.assessor_id, edition.approver_id) == (assessor.user_id, approver.user_id)
    assert edition.announced_at == edition.effective_from == NOW


def test_who_assessed_an_edition_may_not_approve_it(session, make, valuer, draft):
    both = make.member(valuer, Role.ADMIN)
    edition = draft(acting=both)
    editions.propose(session, both, edition.id, at=NOW)
    with pytest.raises(editions.ApproverIsAssessor):
        editions.approve(session, both, edition.id, at=NOW)


def test_who_edited_last_is_the_assessor(session, make, valuer, draft, coefficients):
    other = make.member(valuer, Role.ADMIN)
    edition = draft()
    editions.edit(
        session,
        other,
        edition.id,
        number=edition.number,
        coefficients=coefficients,
        explanation="Another look.",
        review_due_on=edition.review_due_on,
        methodology_id=edition.methodology_id,
        at=NOW,
    )
    assert edition.assessor_id == other.user_id


def test_the_database_itself_refuses_one_person_as_assessor_and_approver(session, draft):
    edition = draft()
    edition.approver_id = edition.assessor_id
    with pytest.raises(sa.exc.IntegrityError, match="four_eyes"):
        session.flush()


def test_an_ordinary_edition_supersedes_the_one_before_at_once(session, announced, guide):
    first = announced("2026-05")
    second = announced("2026-06")
    assert (first.state, second.state) == (EditionState.SUPERSEDED, EditionState.EFFECTIVE)
    assert editions.effective(session, guide.id) is second
    assert [e.number for e in editions.every(session, guide.id)] == ["2026-06", "2026-05"]


def test_a_changed_methodology_takes_effect_four_weeks_after_the_announcement(
    session, announced, guide, assessor
):
    first = announced("2026-05")
    guides.methodology(session, assessor, guide.id, text="Another way.", at=NOW)
    second = announced("2026-06")
    assert second.state is EditionState.ANNOUNCED
    assert second.effective_from == NOW + timedelta(days=28)
    early = NOW + timedelta(days=27)
    with pytest.raises(editions.NotEffectiveYet):
        editions.publish(session, second.id, at=early)
    assert editions.publish_due(session, at=early) == []
    assert first.state is EditionState.EFFECTIVE
    assert editions.publish_due(session, at=NOW + timedelta(days=28)) == [second]
    assert first.state is EditionState.SUPERSEDED


def test_an_earlier_day_than_four_weeks_is_refused(session, announced, draft, assessor, approver):
    guide_id = announced("2026-05").guide_id
    guides.methodology(session, assessor, guide_id, text="Another way.", at=NOW)
    edition = draft("2026-06")
    editions.propose(session, assessor, edition.id, at=NOW)
    soon = NOW + timedelta(days=27)
    with pytest.raises(editions.EffectiveTooEarly) as refused:
        editions.approve(session, approver, edition.id, effective_from=soon, at=NOW)
    assert refused.value.field == "effective_from"
    assert "2026-06-29" in str(refused.value)


def test_an_announced_edition_is_never_edited(session, announced, assessor, coefficients):
    edition = announced()
    with pytest.raises(editions.EditionNotOpen):
        editions.propose(session, assessor, edition.id, at=NOW)
    edition.explanation = "Something else"
    with pytest.raises(sa.exc.IntegrityError, match="superseded, never edited"):
        session.flush()


def test_a_proposed_edition_can_be_sent_back_with_a_reason(session, draft, assessor, approver):
    edition = draft()
    editions.propose(session, assessor, edition.id, at=NOW)
    with pytest.raises(guides.TextMissing):
        editions.send_back(session, approver, edition.id, reason=" ", at=NOW)
    editions.send_back(session, approver, edition.id, reason="Copper looks high.", at=NOW)
    assert edition.state is EditionState.DRAFT


def test_a_draft_is_not_announced_before_it_was_proposed(session, draft, approver):
    with pytest.raises(editions.EditionNotOpen):
        editions.approve(session, approver, draft().id, at=NOW)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("payable", "LFP", "Li", "value"), -0.1, "payable.LFP.Li"),
        (("payable", "LFP", "Li", "value"), float("nan"), "payable"),
        (("payable", "LFP", "Li", "source"), " ", "payable"),
        (("payable", "LFP", "Xx"), {"value": 1, "source": "x"}, "payable.LFP"),
        (("payable", "LFP", "Li"), 0.6, "payable"),
        (("scrap_share",), "a fifth", "scrap_share"),
        (("age_factor",), [], "age_factor"),
        (("second_life_years", "LFP", "value"), 4.5, "second_life_years.LFP"),
        (("indicative_soh",), [], "indicative_soh"),
        (("currency",), "yuan", "currency"),
        (("mass_kg_per_kwh",), {}, "mass_kg_per_kwh"),
        (("spurious",), 1, "spurious"),
    ],
)
def test_a_wrong_coefficient_is_refused_by_its_name(draft, coefficients, path, value, field):
    wrong = copy.deepcopy(coefficients)
    inner = wrong
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(BadCoefficient) as refused:
        draft(coefficients=wrong)
    assert refused.value.field == field
    assert field in str(refused.value)


def test_a_number_is_used_once_in_a_guide(draft):
    draft("2026-06")
    with pytest.raises(guides.NameTaken) as refused:
        draft("2026-06")
    assert refused.value.field == "number"


def test_a_review_that_is_not_in_the_future_is_refused(draft):
    with pytest.raises(edition_fields.ReviewDuePast):
        draft(review_due_on=TODAY)


def test_an_edition_without_an_explanation_is_refused(draft):
    with pytest.raises(guides.TextMissing) as refused:
        draft(explanation="")
    assert refused.value.field == "explanation"


def test_a_methodology_of_another_guide_is_refused(session, make, draft):
    other = make.member(make.organisation(Kind.VALUER))
    theirs = guides.create(session, other, name="Theirs", at=NOW)
    version = guides.methodology(session, other, theirs.id, text="Theirs.", at=NOW)
    with pytest.raises(edition_fields.MethodologyUnknown):
        draft(methodology_id=version.id)


def test_another_valuer_cannot_touch_the_guide(session, make, draft, guide):
    other = make.member(make.organisation(Kind.VALUER))
    with pytest.raises(Forbidden):
        draft(acting=other)
    with pytest.raises(Forbidden):
        editions.propose(session, other, draft().id, at=NOW)
    with pytest.raises(NotFound):
        guides.methodology(session, other, 10**9, text="x", at=NOW)


def test_only_a_valuer_opens_a_guide_and_a_name_once(session, make, guide, assessor):
    seller = make.member(make.organisation(Kind.FLEET_OWNER))
    with pytest.raises(Forbidden):
        guides.create(session, seller, name="Mine", at=NOW)
    with pytest.raises(guides.NameTaken):
        guides.create(session, assessor, name=guide.name, at=NOW)


def test_a_methodology_is_hashed_and_numbered_and_an_unchanged_one_refused(
    session, guide, assessor
):
    second = guides.methodology(session, assessor, guide.id, text="Zwei.\r\nDrei.\n", at=NOW)
    assert second.version == 2
    assert second.sha256 == hashlib.sha256(b"Zwei.\nDrei.").hexdigest()
    with pytest.raises(guides.MethodologyUnchanged):
        guides.methodology(session, assessor, guide.id, text="Zwei.\nDrei.", at=NOW)


def test_a_methodology_never_changes(session, guide):
    guides.newest_methodology(session, guide.id).text = "Another."
    with pytest.raises(sa.exc.SQLAlchemyError, match=r"append-only|permission denied"):
        session.flush()


def test_the_seeded_guide_is_in_force_once_and_reviewed_in_a_year(
    session, valuer, assessor, approver
):
    given = {"valuer_id": valuer.id, "assessor": assessor, "approver": approver, "at": NOW}
    edition = editions.seed(session, **given)
    assert edition.state is EditionState.EFFECTIVE
    assert edition.review_due_on == TODAY + timedelta(days=365)
    assert edition.methodology.sha256 == seeded.edition().methodology_sha256
    assert editions.seed(session, **given) is edition
