from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from pricing.intervals import (
    GuidePastReview,
    conformal_half_width,
    mondrian_bands,
    overlap_more_than_half,
    refuse_past_review,
    staleness,
    trading_days,
)


def test_the_band_is_the_kth_smallest_residual():
    # n = 19, alpha 0.10: k = ceil(20 x 0.9) = 18.
    residuals = [(-1) ** i * i / 100 for i in range(1, 20)]
    assert conformal_half_width(residuals) == 0.18


@pytest.mark.parametrize(("n", "k"), [(9, 9), (29, 27), (99, 90), (100, 91)])
def test_k_is_exact_where_floats_would_round_up(n, k):
    assert conformal_half_width(np.arange(1, n + 1)) == k


def test_too_few_residuals_for_the_level_cover_everything():
    assert conformal_half_width([0.1] * 8) == math.inf


def test_each_cell_has_its_own_band_and_thin_cells_fall_back():
    residuals = [0.1] * 19 + [0.5] * 5
    cells = ["LFP"] * 19 + ["LTO"] * 5
    bands = mondrian_bands(residuals, cells, {"LFP": 0.3, "LTO": 0.4})
    assert (bands["LFP"].half_width, bands["LFP"].origin, bands["LFP"].n) == (0.1, "cell", 19)
    assert (bands["LTO"].half_width, bands["LTO"].origin, bands["LTO"].n) == (0.5, "pooled", 24)


def test_with_too_few_sales_the_guide_s_own_range_stands_and_is_called_so():
    bands = mondrian_bands([0.1] * 18, ["LFP"] * 18, {"LFP": 0.3})
    assert (bands["LFP"].half_width, bands["LFP"].origin) == (0.3, "stated")


def test_bands_cover_the_next_sale_within_three_standard_deviations():
    draw = np.random.default_rng(20251121)
    scale = {"LFP": 0.05, "NMC622": 0.2}
    n, rounds = 40, 2000
    hits = dict.fromkeys(scale, 0)
    for _ in range(rounds):
        past = {cell: draw.normal(0, spread, n) for cell, spread in scale.items()}
        residuals = np.concatenate(list(past.values()))
        cells = [cell for cell in past for _ in range(n)]
        bands = mondrian_bands(residuals, cells, dict.fromkeys(scale, 0.3))
        for cell, spread in scale.items():
            hits[cell] += abs(draw.normal(0, spread)) <= bands[cell].half_width
    # Split conformal covers k / (n + 1) exactly for continuous residuals: k = ceil(41 x 0.9).
    wanted = math.ceil((n + 1) * 0.9) / (n + 1)
    deviation = math.sqrt(wanted * (1 - wanted) / rounds)
    for cell, hit in hits.items():
        assert abs(hit / rounds - wanted) < 3 * deviation, cell


def test_trading_days_leave_out_weekends_and_holidays():
    friday, monday = date(2025, 11, 21), date(2025, 11, 24)
    assert trading_days(friday, friday) == 0
    assert trading_days(friday, monday) == 1
    assert trading_days(friday, monday, [monday]) == 0
    assert trading_days(friday, date(2025, 12, 19)) == 20
    assert trading_days(monday, friday) == 0


def test_twenty_trading_days_widen_by_the_root_of_two():
    assert staleness(0) == 1
    assert staleness(20) == pytest.approx(math.sqrt(2))


def test_a_guide_past_its_review_date_gives_no_value():
    refuse_past_review(date(2025, 12, 31), date(2025, 12, 31))
    with pytest.raises(GuidePastReview, match="2025-12-31"):
        refuse_past_review(date(2025, 12, 31), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("other", "tie"),
    [((4.0, 6.0), True), ((9.5, 11.5), False), ((9.0, 11.0), False), ((8.9, 10.9), True),
     ((20.0, 30.0), False), ((5.0, 5.0), True), ((math.nan, math.nan), False)],
)  # fmt: skip
def test_routes_tie_when_they_share_more_than_half_of_the_shorter_interval(other, tie):
    low, high = np.array([0.0]), np.array([10.0])
    shared = overlap_more_than_half(low, high, np.array([other[0]]), np.array([other[1]]))
    assert bool(shared[0]) is tie
