"""Accepted bids per second over HTTP, on one hot lot and on many, against pgbench.

The reference is pgbench running the same locking transaction (lock the sale, read, write bid, act
and outbox row, commit durably) with as many clients on the same server in the same run.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_wtf.csrf import generate_csrf
from make import Make

from listings import db, embedded
from listings.parties import Kind, Role
from listings.users import User
from market import schema
from market.web.app import create_app

CLIENTS = 8
SECONDS = 8.0
LOTS = 64
SECRET = "bench"
STEP = 100
SCRIPT = Path(__file__).parent / "bid.sql"


@dataclass(frozen=True)
class Bidder:
    """A signed-in browser: its cookie and the token of its forms."""

    cookie: str
    token: str


def rows(url: str) -> tuple[list[int], list[tuple[User, int]]]:
    """Open sales without deposit, and licensed bidders."""
    db.connect(url)
    at = datetime.now(UTC)
    with db.transaction() as session:
        make = Make(session)
        seller = make.organisation(Kind.FLEET_OWNER)
        opens = {"opens_at": at - timedelta(hours=1), "published_at": at - timedelta(hours=2)}
        closes = at + timedelta(hours=6)
        lots = [
            make.auction(
                make.lot(seller),
                start_minor=STEP,
                increments=[[0, 1]],
                closes_at=closes,
                original_closes_at=closes,
                **opens,
            ).lot_id
            for _ in range(LOTS)
        ]
        bidders = [make.member(make.recycler(), Role.TRADER) for _ in range(CLIENTS)]
        people = [(session.get_one(User, one.user_id), one.organisation_id) for one in bidders]
    return lots, people


def browsers(people: list[tuple[User, int]]) -> list[Bidder]:
    """Session cookies as the server itself would sign them."""
    app = create_app(SECRET_KEY=SECRET)
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    found = []
    for user, organisation_id in people:
        with app.test_request_context():
            from flask import session

            token = generate_csrf()
            kept = {
                **session,
                "_user_id": f"{user.id}.{user.session_number}",
                "_fresh": True,
                "organisation": organisation_id,
                "confirmed_at": time.time(),
                "language": "en",
            }
        found.append(Bidder(f"packbourse={signer.dumps(kept)}", token))
    return found


def bid_all(port: int, lots: list[int], bidders: list[Bidder]) -> tuple[float, float]:
    """Every bidder bids as fast as it is answered; accepted and refused bids per second."""
    maxima = itertools.count(1)
    accepted, refused = itertools.count(), itertools.count()
    barrier = threading.Barrier(len(bidders) + 1)
    until = [0.0]

    def work(bidder: Bidder, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {
            "Cookie": bidder.cookie,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        barrier.wait()
        for turn in itertools.count(number):
            if time.monotonic() >= until[0]:
                return
            maximum = next(maxima) * STEP
            form = {
                "maximum": f"{maximum / 100:.2f}",
                "form_key": f"{number}-{turn}-{maximum}",
                "csrf_token": bidder.token,
            }
            lot = lots[turn % len(lots)]
            connection.request("POST", f"/lots/{lot}/bid", urlencode(form), headers)
            answer = connection.getresponse()
            answer.read()
            next(accepted if answer.status == 303 else refused)

    threads = [
        threading.Thread(target=work, args=(bidder, number))
        for number, bidder in enumerate(bidders)
    ]
    for thread in threads:
        thread.start()
    until[0] = time.monotonic() + SECONDS
    barrier.wait()
    begun = time.monotonic()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - begun
    return next(accepted) / spent, next(refused) / spent


def pgbench(server: embedded.Server, lots: int) -> float:
    """Transactions per second of the same locking transaction."""
    command = [
        str(server.binary("pgbench")), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2",
        "-T", str(int(SECONDS)), "-D", f"auctions={lots}", "-f", str(SCRIPT),
        "-h", str(server.socket_dir), "-U", "postgres", "packbourse",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def scratch(url: str) -> None:
    """Tables for the reference, of the same width as the real ones."""
    engine = db.make_engine(url, role=None, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for name in ("bid", "act", "change"):
            connection.execute(sa.text(f"CREATE TABLE bench_{name} (LIKE {name} INCLUDING ALL)"))
        for name in ("number", "user_id", "price_minor", "leader_id", "ends_at", "form_key"):
            connection.execute(sa.text(f"ALTER TABLE bench_bid ALTER COLUMN {name} DROP NOT NULL"))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/healthz")
            with connection.getresponse() as answer:
                if answer.status == 200:
                    return
        time.sleep(0.1)
    raise SystemExit("the web server did not answer")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="pbbench-", ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        data.chmod(0o711)
        server = embedded.open(data / "postgres")
        os.environ |= {"PACKBOURSE_DATA": folder, "DATABASE_URL": server.url, "SECRET_KEY": SECRET}
        schema.upgrade(server.url)
        scratch(server.url)
        lots, people = rows(server.url)
        bidders = browsers(people)
        port = free_port()
        web = subprocess.Popen([sys.executable, "-m", "market", "serve", "--port", str(port)])
        try:
            await_answer(port)
            print(f"{CLIENTS} clients, {SECONDS:.0f} s each; durable commits")
            print(f"{'':14}{'pgbench/s':>12}{'accepted/s':>12}{'refused/s':>12}{'ratio':>8}")
            for name, chosen in (("one hot lot", lots[:1]), (f"{LOTS} lots", lots)):
                reference = pgbench(server, len(chosen))
                accepted, refused = bid_all(port, chosen, bidders)
                ratio = accepted / reference
                print(f"{name:14}{reference:12.0f}{accepted:12.1f}{refused:12.1f}{ratio:8.3f}")
        finally:
            web.terminate()
            web.wait()
            server.stop()


if __name__ == "__main__":
    main()
