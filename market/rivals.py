"""Simulated rivals on the fresh sale of a seeded market: they bid as firms do, and they stop."""

from __future__ import annotations

import hashlib
import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from listings import db
from listings.errors import DomainError
from listings.money import Money
from market import auctions, bids, seed
from market.auctions import Auction

RIVALS: Final = ("rival.one", "rival.two")
EVERY_S: Final = 2.0
SHORTEST, LONGEST = timedelta(seconds=8), timedelta(seconds=40)
"""How long a rival waits after the last bid."""
LEAST_LIMIT, MOST_LIMIT = 120, 190
"""A rival's limit in percent of the start price; whoever names more wins."""

_log = logging.getLogger(__name__)


def worker(stop: threading.Event, *, clock: Callable[[], datetime] | None = None) -> None:
    """Play until told to stop; ends at once where the market is not a seeded one."""
    read = clock or (lambda: datetime.now(UTC))
    with db.transaction() as session:
        if not seed.was_seeded(session):
            return
    while not stop.wait(EVERY_S):
        try:
            play(read)
        except Exception:  # noqa: BLE001 - nothing that goes wrong ends the worker
            _log.exception("the simulated rivals failed; they try again")


def play(clock: Callable[[], datetime]) -> int:
    """Let at most one rival bid on each fresh sale whose turn it is; how many bids were placed."""
    with db.transaction() as session:
        sales = seed.fresh_sales(session)
    return sum(_play(sale, clock) for sale in sales)


def limit_minor(auction: Auction, rival: str) -> int:
    """What a rival would pay at most, in minor units; the same whenever it is asked."""
    percent = LEAST_LIMIT + _draw(f"limit:{auction.id}:{rival}", MOST_LIMIT - LEAST_LIMIT + 1)
    return auction.start_minor * percent // 100


def is_turn(auction: Auction, at: datetime) -> bool:
    """Whether a rival would bid now: the sale is open and the last bid is some while ago."""
    span = int((LONGEST - SHORTEST).total_seconds()) + 1
    pause = SHORTEST + timedelta(seconds=_draw(f"pause:{auction.id}:{auction.bid_count}", span))
    return auctions.is_open(auction, at) and at >= (auction.last_bid_at or auction.opens_at) + pause


def _play(auction: Auction, clock: Callable[[], datetime]) -> bool:
    if not is_turn(auction, clock()):
        return False
    for rival in sorted(RIVALS, key=lambda name: _draw(f"{auction.id}:{auction.bid_count}:{name}")):
        if _bid(auction, rival, clock):
            return True
    return False


def _bid(auction: Auction, rival: str, clock: Callable[[], datetime]) -> bool:
    steps = _draw(f"steps:{auction.id}:{auction.bid_count}", 4)
    least = auctions.next_minimum(auction)
    wanted = least + steps * auction.increments[0][1]
    maximum = min(wanted, limit_minor(auction, rival))
    if maximum < least:
        return False
    try:
        with db.transaction() as session:
            acting = seed.trader(session, rival)
            if acting.organisation_id == auction.leader_id:
                return False
            bids.place(
                session,
                acting,
                auction.id,
                Money(maximum, auction.currency),
                clock=clock,
                form_key=uuid.uuid4().hex,
            )
    except DomainError:
        # Somebody else was quicker, or the sale closed meanwhile.
        return False
    return True


def _draw(what: str, below: int = 1 << 30) -> int:
    """A number from 0 to ``below`` - 1 that looks like chance and is the same every time."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8]) % below
