from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.web.drawing import FONT, number, text_width, ticks
from market.web.pictures import (
    Discharge,
    Mark,
    Step,
    capacity_per_cycle,
    incremental_capacity,
    price_over_time,
    soh_histogram,
    sparkline,
    value_line,
    voltage_over_capacity,
    waterfall,
)

NS = "{http://www.w3.org/2000/svg}"
OPENS = datetime(2025, 11, 21, 8, tzinfo=UTC)
BANDS = [("R", 0.0, 0.4), ("D", 0.4, 0.6), ("C", 0.6, 0.7), ("B", 0.7, 0.8), ("A", 0.8, 2.0)]


def capacity(discharges, **more):
    return capacity_per_cycle(
        discharges,
        title="Capacity",
        x_label="循环",
        y_label="Ah",
        kept_label="kept",
        rejected_label="rejected",
        **more,
    )


def histogram(values):
    return soh_histogram(values, BANDS, title="SoH", x_label="SoH", y_label="Packs")


def price(bids, extensions=(), minutes=60):
    return price_over_time(
        bids,
        extensions,
        OPENS,
        OPENS + timedelta(minutes=minutes),
        title="Price",
        labels=("opens", "closes", "CNY", "extended"),
    )


def parsed(markup) -> ET.Element:
    return ET.fromstring(str(markup))


def of_class(svg: ET.Element, name: str) -> list[ET.Element]:
    return [part for part in svg.iter() if name in part.get("class", "").split()]


def texts(svg: ET.Element) -> list[str]:
    return [part.text or "" for part in svg.iter(f"{NS}text")]


def assert_stays_inside(svg: ET.Element) -> None:
    _, _, width, height = (float(n) for n in svg.get("viewBox", "").split())
    for part in svg.iter():
        if part.tag == f"{NS}text":
            long, at = text_width(part.text or ""), part.get("text-anchor")
            left = float(part.get("x", "0")) - {"start": 0, "middle": long / 2, "end": long}[at]
            assert left > -0.5, part.text
            assert left + long < width + 0.5, part.text
            assert FONT - 2 <= float(part.get("y", "0")) <= height - 2, part.text
        for name, most in (("x1", width), ("x2", width), ("cx", width), ("y1", height),
                           ("y2", height), ("cy", height)):  # fmt: skip
            assert -0.01 <= float(part.get(name, "0")) <= most + 0.01
        if part.tag == f"{NS}rect":
            assert float(part.get("width", "0")) >= 0
            assert float(part.get("x", "0")) >= -0.5
            assert float(part.get("x", "0")) + float(part.get("width", "0")) <= width + 0.5
            assert float(part.get("y", "0")) + float(part.get("height", "0")) <= height + 0.5


def every_picture():
    yield capacity([Discharge(1, 3.1, False), Discharge(2, 4.72, True)], rated=Mark(5, "rated"))
    yield voltage_over_capacity(
        [(0, 4.2), (2, 3.6), (4.7, 2.5)], title="V", x_label="Ah", y_label="V"
    )
    yield incremental_capacity(
        [(3.0, 0.1), (3.6, 17.5), (4.2, 0.2)],
        [(3.6, 17.5)],
        title="IC",
        x_label="V",
        y_label="Ah/V",
    )
    yield histogram([0.35, 0.62, 0.8, 0.81, 1.02])
    yield value_line(
        Mark(8, "8"), Mark(10, "10"), Mark(12, "12"), Mark(9, "price 9"), title="Value"
    )
    yield waterfall(
        [Step("Li", 3, "3"), Step("transport", -5, "-5")], Step("sum", -2, "-2"), title="W"
    )
    yield price(
        [(OPENS, 5.0), (OPENS + timedelta(minutes=30), 7.0)], [OPENS + timedelta(minutes=59)]
    )
    yield price([])
    yield sparkline([1.0, 3.0, 2.0], title="S")


@pytest.mark.parametrize("markup", list(every_picture()))
def test_every_picture_has_a_role_a_title_and_nothing_that_the_policy_forbids(markup):
    svg = parsed(markup)
    assert svg.get("role") == "img"
    title = svg.find(f"{NS}title")
    assert title is not None
    assert title.text
    assert not any("style" in part.attrib or part.tag.endswith("script") for part in svg.iter())
    assert not any(name.startswith("on") for part in svg.iter() for name in part.attrib)
    assert_stays_inside(svg)


def test_labels_from_outside_are_escaped():
    hostile = '"><script>alert(1)</script>'
    markup = waterfall([Step(hostile, 1, hostile)], Step("sum", 1, "1"), title=hostile)
    assert "<script" not in markup
    assert hostile in texts(parsed(markup))


def test_each_discharge_is_drawn_and_rejected_ones_look_different():
    drawn = [Discharge(i, 4.7 - i / 100, i not in (1, 4)) for i in range(1, 11)]
    svg = parsed(capacity(drawn))
    # One more of each stands in the key.
    assert len(of_class(svg, "pic-kept")) == 8 + 1
    assert len(of_class(svg, "pic-rejected")) == 2 + 1
    assert {part.tag for part in of_class(svg, "pic-rejected")} == {f"{NS}path"}


def test_a_higher_capacity_stands_higher():
    svg = parsed(capacity([Discharge(1, 4.0, True), Discharge(2, 4.5, True)]))
    low, high = of_class(svg, "pic-kept")[1:]
    assert float(low.get("cy")) > float(high.get("cy"))
    assert float(low.get("cx")) < float(high.get("cx"))


