"""A panel and its reports for the seeded guide, so that its edition shows what it rests on.

They lie around the quote of 2 900 yuan per lithium point of late 2025 (docs/method/pricing.md). Who
reported what is made up, and each report says so; one figure has slipped by a digit, as one did in
print.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from listings import days
from market.seeding.stage import Stage
from pricing import editions, guides, panels, points, redistributions, seeded, submissions
from pricing.panels import Side
from pricing.parameters import DataKind

MADE_UP: Final = "演示数据，未经核实"
RIGHTS: Final = "注明“江南电池价格信息”与期号即可引用单个数字；整表转发须书面同意。（演示）"
OUTSIDE: Final = "某湿法冶炼企业（演示）"


class Report(NamedTuple):
    """A price per lithium point with its volume in tonnes, so many days before the edition."""

    panelist: str
    kind: DataKind
    price: str
    tonnes: str
    days_before: int


REPORTS: Final = (
    Report("recycler", DataKind.TRADE, "2880", "32", 9),
    Report("buyer", DataKind.TRADE, "2900", "18", 6),
    Report(OUTSIDE, DataKind.TRADE, "2925", "60", 4),
    Report("recycler", DataKind.TRADE, "29100", "32", 2),
    Report("buyer", DataKind.OFFER, "3000", "20", 1),
)

PRICES: Final = {"LFP-BM-LI": {"low": "2880", "high": "2925", "average": "2900"}}
"""What the first edition states for the point, from the reports that the screen lets through."""


def build(stage: Stage, *, at: datetime) -> None:
    """The guide with its methodology, a price point, three firms on the panel, five reports."""
    assessor = stage.by("valuer")
    with stage.begin() as session:
        guide = guides.create(session, assessor, name=editions.SEEDED_NAME, at=at)
        session.flush()
        guides.methodology(session, assessor, guide.id, text=seeded.edition().methodology, at=at)
        redistributions.state(session, assessor, guide.id, text=RIGHTS, at=at)
        point = points.open_point(
            session,
            assessor,
            guide.id,
            code="LFP-BM-LI",
            name="磷酸铁锂黑粉锂点",
            specification="锂含量 2%–4%，干基",
            substance="Li",
            unit="point",
            is_tax_included=True,
            delivery="华东，厂提",
            at=at,
        )
        panel = {
            name: panels.register(
                session,
                assessor,
                guide.id,
                name=name,
                organisation_id=None if name == OUTSIDE else stage.by(name).organisation_id,
                side=Side.BUYS,
                at=at,
            )
            for name in dict.fromkeys(report.panelist for report in REPORTS)
        }
        session.flush()
        for report in REPORTS:
            is_outside = report.panelist == OUTSIDE
            submissions.submit(
                session,
                assessor if is_outside else stage.by(report.panelist),
                guide.id,
                panelist_id=panel[report.panelist].id,
                point_id=point.id,
                kind=report.kind,
                on_date=days.of(at - timedelta(days=report.days_before)),
                price=Decimal(report.price),
                volume=Decimal(report.tonnes),
                note=MADE_UP,
                at=at,
            )
