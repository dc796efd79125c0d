"""A stand-in for the card provider on 127.0.0.1: hosted checkout pages, keys, signed events.

It takes only the parameters named here, honours idempotency keys, and gives objects whose keys
are a subset of the published fixtures' keys (`tests/market/test_payments.py` holds it to that).
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

import stripe

SECRET = "whsec_test"
TAKEN = {
    "mode",
    "client_reference_id",
    "metadata[payment]",
    "payment_intent_data[metadata][payment]",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "success_url",
    "cancel_url",
}


class StripeFake:
    """Checkout sessions by id, and what was asked."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, tuple[dict[str, str], str]] = {}
        self.creations = 0
        self.failures = 0
        self._numbers = itertools.count(1)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                asked = dict(parse_qsl(self.rfile.read(length).decode()))
                if outer.failures:
                    outer.failures -= 1
                    self._say(500, {"error": {"type": "api_error", "message": "try again"}})
                    return
                self._say(*outer.create(asked, self.headers.get("Idempotency-Key", "")))

            def do_GET(self) -> None:
                found = outer.sessions.get(unquote(self.path.rsplit("/", 1)[1]))
                missing = {"error": {"type": "invalid_request_error", "message": "no such page"}}
                self._say(200 if found else 404, found or missing)

            def _say(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def create(self, asked: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        """A new page, or the first one again for a key that was used with the same words."""
        if key in self.by_key:
            before, ident = self.by_key[key]
            if before != asked:
                return 400, {"error": {"type": "idempotency_error", "message": "other words"}}
            return 200, self.sessions[ident]
        unknown = set(asked) - TAKEN
        if unknown:
            message = f"unknown parameters: {sorted(unknown)}"
            return 400, {"error": {"type": "invalid_request_error", "message": message}}
        ident = f"cs_test_{next(self._numbers)}"
        self.sessions[ident] = {
            "id": ident,
            "object": "checkout.session",
            "mode": asked["mode"],
            "client_reference_id": asked["client_reference_id"],
            "metadata": {"payment": asked["metadata[payment]"]},
            "amount_total": int(asked["line_items[0][price_data][unit_amount]"]),
            "currency": asked["line_items[0][price_data][currency]"],
            "payment_status": "unpaid",
            "payment_intent": None,
            "status": "open",
            "url": f"https://checkout.stripe.com/pay/{ident}",
            "success_url": asked["success_url"],
            "cancel_url": asked["cancel_url"],
            "livemode": False,
            "created": int(time.time()),
        }
        self.by_key[key] = (asked, ident)
        self.creations += 1
        return 200, self.sessions[ident]

    def pay(self, ident: str) -> None:
        """The person paid on the page."""
        self.sessions[ident] |= {
            "payment_status": "paid",
            "status": "complete",
            "payment_intent": ident.replace("cs", "pi"),
            "url": None,
        }

    def expire(self, ident: str) -> None:
        """The person never paid."""
        self.sessions[ident] |= {"status": "expired", "url": None}

    def event(
        self, ident: str, kind: str = "completed", *, secret: str = SECRET
    ) -> tuple[bytes, str]:
        """A signed event about a page: its body and its signature header. Each has its own id."""
        body = {
            "id": f"evt_{next(self._numbers)}",
            "object": "event",
            "type": f"checkout.session.{kind}",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": self.sessions[ident]},
        }
        payload = json.dumps(body)
        header = stripe.WebhookSignature.generate_signature_header(payload, secret)
        return payload.encode(), header
