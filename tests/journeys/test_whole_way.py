"""One lot the whole way in the browser: from a spreadsheet to a chain that anyone can verify.

Addresses, field names and marks in the page lead the way, so that it is the same in each language.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from listings import days, db, sheets
from listings.health import examinations
from listings.health.synthetic import write_bdf
from listings.pack_types import PackType
from market import jobs
from market.rules.dangerous_goods import Check
from market.seeding import cast, goods

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
TYPE = "TM-LFP-200"
SOH = 0.86
COUNT = 3


@dataclass
class Way:
    """The people with a browser each, and what is known of the lot so far."""

    visit: Callable[..., Page]
    clock: Callable[..., object]
    folder: Path
    language: str
    pages: dict[str, Page] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    vehicle: str = ""
    lot: str = ""
    award: str = ""
    handover: str = ""
    public: str = ""

    def of(self, who: str, path: str) -> Page:
        """The browser of somebody, signed in, at an address."""
        if who not in self.pages:
            self.pages[who] = self.visit(path, who=who, language=self.language)
        else:
            self.pages[who].goto(path)
        return self.pages[who]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lot_goes_the_whole_way_in_the_browser(
    language: str, visit: Callable[..., Page], clock: Callable[..., object], tmp_path: Path
) -> None:
    way = Way(visit, clock, tmp_path, language)
    import_the_spreadsheet(way)
    sign_a_health_report(way)
    publish_a_lot(way)
    for buyer in ("rival.one", "buyer"):
        put_down_a_deposit(way, buyer)
    bid_against_each_other(way)
    close_the_sale(way)
    sign_the_contract(way)
    pay_the_price(way)
    agree_and_check_the_handover(way)
    release_the_goods(way)
    accept_the_goods(way)
    pay_out(way)
    verify_the_chain_without_signing_in(way)
    verify_a_receipt_offline(way)


def import_the_spreadsheet(way: Way) -> None:
    """The fleet downloads the template, fills it in, sees what it says, and confirms."""
    page = way.of("fleet", "/imports")
    with page.expect_download() as download:
        page.locator(f"a[href$='/template/{way.language}.xlsx']").click()
    header = sheets.read(download.value.path(), "template.xlsx").header
    path = way.folder / "fleet.xlsx"
    path.write_bytes(sheets.write_xlsx(header, rows(way, header)))
    page.locator("[name=file]").set_input_files(path)
    press(page, "/imports")
    expect(page.locator(".note.good")).to_be_visible()
    press(page)
    page.goto(f"/fleet?q={way.vehicle}")
    expect(page.locator("tbody tr")).to_have_count(COUNT)


def rows(way: Way, header: list[str]) -> list[list[sheets.Written]]:
    """A row for each pack; the last one has no code."""
    number = {"en": 901, "zh": 951}[way.language]
    way.vehicle = f"J{number}"
    way.codes = [goods.code("B", date(2018, 5, 4), number + n) for n in range(COUNT - 1)]
    retired = days.of(way.clock()) - timedelta(days=2)
    workshop = next(firm.name for firm in cast.CAST if firm.key == "workshop")
    known = {
        ("车辆自编号", "Fleet number"): [way.vehicle] * COUNT,
        ("车牌号", "Plate"): [f"皖B·{number:05d}D"] * COUNT,
        ("停放场地", "Yard"): ["皖江公交二厂停车场"] * COUNT,
        ("电池编码", "Pack code"): [*way.codes, ""],
        ("厂家编号", "Maker number"): [f"JX{number + n}" for n in range(COUNT)],
        ("电池型号", "Battery type"): [TYPE] * COUNT,
        ("箱号", "Box"): [str(n + 1) for n in range(COUNT)],
        ("持有单位", "Holder"): [workshop] * COUNT,
        ("来源", "Origin"): [{"en": "repair", "zh": "维修更换"}[way.language]] * COUNT,
        ("来源日期", "Origin date"): [retired] * COUNT,
        ("质量(kg)", "Mass (kg)"): [Decimal(265 + n) for n in range(COUNT)],
    }
    columns = {name: values for names, values in known.items() for name in names}
    assert sum(name in columns for name in header) == len(known)
    return [[columns[name][n] if name in columns else "" for name in header] for n in range(COUNT)]


def sign_a_health_report(way: Way) -> None:
    """The lab hands a tester's file in, looks at the curve, and signs."""
    with db.transaction() as reading:
        entered = reading.scalars(sa.select(PackType).where(PackType.model == TYPE)).one()
        wanted = examinations.rated(entered, "pack")
    path = way.folder / "synthetic-pack.bdf.csv"
    write_bdf(path, rated_ah=wanted.capacity_ah, soh=SOH, cycles=2, cutoffs=wanted.cutoffs)
    page = way.of("lab", "/reports/new")
    page.locator("[name=pack]").fill(way.codes[0])
    page.locator("[name=file]").set_input_files(path)
    press(page, "/reports/new")
    page.wait_for_url("**/reports/review/**")
    expect(page.locator("figure svg").first).to_be_visible()
    page.locator("[name=coverage]").fill("整包 whole pack")
    page.locator("[name=safety_check]").select_option("passed")
    page.locator("[name=capacity_spread]").fill("2")
    page.locator("[name=temperature_c]").fill("25")
    press(page)
    expect(page.locator(".listing-head .grade")).to_contain_text("A")
    expect(page.locator(".facts .tag.good")).to_be_visible()


