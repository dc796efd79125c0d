"""Nonsense in every address and every form of the seeded market: refused in words, never a 500."""

from __future__ import annotations

import logging
import os
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from copies import copied
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from listings import db
from listings.custody.log import Leaf
from listings.packs import Pack
from listings.parties import Membership
from listings.users import User
from market import seed
from market.handovers import Handover
from market.seeding import cast
from market.web.app import create_app

BOXES = ("", "operator", "cashier", "fleet", "buyer", "prepares", "lab", "valuer", "regulator")
HUGE = "9" * 20
# Raw, as they stand in an address: a NUL, bytes that are no UTF-8, half a surrogate pair.
RAW = ("%00", "a%00b", "%FF%FE", "%ED%A0%80", "%C2%B2", "%D9%A3", "..%2F..%2Fetc%2Fpasswd", HUGE)
QUERIES = (
    "page=-1&sort=xyz&state=xyz&stage=xyz&q=%00&token=%00&next=//[&award=%C2%B2&site=%C2%B2",
    f"page={HUGE}&q=%FF%FE&token=%ED%A0%80&award={HUGE}&pack={HUGE}&vehicle={HUGE}&site={HUGE}",
    "page=NaN&closes_before=9999-12-31&kwh_from=NaN&price_from=1e99&soh_from=-1&on=0000-00-00",
    "province=%00&closes_before=0001-01-01&kwh_to=999999999&price_to=999999999999999&page=10000",
    "q=%25_%5C&code=%00&name=%00&since=9999-12-31&day=9999-12-31&month=2026-13&pack=%00&subject=x",
    "type=%C2%B2&owner=%00&holder=%00&vehicle=%C2%B2&lot=%00&edition=%C2%B2&grade=%00&standing=1",
)
VALUES = (
    "", "\x00", "a\x00b", "0", "-1", HUGE, "9223372036854775807", "1e400", "NaN", "-Infinity",
    "²", "٣", "１２", "1_000", "0.0000000001", "0000-00-00", "0001-01-01", "9999-12-31",
    "9999-12-31T23:59", "0001-01-01T00:00", "2026-02-30T25:61", "x" * 3000, "<script>", "\u202e", "%s%(",
)  # fmt: skip
TRADERS = ("", "operator", "fleet", "buyer", "lab", "valuer")
DRAWN = {"awards.letter", "contracts.text", "reports.paper", "handovers.note", "handovers.labels"}
ENDS = {"/signout", "/choose", "/language", "/account", "/account/signout"}


class Journal(logging.Handler):
    """Keeps the last accident that the application wrote down."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember its trace."""
        self.last = self.format(record)[-2500:]


