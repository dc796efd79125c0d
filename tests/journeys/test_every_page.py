"""Every page that links lead to: it answers, stays within a phone, keeps its policy, and axe.

Each role is crawled once, half of them in Chinese. Pages that differ by a row only, such as those
of two lots, are visited twice.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
MOST_PAGES, MOST_ALIKE = 60, 2
PHONE, DESK = 390, 1280
NOT_PAGES = re.compile(r"\.(pdf|csv|json|xlsx|atom)$|/(document|file|log)$|/scans/|^/api/")
RUN_AXE = """() => axe.run(document, {resultTypes: ["violations"]}).then(found =>
  found.violations.filter(one => ["serious", "critical"].includes(one.impact))
    .flatMap(one => one.nodes.slice(0, 3).map(node => `${one.id}: ${node.html.slice(0, 160)}`)))"""
BEYOND = """() => {
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= width) return "";
  const wide = [...document.querySelectorAll("main *")].filter(
    one => one.getBoundingClientRect().right > width + 1 && !one.closest(".scroll"));
  return `${document.scrollingElement.scrollWidth} px: ` + (wide[0]?.outerHTML || "").slice(0, 160);
}"""


@dataclass
class Crawl:
    """Where a person was, where links still lead, and what was wrong on the way."""

    page: Page
    seen: set[str] = field(default_factory=set)
    alike: Counter[str] = field(default_factory=Counter)
    waiting: deque[str] = field(default_factory=lambda: deque(["/"]))
    problems: list[str] = field(default_factory=list)
    visited: int = 0
    dark: set[str] = field(default_factory=set)

    def listen(self) -> None:
        """Hear the console and failing scripts; a refused policy is said there too."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.add(f"script: {error}"))

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.add(f"console: {message.text}")

    def add(self, problem: str) -> None:
        """A problem of the page that is open."""
        self.problems.append(f"{urlsplit(self.page.url).path}: {problem}")

    def follow(self) -> None:
        """Visit what is waiting, with everything that its pages lead to."""
        while self.waiting and self.visited < MOST_PAGES:
            address = self.waiting.popleft()
            kind = kind_of(address)
            if address in self.seen or self.alike[kind] >= MOST_ALIKE:
                continue
            self.seen.add(address)
            self.alike[kind] += 1
            answer = self.page.goto(address)
            self.visited += 1
            if answer is None or answer.status >= 400:
                self.problems.append(f"{address}: status {answer and answer.status}")
                continue
            self.waiting.extend(self._links())
            self.examine(kind, is_first=self.alike[kind] == 1)

    def _links(self) -> list[str]:
        found = self.page.evaluate("() => [...document.links].map(link => link.href)")
        here = urlsplit(self.page.url)
        parts = [urlsplit(urldefrag(address).url) for address in found]
        return [
            part.path + (f"?{part.query}" if part.query else "")
            for part in parts
            if part.netloc == here.netloc and not NOT_PAGES.search(part.path)
        ]

    def examine(self, kind: str, *, is_first: bool) -> None:
        """Within a phone; axe in light for the first of a kind, in dark for the first of all."""
        page = self.page
        beyond = page.evaluate(BEYOND)
        if beyond:
            self.add(f"wider than a phone, {beyond}")
        if not is_first:
            return
        page.set_viewport_size({"width": DESK, "height": 900})
        page.evaluate(AXE.read_text())
        for scheme in ("light",) if kind in self.dark else ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for found in page.evaluate(RUN_AXE):
                self.add(f"axe in {scheme}, {found}")
        self.dark.add(kind)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": PHONE, "height": 900})


def kind_of(address: str) -> str:
    """An address without what tells one row from another."""
    kind = re.sub(r"(?<=/)([0-9]+|[0-9a-f-]{36}|[\w-]{22,})(?=/|$)", "*", address)
    return re.sub(r"=[^&]*", "=", re.sub("/series/.*", "/series/*", kind))


@pytest.fixture(scope="module")
def dark() -> set[str]:
    """Kinds of pages that were looked at in dark colours, by anybody."""
    return set()


@pytest.mark.parametrize(
    ("who", "language"),
    [
        ("", "en"), ("", "zh"), ("fleet", "zh"), ("buyer", "en"), ("operator", "zh"),
        ("regulator", "en"), ("valuer", "zh"), ("lab", "en"),
    ],
)  # fmt: skip
def test_every_page_answers_fits_a_phone_and_satisfies_axe(
    who: str, language: str, visit: Callable[..., Page], dark: set[str]
) -> None:
    if not AXE.is_file():
        pytest.skip("node_modules/axe-core is missing: `make test` installs it")
    crawl = Crawl(visit("/", who=who, language=language, width=PHONE), dark=dark)
    crawl.listen()
    crawl.follow()
    assert crawl.visited >= 8, "the crawl did not find its way"
    assert not crawl.problems, "\n".join(crawl.problems)
