"""A browser on the seeded market."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright
from serving_thread import served

from listings import db
from market import jobs, seed
from market.seeding import cast
from market.web.app import create_app

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
BEAT = timedelta(seconds=15)
SALE = timedelta(hours=2)  # longer than the journeys take on any machine


class Clock:
    """The market's clock: the machine's, set forward by tests instead of sleeping."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_until(self, at: datetime) -> None:
        """Set the clock to ``at``; the web process lived all the while since a quarter hour."""
        self.ahead += max(timedelta(0), at - self())
        for beats in range(61):
            jobs.heartbeat(at - beats * BEAT)


def missing() -> str | None:
    """What browser tests lack on this machine, or None."""
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        return "Chromium is missing"
    if not shutil.which("fc-list"):
        return "fontconfig is missing"
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return None if fonts.stdout.strip() else "a Chinese font is missing"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window.

    Of one module, because its event loop would be in the way of tests that run their own.
    """
    lacking = missing()
    if lacking:
        pytest.skip(f"{lacking}: browser tests are skipped")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seeded(
    template: sa.URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[sa.URL, Path]]:
    """The seeded market as a database and a data folder to copy."""
    from copies import copied

    folder = tmp_path_factory.mktemp("seeded")
    with pytest.MonkeyPatch.context() as patch, copied(template) as url:
        patch.setenv("PACKBOURSE_DATA", str(folder))
        patch.setattr(seed, "LASTS", SALE)
        seed.ensure(url, say=lambda _line: None)
        yield sa.make_url(url), folder


@pytest.fixture(scope="module")
def clock() -> Clock:
    """The clock of the market."""
    return Clock()


@pytest.fixture(scope="module")
def market(
    browser: Browser,
    seeded: tuple[sa.URL, Path],
    clock: Clock,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The seeded market behind a real server; its address without a slash at the end."""
    from copies import copied

    source, kept = seeded
    data = tmp_path_factory.mktemp("market") / "data"
    shutil.copytree(kept, data)
    with pytest.MonkeyPatch.context() as patch, copied(source) as url:
        patch.setenv("PACKBOURSE_DATA", str(data))
        engine = db.connect(url)
        seed.open_fresh_sale(clock())
        with served(create_app(SECRET_KEY="journey", CLOCK=clock), url) as (host, port):
            yield f"http://{host}:{port}"
        engine.dispose()


@pytest.fixture
def visit(browser: Browser, market: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the market in a browser of its own: language, width, colours, script.

    ``who`` is the mailbox of somebody of the cast who signs in first.
    """
    contexts = []

    def open_page(
        path: str = "/",
        *,
        who: str = "",
        language: str = "en",
        width: int = 1024,
        is_dark: bool = False,
        has_script: bool = True,
    ) -> Page:
        context = browser.new_context(
            base_url=market,
            locale="en-GB" if language == "en" else "zh-CN",
            viewport={"width": width, "height": 900},
            color_scheme="dark" if is_dark else "light",
            java_script_enabled=has_script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        if who:
            sign_in(page, who, language)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page: Page, who: str, language: str) -> None:
    """Through the form, in the language of the journey."""
    page.goto("/signin")
    page.locator("main [name=email]").fill(cast.address(who))
    page.locator("main [name=password]").fill(cast.PASSWORD)
    page.locator("main form .button").click()
    page.wait_for_url(lambda address: not address.endswith("/signin"))
    if (page.locator("html").get_attribute("lang") == "en") != (language == "en"):
        page.locator(".language button").click()
        page.wait_for_load_state()
