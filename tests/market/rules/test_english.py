from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.rules import english, proxy
from market.rules.english import Bid, Terms
from market.rules.increments import Table
from market.rules.proxy import Reason

OPENS = datetime(2026, 4, 1, 12, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=1)
TWO = timedelta(minutes=2)
PRICE = proxy.Terms(10, Table(((0, 1),)))


def terms_of(**changes):
    return Terms(
        **(
            {
                "price": PRICE,
                "opens_at": OPENS,
                "closes_at": CLOSES,
                "window": TWO,
                "extension": TWO,
            }
            | changes
        )
    )


def after(terms, *placed):
    state, outcome = english.begin(terms), None
    for bidder, maximum, at in placed:
        outcome = english.apply(terms, state, Bid(bidder, maximum), at)
        state = outcome.state
    return outcome


def test_a_bid_counts_from_the_opening_on_and_no_longer_at_the_end():
    second = timedelta(seconds=1)
    assert after(terms_of(), ("A", 20, OPENS - second)).reason is Reason.NOT_OPEN
    assert after(terms_of(), ("A", 20, OPENS)).accepted
    assert after(terms_of(), ("A", 20, CLOSES - second)).accepted
    assert after(terms_of(), ("A", 20, CLOSES)).reason is Reason.CLOSED


def test_a_bid_in_the_window_moves_the_end_and_the_moved_end_is_the_one_that_counts():
    terms = terms_of()
    outcome = after(terms, ("A", 20, CLOSES - TWO / 2))
    assert outcome.extended
    assert outcome.state.ends_at == CLOSES + TWO / 2
    assert english.apply(terms, outcome.state, Bid("B", 15), CLOSES).accepted
    late = english.apply(terms, outcome.state, Bid("B", 15), CLOSES + TWO / 2)
    assert late.reason is Reason.CLOSED


def test_refused_bids_and_own_raises_leave_the_end_alone():
    late = CLOSES - TWO / 2
    terms = terms_of(price=proxy.Terms(10, Table(((0, 1),)), reserve=50))
    assert after(terms, ("A", 9, late)).state.ends_at == CLOSES
    outcome = after(terms, ("A", 20, OPENS), ("A", 60, late))
    assert outcome.moved
    assert not outcome.extended
    assert outcome.state.ends_at == CLOSES


def test_an_instant_before_the_last_one_is_refused_even_after_a_refusal():
    outcome = after(terms_of(), ("A", 9, OPENS + TWO), ("A", 20, OPENS + TWO / 2))
    assert outcome.reason is Reason.OUT_OF_ORDER
    assert outcome.state.last_at == OPENS + TWO


def test_equal_instants_are_in_order():
    outcome = after(terms_of(), ("A", 20, OPENS), ("B", 20, OPENS))
    assert outcome.accepted
    assert outcome.state.lead.leader == "A"


def test_the_result_is_the_displayed_price_or_the_lot_passes():
    terms = terms_of(price=proxy.Terms(10, Table(((0, 1),)), reserve=50))
    assert english.result(terms, english.begin(terms)) == english.Result(
        sold=False, winner=None, hammer_price=None
    )
    assert not english.result(terms, after(terms, ("A", 49, OPENS)).state).sold
    assert english.result(terms, after(terms, ("A", 50, OPENS)).state) == english.Result(
        sold=True, winner="A", hammer_price=50
    )


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"closes_at": OPENS}, english.ClosesBeforeOpening),
        ({"hard_end": CLOSES - TWO}, english.HardEndBeforeClosing),
        ({"window": -TWO}, english.NegativeDuration),
        ({"extension": -TWO}, english.NegativeDuration),
    ],
)
def test_a_timetable_that_contradicts_itself_is_refused(changes, refusal):
    with pytest.raises(refusal) as caught:
        terms_of(**changes)
    assert caught.value.field in changes


def test_an_instant_without_a_zone_is_a_programming_error():
    with pytest.raises(ValueError, match="zone"):
        terms_of(opens_at=OPENS.replace(tzinfo=None))


placed_bids = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.integers(0, 60),
        st.integers(-60, 3900).map(lambda seconds: OPENS + timedelta(seconds=seconds)),
    ),
    max_size=14,
)
timetables = st.builds(
    lambda window, extension, hard, reserve: terms_of(
        price=proxy.Terms(10, Table(((0, 1), (30, 4))), reserve=reserve),
        window=timedelta(seconds=window),
        extension=timedelta(seconds=extension),
        hard_end=None if hard is None else CLOSES + timedelta(seconds=hard),
    ),
    st.integers(0, 3600),
    st.integers(0, 600),
    st.none() | st.integers(0, 300),
    st.none() | st.integers(0, 60),
)


@given(timetables, placed_bids, st.booleans())
def test_the_end_moves_only_forward_never_past_the_hard_end_and_only_for_a_rival(
    terms, placed, in_order
):
    state = english.begin(terms)
    for bidder, maximum, at in sorted(placed, key=lambda bid: bid[2]) if in_order else placed:
        before = state
        outcome = english.apply(terms, state, Bid(bidder, maximum), at)
        state = outcome.state
        assert state.ends_at >= before.ends_at
        assert terms.hard_end is None or state.ends_at <= terms.hard_end
        assert outcome.extended == (state.ends_at != before.ends_at)
        if outcome.extended:
            assert outcome.accepted
            assert outcome.moved
            assert before.lead.leader != bidder
        if not outcome.accepted:
            assert (state.lead, state.ends_at) == (before.lead, before.ends_at)


@given(timetables, placed_bids)
def test_accepted_bids_alone_replay_to_the_same_result(terms, placed):
    """Refused bids leave no trace but the order of instants, which accepted ones keep."""
    state, accepted = english.begin(terms), []
    for bidder, maximum, at in placed:
        outcome = english.apply(terms, state, Bid(bidder, maximum), at)
        state = outcome.state
        if outcome.accepted:
            accepted.append((bidder, maximum, at))
    again = english.begin(terms)
    for bidder, maximum, at in accepted:
        outcome = english.apply(terms, again, Bid(bidder, maximum), at)
        assert outcome.accepted
        again = outcome.state
    assert (again.lead, again.ends_at) == (state.lead, state.ends_at)
    assert english.result(terms, again) == english.result(terms, state)
    assert [at for *_, at in accepted] == sorted(at for *_, at in accepted)
