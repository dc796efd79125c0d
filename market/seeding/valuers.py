"""Two more valuers of the seeded market, with guides of their own and two editions each: from three
on there is a reference value, and an edition before is what a skill is measured against.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from listings import days
from market.seeding.stage import Stage
from pricing import editions, guides, points, seeded
from pricing.rhythms import Rhythm

ASSUMED: Final = "House assumption of the demonstration, unverified"
REVIEWED_IN: Final = timedelta(days=365)
METHODOLOGY: Final = (
    "本机构以现货成交、再以报价、最后以公开数据为据；再生利用按金属指数乘以计价系数，"
    "梯次利用按新电芯价格、健康状态与折扣系数计算。演示用，系数未经核实。"
)


class Opinion(NamedTuple):
    """An edition: by how much second-life discounts and payables differ from the packaged guide,
    how wide the stated range is, and how many hours before the packaged one it took effect.
    """

    number: str
    discount: float
    payable: float
    width: float
    hours_before: int


POINT: Final = {
    "code": "LFP-PACK-80",
    "name": "退役磷酸铁锂客车电池包，健康状态 80%",
    "specification": "方形，健康状态 78%–82%，检测等级 L1–L3（演示）",
    "substance": "retired pack",
    "unit": "kWh",
    "delivery": "华南，厂提，10 包起（演示）",
}
PRICES: Final = {"2026-1": ("128", "152"), "2026-2": ("124", "147")}
"""Low and high of the weekly guide's one price point by edition: made up, as its name says."""

GUIDES: Final[dict[str, tuple[str, str, tuple[Opinion, Opinion]]]] = {
    "valuer_two": (
        "valuer.two",
        "华南退役电池周度价格",
        (Opinion("2026-1", 1.20, 1.05, 1.2, 20), Opinion("2026-2", 1.08, 1.02, 1.0, 6)),
    ),
    "valuer_three": (
        "valuer.three",
        "长淮动力电池残值指南",
        (Opinion("2025-1", 0.80, 0.97, 0.9, 18), Opinion("2025-2", 0.92, 0.98, 0.9, 4)),
    ),
}


def build(stage: Stage, *, at: datetime) -> None:
    """Let both valuers publish their editions in the hours before ``at``."""
    for box, name, opinions in GUIDES.values():
        assessor, approver = stage.by(box), stage.by(f"{box}.approver")
        opened_at = at - timedelta(hours=opinions[0].hours_before)
        with stage.begin() as session:
            is_weekly = opinions[0].number in PRICES
            rhythm = Rhythm.WEEKLY if is_weekly else Rhythm.MONTHLY
            guide = guides.create(session, assessor, name=name, rhythm=rhythm, at=opened_at)
            session.flush()
            if is_weekly:
                points.open_point(
                    session, assessor, guide.id, is_tax_included=True, at=opened_at, **POINT
                )
            text = guides.methodology(session, assessor, guide.id, text=METHODOLOGY, at=opened_at)
            session.flush()
            guide_id, methodology_id = guide.id, text.id
        for opinion in opinions:
            said_at = at - timedelta(hours=opinion.hours_before)
            with stage.begin() as session:
                edition = editions.draft(
                    session,
                    assessor,
                    guide_id,
                    number=opinion.number,
                    coefficients=coefficients(opinion),
                    explanation="演示数据：样本数 n = 0，系数为假设，未经核实。",
                    review_due_on=days.of(said_at + REVIEWED_IN),
                    methodology_id=methodology_id,
                    prices=_prices(opinion),
                    at=said_at,
                )
                session.flush()
                editions.propose(session, assessor, edition.id, at=said_at)
                editions.approve(session, approver, edition.id, at=said_at)


def _prices(opinion: Opinion) -> dict[str, dict[str, str]]:
    if opinion.number not in PRICES:
        return {}
    low, high = PRICES[opinion.number]
    return {POINT["code"]: {"low": low, "high": high}}


def coefficients(opinion: Opinion) -> dict[str, Any]:
    """The packaged coefficients as this valuer sees them; what differs says that it is assumed."""
    found = seeded.edition().coefficients.to_json()
    for grid in found["soh_discount"].values():
        for _, figure in grid:
            _times(figure, opinion.discount)
    for shares in found["payable"].values():
        _each(shares, lambda figure: _times(figure, opinion.payable))
    for families in found["stated_range"].values():
        _each(families, lambda figure: _times(figure, opinion.width))
    return found


def _each(figures: dict[str, dict[str, Any]], act: Callable[[dict[str, Any]], None]) -> None:
    for figure in figures.values():
        act(figure)


def _times(figure: dict[str, Any], factor: float) -> None:
    """Four places are as exact as an assumption can be; no share is above one."""
    figure["value"] = min(1.0, round(figure["value"] * factor, 4))
    figure["source"] = ASSUMED