@pytest.fixture(scope="module")
def market(template: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on a copy of the seeded market."""
    kept = {
        name: os.environ.get(name) for name in ("PACKBOURSE_DATA", "PACKBOURSE_LIGHT_PASSWORDS")
    }
    os.environ["PACKBOURSE_DATA"] = str(Path(tmp_path_factory.mktemp("market")) / "data")
    os.environ["PACKBOURSE_LIGHT_PASSWORDS"] = "1"
    with copied(template) as url:
        seed.ensure(url, say=lambda _stage: None)
        engine = db.connect(url)
        yield create_app(TESTING=True, WTF_CSRF_ENABLED=False, SECRET_KEY="test")
        engine.dispose()
    for name, value in kept.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def browsers(market: Flask) -> dict[str, FlaskClient]:
    """A signed-in browser of each part, and one of a visitor."""
    return {box: _browser(market, box) for box in BOXES}


def _browser(app: Flask, box: str) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session, db.transaction() as reading:
        session["language"] = "en"
        if box:
            mail = User.email == cast.address(box)
            member = reading.scalars(sa.select(Membership).join(User).where(mail)).first()
            assert member is not None
            user = reading.get_one(User, member.user_id)
            session["_user_id"] = f"{user.id}.{user.session_number}"
            session["organisation"] = member.organisation_id
            session["confirmed_at"] = datetime.now(UTC).timestamp() + 3600
    return client


@pytest.fixture
def never_broken(market: Flask) -> Iterator[Callable[[str, int], None]]:
    """A check that an answer is no accident of ours, with the trace where it is."""
    journal = Journal()
    logger = logging.getLogger("market.web.errors")
    logger.addHandler(journal)

    def check(what: str, status: int) -> None:
        assert status < 500, f"{what}: {status}\n{journal.last}"

    yield check
    logger.removeHandler(journal)


def _paths(rule: Rule, known: dict[str, str]) -> list[str]:
    """Addresses of a route: one with what is there, then one for each kind of nonsense."""
    parts = re.split(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>", rule.rule)
    if len(parts) == 1:
        return [rule.rule]

    def built(choose: Callable[[str, str], str]) -> str:
        places = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
        return parts[0] + "".join(choose(kind, name) + after for kind, name, after in places)

    found = [built(lambda _kind, name: known.get(name, "1"))]
    return found + [built(lambda _kind, _name, raw=raw: raw) for raw in RAW]  # type: ignore[misc]


@pytest.fixture(scope="module")
def known(market: Flask) -> dict[str, str]:
    """Values of address parts that something is found by."""
    with db.transaction() as reading:
        return {
            "handover_id": str(reading.scalar(sa.select(Handover.id).limit(1))),
            "sequence": str(reading.scalar(sa.select(sa.func.max(Leaf.sequence)))),
            "token": str(reading.scalar(sa.select(Pack.public_token).limit(1))),
            "name": "CNY%2FUSD", "side": "seller", "language": "zh", "sha256": "0" * 64,
            "filename": "css/packbourse.css",
        }  # fmt: skip


def _rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


def test_no_address_of_the_seeded_market_breaks_whoever_asks_for_nonsense(
    market: Flask,
    browsers: dict[str, FlaskClient],
    known: dict[str, str],
    never_broken: Callable[[str, int], None],
) -> None:
    chance = random.Random(9)
    for rule in _rules(market, "GET"):
        first, *others = _paths(rule, known)
        asked = [(box, first, chance.choice(QUERIES)) for box in chance.sample(BOXES, 4)]
        if rule.endpoint in DRAWN:
            asked = asked[:1]
        if not others:
            asked += [(chance.choice(BOXES), first, query) for query in QUERIES[:4]]
        asked += [(chance.choice(BOXES), path, "") for path in others]
        for box, path, query in asked:
            with browsers[box].get(f"{path}?{query}") as answer:
                never_broken(f"GET {path}?{query} as {box}", answer.status_code)


def test_no_form_breaks_when_every_field_is_the_same_nonsense(
    market: Flask,
    browsers: dict[str, FlaskClient],
    known: dict[str, str],
    never_broken: Callable[[str, int], None],
) -> None:
    sources = Path(__file__).parents[2].glob("market/web/*.py")
    text = "".join(path.read_text() for path in sources)
    names = sorted({*re.findall(r"form\.\w+\(\s*\"(\w+)\"", text), "next", "award", "lines"})
    chance = random.Random(7)
    for rule in _rules(market, "POST"):
        if rule.rule in ENDS:
            continue
        first, *others = _paths(rule, known)
        asked = [(box, first) for box in TRADERS] + [(chance.choice(BOXES), p) for p in others[:2]]
        for box, path in asked:
            value = chance.choice(VALUES)
            answer = browsers[box].post(path, data=dict.fromkeys(names, value))
            never_broken(f"POST {path} of {value[:40]!r} as {box}", answer.status_code)
    assert all(browsers[box].get("/account").status_code == 200 for box in TRADERS if box)


class Forms(HTMLParser):
    """The POST forms of a page: each action with what a browser would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, list[str]]]] = []
        self._fields: dict[str, list[str]] | None = None
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the names and values of fields; the first choice of a select."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {} if given.get("method") == "post" else None
            if self._fields is not None:
                self.found.append((given.get("action", ""), self._fields))
        if self._fields is None:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "option" and self._select and value:
            self._fields.setdefault(self._select, [value])
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._fields[name] = ["1"]
        elif tag == "input" and given.get("type") not in {"file", "submit"}:
            self._fields.setdefault(name, []).append(value or "1")

    def handle_endtag(self, tag: str) -> None:
        """A form or a select ends."""
        if tag == "form":
            self._fields = None
        if tag == "select":
            self._select = ""


def test_no_form_breaks_when_one_field_is_nonsense_and_the_others_are_as_shown(
    market: Flask, browsers: dict[str, FlaskClient], never_broken: Callable[[str, int], None]
) -> None:
    with db.transaction() as reading:
        handovers = reading.scalars(sa.select(Handover.id)).all()
    pages = [rule.rule for rule in _rules(market, "GET") if "<" not in rule.rule]
    pages += [f"/lots/{n}{act}" for n, act in product(range(1, 12), ("", "/terms", "/edit"))]
    pages += [f"/awards/{n}" for n in range(1, 6)] + ["/packs/1", "/lots/5/deposit"]
    pages += [f"/handovers/{ident}" for ident in handovers]
    pages += ["/guides/1/editions/new", "/guides/1/methodology", "/pack-types/1", "/bank/1"]
    chance = random.Random(5)
    tried: set[tuple[str, str]] = set()
    for page, box in product(pages, TRADERS):
        answer = browsers[box].get(page)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        for action, fields in Forms(answer.get_data(as_text=True)).found:
            address = action or page
            noun = re.sub(r"\d+", "0", address)
            for name in fields:
                if address in ENDS or (noun, name) in tried:
                    continue
                tried.add((noun, name))
                value = chance.choice(VALUES)
                sent = browsers[box].post(address, data={**fields, name: [value]})
                what = f"POST {address} with {name}={value[:40]!r} as {box}"
                never_broken(what, sent.status_code)
    assert len(tried) > 100, "the forms were not found"
