"""Live streams and ordinary requests through the real server, over a socket."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator

import pytest
from make import NOW
from serving_thread import served

from listings import db
from market import notices

MOST = 3 * 1024 * 1024


@pytest.fixture
def address(app, database) -> Iterator[tuple[str, int]]:
    """A running server around the application."""
    with served(app, database, MOST) as address:
        yield address


def watch(address, path, **headers):
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("GET", path, headers=headers)
    return connection, connection.getresponse()


def lines(answer, count):
    return [answer.readline().decode().strip() for _ in range(count)]


def change(topic):
    with db.transaction() as session:
        return notices.changed(session, topic, at=NOW).id


def test_a_watcher_hears_of_a_change_after_its_commit(address):
    connection, answer = watch(address, "/live/auction/7")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert lines(answer, 2) == [": watching", ""]
    ident = change("auction:7")
    assert lines(answer, 4) == ["event: moved", f"id: {ident}", f"data: {ident}", ""]
    connection.close()


def test_a_change_that_is_rolled_back_or_of_another_sale_is_not_heard(address):
    connection, answer = watch(address, "/live/auction/7")
    lines(answer, 2)
    with contextlib.suppress(RuntimeError), db.transaction() as session:
        notices.changed(session, "auction:7", at=NOW)
        raise RuntimeError
    change("auction:8")
    ident = change("auction:7")
    assert lines(answer, 2)[1] == f"id: {ident}"
    connection.close()


def test_a_watcher_that_comes_back_hears_what_it_missed(address):
    missed = change("auction:7")
    connection, answer = watch(address, "/live/auction/7", **{"Last-Event-ID": str(missed - 1)})
    assert f"id: {missed}" in lines(answer, 4)
    connection.close()


def test_an_unknown_topic_is_not_there(address):
    for path in ("/live/other/7", "/live/auction/x", "/live/auction/99999999999999999999"):
        connection, answer = watch(address, path)
        assert answer.status == 404
        connection.close()


def test_an_ordinary_request_reaches_flask_while_many_watch(address):
    watchers = [watch(address, "/live/auction/7") for _ in range(40)]
    connection, answer = watch(address, "/healthz")
    assert (answer.status, answer.read()) == (200, b'{"alive":true}\n')
    for other, _ in [*watchers, (connection, answer)]:
        other.close()


def test_a_body_beyond_the_limit_is_refused_before_flask_sees_it(address):
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.putrequest("POST", "/language")
    connection.putheader("Content-Length", str(MOST + 1))
    connection.endheaders()
    with contextlib.suppress(OSError):
        connection.send(b"x" * (MOST + 1))
    assert connection.getresponse().status == 413
    connection.close()
