"""What happens by itself: due sales close, letters leave. A sweep tests the time, not ticks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from listings import db
from market import auctions, availability, handovers, letters, notices
from market.auctions import Auction
from pricing import editions, outcomes

EVERY_S = 1.0
KEPT = timedelta(days=2)
"""How long heartbeats are kept: longer than any window of a soft close."""

_log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of the machine, in UTC."""
    return datetime.now(UTC)


def sweep(at: datetime | None = None, *, clock: Clock = utc_now) -> int:
    """Close what is due, put editions into force, score guides, pass titles, mail; how many sales
    were closed.

    Each sale has a transaction of its own: one that fails is logged and tried again at the next
    sweep, and keeps no other one waiting. ``at`` fixes the clock.
    """
    read: Clock = clock if at is None else lambda: at
    done = close_due(read)
    _try("editions", lambda: _publish(read()))
    _try("outcomes", lambda: _score(read()))
    _try("titles", lambda: _pass_titles(read()))
    _try("letters", lambda: letters.deliver(at=read()))
    _try("mail", lambda: _mail(read()))
    return done


def close_due(clock: Clock) -> int:
    """Close every sale whose end has come; how many were dealt with."""
    with db.transaction() as session:
        idents = auctions.due(session, clock())
    return sum(_try(f"sale {ident}", partial(_close, ident, clock)) for ident in idents)


def heartbeat(at: datetime) -> None:
    """Bids can be taken at this second: said every ``availability.BEAT`` by the web process."""
    with db.transaction() as session:
        availability.beat(session, at=at)


def worker(stop: threading.Event, *, clock: Clock = utc_now, every_s: float = EVERY_S) -> None:
    """Sweep until told to stop. Nothing that goes wrong ends it."""
    while not stop.is_set():
        _try("sweep", lambda: sweep(clock=clock))
        stop.wait(every_s)


def _close(auction_id: int, clock: Clock) -> None:
    with db.transaction() as session:
        free = sa.select(Auction.id).where(Auction.id == auction_id)
        # Another worker, or a bid, has it: the next sweep comes in a second.
        if session.scalar(free.with_for_update(skip_locked=True)) is not None:
            auctions.close(session, auction_id, clock=clock, is_watched=True)


def _publish(at: datetime) -> None:
    with db.transaction() as session:
        editions.publish_due(session, at=at)


def _score(at: datetime) -> None:
    with db.transaction() as session:
        outcomes.keep_due(session, at=at)


def _pass_titles(at: datetime) -> None:
    passed = True
    while passed:
        with db.transaction() as session:
            passed = bool(handovers.pass_due_titles(session, at=at))


def _mail(at: datetime) -> None:
    with db.transaction() as session:
        notices.mail_unsent(session, at=at)
    with db.transaction() as session:
        availability.forget(session, before=at - KEPT)


def _try(what: str, act: Callable[[], object]) -> bool:
    try:
        act()
    except Exception:  # noqa: BLE001 - one sale that fails keeps no other waiting
        _log.exception("%s failed; it is tried again", what)
        return False
    return True