def publish_a_lot(way: Way) -> None:
    """The fleet groups its packs, sets the terms, and confirms them."""
    page = way.of("fleet", "/lots/new")
    page.locator("[name=title]").fill(f"公交退役电池包 {way.vehicle}")
    chosen = page.locator("tbody tr").filter(has_text=way.vehicle).locator("[name=pack_ids]")
    expect(chosen).to_have_count(COUNT)
    for box in chosen.all():
        box.check()
    press(page)
    way.lot = page.url.removesuffix("/terms")
    page.goto(f"{way.lot}/terms")
    closes = (way.clock() + timedelta(minutes=8)).astimezone(days.ZONE)
    terms = {
        "start": "20000", "floor": "20500", "reserve": "", "deposit": "2000", "tax_percent": "13",
        "quantity": "", "increments": "0 500", "window": "1", "extension": "1", "opens_at": "",
        "closes_at": f"{closes:%Y-%m-%dT%H:%M}", "pickup_until": "", "hard_end": "",
        "payment_days": "5",
    }  # fmt: skip
    for name, value in terms.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=price_basis]").select_option("lump_sum")
    page.locator("[name=payment_term]").select_option("before_pickup")
    page.locator("[name=delivery]").select_option("collected")
    page.locator("[name=is_quantity_provisional]").uncheck()
    press(page, "/terms")
    press(page, "/publish")
    page.wait_for_url(way.lot)
    expect(page.locator(".status [data-until]").first).not_to_be_empty()
    way.public = page.locator("#custody a").first.get_attribute("href") or ""


def put_down_a_deposit(way: Way, buyer: str) -> None:
    """A buyer asks for the reference; the transfer is recorded by one and confirmed by another."""
    page = way.of(buyer, f"{way.lot}/deposit")
    press(page)
    facts = page.locator("dl.facts")
    reference, account = facts.locator("dd.code strong"), facts.locator("dd span.code")
    transfer(
        way,
        purpose="deposit",
        reference=reference.inner_text(),
        account_number=account.inner_text(),
        amount="2000",
    )
    page.reload()
    expect(page.locator("main .tag.good")).to_be_visible()


