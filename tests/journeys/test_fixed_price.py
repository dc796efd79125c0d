"""A lot at a fixed price: bought at once, bought by two people, and put on sale."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from listings import db, lots
from listings.lots import Lot, LotPack, LotState, Route
from listings.packs import Pack
from market import auctions, seed
from market.auctions import Auction, AuctionState, Format
from market.terms import PriceBasis, Terms

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def lot(market: str) -> str:
    """The address of the seeded lot that can be claimed."""
    with db.transaction() as session:
        sale = sa.select(Auction.lot_id).where(
            Auction.format == Format.FIXED_PRICE, Auction.state == AuctionState.SCHEDULED
        )
        return f"/lots/{session.scalars(sale).one()}"


@pytest.fixture
def fresh_fixed_price(market: str, clock: Callable[[], datetime]) -> str:
    """The address of another lot at a fixed price: a draft of the seed's seller, published."""
    with db.transaction() as session:
        seller = seed.trader(session, "fleet")
        free = sa.select(Pack).where(
            Pack.owner_id == seller.organisation_id, ~sa.exists().where(LotPack.pack_id == Pack.id)
        )
        pack = session.scalars(free.order_by(Pack.id).limit(1)).one()
        lot = lots.draft(
            session, seller, title="标准包一箱", route=Route.CASCADE, pack_ids=[pack.id], at=clock()
        )
        lot_id = lot.id
    at = clock()
    terms = Terms(
        format=Format.FIXED_PRICE, price_basis=PriceBasis.LUMP_SUM, start_minor=400_000,
        opens_at=at, closes_at=at + timedelta(days=1),
    )  # fmt: skip
    with db.transaction() as session:
        auctions.publish(session, seller, lot_id, terms, at=at)
    return f"/lots/{lot_id}"


@pytest.mark.parametrize("script", [False, True], ids=["without a script", "with one"])
def test_only_the_fields_of_the_chosen_format_are_shown(visit: Visit, script: bool) -> None:
    with db.transaction() as session:
        draft = session.scalars(sa.select(Lot.id).where(Lot.state == LotState.DRAFT)).one()
    page = visit(f"/lots/{draft}/terms", who="fleet", width=390, has_script=script)
    fields = [
        page.locator(f"[name={name}]")
        for name in ("floor", "reserve", "increments", "window", "extension", "hard_end")
    ]
    page.locator("[name=format][value=english]").check()
    page.locator("[name=reserve]").fill("9000")
    page.locator("[name=window]").fill("")
    for field in fields:
        expect(field).to_be_visible()

    page.locator("[name=format][value=english]").press("ArrowDown")
    expect(page.locator("[name=format][value=fixed_price]")).to_be_checked()
    for field in fields:
        expect(field).to_be_hidden()
    page.locator("[name=start]").fill("4000")
    page.locator("form[action$='/terms'] button").click()
    expect(page.locator("form[action$='/publish']")).to_be_visible()
    expect(page.locator(".note.attention")).to_have_count(1)

    page.go_back()
    page.locator("[name=format][value=english]").check()
    expect(page.locator("[name=reserve]")).to_have_value("9000")


def test_a_lot_is_claimed_without_javascript_in_chinese(visit: Visit, lot: str) -> None:
    page = visit("/catalogue?basis=per_pack", who="buyer", language="zh", has_script=False)
    row = page.locator("main tbody tr").filter(has=page.locator(f"a[href='{lot}']"))
    expect(row).to_contain_text("一口价")
    row.locator("a.row").click()
    page.locator(f"a[href='{lot}/claim']").click()
    expect(page.locator("dl.facts")).to_contain_text("人民币伍仟贰佰元整")
    page.locator("form[action$='/claim'] button").click()
    page.wait_for_url("**/awards/*")
    expect(page.locator(".flash")).to_contain_text("已买下")
    page.goto(lot)
    expect(page.locator(f"a[href='{lot}/claim']")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_firm_with_four_eyes_claims_in_two_steps(
    visit: Visit, fresh_fixed_price: str, language: str
) -> None:
    lot = fresh_fixed_price
    first = visit(lot, who="prepares", language=language, has_script=False)
    first.locator(f"a[href='{lot}/claim']").click()
    first.locator("form[action$='/claim'] button").click()
    first.wait_for_url("**/bids")
    expect(first.locator(".note")).to_have_count(1)
    expect(first.locator("form[action*='/proposals/'][action$='/claim']")).to_have_count(0)

    second = visit("/bids", who="approves", language=language, has_script=False)
    second.locator("form[action*='/proposals/'][action$='/claim'] button").click()
    second.wait_for_url("**/awards/*")
    expect(second.locator(".flash")).to_be_visible()
    first.goto("/bids")
    expect(first.locator(".note")).to_have_count(0)
    expect(first.locator(f"tr:has(a[href='{lot}']) .tag.good")).to_be_visible()
