"""The application on a database of its own, with rows that tests start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import strict
from flask import Flask
from flask.testing import FlaskClient
from make import NOW, Make

from listings import db
from listings.parties import Acting
from listings.users import User
from market.web.app import create_app


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The application's clock; begins at `NOW`."""
    return Clock()


@pytest.fixture
def app(database: str, clock: Clock) -> Flask:
    """The application, its forms sent without tokens (a test of its own asks for them)."""
    app = create_app(TESTING=True, WTF_CSRF_ENABLED=False, SECRET_KEY="test", CLOCK=clock)
    strict.watch(app)
    return app


@pytest.fixture
def made(database: str) -> Callable[[], Iterator[Make]]:
    """``with made() as make:`` rows that are committed at the end of the block."""

    @contextmanager
    def making() -> Iterator[Make]:
        with db.transaction() as session:
            yield Make(session)

    return making


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor, in English."""
    return visitor(app)


def visitor(app: Flask) -> FlaskClient:
    """A browser of somebody who did not sign in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


@pytest.fixture
def sign_in(app: Flask) -> Callable[[Acting], FlaskClient]:
    """A browser of a person who acts for an organisation and signed in just now."""

    def browser(acting: Acting, *, is_recent: bool = True) -> FlaskClient:
        client = visitor(app)
        with db.transaction() as reading:
            user = reading.get_one(User, acting.user_id)
        with client.session_transaction() as session:
            session["_user_id"] = f"{user.id}.{user.session_number}"
            session["organisation"] = acting.organisation_id
            session["confirmed_at"] = app.config["CLOCK"]().timestamp() if is_recent else 0
        return client

    return browser
