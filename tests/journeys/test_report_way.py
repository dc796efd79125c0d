"""A lab's way from a tester's file to a signed report, and a stranger's check of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from make import NOW, Make
from playwright.sync_api import Browser, Page, expect
from serving_thread import served

from listings import db
from listings.health.synthetic import write_bdf
from listings.parties import Acting, Kind
from listings.users import User
from market.web.app import create_app

pytestmark = pytest.mark.browser
SHARED = Path(__file__).resolve().parents[2].parent / "shared/data/neware"
MOST_SECONDS = 60.0
CELL_AH = 5.0


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The M50T file where the shared data are there, else a synthetic test of such a cell."""
    real = sorted(path for path in SHARED.glob("*M50T*.ndax"))
    if real:
        return real[0]
    path = tmp_path_factory.mktemp("raw") / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=CELL_AH, soh=0.944)
    return path


@pytest.fixture
def bench(database: str, browser: Browser) -> Iterator[SimpleNamespace]:
    """A lab with a pack on its bench behind a real server; ``visit`` opens a browser."""
    with db.transaction() as session:
        make = Make(session)
        pack_type = make.pack_type(
            rated_capacity_ah=Decimal(5), rated_voltage_v=Decimal("3.63"),
            rated_energy_kwh=Decimal("0.018"), cell_rated_capacity_ah=Decimal(5),
            upper_cutoff_v=Decimal("4.2"), cells_in_series=1,
        )  # fmt: skip
        pack = make.pack(make.organisation(Kind.FLEET_OWNER), pack_type)
        lab = make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L0001"))
        bench = SimpleNamespace(pack=pack.name)
    app = create_app(SECRET_KEY="journey", SESSION_COOKIE_SECURE=False, CLOCK=lambda: NOW)
    with ExitStack() as stack:
        host, port = stack.enter_context(served(app, database))

        def visit(path: str, *, signed_in: bool, language: str, **more: Any) -> Page:
            context = browser.new_context(base_url=f"http://{host}:{port}", **more)
            stack.callback(context.close)
            context.set_default_timeout(30_000)
            value = cookie(app, lab if signed_in else None, language)
            kept = {"name": "packbourse", "value": value, "domain": host, "path": "/"}
            context.add_cookies([kept])
            page = context.new_page()
            page.goto(path)
            return page

        bench.visit = visit
        yield bench


def cookie(app: Any, acting: Acting | None, language: str) -> str:
    """The session of a visitor, or of somebody who signed in just now."""
    kept: dict[str, Any] = {"language": language}
    if acting is not None:
        with db.transaction() as reading:
            user = reading.get_one(User, acting.user_id)
        kept |= {"_user_id": f"{user.id}.{user.session_number}", "confirmed_at": NOW.timestamp()}
        kept["organisation"] = acting.organisation_id
    text: str = app.session_interface.get_signing_serializer(app).dumps(kept)
    return text


class Hand:
    """Counts what a person presses and types."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.typed = page, 0, 0

    def press(self, selector: str) -> None:
        """Press and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.locator(selector).click()
        self.clicks += 1

    def type(self, name: str, text: str) -> None:
        """Fill one field of the form."""
        self.page.locator(f"main [name={name}]").fill(text)
        self.typed += 1


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
def test_a_lab_signs_in_under_a_minute_and_a_stranger_checks_it(
    bench: SimpleNamespace, raw: Path, language: str
) -> None:
    page = bench.visit(f"/reports/new?pack={bench.pack}", signed_in=True, language=language)
    hand, begun = Hand(page), time.monotonic()
    page.locator("main [name=subject]").select_option("cell")
    hand.type("subject_position", "1")
    page.locator("main [name=file]").set_input_files(raw)
    hand.press("main form .button")
    expect(page.locator("table tbody tr").first).to_be_visible()
    assert page.locator("[name=coverage]").input_value()
    hand.press("main form .button")
    took = time.monotonic() - begun
    assert re.search(r"/reports/\d+$", page.url)
    assert took < MOST_SECONDS
    assert (hand.clicks, hand.typed) == (2, 1)
    expect(page.locator("main .tag.good").first).to_be_visible()
    check = page.locator("main a[href^='/r/']").get_attribute("href")

    stranger = bench.visit(
        check, signed_in=False, language=language, java_script_enabled=False,
        viewport={"width": 390, "height": 800},
    )  # fmt: skip
    expect(stranger.locator("main .note.good")).to_have_count(1)
    stranger.locator("main [name=file]").set_input_files(raw)
    stranger.locator("main form .button").click()
    expect(stranger.locator("#answer .note.good")).to_be_visible()
    assert stranger.locator("#answer td .tag.bad").count() == 0
    width = "document.documentElement.scrollWidth"
    assert stranger.evaluate(width) <= stranger.viewport_size["width"]


def test_a_wrong_field_does_not_ask_for_the_file_again(bench: SimpleNamespace, raw: Path) -> None:
    page = bench.visit("/reports/new", signed_in=True, language="en")
    hand = Hand(page)
    hand.type("pack", "NOTHING")
    page.locator("main [name=subject]").select_option("cell")
    hand.type("subject_position", "1")
    page.locator("main [name=file]").set_input_files(raw)
    hand.press("main form .button")
    expect(page.locator("#problems")).to_be_visible()
    hand.type("pack", bench.pack)
    hand.press("main form .button")
    expect(page).to_have_url(re.compile("/reports/review/"))
