"""The picture of a lot page in the README, made from the seeded market."""

from __future__ import annotations

import os
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parent / "pictures"
KEPT = Path(__file__).parents[2] / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 1370


def test_a_picture_of_an_open_lot_is_made_for_the_readme(visit: Callable[..., Page]) -> None:
    """Where WRITE_PICTURES is 1, the committed picture is replaced too."""
    page = visit("/catalogue?grade=A", who="buyer", width=WIDTH)
    page.locator("tbody a.row").filter(has_text=re.compile("整批")).click()
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    expect(page.locator(".status .left")).not_to_be_empty()
    expect(page.locator("#state .pic-histogram")).to_be_visible()
    PICTURES.mkdir(exist_ok=True)
    made = PICTURES / "lot.png"
    page.screenshot(path=made)
    content = made.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (WIDTH, HEIGHT)
    if os.environ.get("WRITE_PICTURES") == "1":
        KEPT.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, KEPT / made.name)
