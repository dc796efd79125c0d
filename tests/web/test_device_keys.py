"""Pages on which a browser's own key is enrolled, signs and is revoked; the script is played here."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from datetime import timedelta

import pytest
from browser_keys import BrowserKey
from hands import prepared
from make import NOW

from listings import db
from listings.custody import log, signing
from listings.parties import Role
from market.handovers import Handover, HandoverState


@pytest.fixture
def trade(database, clock):
    """A paid lot of two packs, held by a workshop."""
    with prepared(database) as trade:
        trade.tick()
        clock.at = NOW + timedelta(hours=3)
        yield trade


def enrol(browser, *, key=None, page=None, **changes):
    key = key or BrowserKey()
    page = browser.get("/account/keys").text if page is None else page
    statement = html.unescape(re.search(r'data-statement="([^"]*)"', page)[1]) + key.public_key
    data = {"name": "Yard tablet", "public_key": key.public_key}
    data["proof"] = b64encode(key.secret.sign(statement.encode())).decode()
    return key, browser.post("/account/keys", data=data | changes)


def shown(page, name):
    return html.unescape(re.search(rf"data-signed-{name}>([^<]*)<", page)[1]).encode()


def filled(key, page, **facts):
    signature = key.signature(shown(page, "options"), shown(page, "document"))
    request = re.search(r'name="request" value="([^"]*)"', page)[1]
    return {"request": request, "signature": signature, **facts}


def stored(handover):
    with db.transaction() as reading:
        found = reading.get(Handover, handover.id)
        leaf = reading.get(log.Leaf, found.release_leaf) if found.release_leaf is not None else None
        return found, log.parsed(leaf) if leaf else None


def test_a_browser_enrols_its_key_and_signs_release_and_acceptance(trade, sign_in, clock, client):
    handover = trade.ready()
    trade.tick()
    address = f"/handovers/{handover.id}"
    workshop, buyer = sign_in(trade.releaser), sign_in(trade.receiver)
    assert "data-key-offer" not in workshop.get(f"{address}/release").text
    ours, sent = enrol(workshop)
    assert sent.status_code == 303
    theirs, _ = enrol(buyer)
    assert "Yard tablet" in workshop.get("/account/keys").text
    assert f'data-key-offer="{ours.public_key}"' in workshop.get(f"{address}/release").text
    plate = {"vehicle_plate": "皖A12345"}
    page = workshop.post(f"{address}/release/prepare", data={"key": ours.public_key, **plate}).text
    assert "皖A12345" not in shown(page, "document").decode()
    assert 'name="vehicle_plate" value="皖A12345"' in page
    clock.at += timedelta(minutes=3)
    signed = workshop.post(f"{address}/release/device", data=filled(ours, page, **plate))
    assert signed.status_code == 303
    page = buyer.post(f"{address}/release/prepare", data={"key": theirs.public_key}).text
    assert "proofValue" in shown(page, "document").decode()
    assert buyer.post(f"{address}/release/device", data=filled(theirs, page)).status_code == 303
    assert buyer.post(f"{address}/arrive").status_code == 303
    found = {f"finding_{pack.id}": "accepted" for pack in trade.packs}
    confirm = buyer.post(f"{address}/acceptance/confirm", data=found).text
    assert f'formaction="{address}/acceptance/prepare"' in confirm
    data = {"key": theirs.public_key, **found}
    page = buyer.post(f"{address}/acceptance/prepare", data=data).text
    sent = buyer.post(f"{address}/acceptance/device", data=filled(theirs, page, **found))
    assert sent.status_code == 303
    page = buyer.get(address).text
    assert page.count("signed with a device key") == 3
    assert "the platform signed for the person" not in page
    assert stored(handover)[0].state is HandoverState.ACCEPTED
    public = client.get(f"/public/{trade.packs[0].public_token}").text
    assert "This chain is whole." in public
    assert public.count("signed with a device key") == 3


def test_without_script_or_key_the_platform_signs_as_before(trade, sign_in):
    handover = trade.ready()
    trade.tick()
    address = f"/handovers/{handover.id}"
    workshop, buyer = sign_in(trade.releaser), sign_in(trade.receiver)
    enrol(workshop)
    page = workshop.get(f"{address}/release").text
    own = page.index("Sign the release</button>")
    assert own < page.index("data-key-offer") < page.index("formaction=")
    assert workshop.post(f"{address}/release").status_code == 303
    assert buyer.post(f"{address}/release").status_code == 303
    proofs = signing.proofs_of(stored(handover)[1])
    assert [proof.get("attestedByPlatform") for proof in proofs] == [True, True]


def test_a_signature_sent_twice_leads_to_the_handover_with_a_sentence(trade, sign_in):
    handover = trade.ready()
    trade.tick()
    address, workshop = f"/handovers/{handover.id}/release", sign_in(trade.releaser)
    key, _ = enrol(workshop)
    page = workshop.post(f"{address}/prepare", data={"key": key.public_key}).text
    data = filled(key, page)
    assert workshop.post(f"{address}/device", data=data).status_code == 303
    again = workshop.post(f"{address}/device", data=data)
    assert again.status_code == 409
    assert "received already" in again.text


def test_a_late_or_wrong_signature_keeps_what_was_typed(trade, sign_in, clock):
    handover = trade.ready()
    trade.tick()
    address, workshop = f"/handovers/{handover.id}/release", sign_in(trade.releaser)
    key, _ = enrol(workshop)
    facts = {"seal": "S-77"}
    page = workshop.post(f"{address}/prepare", data={"key": key.public_key, **facts}).text
    data = filled(key, page, **facts)
    for wrong, sentence in (
        ({"signature": b64encode(bytes(64)).decode()}, "does not fit the record"),
        ({"signature": ""}, "sent no signature"),
        ({"signature": "%"}, "sent no signature"),
        ({"request": "nothing"}, "made for something else"),
        ({"seal": "S-78"}, "no longer what would be recorded"),
    ):
        refused = workshop.post(f"{address}/device", data=data | wrong)
        assert refused.status_code in {409, 422}
        assert sentence in refused.text
        assert "S-7" in refused.text
    clock.at += timedelta(minutes=5)
    late = workshop.post(f"{address}/device", data=data)
    assert late.status_code == 409
    assert "5 minutes" in late.text
    assert stored(handover)[0].pending_record is None


def test_a_device_signature_asks_for_the_password_too(trade, sign_in):
    handover = trade.ready()
    trade.tick()
    key, _ = enrol(sign_in(trade.releaser))
    old = sign_in(trade.releaser, is_recent=False)
    for step in ("prepare", "device"):
        refused = old.post(f"/handovers/{handover.id}/release/{step}", data={"key": key.public_key})
        assert refused.status_code == 422
        assert "Enter your password to confirm." in refused.text


def test_enrolment_asks_for_the_password_and_a_challenge_counts_once(trade, sign_in):
    old = sign_in(trade.releaser, is_recent=False)
    _, refused = enrol(old)
    assert refused.status_code == 422
    assert "Enter your password to confirm." in refused.text
    browser, other = sign_in(trade.releaser), sign_in(trade.releaser)
    page = browser.get("/account/keys").text
    other.get("/account/keys")
    _, elsewhere = enrol(other, page=page)
    assert "did not prove" in elsewhere.text
    assert enrol(browser, page=page)[1].status_code == 303
    _, repeated = enrol(browser, page=page)
    assert repeated.status_code == 422
    assert "did not prove" in repeated.text


def test_a_form_without_script_enrols_nothing_and_says_so(trade, sign_in):
    browser = sign_in(trade.releaser)
    for changes, sentence in (
        ({"public_key": "", "proof": ""}, "did not prove"),
        ({"proof": "%"}, "did not prove"),
        ({"public_key": "z6Mkwrong"}, "not a usable Ed25519 key"),
        ({"name": ""}, "Fill in this field."),
    ):
        _, refused = enrol(browser, **changes)
        assert refused.status_code == 422
        assert sentence in refused.text
    assert "No device of yours has a key yet" in browser.get("/account/keys").text


def test_a_revoked_key_is_offered_no_more_and_signs_nothing(trade, sign_in, client):
    handover = trade.ready()
    trade.tick()
    address, workshop = f"/handovers/{handover.id}/release", sign_in(trade.releaser)
    key, _ = enrol(workshop)
    page = workshop.post(f"{address}/prepare", data={"key": key.public_key}).text
    path = re.search(r"/account/keys/\d+/revoke", workshop.get("/account/keys").text)[0]
    assert sign_in(trade.receiver).post(path).status_code == 404
    assert client.post(path).status_code == 303
    assert workshop.post(path).status_code == 303
    assert "signs no more" in workshop.get("/account/keys").text
    assert "data-key-offer" not in workshop.get(address).text
    refused = workshop.post(f"{address}/device", data=filled(key, page))
    assert refused.status_code == 409
    assert "was revoked" in refused.text
    assert workshop.post(address).status_code == 303


def test_a_role_that_does_not_sign_enrols_no_key(trade, sign_in):
    acting = trade.make.member(trade.workshop, Role.CLERK)
    trade.tick()
    clerk = sign_in(acting)
    assert "needs no key" in clerk.get("/account/keys").text
    assert clerk.post("/account/keys", data={"name": "x"}).status_code == 403


def test_the_script_comes_from_this_site_and_nothing_is_inline(trade, sign_in):
    sent = sign_in(trade.releaser).get("/account/keys")
    assert "script-src 'self'" in sent.headers["Content-Security-Policy"]
    scripts = re.findall(r"<script([^>]*)>([^<]*)</script>", sent.text)
    assert any("/static/js/device_keys.js" in attributes for attributes, _ in scripts)
    assert all("src=" in attributes and not body for attributes, body in scripts)
