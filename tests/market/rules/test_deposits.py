from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.rules import deposits
from market.rules.deposits import Applied, DepositStatus

amounts = st.integers(0, 10**9)


def test_the_worked_default_keeps_the_deposit_and_leaves_the_rest_owed():
    found = deposits.settle_default(deposit=10_000, hammer=150_000, resale=130_000, costs=2_000)
    assert (found.kept, found.still_owed, found.returned) == (10_000, 12_000, 0)
    assert (found.for_costs, found.for_shortfall) == (2_000, 8_000)


def test_a_deposit_larger_than_the_loss_is_returned_in_part():
    found = deposits.settle_default(deposit=30_000, hammer=150_000, resale=130_000, costs=2_000)
    assert (found.kept, found.still_owed, found.returned) == (22_000, 0, 8_000)


def test_a_better_re_sale_has_no_shortfall_but_its_costs_stay():
    found = deposits.settle_default(deposit=10_000, hammer=150_000, resale=200_000, costs=2_000)
    assert (found.kept, found.still_owed, found.returned) == (2_000, 0, 8_000)


def test_costs_above_the_deposit_come_first_and_stay_owed():
    found = deposits.settle_default(deposit=1_000, hammer=5_000, resale=4_000, costs=3_000)
    assert (found.for_costs, found.for_shortfall, found.still_owed) == (1_000, 0, 3_000)


@given(amounts, st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), amounts)
def test_a_default_neither_makes_nor_loses_money(deposit, hammer, resale, costs):
    found = deposits.settle_default(deposit, hammer, resale, costs)
    assert found.kept + found.returned == deposit
    assert found.kept + found.still_owed == costs + max(0, hammer - resale)
    assert min(found.for_costs, found.for_shortfall, found.still_owed, found.returned) >= 0
    assert not (found.returned and found.still_owed)


@pytest.mark.parametrize(
    ("deposit", "due", "expected"),
    [
        (500, 1000, Applied(500, 0, 500)),
        (1000, 1000, Applied(1000, 0, 0)),
        (1500, 1000, Applied(1000, 500, 0)),
        (0, 1000, Applied(0, 0, 1000)),
        (500, -200, Applied(0, 500, -200)),
    ],
)
def test_a_winner_s_deposit_counts_toward_the_price(deposit, due, expected):
    assert deposits.apply_to_price(deposit, due) == expected


def test_negative_deposits_and_costs_are_refused():
    with pytest.raises(deposits.NegativeDeposit):
        deposits.apply_to_price(-1, 10)
    with pytest.raises(deposits.NegativeDeposit) as caught:
        deposits.settle_default(1, 1, 1, -1)
    assert caught.value.field == "costs"


def test_a_deposit_is_held_and_then_ends_exactly_once():
    ends = {DepositStatus.RELEASED, DepositStatus.APPLIED, DepositStatus.FORFEITED}
    allowed = {(DepositStatus.REQUIRED, DepositStatus.HELD)}
    allowed |= {(DepositStatus.HELD, end) for end in ends}
    for current in DepositStatus:
        for wanted in DepositStatus:
            if (current, wanted) in allowed:
                assert deposits.move(current, wanted) is wanted
            else:
                with pytest.raises(deposits.DepositAlreadyDone, match=current.value):
                    deposits.move(current, wanted)
