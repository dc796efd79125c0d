"""Web server and database are killed in the middle of bidding: what was answered is there."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from bench import bids as bench
from listings import db, embedded
from listings.parties import Kind, Membership, Organisation, OrganisationKind, Role
from listings.users import User
from market import schema, seed, verify
from market.auctions import Auction
from market.bids import Bid

ENOUGH = 25


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A durable deployment of its own."""
    monkeypatch.setenv("PACKBOURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SECRET_KEY", bench.SECRET)
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")
    return tmp_path / "data"


def bidders() -> list[tuple[User, int]]:
    """Second-life firms' administrators, one a firm, without four eyes."""
    with db.transaction() as session:
        found = session.execute(
            sa.select(User, Membership.organisation_id)
            .join(Membership, Membership.user_id == User.id)
            .join(
                OrganisationKind,
                OrganisationKind.organisation_id == Membership.organisation_id,
            )
            .join(Organisation, Organisation.id == Membership.organisation_id)
            .where(
                OrganisationKind.kind == Kind.SECOND_LIFE,
                Membership.role == Role.ADMIN,
                Organisation.has_four_eyes.is_(False),
            )
        )
        return [(user, organisation_id) for user, organisation_id in found]


def keep_bidding(port, lot_id, bidder, *, maxima, acknowledged, reached):
    """Bid until the connection breaks; remember the key of each answered bid."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Cookie": bidder.cookie, "Content-Type": "application/x-www-form-urlencoded"}
    for turn in itertools.count():
        maximum = next(maxima)
        key = f"{bidder.token[-12:]}-{turn}"
        form = {"maximum": f"{maximum}.00", "form_key": key, "csrf_token": bidder.token}
        try:
            connection.request("POST", f"/lots/{lot_id}/bid", urlencode(form), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()
            return
        if answer.status == 303 and answer.headers["Location"].endswith(f"/lots/{lot_id}"):
            acknowledged.append(key)
        if len(acknowledged) >= ENOUGH:
            reached.set()


def test_no_acknowledged_bid_is_lost_and_every_invariant_holds_after_sigkill(data):
    server = embedded.open(data / "postgres")
    url = server.url
    schema.upgrade(url)
    seed.ensure(url, say=lambda _line: None)
    engine = db.connect(url)
    with db.transaction() as session:
        lot_id = seed.fresh_sales(session)[-1].lot_id
    browsers = bench.browsers(bidders())
    assert len(browsers) > 1
    port = bench.free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "market", "serve", "--port", str(port)],
        env={**os.environ, "DATABASE_URL": url},
    )
    bench.await_answer(port)
    acknowledged: list[str] = []
    reached, maxima = threading.Event(), itertools.count(100, 3)
    threads = [
        threading.Thread(
            target=keep_bidding,
            args=(port, lot_id, browser),
            kwargs={"maxima": maxima, "acknowledged": acknowledged, "reached": reached},
        )
        for browser in browsers
    ]
    for thread in threads:
        thread.start()
    enough = reached.wait(60)
    postmaster = int((server.cluster / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    web.kill()
    web.wait()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert enough, f"only {len(acknowledged)} bids were answered"

    server.stop()
    again = embedded.open(data / "postgres")
    try:
        engine = db.connect(again.url)
        with db.transaction() as session:
            kept = set(session.scalars(sa.select(Bid.form_key)))
            assert set(acknowledged) <= kept
            assert session.scalar(sa.select(sa.func.count()).select_from(Auction)) > 0
        with db.transaction() as session:
            assert verify.verify(session)["problems"] == []
        engine.dispose()
    finally:
        again.stop()
