"""The worker: what is due closes, whatever goes wrong elsewhere."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from make import NOW, Make

from listings import db
from market import auctions, availability, jobs
from market.auctions import Auction, AuctionState

END = NOW + timedelta(hours=1)


@pytest.fixture
def sales(database):
    """Two sales that end in an hour, and heartbeats up to then."""
    with db.transaction() as session:
        make = Make(session)
        idents = [make.auction(make.lot(make.organisation())).id for _ in range(2)]
        for seconds in range(0, 600, 15):
            availability.beat(session, at=END - timedelta(seconds=seconds))
    return idents


def states(idents):
    with db.transaction() as session:
        return [session.get_one(Auction, ident).state for ident in idents]


def test_a_sweep_closes_what_is_due_and_nothing_else(sales):
    assert jobs.sweep(END - timedelta(seconds=1)) == 0
    assert states(sales) == [AuctionState.SCHEDULED] * 2
    assert jobs.sweep(END) == 2
    assert states(sales) == [AuctionState.PASSED] * 2
    assert jobs.sweep(END) == 0


def test_a_sale_that_fails_keeps_no_other_waiting(sales, monkeypatch, caplog):
    close = auctions.close

    def sometimes(session, auction_id, **more):
        if auction_id == sales[0]:
            raise RuntimeError("planted")
        return close(session, auction_id, **more)

    monkeypatch.setattr(auctions, "close", sometimes)
    with caplog.at_level(logging.ERROR):
        assert jobs.sweep(END) == 1
    assert states(sales) == [AuctionState.SCHEDULED, AuctionState.PASSED]
    assert f"sale {sales[0]} failed" in caplog.text


def test_a_sale_that_another_worker_holds_is_left_to_it(sales):
    with db.transaction() as session:
        db.lock(session, Auction, sales[0])
        jobs.sweep(END)
    assert states(sales) == [AuctionState.SCHEDULED, AuctionState.PASSED]


def test_heartbeats_of_one_second_are_one(database):
    for _ in range(2):
        jobs.heartbeat(NOW)
    with db.transaction() as session:
        assert not availability.was_interrupted(session, NOW - timedelta(seconds=60), NOW)


@pytest.mark.parametrize(
    ("silence", "is_interrupted"), [(15, False), (60, False), (61, True), (600, True)]
)
def test_a_silence_over_a_minute_is_an_interruption(session, silence, is_interrupted):
    since = NOW - timedelta(minutes=5)
    for second in range(301):
        at = since + timedelta(seconds=second)
        if not NOW - timedelta(seconds=silence) < at <= NOW:
            availability.beat(session, at=at)
    assert availability.was_interrupted(session, since, NOW) is is_interrupted


def test_the_worker_goes_on_after_an_error_and_stops_when_told(database, monkeypatch, caplog):
    stop, rounds = threading.Event(), []

    def sweep(**_):
        rounds.append(1)
        if len(rounds) == 2:
            stop.set()
        raise RuntimeError("planted")

    monkeypatch.setattr(jobs, "sweep", sweep)
    jobs.worker(stop, every_s=0.001)
    assert len(rounds) == 2
