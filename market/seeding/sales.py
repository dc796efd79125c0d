"""Twelve lots of the seeded market, each left in another state, built in the order of time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from listings import days
from listings.lots import Route
from market.seeding import steps
from market.seeding.goods import Stock
from market.seeding.stage import Stage
from market.seeding.steps import Carriage, Offer
from market.terms import Delivery, Format, PaymentTerm, PriceBasis, Terms
from pricing import values

YUAN: Final = 100
LFP_200, LFP_228, NMC, MIXED = "TM-LFP-200", "TM-LFP-228", "TM-N6-150", "TM-NT-120"
VIEWING: Final = "工作日 09:00–16:00，请提前一天电话预约。"
TRUCK: Final = Carriage("carrier", "WB-20260001", "FJ-008812", "皖B·5D021")


def build(stage: Stage, stock: Stock, *, at: datetime) -> int:
    """Let the last six weeks before ``at`` happen; how many lots there are then."""
    lots = _lots(stock)
    _completed(stage, lots["completed"], at)
    _under_way(stage, lots["under_way"], at)
    _passed(stage, lots["passed"], at)
    _unpaid(stage, lots["unpaid"], at)
    _unsigned(stage, lots["unsigned"], at)
    _open(stage, lots["open"], at)
    _unmet(stage, lots["unmet"], at)
    _whole_vehicles(stage, lots["vehicles"], at)
    _announced(stage, lots["announced"], at)
    _claimed(stage, lots["claimed"], at)
    _claimable(stage, lots["claimable"], at)
    draft = steps.draft(stage, lots["draft"], at=_ago(at, 1))
    with stage.begin() as session:
        values.for_lot(session, draft, at=at)
    return len(lots)


def _lots(stock: Stock) -> dict[str, Offer]:
    """Which packs stand in which lot. Reports were made on packs by their place (`WISHES`)."""
    first, cascade = stock.packs[LFP_200], Route.CASCADE
    second, third, fourth = stock.packs[LFP_228], stock.packs[NMC], stock.packs[MIXED]
    bus = Offer(
        seller="fleet", title="", route=cascade, packs=[], site_id=stock.yards["workshop"],
        description="公交车更换下线的动力电池包，已拆解下车，存放于备案维修车间，可现场踏勘。",
    )  # fmt: skip
    swap = replace(
        bus, seller="swap", site_id=stock.yards["swap"],
        description="换电重卡退役电池，循环数据可查，整组出售。",
    )  # fmt: skip
    return {
        "open": replace(bus, title="2018年公交退役磷酸铁锂电池包6箱（整批）", packs=first[0:6]),
        "announced": replace(
            bus, title="2018年公交退役磷酸铁锂电池包6箱（按度电计价）", packs=first[6:12]
        ),
        "unsigned": replace(bus, title="磷酸铁锂电池包6箱（一车）", packs=first[12:18]),
        "completed": replace(
            bus, title="外观受损磷酸铁锂电池包6箱（按吨计价）", packs=first[18:24],
            route=Route.REGENERATION,
        ),
        "draft": replace(bus, title="磷酸铁锂电池包4箱（第三批，草稿）", packs=first[24:28]),
        "under_way": replace(bus, title="10.5米公交磷酸铁锂电池包5箱", packs=second[5:10]),
        "passed": replace(bus, title="10.5米公交磷酸铁锂电池包5箱（二批）", packs=second[10:15]),
        "claimable": replace(bus, title="10.5米公交磷酸铁锂电池包2箱（一口价）", packs=second[1:3]),
        "claimed": replace(bus, title="12米公交磷酸铁锂电池包2箱（一口价）", packs=first[28:30]),
        "unmet": replace(swap, title="换电重卡三元电池包5箱（按箱计价）", packs=third[0:5]),
        "unpaid": replace(swap, title="换电重卡三元电池包5箱（二批）", packs=third[5:10]),
        "vehicles": replace(
            bus, seller="coach", title="报废客车2辆及车载三元电池（按吨计价）", packs=fourth,
            vehicles=stock.vehicles["coach"], route=Route.REGENERATION, site_id=None,
            description="整车出售，电池未拆，无检测报告，按现状交付，过磅结算。",
        ),
    }  # fmt: skip


def _ago(at: datetime, days_before: float) -> datetime:
    return at - timedelta(days=days_before)


def _terms(at: datetime, opens: float, closes: float, start: int, **more: object) -> Terms:
    """Terms of a sale that opens and closes so many days after ``at``; ``start`` in yuan."""
    closes_at = at + timedelta(days=closes)
    usual = Terms(
        price_basis=PriceBasis.LUMP_SUM,
        start_minor=start * YUAN,
        opens_at=at + timedelta(days=opens),
        closes_at=closes_at,
        pickup_until=days.of(closes_at + timedelta(days=20)),
        viewing=VIEWING,
        increments=[[0, 50_000], [10_000_000, 100_000]],
    )
    return replace(usual, **more)  # type: ignore[arg-type]


def _completed(stage: Stage, offer: Offer, at: datetime) -> None:
    """Sold by the tonne for regeneration, weighed, paid on acceptance and paid out."""
    lot = steps.draft(stage, offer, at=_ago(at, 39))
    terms = _terms(
        at, -37.5, -30, 9_000, price_basis=PriceBasis.PER_TONNE, is_quantity_provisional=True,
        payment_term=PaymentTerm.ON_ACCEPTANCE, deposit_minor=2_000 * YUAN,
        increments=[[0, 10_000]],
    )  # fmt: skip
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 38))
    for days_before, bidder in ((36, "recycler"), (35, "taihu")):
        steps.put_down(stage, sale, bidder, at=_ago(at, days_before))
    for days_before, bidder, yuan in ((34, "taihu", "9800"), (33, "recycler", "11500")):
        steps.bid(stage, sale, bidder, yuan, at=_ago(at, days_before))
    award = _sold(steps.close(stage, sale, at=_ago(at, 30)))
    steps.sign(stage, award, at=_ago(at, 28))
    steps.pay(stage, award, at=_ago(at, 27))
    ident = steps.prepare_handover(
        stage, award, offer.packs, ("workshop", "recycler"), TRUCK, at=_ago(at, 25)
    )
    steps.release(stage, ident, ("workshop.signer", "carrier"), TRUCK, at=_ago(at, 24))
    steps.accept(
        stage, ident, offer.packs, "recycler.signer", weighed=("15240", "13620"), at=_ago(at, 22)
    )
    steps.pay(stage, award, at=_ago(at, 21))
    steps.pay_out(stage, award, at=_ago(at, 20))


def _under_way(stage: Stage, offer: Offer, at: datetime) -> None:
    """Sold by the pack and paid; the goods are on the road."""
    lot = steps.draft(stage, offer, at=_ago(at, 25))
    terms = _terms(
        at, -23, -14, 5_200, price_basis=PriceBasis.PER_PACK, delivery=Delivery.DELIVERED,
        deposit_minor=3_000 * YUAN, increments=[[0, 10_000]], floor_minor=5_600 * YUAN,
    )  # fmt: skip
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 24))
    for days_before, bidder in ((22, "buyer"), (21, "rival.two")):
        steps.put_down(stage, sale, bidder, at=_ago(at, days_before))
    for days_before, bidder, yuan in (
        (20, "rival.two", "5800"), (19, "buyer", "6600"), (18, "rival.two", "6400"),
    ):  # fmt: skip
        steps.bid(stage, sale, bidder, yuan, at=_ago(at, days_before))
    award = _sold(steps.close(stage, sale, at=_ago(at, 14)))
    steps.sign(stage, award, at=_ago(at, 12))
    steps.pay(stage, award, at=_ago(at, 11))
    by_road = replace(TRUCK, waybill="WB-20260002", seal="FJ-008815")
    ident = steps.prepare_handover(
        stage, award, offer.packs, ("workshop", "buyer"), by_road, at=_ago(at, 2)
    )
    steps.release(stage, ident, ("workshop.signer", "carrier"), by_road, at=_ago(at, 1))


def _passed(stage: Stage, offer: Offer, at: datetime) -> None:
    """The hidden reserve was not met."""
    lot = steps.draft(stage, offer, at=_ago(at, 21))
    terms = _terms(at, -19, -12, 22_000, reserve_minor=36_000 * YUAN)
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 20))
    steps.bid(stage, sale, "rival.one", "26000", at=_ago(at, 15))
    steps.bid(stage, sale, "buyer.trader", "28500", at=_ago(at, 13))
    steps.close(stage, sale, at=_ago(at, 12))


def _unpaid(stage: Stage, offer: Offer, at: datetime) -> None:
    """The contract is in force; a transfer was recorded and waits for its second person."""
    lot = steps.draft(stage, offer, at=_ago(at, 17))
    terms = _terms(at, -15, -5, 60_000, deposit_minor=6_000 * YUAN, payment_days=10)
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 16))
    for days_before, bidder in ((13, "rival.one"), (12.5, "buyer")):
        steps.put_down(stage, sale, bidder, at=_ago(at, days_before))
    steps.bid(stage, sale, "buyer", "64000", at=_ago(at, 8))
    steps.bid(stage, sale, "rival.one", "71000", at=_ago(at, 7))
    award = _sold(steps.close(stage, sale, at=_ago(at, 5)))
    steps.sign(stage, award, at=_ago(at, 3))
    steps.pay(stage, award, at=_ago(at, 1), is_confirmed=False)


def _unsigned(stage: Stage, offer: Offer, at: datetime) -> None:
    """Sold yesterday by the kilowatt hour; the contract waits for both scans."""
    lot = steps.draft(stage, offer, at=_ago(at, 15))
    terms = _terms(
        at, -12, -1, 120, price_basis=PriceBasis.PER_KWH, increments=[[0, 200]],
        floor_minor=150 * YUAN,
    )  # fmt: skip
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 14))
    steps.bid(stage, sale, "rival.one", "155", at=_ago(at, 6))
    steps.bid(stage, sale, "buyer", "188", at=_ago(at, 4))
    steps.bid(stage, sale, "rival.two", "171", at=_ago(at, 3))
    _sold(steps.close(stage, sale, at=_ago(at, 1)))


def _open(stage: Stage, offer: Offer, at: datetime) -> None:
    """Open with bids, closing tomorrow."""
    lot = steps.draft(stage, offer, at=_ago(at, 7))
    terms = _terms(at, -5, 1.2, 24_000, deposit_minor=3_000 * YUAN, floor_minor=27_000 * YUAN)
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 6))
    for days_before, bidder in ((4, "buyer"), (3.8, "rival.one"), (3.5, "rival.two")):
        steps.put_down(stage, sale, bidder, at=_ago(at, days_before))
    for days_before, bidder, yuan in (
        (3, "rival.one", "26000"), (2.5, "buyer", "30000"), (2, "rival.two", "28500"),
        (1, "rival.one", "32500"),
    ):  # fmt: skip
        steps.bid(stage, sale, bidder, yuan, at=_ago(at, days_before))


def _unmet(stage: Stage, offer: Offer, at: datetime) -> None:
    """Open by the pack; the hidden reserve is not met yet."""
    lot = steps.draft(stage, offer, at=_ago(at, 6))
    terms = _terms(
        at, -4, 2.1, 9_000, price_basis=PriceBasis.PER_PACK, increments=[[0, 10_000]],
        reserve_minor=16_000 * YUAN, payment_term=PaymentTerm.ON_ACCEPTANCE,
    )  # fmt: skip
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 5))
    steps.bid(stage, sale, "rival.two", "9800", at=_ago(at, 3))
    steps.bid(stage, sale, "rival.one", "11200", at=_ago(at, 1.5))


def _whole_vehicles(stage: Stage, offer: Offer, at: datetime) -> None:
    """Open, as is and without reports; nobody bid yet."""
    lot = steps.draft(stage, offer, at=_ago(at, 5))
    terms = _terms(
        at, -3, 6.2, 7_500, price_basis=PriceBasis.PER_TONNE, is_quantity_provisional=True,
        quantity=Decimal("2.1000"), payment_term=PaymentTerm.ON_ACCEPTANCE,
        deposit_minor=2_000 * YUAN, increments=[[0, 10_000]], floor_minor=8_000 * YUAN,
    )  # fmt: skip
    steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 4))


def _announced(stage: Stage, offer: Offer, at: datetime) -> None:
    """Announced with a public floor; opens the day after tomorrow."""
    lot = steps.draft(stage, offer, at=_ago(at, 3.5))
    terms = _terms(
        at, 2, 9, 140, price_basis=PriceBasis.PER_KWH, increments=[[0, 200]],
        floor_minor=165 * YUAN, deposit_minor=3_000 * YUAN,
    )  # fmt: skip
    steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 3))


def _claimed(stage: Stage, offer: Offer, at: datetime) -> None:
    """At a fixed price; a firm with four eyes prepared its claim and approved it this morning."""
    lot = steps.draft(stage, offer, at=_ago(at, 3))
    terms = _terms(at, -2.5, 7, 2_400, price_basis=PriceBasis.PER_PACK, format=Format.FIXED_PRICE)
    sale = steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 2.5))
    steps.claim(stage, sale, ("prepares", "approves"), at=_ago(at, 0.3))


def _claimable(stage: Stage, offer: Offer, at: datetime) -> None:
    """At a fixed price by the pack, without a deposit: the first to claim it buys it."""
    lot = steps.draft(stage, offer, at=_ago(at, 2))
    terms = _terms(at, -1.5, 8.4, 2_600, price_basis=PriceBasis.PER_PACK, format=Format.FIXED_PRICE)
    steps.publish(stage, lot, offer.seller, terms, at=_ago(at, 1.5))


def _sold(award_id: int | None) -> int:
    """The award of a sale of which the story says that it was sold."""
    if award_id is None:
        raise ValueError("the bids of the story do not reach the minimum")
    return award_id