def transfer(way: Way, address: str = "/bank/new", **known: str) -> None:
    """The cashier records a line of the statement, the controller confirms it."""
    page = way.of("cashier", address)
    if "purpose" in known:
        page.locator("[name=purpose]").select_option(known.pop("purpose"))
    line = f"{way.language}-{known.get('reference') or page.url[-60:]}"
    for name, value in {**known, "statement_line": line}.items():
        page.locator(f"[name={name}]").fill(value)
    press(page, "/bank/new")
    page.wait_for_url("**/bank")
    page = way.of("controller", "/bank")
    page.locator("a.code").filter(has_text=line).click()
    again(page)
    page.locator("[name=decision][value=confirm]").click()
    page.wait_for_url("**/bank")


def bid_against_each_other(way: Way) -> None:
    """The first bidder's page tells of the second one's bid without being loaded again."""
    bid(way, "rival.one", "21000")
    watcher = way.pages["rival.one"]
    expect(watcher.locator(".status .tag.good").nth(1)).to_be_visible()
    watcher.evaluate("window.stays = true")
    price = watcher.locator("[data-price]")
    before = price.get_attribute("data-price") or ""
    bid(way, "buyer", "26000")
    expect(price).not_to_have_attribute("data-price", before)
    expect(watcher.locator(".status .marks .tag.bad")).to_be_visible()
    assert watcher.evaluate("window.stays"), "the page was loaded again"


def bid(way: Way, who: str, yuan: str) -> None:
    """Name a maximum, read the facts once more, and place it."""
    page = way.of(who, way.lot)
    page.locator("[name=maximum]").fill(yuan)
    press(page, "/bid/check")
    press(page, "/bid")
    page.wait_for_url(way.lot)
    expect(page.locator(".flash")).to_be_visible()


def close_the_sale(way: Way) -> None:
    """The time comes, the worker sweeps, and everybody's page says so; the letter is a PDF."""
    watcher = way.pages["rival.one"]
    way.clock.pass_until(way.clock() + timedelta(minutes=9))
    jobs.sweep(way.clock())
    expect(watcher.locator(".status [data-until]")).to_have_count(0)
    page = way.of("buyer", "/awards")
    page.locator("tbody tr").filter(has_text=way.vehicle).locator("a").first.click()
    page.wait_for_url("**/awards/*")
    way.award = page.url
    opens_as_pdf(page, page.locator("a[href$='letter.pdf']"))


def opens_as_pdf(page: Page, link: Locator) -> bytes:
    """What a link leads to, which is a paper."""
    answer = page.request.get(link.first.get_attribute("href") or "")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
    return answer.body()


def sign_the_contract(way: Way) -> None:
    """Seller and buyer hand in their sealed scans."""
    for who in ("fleet", "buyer"):
        page = way.of(who, way.award)
        scan = way.folder / f"{who}.pdf"
        scan.write_bytes(opens_as_pdf(page, page.locator("a[href$='contract.pdf']")))
        page.locator("[name=scan]").set_input_files(scan)
        press(page, "/scan")
        expect(page.locator("a[href$='/scans/seller']")).to_be_visible()
    expect(way.pages["buyer"].locator("a[href$='/scans/buyer']")).to_be_visible()


def pay_the_price(way: Way) -> None:
    """What the deposit leaves to pay arrives."""
    page = way.of("cashier", way.award)
    link = page.locator("a[href*='purpose=price&']").get_attribute("href") or ""
    amount = page.locator("table").first.locator("tr").last.locator("td").inner_text()
    transfer(way, link, amount="".join(c for c in amount if c.isdigit() or c == "."))
    page = way.of("buyer", way.award)
    expect(page.locator("[name=scan], a[href*='purpose=price&']")).to_have_count(0)
    expect(page.locator("table").first.locator("tr").last).to_contain_text("0.00")


