from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.rules import softclose

END = datetime(2026, 4, 1, 13, tzinfo=UTC)
TWO = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


def test_a_bid_one_minute_before_one_o_clock_moves_the_end_to_one_minute_past():
    assert softclose.extend(END, END - TWO / 2, TWO, TWO) == END + TWO / 2


@pytest.mark.parametrize(
    ("before", "moved"),
    [
        (TWO, False),
        (TWO - SECOND, True),
        (SECOND, True),
        (timedelta(0), False),
        (-SECOND, False),
        (timedelta(hours=1), False),
    ],
)
def test_only_the_inside_of_the_window_moves_the_end(before, moved):
    later = softclose.extend(END, END - before, TWO, TWO)
    assert later == (END - before + TWO if moved else END)


def test_the_end_stops_at_the_hard_end():
    hard = END + timedelta(seconds=30)
    assert softclose.extend(END, END - SECOND, TWO, TWO, hard) == hard
    assert softclose.extend(hard, hard - SECOND, TWO, TWO, hard) == hard


def test_an_extension_shorter_than_the_time_left_leaves_the_end_where_it_is():
    assert softclose.extend(END, END - TWO / 2, TWO, SECOND) == END


@given(
    before=st.integers(-600, 600),
    window=st.integers(0, 600),
    extension=st.integers(0, 600),
    hard=st.none() | st.integers(-600, 600),
)
def test_the_end_only_moves_forward_and_never_past_the_hard_end(before, window, extension, hard):
    hard_end = None if hard is None else END + timedelta(seconds=hard)
    later = softclose.extend(
        END,
        END - timedelta(seconds=before),
        timedelta(seconds=window),
        timedelta(seconds=extension),
        hard_end,
    )
    assert later >= END
    assert hard_end is None or later == END or later <= hard_end
