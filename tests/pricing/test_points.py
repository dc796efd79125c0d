"""Price points, the prices of editions, and how often a guide appears."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings.parties import Kind, Role
from pricing import edition_fields, editions, guides, points, seeded
from pricing.bases import Basis, Price, Substance, Tax, Unit
from pricing.points import PointPrice
from pricing.rhythms import Rhythm, next_due, number

TODAY = NOW.date()
POINT = {
    "code": "LFP-BM-LI",
    "name": "LFP black mass, lithium point",
    "specification": "Li 2.5-4 %, moisture below 1 %",
    "substance": "Li",
    "unit": "point",
    "is_tax_included": True,
    "delivery": "delivered to the works, East China",
}


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
    guide = guides.create(session, assessor, name="Black mass", rhythm=Rhythm.WORKING_DAY, at=NOW)
    guides.methodology(session, assessor, guide.id, text="Quotes of the day.", at=NOW)
    points.open_point(session, assessor, guide.id, at=NOW, **POINT)
    return guide


@pytest.fixture
def draft(session, guide, assessor):
    """``draft("2026-06-01", {"LFP-BM-LI": {...}})`` on the day of its number."""

    def call(number, prices, **more):
        given = {
            "number": number,
            "coefficients": seeded.edition().coefficients.to_json(),
            "explanation": "n = 6 quotes.",
            "review_due_on": TODAY + timedelta(days=90),
            "methodology_id": guides.newest_methodology(session, guide.id).id,
            "priced_on": date.fromisoformat(number),
            "prices": prices,
            "at": NOW,
        } | more
        return editions.draft(session, assessor, guide.id, **given)

    return call


@pytest.fixture
def published(session, draft, assessor, approver):
    def call(number, prices):
        edition = draft(number, prices)
        at = NOW + timedelta(days=date.fromisoformat(number).toordinal() - TODAY.toordinal())
        editions.propose(session, assessor, edition.id, at=at)
        return editions.approve(session, approver, edition.id, at=at)

    return call


def stated(low, high, average=None):
    return {"LFP-BM-LI": {"low": low, "high": high, "average": average}}


def test_an_average_that_is_left_out_is_the_middle(draft):
    edition = draft("2026-06-01", stated("2850", "2950"))
    assert edition.prices == {"LFP-BM-LI": {"low": "2850", "high": "2950", "average": "2900"}}


@pytest.mark.parametrize(
    ("low", "high", "average"),
    [("2950", "2850", None), ("2850", "2950", "3000"), ("2850", "", None), ("NaN", "1", None)],
)
def test_prices_out_of_order_are_refused(draft, low, high, average):
    with pytest.raises(points.BadPointPrice):
        draft("2026-06-01", stated(low, high, average))


def test_a_price_for_an_unknown_or_ended_point_is_refused(session, draft, assessor, guide):
    with pytest.raises(points.PointUnknown):
        draft("2026-06-01", {"OTHER": {"low": "1", "high": "2"}})
    [point] = points.of_guide(session, guide.id)
    points.end(session, assessor, point.id, at=NOW)
    with pytest.raises(points.PointUnknown):
        draft("2026-06-02", stated("1", "2"))
    with pytest.raises(points.PointEnded):
        points.end(session, assessor, point.id, at=NOW)


def test_a_change_is_against_the_last_edition_that_assessed_the_point(session, published):
    published("2026-06-01", stated("2850", "2950"))
    published("2026-06-02", {})
    third = published("2026-06-03", stated("2900", "3000", "2958"))
    [line] = points.lines(session, third)
    assert (line.before, line.change, line.share) == (Decimal(2900), Decimal(58), 0.02)
    found = points.history(session, line.point)
    assert [edition.number for edition, _ in found] == ["2026-06-01", "2026-06-03"]


def test_a_price_that_slipped_by_a_digit_is_marked(session, published, draft):
    published("2026-06-01", stated("2650", "2800"))
    [line] = points.lines(session, draft("2026-06-02", stated("26500", "28000")))
    assert line.is_far_off
    assert points.history(session, line.point)[-1][1].average == Decimal(2725)


def test_two_editions_of_one_day_conflict_and_never_overwrite(draft):
    draft("2026-06-01", stated("2850", "2950"))
    with pytest.raises(edition_fields.SameDay):
        draft("2026-06-02", stated("1", "2"), priced_on=TODAY)


def test_a_draft_that_moved_meanwhile_is_not_overwritten(session, draft, assessor):
    edition = draft("2026-06-01", stated("2850", "2950"))
    seen = editions.fingerprint(edition)
    values = {
        "number": edition.number,
        "coefficients": edition.coefficients,
        "review_due_on": edition.review_due_on,
        "methodology_id": edition.methodology_id,
        "seen": seen,
        "at": NOW,
    }
    editions.edit(session, assessor, edition.id, explanation="First.", **values)
    with pytest.raises(editions.DraftMoved):
        editions.edit(session, assessor, edition.id, explanation="Second.", **values)


def test_an_approved_edition_keeps_its_prices(session, published):
    edition = published("2026-06-01", stated("2850", "2950"))
    edition.prices = {}
    with pytest.raises(sa.exc.IntegrityError, match="never edited"):
        session.flush()


def test_a_point_is_never_redefined(session, guide):
    [point] = points.of_guide(session, guide.id)
    point.specification = "anything"
    with pytest.raises(sa.exc.IntegrityError, match="never edited"):
        session.flush()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code": "锂"}, points.BadCode),
        ({"code": "lfp-bm-li"}, guides.NameTaken),
        ({"code": "X", "specification": " "}, guides.TextMissing),
        ({"code": "X", "unit": "kWh"}, points.PointBasisWrong),
        ({"code": "X", "substance": "cell mass"}, points.PointBasisWrong),
        ({"code": "X", "substance": "gold"}, points.PointBasisWrong),
    ],
)
def test_a_point_that_is_not_wholly_defined_is_refused(session, assessor, guide, change, error):
    with pytest.raises(error):
        points.open_point(session, assessor, guide.id, at=NOW, **POINT | change)


def test_a_lithium_point_implies_its_payable_share(session, guide):
    [point] = points.of_guide(session, guide.id)
    tax = Tax(included=True, rate=Decimal("0.13"))
    carbonate = Price(Decimal(86450), Basis(Substance.LI2CO3, Unit.TONNE, "CNY", tax))
    price = PointPrice(Decimal(2850), Decimal(2950), Decimal(2900))
    assert round(points.implied_share(point, price, carbonate), 5) == Decimal("0.63016")
    nickel = Price(Decimal(1), Basis(Substance.NI, Unit.TONNE, "CNY", tax))
    assert points.implied_share(point, price, nickel) is None


@pytest.mark.parametrize(
    ("rhythm", "on", "name", "due"),
    [
        (Rhythm.WORKING_DAY, "2026-06-05", "2026-06-05", "2026-06-08"),
        (Rhythm.WEEKLY, "2026-06-03", "2026-W23", "2026-06-14"),
        (Rhythm.TWICE_MONTHLY, "2026-06-15", "2026-06a", "2026-06-30"),
        (Rhythm.TWICE_MONTHLY, "2026-12-16", "2026-12b", "2027-01-15"),
        (Rhythm.MONTHLY, "2026-01-31", "2026-01", "2026-02-28"),
    ],
)
def test_a_rhythm_names_editions_and_says_when_the_next_is_due(rhythm, on, name, due):
    day = date.fromisoformat(on)
    assert (number(rhythm, day), next_due(rhythm, day).isoformat()) == (name, due)
