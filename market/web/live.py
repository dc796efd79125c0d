"""Live pages: one process holds thousands of idle streams, and hears of changes from PostgreSQL.

Each stream waits on its topic. A change is announced by NOTIFY in the transaction that made it;
one connection per process listens. Messages of a topic are at most four a second, the newest
wins, and their id is the row of the outbox, so that a reconnecting page hears what it missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import psycopg
import sqlalchemy as sa

from listings import db
from market.notices import CHANNEL, Change

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = "/live/"
TOPICS = ("auction", "telemetry")
SPACING_S = 0.25
HEARTBEAT_S = 20.0
MOST_STREAMS = 20_000

_log = logging.getLogger(__name__)


class Topics:
    """The newest change of each topic that somebody watches."""

    def __init__(self) -> None:
        self.newest: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self.count = 0
        self.is_over = False

    def end(self) -> None:
        """End every stream: the process stops, and its watchers find another one."""
        self.is_over = True
        self.announce_all()

    def announce(self, topic: str, change: int) -> None:
        """Wake everybody who watches the topic."""
        if topic in self._waiting:
            self.newest[topic] = max(change, self.newest.get(topic, 0))
            for event in self._waiting[topic]:
                event.set()

    def announce_all(self) -> None:
        """Wake everybody: messages may have been missed while nobody listened."""
        for topic, events in self._waiting.items():
            self.newest[topic] = self.newest.get(topic, 0)
            for event in events:
                event.set()

    @contextlib.contextmanager
    def watching(self, topic: str) -> Any:
        """An event that is set at each change while the block runs."""
        event = asyncio.Event()
        self._waiting[topic].add(event)
        self.count += 1
        try:
            yield event
        finally:
            self.count -= 1
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]
                self.newest.pop(topic, None)


async def listen(url: str, topics: Topics, ready: asyncio.Event) -> None:
    """Hear announcements for ever; after a lost connection everybody is woken once."""
    address = sa.make_url(url).set(drivername="postgresql")
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                address.render_as_string(hide_password=False),
                autocommit=True,
            )
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                if ready.is_set():
                    topics.announce_all()
                ready.set()
                async for notice in connection.notifies():
                    said = json.loads(notice.payload)
                    topics.announce(said["topic"], said["id"])
        except psycopg.OperationalError:
            _log.warning("the database went away; listening again in a second")
            await asyncio.sleep(1)


def newest_change(topic: str) -> int:
    """The id of the newest change of a topic, 0 where there is none."""
    with db.transaction() as session:
        return session.scalar(sa.select(sa.func.max(Change.id)).where(Change.topic == topic)) or 0


def topic_of(path: str) -> str | None:
    """``/live/auction/7`` is the topic ``auction:7``; None for anything else."""
    noun, _, ident = path.removeprefix(PATH).partition("/")
    return f"{noun}:{ident}" if noun in TOPICS and _is_id(ident) else None


def _is_id(text: str) -> bool:
    """Digits that a bigint holds; other digits than 0 to 9, such as a raised 2, are none."""
    return text.isascii() and text.isdecimal() and len(text) < 19  # noqa: PLR2004 - digits of a bigint


async def stream(scope: Scope, receive: Receive, send: Send, topics: Topics) -> None:
    """Answer one watcher until it goes away."""
    topic = topic_of(scope["path"])
    if topic is None or topics.count >= MOST_STREAMS or scope["method"] != "GET":
        await send({"type": "http.response.start", "status": 404 if topic is None else 503})
        await send({"type": "http.response.body", "body": b""})
        return
    headers = {name.decode("latin1"): value for name, value in scope["headers"]}
    seen = headers.get("last-event-id", b"").decode("latin1")
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ],
        },
    )
    gone = asyncio.create_task(_until_gone(receive))
    with topics.watching(topic) as moved:
        try:
            await _tell(send, topic, int(seen) if _is_id(seen) else None, moved, gone, topics)
        finally:
            gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _tell(  # noqa: PLR0917 - one stream's whole state
    send: Send,
    topic: str,
    seen: int | None,
    moved: asyncio.Event,
    gone: asyncio.Task[None],
    topics: Topics,
) -> None:
    newest = await asyncio.to_thread(newest_change, topic)
    if seen is not None and newest > seen:
        moved.set()
    await _write(send, b": watching\n\n")
    while not gone.done():
        waiting = asyncio.create_task(moved.wait())
        await asyncio.wait(
            {waiting, gone},
            timeout=HEARTBEAT_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
        waiting.cancel()
        if gone.done() or topics.is_over:
            break
        if not moved.is_set():
            await _write(send, b": still here\n\n")
            continue
        moved.clear()
        heard = topics.newest.get(topic, 0)
        newest = max(newest, heard or await asyncio.to_thread(newest_change, topic))
        await _write(send, b"event: moved\nid: %d\ndata: %d\n\n" % (newest, newest))
        await asyncio.sleep(SPACING_S)
    await send({"type": "http.response.body", "body": b""})


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
