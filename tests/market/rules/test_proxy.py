from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.rules import proxy
from market.rules.increments import Table
from market.rules.proxy import NegativePrice, Reason, State, Terms

ONE = Table(((0, 1),))

tables = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 15)), max_size=3).flatmap(
    lambda gaps: st.integers(1, 15).map(lambda first: Table(tuple(bands_of(first, gaps))))
)
bids = st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0, 90)), max_size=14)


def bands_of(first, gaps):
    start = 0
    yield 0, first
    for gap, step in gaps:
        start += gap
        yield start, step


def play(terms, placed):
    """Every (state before, bidder, maximum, decision), in order."""
    state = State()
    for bidder, maximum in placed:
        decision = proxy.decide(state, bidder, maximum, terms)
        yield state, bidder, maximum, decision
        state = decision.state


def last(terms, placed):
    state = State()
    for *_, decision in play(terms, placed):
        state = decision.state
    return state


@st.composite
def sales(draw, reserve=True):
    start = draw(st.integers(0, 40))
    hidden = draw(st.none() | st.integers(0, 80)) if reserve else None
    return Terms(start, draw(tables), hidden), draw(bids)


def test_john_s_seven_meets_jane_s_six():
    terms = Terms(3, ONE)
    assert last(terms, [("John", 7)]) == State("John", 7, 3)
    assert last(terms, [("John", 7), ("Jane", 6)]) == State("John", 7, 7)


def test_a_hundred_stands_against_thirty_five_seventy_five_and_a_hundred():
    placed = [("A", 100), ("B", 35), ("B", 75), ("B", 100)]
    prices = [decision.state.price for *_, decision in play(Terms(1, ONE), placed)]
    assert prices == [1, 36, 76, 100]
    assert last(Terms(1, ONE), placed).leader == "A"


def test_a_bid_below_the_increment_is_refused_and_names_the_next_minimum():
    state = last(Terms(10, ONE), [("A", 20), ("B", 15)])
    decision = proxy.decide(state, "B", 16, Terms(10, ONE))
    assert (decision.accepted, decision.reason) == (False, Reason.BELOW_INCREMENT)
    assert decision.next_minimum == 17
    assert proxy.decide(state, "B", 17, Terms(10, ONE)).accepted


def test_the_start_itself_is_enough_and_less_is_not():
    assert proxy.decide(State(), "A", 10, Terms(10, ONE)).state == State("A", 10, 10)
    assert proxy.decide(State(), "A", 9, Terms(10, ONE)).reason is Reason.BELOW_START


def test_crossing_the_reserve_by_an_own_raise_is_published_without_an_extension():
    terms = Terms(10, ONE, reserve=50)
    state = last(terms, [("A", 20)])
    assert not proxy.is_reserve_met(state, terms)
    decision = proxy.decide(state, "A", 50, terms)
    assert decision.state == State("A", 50, 50)
    assert (decision.moved, decision.extends) == (True, False)
    assert proxy.is_reserve_met(decision.state, terms)


def test_a_first_maximum_that_reaches_the_reserve_shows_the_reserve():
    assert last(Terms(10, ONE, reserve=50), [("A", 80)]).price == 50
    assert last(Terms(10, ONE, reserve=50), [("A", 49)]).price == 10


def test_a_rival_that_reaches_the_reserve_lifts_the_price_to_it():
    terms = Terms(10, ONE, reserve=50)
    assert last(terms, [("A", 20), ("B", 70)]) == State("B", 70, 50)
    assert last(terms, [("A", 20), ("B", 49)]) == State("B", 49, 21)


def test_negative_prices_need_to_be_switched_on():
    for terms in ({"start": -1}, {"start": 0, "reserve": -1}):
        with pytest.raises(NegativePrice):
            Terms(increments=ONE, **terms)
    terms = Terms(-10, ONE, reserve=-5, allow_negative=True)
    assert last(terms, [("A", -8), ("B", -3)]) == State("B", -3, -5)


def test_floats_and_half_known_states_are_programming_errors():
    with pytest.raises(TypeError):
        proxy.decide(State(), "A", 1.0, Terms(0, ONE))
    with pytest.raises(ValueError, match="together"):
        State("A", 5, None)
    with pytest.raises(ValueError, match="maximum"):
        State("A", 5, 6)


@given(sales())
def test_the_price_never_falls_and_never_exceeds_the_leader_s_maximum(sale):
    for before, _, _, decision in play(*sale):
        after = decision.state
        if after.price is not None:
            assert after.price <= after.maximum
            assert before.price is None or after.price >= before.price
        assert before.maximum is None or after.maximum >= before.maximum


