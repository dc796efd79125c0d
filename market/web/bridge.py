"""A short bridge: live streams stay in asyncio, every other request goes to Flask in a thread.

Chosen over a2wsgi by measurement (docs/adr/0003): it costs about a twentieth of a request, and
thousands of idle streams hold no thread. Bodies are spooled to disk beyond a megabyte.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from market.web import live
from market.web.live import Receive, Scope, Send

THREADS = 16
SPOOL = 1024 * 1024
LISTEN_S = 5.0

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TooLarge(Exception):
    """The request's body is larger than anything a form here takes."""


class Bridge:
    """The ASGI application: ``/live/`` here, all else in ``wsgi``."""

    def __init__(self, wsgi: Wsgi, url: str, most: int) -> None:
        self._wsgi = wsgi
        self._url = url
        self._most = most
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flask")
        self._topics = live.Topics()
        self._background: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's scope: the process's life, a live stream, or a request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(live.PATH):
            await live.stream(scope, receive, send, self._topics)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    def end_streams(self) -> None:
        """Let every watcher go, so that the process can stop at once."""
        self._topics.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                ready = asyncio.Event()
                listening = live.listen(self._url, self._topics, ready)
                self._background = [asyncio.create_task(listening)]
                # Without the database live pages are still: the rest serves, and listening goes on.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ready.wait(), LISTEN_S)
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in self._background:
                    task.cancel()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as body:
            try:
                await self._read(receive, body)
            except TooLarge:
                await _refuse(send)
                return
            body.seek(0)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(
                self._threads, self._call, environ(scope, body), _sender(loop, send)
            )

    async def _read(self, receive: Receive, body: IO[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._most:
                raise TooLarge
            body.write(chunk)
            more = message.get("more_body", False) and message["type"] == "http.request"

    def _call(self, variables: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
        started: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _info: Any = None) -> None:
            started["status"] = int(status[:3])
            started["headers"] = [
                (name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers
            ]

        chunks = self._wsgi(variables, start)
        try:
            send({"type": "http.response.start", **started})
            for chunk in chunks:
                send({"type": "http.response.body", "body": chunk, "more_body": True})
            send({"type": "http.response.body", "body": b""})
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()


def _sender(loop: asyncio.AbstractEventLoop, send: Send) -> Callable[[dict[str, Any]], None]:
    def say(message: dict[str, Any]) -> None:
        # A browser that went away is no error of ours: the answer has no reader.
        with contextlib.suppress(OSError):
            asyncio.run_coroutine_threadsafe(send(message), loop).result()  # type: ignore[arg-type]

    return say


async def _refuse(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")],
        },
    )
    await send({"type": "http.response.body", "body": "文件过大 · too large\n".encode()})


def environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """The WSGI variables of an ASGI request (PEP 3333)."""
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    variables: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8").decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_NAME": server[0] or "localhost",
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin1").upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        text = value.decode("latin1")
        joiner = "; " if key == "HTTP_COOKIE" else ","
        variables[key] = f"{variables[key]}{joiner}{text}" if key in variables else text
    return variables