def test_the_curve_has_every_point():
    points = [(i / 10, 4.2 - i / 30) for i in range(48)]
    svg = parsed(voltage_over_capacity(points, title="V", x_label="Ah", y_label="V"))
    (curve,) = of_class(svg, "pic-curve")
    assert len(re.findall(r"[ML]", curve.get("d"))) == 48


def test_each_peak_of_incremental_capacity_is_a_dot_and_close_ones_share_no_words():
    points = [(3 + i / 100, 5.0 + i % 7) for i in range(100)]
    peaks = [(3.2, 11.0), (3.201, 10.9), (3.8, 11.0)]
    svg = parsed(incremental_capacity(points, peaks, title="IC", x_label="V", y_label="Ah/V"))
    assert len(of_class(svg, "pic-kept")) == 3
    assert [text.text for text in of_class(svg, "pic-key")] == ["3.200", "3.800"]


@given(st.lists(st.floats(0.0, 1.2), min_size=1, max_size=80))
def test_the_bars_of_a_histogram_count_every_pack(values):
    svg = parsed(histogram(values))
    bars = of_class(svg, "pic-bar")
    unit = min(float(bar.get("height")) for bar in bars)
    counts = sorted(_count(values).values())
    assert len(bars) == len(counts)
    heights = sorted(float(bar.get("height")) for bar in bars)
    for height, count in zip(heights, counts, strict=True):
        assert height / unit == pytest.approx(count / counts[0], rel=0.02)
    assert_stays_inside(svg)


def _count(values: list[float]) -> dict[int, int]:
    places = [int(value / 0.05 + 1e-9) for value in values]
    return {place: places.count(place) for place in places}


def test_a_value_on_an_edge_belongs_to_the_upper_band():
    (bar,) = of_class(parsed(histogram([0.8])), "pic-bar")
    bands = [p for p in parsed(histogram([0.8])).iter(f"{NS}rect") if "pic-band" in p.get("class")]
    assert float(bar.get("x")) > float(bands[-1].get("x"))
    assert [text for text in texts(parsed(histogram([0.8]))) if len(text) == 1][-4:] == list("DCBA")


@given(
    st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-3e6, 3e6)
)  # fmt: skip
def test_a_value_line_keeps_its_marks_in_order_and_its_bounds_apart(value, down, up, price_now):
    low, high = Mark(value - down, f"¥{value - down:,.2f}"), Mark(value + up, f"¥{value + up:,.2f}")
    now = Mark(price_now, f"当前价 ¥{price_now:,.2f}")
    svg = parsed(value_line(low, Mark(value, f"参考价 ¥{value:,.2f}"), high, now, title="v"))
    assert_stays_inside(svg)
    left, right = of_class(svg, "pic-tick")
    room = float(right.get("x")) - float(left.get("x"))
    assert room >= (text_width(left.text) + text_width(right.text)) / 2
    assert len(of_class(svg, "pic-now")) == 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_a_waterfall_s_bars_start_where_the_one_before_ended(amounts):
    steps = [Step(f"part {i}", amount, f"{amount:,.2f}") for i, amount in enumerate(amounts)]
    total = math.fsum(amounts)
    svg = parsed(waterfall(steps, Step("sum", total, f"{total:,.2f}"), title="w"))
    assert len(of_class(svg, "pic-up")) + len(of_class(svg, "pic-down")) == len(amounts)
    assert len(of_class(svg, "pic-total")) == 1
    assert_stays_inside(svg)
    assert [f"part {i}" for i in range(len(amounts))] == [t for t in texts(svg) if "part" in t]


def test_a_negative_part_reaches_back_from_the_end_of_the_one_before():
    svg = parsed(
        waterfall([Step("a", 10, "10"), Step("b", -4, "-4")], Step("sum", 6, "6"), title="w")
    )
    (up,), (down,), (whole,) = (of_class(svg, f"pic-{kind}") for kind in ("up", "down", "total"))

    def right(bar: ET.Element) -> float:
        return float(bar.get("x")) + float(bar.get("width"))

    assert right(down) == pytest.approx(right(up), abs=0.02)
    assert float(down.get("x")) == pytest.approx(right(whole), abs=0.02)


def test_each_bid_and_each_extension_is_drawn():
    bids = [(OPENS + timedelta(minutes=m), 1000.0 + m) for m in (1, 20, 58, 61)]
    moved = [OPENS + timedelta(minutes=m) for m in (58, 61)]
    svg = parsed(price(bids, moved, minutes=66))
    assert len(of_class(svg, "pic-bid")) == 4
    assert len(of_class(svg, "pic-extension")) == 2 + 1  # and one in the key
    assert "closes" in texts(svg)
    assert_stays_inside(svg)


def test_a_sale_without_bids_is_an_empty_frame():
    svg = parsed(price([]))
    assert of_class(svg, "pic-step") == []
    assert {"opens", "closes"} <= set(texts(svg))


def test_a_picture_of_values_that_are_no_numbers_is_refused():
    with pytest.raises(ValueError, match="finite"):
        sparkline([1.0, math.nan], title="s")


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (59000, 71000, [60000, 65000, 70000]), (3, 3, [3])],
)
def test_ticks_are_round_numbers_within_the_data(low, high, wanted):
    assert ticks(low, high) == pytest.approx(wanted)


def test_coordinates_have_two_places_at_most_and_no_negative_zero():
    assert [number(v) for v in (1.0, 1.256, -0.001, 100.0, -2.5)] == [
        "1",
        "1.26",
        "0",
        "100",
        "-2.5",
    ]
