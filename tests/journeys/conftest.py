"""A browser on the seeded market."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright
from serving_thread import served

from listings import db
from market import seed
from market.web.app import create_app

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURES = Path(__file__).parent / "pictures"


def missing() -> str | None:
    """What browser tests lack on this machine, or None."""
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        return "Chromium is missing"
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return None if fonts.stdout.strip() else "a Chinese font is missing"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    lacking = missing()
    if lacking:
        pytest.skip(f"{lacking}: browser tests are skipped")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def market(template: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The seeded market behind a real server; its address without a slash at the end."""
    from conftest import copied

    data = tmp_path_factory.mktemp("market")
    before = os.environ.get("PACKBOURSE_DATA")
    os.environ["PACKBOURSE_DATA"] = str(data)
    with copied(template) as url:
        engine = db.connect(url)
        seed.ensure(url)
        with served(create_app(SECRET_KEY="journey"), url) as (host, port):
            yield f"http://{host}:{port}"
        engine.dispose()
    if before is None:
        del os.environ["PACKBOURSE_DATA"]
    else:
        os.environ["PACKBOURSE_DATA"] = before


@pytest.fixture
def visit(browser: Browser, market: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the market in a browser of its own: language, width, colours, script."""
    contexts = []

    def open_page(
        path: str = "/",
        *,
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
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
