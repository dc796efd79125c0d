"""Two acts at the same moment, each in a thread and a transaction of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from make import NOW, Make

from listings import db
from listings.parties import Kind, Role


@pytest.fixture
def race(database) -> Callable[..., list[object]]:
    """Run the acts together; what each returned, or the exception it ended with."""

    def run(*acts: Callable[[object], object], meet: bool = True) -> list[object]:
        barrier = threading.Barrier(len(acts))
        ended: list[object] = [None] * len(acts)

        def one(place: int) -> None:
            try:
                with db.transaction() as session:
                    barrier.wait(10)
                    ended[place] = acts[place](session)
            except Exception as error:  # noqa: BLE001 - what it ended with is the result
                ended[place] = error

        threads = [threading.Thread(target=one, args=(place,)) for place in range(len(acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return ended

    return run


@pytest.fixture
def sale(database):
    """Committed: a sale with a deposit due, two licensed bidders whose deposits are held."""
    from market import deposits

    with db.transaction() as session:
        make = Make(session)
        seller = make.organisation(Kind.FLEET_OWNER)
        auction = make.auction(
            make.lot(seller), deposit_minor=2_000, closes_at=NOW + timedelta(hours=1)
        )
        bidders = [make.member(make.recycler(), Role.TRADER) for _ in range(2)]
    held = []
    for bidder in bidders:
        with db.transaction() as session:
            held.append(deposits.request(session, bidder, auction.id, at=NOW).id)
        with db.transaction() as session:
            deposits.hold(session, held[-1], at=NOW)
    return auction.id, bidders, held
