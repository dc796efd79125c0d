"""The web server: uvicorn around the bridge around Flask."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from typing import Any

import uvicorn

from listings import db
from market import jobs
from market.web.app import MOST_UPLOAD, create_app
from market.web.bridge import Bridge

HEARTBEAT_S = 15.0
QUIET: dict[str, Any] = {
    "log_level": "warning",
    "proxy_headers": False,
    "server_header": False,
    "timeout_graceful_shutdown": 3,
    "lifespan": "on",
}


class Server(uvicorn.Server):
    """A server that lets its live streams go before it waits for the last answers."""

    def __init__(self, bridge: Bridge, **settings: Any) -> None:
        self._bridge = bridge
        super().__init__(uvicorn.Config(bridge, **QUIET, **settings))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._bridge.end_streams()
        await super().shutdown(sockets)


def serve(url: str, port: int, host: str = "127.0.0.1") -> None:
    """Serve until told to stop (SIGINT, SIGTERM), writing heartbeats while bids can be taken."""
    db.connect(url)
    app = create_app()
    server = Server(Bridge(app.wsgi_app, url, MOST_UPLOAD), host=host, port=port)
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(stop,), daemon=True)
    beating.start()
    try:
        server.run()
    finally:
        stop.set()


def _beat(stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_S):
        jobs.heartbeat(datetime.now(UTC))