def agree_and_check_the_handover(way: Way) -> None:
    """The workshop that holds the packs opens the handover; both agree and look at the goods."""
    page = way.of("workshop", "/handovers")
    waiting = page.locator("tbody tr").filter(has_text=way.vehicle)
    waiting.locator("a[href*='/handovers/new']").click()
    page.locator("[name=carrier_id]").select_option(index=1)
    press(page, "/handovers/new")
    page.wait_for_url(lambda address: not address.endswith("/new"))
    way.handover = page.url
    for who in ("workshop", "buyer"):
        press(way.of(who, way.handover), "/agree")
    for who in ("workshop", "buyer"):
        page = way.of(who, way.handover)
        for check in Check:
            page.locator(f"[name={check.value}][value=yes]").check()
        page.locator("[name=soc_percent]").fill("20")
        press(page, "/check")
    opens_as_pdf(page, page.locator("a[href$='note.pdf']"))
    opens_as_pdf(page, page.locator("a[href$='labels.pdf']"))


def release_the_goods(way: Way) -> None:
    """Workshop and carrier sign."""
    for who in ("workshop", "carrier"):
        page = way.of(who, way.handover)
        page.locator("a[href$='/release']").click()
        if who == "workshop":
            page.locator("[name=waybill]").fill("WB-1")
            page.locator("[name=vehicle_plate]").fill("皖B·5D021")
        press(page, "/release")
        page.wait_for_url(way.handover)
    expect(page.locator("a[href*='/receipts/']").first).to_be_visible()


def accept_the_goods(way: Way) -> None:
    """The buyer says that they are there, records what it found, and signs."""
    page = way.of("buyer", way.handover)
    press(page, "/arrive")
    page.locator("a[href$='/acceptance']").click()
    press(page, "/acceptance/confirm")
    press(page, "/acceptance")
    page.wait_for_url(way.handover)
    expect(page.locator(".listing-head .tag.good")).to_be_visible()


def pay_out(way: Way) -> None:
    """What the seller earned leaves the client account."""
    page = way.of("cashier", way.award)
    link = page.locator("a[href*='purpose=payout']").get_attribute("href") or ""
    transfer(way, link)
    page = way.of("fleet", way.award)
    expect(page.locator(".listing-head .tag.good")).to_be_visible()


def verify_the_chain_without_signing_in(way: Way) -> None:
    """Anyone sees a whole chain, who held the pack, and neither its code nor a person."""
    page = way.visit(way.public, language=way.language)
    expect(page.locator("main .note.good")).to_be_visible()
    assert page.locator("ol.chain > li").count() >= 2
    firm = next(firm for firm in cast.CAST if firm.key == "second_life")
    buyer = {"en": firm.name_en, "zh": firm.name}[way.language]
    expect(page.locator("table tbody tr").filter(has_text=buyer).locator(".tag")).to_be_visible()
    text = page.locator("main").inner_text()
    people = [person.name for firm in cast.CAST for person in firm.people]
    assert not [name for name in (*people, *way.codes) if name in text]


def verify_a_receipt_offline(way: Way) -> None:
    """The receipt that the buyer keeps holds by the log's published key, without the market."""
    page = way.of("buyer", way.handover)
    with page.expect_download() as download:
        page.locator("a[href*='/receipts/']").last.click()
    kept = way.folder / "receipt.json"
    download.value.save_as(kept)
    keys = way.visit("/public", language=way.language).locator("pre.code").last.inner_text()
    told = [argument for key in keys.splitlines() for argument in ("--key", key)]
    command = [sys.executable, "-m", "market", "receipt", "verify", str(kept), *told]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def press(page: Page, action: str = "") -> None:
    """Send a form of the page, the one whose address ends so, with the password if it asks."""
    where = f"main form[method=post][action$='{action}']" if action else "main form[method=post]"
    form = page.locator(where).last
    again(page)
    with page.expect_navigation():
        form.locator("button").first.click()
    problems = page.locator("#problems")
    assert not problems.count(), problems.inner_text()


def again(page: Page) -> None:
    """The password once more where a binding act asks for it."""
    asked = page.locator("main [name=password]")
    if asked.count():
        asked.fill(cast.PASSWORD)
