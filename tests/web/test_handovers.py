"""The pages of a handover: from the award to the receipt, and what the public sees of it."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hands import prepared
from make import NOW

from listings import db
from listings.custody import log, receipts
from listings.parties import Kind, Role
from market.handovers import Handover, HandoverState
from market.rules.dangerous_goods import Check
from market.web.public import mask


@pytest.fixture
def trade(database, clock):
    """A paid lot of two packs, held by a workshop, with everybody around it."""
    with prepared(database) as trade:
        trade.tick()
        trade.regulator = trade.make.member(trade.make.organisation(Kind.REGULATOR))
        trade.stranger = trade.make.member(trade.make.recycler())
        trade.clerk = trade.make.member(trade.workshop, Role.CLERK)
        trade.tick()
        clock.at = NOW + timedelta(hours=3)
        yield trade


@pytest.fixture
def ended(trade):
    """A handover that was accepted, whose pages are looked at."""
    handover = trade.arrived()
    trade.accept(handover)
    trade.tick()
    return handover


@pytest.fixture
def arrived(trade):
    """A handover whose goods are at the gate."""
    handover = trade.arrived()
    trade.tick()
    return handover


def only():
    with db.transaction() as reading:
        return reading.scalars(sa.select(Handover)).one()


def test_both_sides_take_a_handover_all_the_way_in_the_browser(trade, sign_in, clock):
    workshop, buyer = sign_in(trade.releaser), sign_in(trade.receiver)
    page = workshop.get("/handovers").text
    assert f"/handovers/new?award={trade.award.id}" in page
    assert trade.packs[0].name in workshop.get(f"/handovers/new?award={trade.award.id}").text
    sent = workshop.post(
        "/handovers/new",
        data={"award": trade.award.id, "pack_ids": [pack.id for pack in trade.packs]},
    )
    assert sent.status_code == 303
    address = sent.headers["Location"]
    for browser in (workshop, buyer):
        assert "Agree for my side" in browser.get(address).text
        assert browser.post(f"{address}/agree").status_code == 303
    answers = {check.value: "yes" for check in Check} | {"soc_percent": "35"}
    for browser in (buyer, workshop):
        assert "Joint safety check" in browser.get(address).text
        assert browser.post(f"{address}/check", data=answers).status_code == 303
    assert "high for carriage" in workshop.get(address).text
    assert "Go to the signature" not in buyer.get(address).text
    assert "Sign the release" in workshop.get(f"{address}/release").text
    plate = {"vehicle_plate": "皖A12345"}
    assert workshop.post(f"{address}/release", data=plate).status_code == 303
    assert "皖A12345" in buyer.get(f"{address}/release").text
    assert buyer.post(f"{address}/release").status_code == 303
    assert buyer.post(f"{address}/arrive").status_code == 303
    found = {f"finding_{pack.id}": "accepted" for pack in trade.packs}
    found |= {"gross_kg": "9,960", "tare_kg": "9000", "ticket": "W-7"}
    assert trade.packs[0].name in buyer.get(f"{address}/acceptance").text
    confirm = buyer.post(f"{address}/acceptance/confirm", data=found).text
    assert "960.0 kg" in confirm
    assert f'name="finding_{trade.packs[0].id}" value="accepted"' in confirm
    assert buyer.post(f"{address}/acceptance", data=found).status_code == 303
    assert only().state is HandoverState.ACCEPTED
    page = buyer.get(address).text
    assert "the platform signed for the person" in page
    assert "packbourse receipt verify" in page


def test_a_signature_asks_for_the_password_again(trade, sign_in):
    handover = trade.ready()
    trade.tick()
    old = sign_in(trade.releaser, is_recent=False)
    address = f"/handovers/{handover.id}/release"
    assert 'name="password"' in old.get(address).text
    refused = old.post(address)
    assert refused.status_code == 422
    assert "Enter your password to confirm." in refused.text


def test_an_open_question_of_the_safety_check_keeps_what_was_answered(trade, sign_in):
    handover = trade.agreed()
    trade.tick()
    refused = sign_in(trade.releaser).post(
        f"/handovers/{handover.id}/check", data={"no_leakage": "no", "soc_percent": "20"}
    )
    assert refused.status_code == 422
    assert "Answer every question" in refused.text
    assert 'name="no_leakage" value="no" checked' in refused.text


def test_a_rejection_without_its_reason_names_the_field(trade, sign_in, arrived):
    one, two = trade.packs
    data = {f"finding_{one.id}": "accepted", f"finding_{two.id}": "rejected", "gross_kg": "abc"}
    refused = sign_in(trade.receiver).post(f"/handovers/{arrived.id}/acceptance/confirm", data=data)
    assert refused.status_code == 422
    assert f"#f-discrepancy_{two.id}" in refused.text
    assert "is not a number" in refused.text
    assert 'value="abc"' in refused.text


def test_strangers_and_the_wrong_side_are_kept_out(trade, sign_in, arrived, client):
    address = f"/handovers/{arrived.id}"
    for path in ("", "/note.pdf", "/labels.pdf", "/receipts/0.json"):
        assert sign_in(trade.stranger).get(address + path).status_code == 404
        assert client.get(address + path).status_code == 303
    assert sign_in(trade.releaser).get(f"{address}/acceptance").status_code == 403
    assert sign_in(trade.clerk).get(f"{address}/acceptance").status_code == 403
    assert sign_in(trade.stranger).get(f"/handovers/new?award={trade.award.id}").status_code == 404
    assert sign_in(trade.stranger).post(f"{address}/arrive").status_code == 404
    assert sign_in(trade.regulator).get(address).status_code == 200


def test_a_receipt_can_be_downloaded_and_verifies_offline(trade, sign_in, ended):
    address = f"/handovers/{ended.id}/receipts/{ended.release_leaf}.json"
    for side in (trade.releaser, trade.receiver):
        sent = sign_in(side).get(address)
        assert "attachment" in sent.headers["Content-Disposition"]
        with db.transaction() as reading:
            assert receipts.verify(sent.data, log.vkey(reading)).index == ended.release_leaf
    assert sign_in(trade.receiver).get(address.replace("/0.", "/99.")).status_code == 404


def test_the_note_and_the_labels_are_papers(trade, sign_in, ended):
    for paper in ("note", "labels"):
        sent = sign_in(trade.receiver).get(f"/handovers/{ended.id}/{paper}.pdf")
        assert sent.mimetype == "application/pdf"
        assert sent.data.startswith(b"%PDF-")


def test_anyone_sees_that_a_chain_is_whole_without_code_or_person(trade, client, ended):
    pack = trade.packs[0]
    page = client.get(f"/public/{pack.public_token}").text
    assert "This chain is whole." in page
    assert trade.workshop.called in page
    assert trade.buyer.called in page
    assert pack.name not in page
    with db.transaction() as reading:
        from listings.users import User

        for acting in (trade.releaser, trade.receiver):
            assert reading.get(User, acting.user_id).name not in page
    assert (
        client.get(f"/p/{pack.public_token}")
        .headers["Location"]
        .endswith(f"/public/{pack.public_token}")
    )


@pytest.mark.parametrize(
    ("name", "masked"),
    [("04QPB3A9JK0000A88000001X", "•" * 20 + "001X"), ("P-3", "••3"), ("PB-7", "•••7")],
)
def test_a_masked_name_never_shows_more_than_a_third(name, masked):
    assert mask(name) == masked


def test_the_regulator_sees_code_and_names(trade, sign_in, ended):
    from listings.users import User

    pack = trade.packs[0]
    page = sign_in(trade.regulator).get(f"/custody/{pack.id}").text
    with db.transaction() as reading:
        name = reading.get(User, trade.releaser.user_id).name
    assert pack.name in page
    assert name in page
    assert name not in sign_in(trade.receiver).get(f"/custody/{pack.id}").text


def test_a_chain_with_a_changed_record_is_said_to_be_broken(trade, client, ended):
    with trade.session.bind.connect() as connection:
        connection.execute(sa.text("RESET ROLE"))
        connection.execute(sa.text("ALTER TABLE leaf DISABLE TRIGGER USER"))
        connection.execute(
            sa.text(
                "UPDATE leaf SET record = convert_to(replace(convert_from(record, 'UTF8'),"
                " '960', '961'), 'UTF8') WHERE sequence = 0"
            )
        )
        connection.commit()
    page = client.get(f"/public/{trade.packs[0].public_token}").text
    assert "This chain is broken." in page
    assert "This chain is whole." not in page


def test_a_pack_that_was_never_handed_over_has_a_page_too(trade, client):
    page = client.get(f"/public/{trade.packs[0].public_token}").text
    assert "has not been handed over here" in page
    assert client.get("/public/nothing-of-the-kind").status_code == 404


def test_a_receipt_is_checked_against_the_log_without_signing_in(trade, client, ended):
    with db.transaction() as reading:
        document = log.receipt(reading, ended.acceptance_leaf)

    def hand_in(content):
        data = {"receipt": (io.BytesIO(content), "receipt.json")}
        return client.post("/public/receipt", data=data)

    assert "the log still has its record" in hand_in(document).text
    refused = hand_in(document.replace(b"tree_size", b"tree_sise"))
    assert refused.status_code == 422
    assert "not a receipt" in refused.text
    assert hand_in(b"").status_code == 422
    assert "Choose a file." in client.post("/public/receipt", data={}).text


def test_a_typed_token_leads_to_the_pack_and_a_wrong_one_is_said(trade, client):
    token = trade.packs[0].public_token
    for typed in (token, f"http://localhost/p/{token}"):
        found = client.get("/public", query_string={"token": typed})
        assert found.headers["Location"].endswith(f"/public/{token}")
    refused = client.get("/public", query_string={"token": "falsch"})
    assert refused.status_code == 422
    assert "No label carries the token" in refused.text


def test_the_head_of_the_log_is_published_as_text(trade, client, ended):
    sent = client.get("/public/log")
    with db.transaction() as reading:
        head, vkey = log.latest(reading), log.vkey(reading)
    assert sent.mimetype == "text/plain"
    assert sent.text == f"{head.note}\nvkey: {vkey}\n"


def test_an_empty_log_is_said_to_be_empty(trade, client):
    assert client.get("/public/log").status_code == 404
    assert "The log is empty" in client.get("/public").text