@given(sales())
def test_a_refused_bid_moves_nothing(sale):
    for before, _, _, decision in play(*sale):
        assert decision.accepted == (decision.reason is None)
        if not decision.accepted:
            assert decision.state == before
            assert not decision.moved
            assert not decision.extends


@given(sales())
def test_the_next_minimum_is_exactly_where_a_rival_s_bid_begins_to_be_accepted(sale):
    terms, placed = sale
    state = last(terms, placed)
    least = proxy.next_minimum(state, terms)
    assert proxy.decide(state, "rival", least, terms).accepted
    assert not proxy.decide(state, "rival", least - 1, terms).accepted


@given(sales())
def test_a_tie_goes_to_the_earlier_bidder_at_the_tied_amount(sale):
    terms, placed = sale
    state = last(terms, placed)
    assume(state.leader is not None and state.maximum >= proxy.next_minimum(state, terms))
    decision = proxy.decide(state, "rival", state.maximum, terms)
    assert decision.accepted
    assert decision.state == State(state.leader, state.maximum, state.maximum)


@given(sales(), st.integers(-5, 30))
def test_an_own_raise_never_extends_and_moves_only_to_the_reserve(sale, more):
    terms, placed = sale
    state = last(terms, placed)
    assume(state.leader is not None)
    decision = proxy.decide(state, state.leader, state.maximum + more, terms)
    assert not decision.extends
    assert decision.accepted == (more > 0)
    assert decision.state.leader == state.leader
    assert decision.state.price in (state.price, terms.reserve)
    if decision.moved:
        assert not proxy.is_reserve_met(state, terms)
        assert proxy.is_reserve_met(decision.state, terms)


@given(sales())
def test_an_accepted_bid_of_a_rival_always_moves_and_extends(sale):
    for before, bidder, _, decision in play(*sale):
        if decision.accepted and bidder != before.leader:
            assert decision.moved
            assert decision.extends


@given(sales())
def test_the_reserve_is_met_exactly_when_the_leader_s_maximum_reaches_it(sale):
    terms, placed = sale
    state = last(terms, placed)
    if state.leader is None:
        assert not proxy.is_reserve_met(state, terms)
    else:
        reached = terms.reserve is None or state.maximum >= terms.reserve
        assert proxy.is_reserve_met(state, terms) == reached


@given(sales())
def test_the_price_is_at_most_one_increment_above_the_best_maximum_of_the_others(sale):
    terms, placed = sale
    state = last(terms, placed)
    assume(state.leader is not None)
    others = [m for b, m in placed if b != state.leader and m >= terms.start]
    ceiling = max([terms.start, *(terms.increments.above(m) for m in others)])
    if terms.reserve is not None:
        ceiling = max(ceiling, terms.reserve)
    assert state.price <= ceiling


def oracle(terms, placed):
    """Winner and price by ranking all accepted maxima, each sequence from scratch.

    Written from the definition and not from the steps: the standing maximum of a bidder is its
    best accepted one; the earliest of the highest leads; the price is the second maximum plus its
    increment, capped by the first. The sequence has no own raises.
    """
    standing, order = {}, []
    leader = price = None
    for bidder, maximum in placed:
        if leader is None:
            accepted = maximum >= terms.start
        else:
            accepted = maximum >= price + step_of(terms.increments.bands, price)
        if not accepted:
            continue
        standing[bidder] = maximum
        order = [name for name in order if name != bidder] + [bidder]
        ranked = sorted(order, key=lambda name: (-standing[name], order.index(name)))
        leader, price = ranked[0], terms.start
        if len(ranked) > 1:
            second = standing[ranked[1]]
            price = min(standing[leader], second + step_of(terms.increments.bands, second))
    return leader, standing.get(leader), price


def step_of(bands, price):
    return [step for lower, step in bands if lower <= price][-1]


@given(sales(reserve=False))
def test_stepping_agrees_with_ranking_all_maxima_where_nobody_raises_its_own(sale):
    terms, placed = sale
    state = State()
    without_raises = []
    for bidder, maximum in placed:
        if bidder != state.leader:
            without_raises.append((bidder, maximum))
            state = proxy.decide(state, bidder, maximum, terms).state
    assert oracle(terms, without_raises) == (state.leader, state.maximum, state.price)


@given(sales(reserve=False), st.permutations("ABCD"))
def test_names_do_not_matter(sale, names):
    terms, placed = sale
    renamed = dict(zip("ABCD", names, strict=True))
    state = last(terms, placed)
    other = last(terms, [(renamed[bidder], maximum) for bidder, maximum in placed])
    assert (other.maximum, other.price) == (state.maximum, state.price)
    assert other.leader == renamed.get(state.leader)
