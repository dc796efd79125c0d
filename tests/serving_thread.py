"""A real server in a thread, around an application, on a port of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from market.web.bridge import Bridge
from market.web.serving import Server


@contextmanager
def served(app: Flask, url: str, most: int = 64 * 1024 * 1024) -> Iterator[tuple[str, int]]:
    """Serve until the block ends; gives host and port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server(Bridge(app.wsgi_app, url, most))
        ready = threading.Event()
        started = server.startup

        async def startup(sockets: list[socket.socket] | None = None) -> None:
            await started(sockets)
            ready.set()

        server.startup = startup
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        running.start()
        try:
            assert ready.wait(20), "the server did not start"
            host, port = listener.getsockname()
            yield host, port
        finally:
            server.should_exit = True
            running.join(20)
