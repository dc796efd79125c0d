"""A valuer who has never seen the site sends a first edition to its approver, who lets it in force."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from make import NOW, Make
from playwright.sync_api import Browser, Page, expect
from serving_thread import served

from listings import db, sheets
from listings.parties import Acting, Kind, Role
from listings.users import User
from market.web.app import create_app
from pricing import indices

pytestmark = pytest.mark.browser
MOST_SECONDS = 600.0
MOST_CLICKS, MOST_FIELDS = 4, 5
PASTE = """(field, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
}"""


@pytest.fixture
def desk(database: str, browser: Browser) -> Iterator[SimpleNamespace]:
    """A valuer without a guide, behind a real server; ``visit(path, acting)`` opens a browser."""
    with db.transaction() as session:
        make = Make(session)
        valuer = make.organisation(Kind.VALUER)
        people = {
            "assessor": make.member(valuer, Role.CLERK),
            "approver": make.member(valuer, Role.APPROVER),
        }
        indices.seed(session, at=NOW)
        seller = make.organisation(Kind.FLEET_OWNER)
        make.lot(seller, [make.pack(seller, make.pack_type())], title="Bus packs")
    app = create_app(SECRET_KEY="journey", SESSION_COOKIE_SECURE=False, CLOCK=lambda: NOW)
    with ExitStack() as stack:
        host, port = stack.enter_context(served(app, database))

        def visit(path: str, who: str, language: str = "en", **more: Any) -> Page:
            context = browser.new_context(base_url=f"http://{host}:{port}", **more)
            stack.callback(context.close)
            context.set_default_timeout(30_000)
            value = cookie(app, people[who], language)
            kept = {"name": "packbourse", "value": value, "domain": host, "path": "/"}
            context.add_cookies([kept])
            page = context.new_page()
            page.goto(path)
            return page

        yield SimpleNamespace(visit=visit)


def cookie(app: Any, acting: Acting, language: str) -> str:
    """The session of somebody who signed in just now."""
    with db.transaction() as reading:
        user = reading.get_one(User, acting.user_id)
    kept = {
        "language": language,
        "_user_id": f"{user.id}.{user.session_number}",
        "confirmed_at": NOW.timestamp(),
        "organisation": acting.organisation_id,
    }
    text: str = app.session_interface.get_signing_serializer(app).dumps(kept)
    return text


class Hand:
    """Counts what a person presses and types."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.fields = page, 0, 0

    def press(self, selector: str) -> None:
        """Press and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.locator(selector).click()
        self.clicks += 1

    def type(self, name: str, text: str) -> None:
        """Fill one field of the form."""
        self.page.locator(f"main [name='{name}']").fill(text)
        self.fields += 1


def write(page: Page) -> Hand:
    """From home to a draft, by nothing but the buttons that the pages offer."""
    hand = Hand(page)
    hand.press("main a[href='/guides/next']")
    expect(page.locator(".steps [aria-current=step]")).to_have_count(1)
    hand.type("name", "Bus batteries")
    hand.press("main form .button")
    hand.type("explanation", "n = 4 quotes of the week, 61 to 64 %; the rest is judgement.")
    hand.type("payable.LFP.Li", "0.62")
    hand.type("common_source", "Quotes of the week")
    hand.press(".keep-bar .button")
    return hand


@pytest.mark.parametrize(("language", "has_script"), [("en", True), ("zh_Hans_CN", False)])
def test_a_first_edition_reaches_its_approver_within_ten_minutes(
    desk: SimpleNamespace, language: str, has_script: bool
) -> None:
    more = {"java_script_enabled": has_script, "viewport": {"width": 1280, "height": 900}}
    page, begun = desk.visit("/", "assessor", language, **more), time.monotonic()
    hand = write(page)
    draft = page.url
    expect(page.locator(".steps [aria-current=step]")).to_have_count(1)
    hand.press("form[action$='/propose'] .button")
    assert time.monotonic() - begun < MOST_SECONDS
    assert hand.clicks <= MOST_CLICKS
    assert hand.fields <= MOST_FIELDS
    assert page.locator("form[action$='/propose']").count() == 0

    other = desk.visit("/", "approver", language, **more)
    expect(other.locator("main .news a").first).to_have_attribute("href", re.compile("/editions/"))
    other.goto("/guides")
    other.locator(f"a.row[href='{draft[draft.index('/guides') :]}']").click()
    other.locator("a.button[href$='/approve']").click()
    with other.expect_navigation():
        other.locator("form[action$='/approve'] .button").click()
    expect(other.locator("main .tag.good")).to_be_visible()
    other.goto("/guides")
    expect(other.locator("tbody tr")).to_contain_text(["Bus batteries"])


def test_a_first_edition_is_filled_in_from_the_template(
    desk: SimpleNamespace, tmp_path: Path
) -> None:
    page = desk.visit("/", "assessor")
    hand = Hand(page)
    hand.press("main a[href='/guides/next']")
    hand.type("name", "Bus batteries")
    hand.press("main form .button")
    with page.expect_download() as download:
        page.locator("a[href*='template.xlsx']").click()
    table = sheets.read(Path(download.value.path()).read_bytes(), "edition.xlsx")
    places = {name: table.header.index(name) for name in ("name", "value", "source")}
    rows = [list(row.cells) for row in table.rows]
    for cells in rows:
        if cells[places["name"]] == "payable.LFP.Li":
            cells[places["value"]], cells[places["source"]] = 0.62, "Quotes of the week"
    filled = tmp_path / "filled.xlsx"
    filled.write_bytes(sheets.write_xlsx(table.header, rows))
    page.locator("main [name=sheet]").set_input_files(filled)
    hand.press("button[formaction]")
    expect(page.locator("[name='payable.LFP.Li']")).to_have_value("0.62")
    expect(page.locator("[name='payable.LFP.Li.source']")).to_have_value("Quotes of the week")
    hand.type("explanation", "From our own sheet.")
    hand.press(".keep-bar .button")
    expect(page.locator("form[action$='/propose']")).to_have_count(1)


def test_the_editor_moves_pastes_and_marks_as_a_spreadsheet(desk: SimpleNamespace) -> None:
    page = desk.visit("/", "assessor")
    hand = write(page)
    hand.press("form[action$='/propose'] .button")
    approver = desk.visit(f"{page.url}/approve", "approver")
    Hand(approver).press("form[action$='/approve'] .button")
    page.goto("/guides/next")
    first = page.locator("[name='payable.LFP.Li']")
    first.focus()
    page.keyboard.press("ArrowDown")
    below = page.evaluate("document.activeElement.name")
    assert below != "payable.LFP.Li"
    assert below.startswith("payable.")
    first.evaluate(PASTE, "0.5\tOwn survey\n0.4\tTheir survey\n")
    expect(first).to_have_value("0.5")
    expect(page.locator("[name='payable.LFP.Li.source']")).to_have_value("Own survey")
    expect(page.locator(f"[name='{below}']")).to_have_value("0.4")
    expect(page.locator(f"[name='{below}.source']")).to_have_value("Their survey")
    expect(page.locator("input.differs")).to_have_count(2)
    expect(page.locator("[data-count]")).to_contain_text("2")
    change = first.locator("xpath=ancestor::tr").locator("[data-change]")
    expect(change).to_have_text("−19.4%")
