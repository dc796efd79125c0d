"""A key that the browser makes, keeps and signs with, from enrolment to revocation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hands import prepared
from make import NOW
from playwright.sync_api import Browser, Page, expect
from serving_thread import served

from listings import db
from listings.custody import dump, log, signing
from listings.parties import Acting
from listings.users import User
from market.handovers import Handover
from market.web.app import create_app

pytestmark = pytest.mark.browser

# What a script in the page may find out about the kept key: nothing that would sign elsewhere.
STOLEN = """async () => {
  const opening = indexedDB.open("packbourse", 1);
  await new Promise((done) => { opening.onsuccess = done; });
  const keys = opening.result.transaction("keys").objectStore("keys").getAll();
  await new Promise((done) => { keys.onsuccess = done; });
  const formats = ["pkcs8", "jwk", "raw"];
  const tried = keys.result.flatMap((row) => formats.map((format) =>
    crypto.subtle.exportKey(format, row.privateKey).then(() => format, () => "refused")));
  return [keys.result.length, ...new Set(await Promise.all(tried))];
}"""
WITHOUT_ED25519 = """
crypto.subtle.generateKey = () => Promise.reject(new DOMException("", "NotSupportedError"));
"""
FORGOTTEN = """() => new Promise((done) => {
  indexedDB.deleteDatabase("packbourse").onsuccess = () => done();
})"""


@pytest.fixture
def trade(database: str, browser: Browser) -> Iterator[Any]:
    """A paid lot of two packs behind a real server, and a browser for each person."""
    with ExitStack() as stack:
        trade = stack.enter_context(prepared(database))
        trade.tick()
        app = create_app(SECRET_KEY="journey", SESSION_COOKIE_SECURE=False, CLOCK=lambda: trade.now)
        trade.now = NOW + timedelta(hours=6)
        host, port = stack.enter_context(served(app, database))

        def visit(acting: Acting, path: str, **more: Any) -> Page:
            context = browser.new_context(base_url=f"http://{host}:{port}", **more)
            stack.callback(context.close)
            context.set_default_timeout(15_000)
            cookie = {"name": "packbourse", "value": session(app, trade.now, acting)}
            context.add_cookies([{**cookie, "domain": host, "path": "/"}])
            page = context.new_page()
            page.on("console", lambda said: trade.said.append(said.text))
            page.goto(path)
            return page

        trade.visit, trade.said = visit, []
        yield trade


def session(app: Any, now: Any, acting: Acting) -> str:
    """The cookie of somebody who signed in just now, in English."""
    with db.transaction() as reading:
        user = reading.get_one(User, acting.user_id)
    kept = {"language": "en", "organisation": acting.organisation_id}
    kept |= {"_user_id": f"{user.id}.{user.session_number}", "confirmed_at": now.timestamp()}
    text: str = app.session_interface.get_signing_serializer(app).dumps(kept)
    return text


def press(page: Page, selector: str) -> None:
    """Press a button and wait for the page that follows."""
    with page.expect_navigation():
        page.locator(selector).click()


def proofs(handover: Any) -> list[dict[str, Any]]:
    with db.transaction() as reading:
        leaf = reading.get_one(Handover, handover.id).release_leaf
        return signing.proofs_of(log.parsed(reading.get_one(log.Leaf, leaf)))


def enrol(page: Page) -> None:
    page.locator("[data-key-enrol] [name=name]").fill("Yard tablet")
    press(page, "[data-key-enrol] .button")
    expect(page.locator(".flash")).to_contain_text("Yard tablet")


def test_a_browser_signs_with_its_key_until_it_is_revoked(trade: SimpleNamespace) -> None:
    one, two = trade.packs
    first, second = trade.ready([one]), trade.ready([two])
    trade.tick()
    page = trade.visit(trade.releaser, "/account/keys")
    expect(page.locator("[data-key-unsupported]")).to_be_hidden()
    enrol(page)
    expect(page.locator("[data-key-here]")).to_be_visible()
    assert page.evaluate(STOLEN) == [1, "refused"]

    page.goto(f"/handovers/{first.id}/release")
    page.locator("[name=seal]").fill("S-1")
    press(page, "[data-key-offer] button")
    expect(page.locator("[data-signed-document]")).to_contain_text('"seal":"S-1"')
    press(page, "[data-key-sign] .button >> nth=0")
    expect(page.locator(".flash")).to_contain_text("Signed.")
    other = trade.visit(trade.receiver, f"/handovers/{first.id}/release")
    expect(other.locator("[data-key-offer]")).to_have_count(0)
    press(other, "main form .button >> nth=0")
    expect(other.locator("main")).to_contain_text("signed with a device key")
    expect(other.locator("main")).to_contain_text("the platform signed for the person")
    device, platform = proofs(first)
    assert "attestedByPlatform" not in device
    assert platform["attestedByPlatform"] is True

    trade.now += timedelta(minutes=1)
    page.goto("/account/keys")
    press(page, "[data-key] form button")
    expect(page.locator(".flash")).to_contain_text("signs no more")
    expect(page.locator("[data-key-here]")).to_be_hidden()
    page.wait_for_function(f"async () => (await ({STOLEN})())[0] === 0")
    page.goto(f"/handovers/{second.id}/release")
    expect(page.locator("[data-key-offer]")).to_have_count(0)
    press(page, "main form .button >> nth=0")
    other.goto(f"/handovers/{second.id}/release")
    press(other, "main form .button >> nth=0")
    assert all(proof["attestedByPlatform"] for proof in proofs(second))
    with db.transaction() as reading:
        assert log.verify(reading) == []
        written = io.BytesIO()
        log.export(reading, written)
        written.seek(0)
        receipt = log.receipt(reading, 0)
        found = dump.verify(written, log.vkey(reading), [receipt])
        assert (found.signatures_checked, found.signed_by_devices) == (4, 1)
    assert trade.said == []


def test_another_browser_of_the_same_person_is_not_offered_the_key(trade: SimpleNamespace) -> None:
    handover = trade.ready()
    trade.tick()
    enrol(trade.visit(trade.releaser, "/account/keys"))
    page = trade.visit(trade.releaser, f"/handovers/{handover.id}/release")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-key-offer]")).to_be_hidden()
    page.locator("[name=seal]").press("Enter")
    expect(page.locator(".flash")).to_contain_text("Signed.")


@pytest.mark.parametrize("lack", ["Ed25519", "script"])
def test_a_browser_that_cannot_says_so(trade: SimpleNamespace, lack: str) -> None:
    trade.tick()
    page = trade.visit(trade.releaser, "/account", java_script_enabled=lack != "script")
    if lack == "Ed25519":
        page.add_init_script(WITHOUT_ED25519)
    press(page, "main a[href='/account/keys']")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-key-unsupported]")).to_be_visible()
    expect(page.locator("[data-key-enrol]")).to_be_hidden()


def test_a_key_that_vanished_from_the_browser_is_said_and_the_platform_signs(
    trade: SimpleNamespace,
) -> None:
    handover = trade.ready()
    trade.tick()
    page = trade.visit(trade.releaser, "/account/keys")
    enrol(page)
    page.goto(f"/handovers/{handover.id}/release")
    press(page, "[data-key-offer] button")
    page.evaluate(FORGOTTEN)
    page.locator("[data-key-sign] .button >> nth=0").click()
    expect(page.locator("[data-key-failed]")).to_be_visible()
    press(page, "[data-key-sign] .button >> nth=1")
    expect(page.locator(".flash")).to_contain_text("Signed.")
