"""A bid with JavaScript switched off: sign in, filter, check, confirm, place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_bid_is_placed_without_javascript(language: str, visit: Callable[..., Page]) -> None:
    buyer, more = {"en": ("buyer", 20), "zh": ("rival.one", 40)}[language]
    page = visit("/catalogue", who=buyer, language=language, has_script=False)
    shown = page.locator("main tbody tr")
    unfiltered = shown.count()
    page.locator("[name=basis][value=per_kwh]").check()
    page.locator(".filters button").click()
    assert "basis=per_kwh" in page.url
    assert 0 < shown.count() < unfiltered
    shown.first.locator("a.row").click()
    lot, price = page.url, page.locator("[data-price]")
    maximum = int(price.get_attribute("data-price") or "") // 100 + more

    page.locator("[name=maximum]").fill("1")
    page.locator("form[action$='/bid/check'] button").click()
    expect(page.locator("#e-maximum")).to_be_visible()
    expect(page.locator("[name=maximum]")).to_have_value("1")

    page.locator("[name=maximum]").fill(str(maximum))
    page.locator("form[action$='/bid/check'] button").click()
    expect(page.locator("[name=maximum]")).to_have_value(f"{maximum}.00")
    page.locator("form[action$='/bid'] button").click()
    expect(page.locator(".flash")).to_be_visible()
    assert page.url == lot
    page.goto("/bids")
    row = page.locator("tbody tr").filter(has=page.locator(f"a[href='/{lot.split('/', 3)[3]}']"))
    expect(row).to_contain_text(f"{maximum}.00")
    expect(row.locator(".tag.good")).to_be_visible()
