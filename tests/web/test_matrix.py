"""Every route asked by everybody, against the answers written in ``matrix.csv``.

A line of the file is a method, a route, and the row that its address names (and "filled" where the
form is not empty); a column is an actor of `matrix`. An answer is a status code; ``signin`` is the
way to the sign-in page. Every request meets the same database: what it wrote is rolled back.

After a change that is meant, ``MATRIX_WRITE=/lots pytest tests/web/test_matrix.py`` writes the lines
of the routes with ``/lots`` in them anew (``/`` all lines); each difference is then to be read before
it is kept.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matrix
import pytest
import sqlalchemy as sa
import strict
from copies import copied
from flask import Flask
from matrix import Scene
from matrix_rows import FILLED, ROWS
from sqlalchemy import orm
from werkzeug.routing import Rule

from listings import db
from listings.parties import ACTS, Acting
from listings.users import User
from market import documents, seed
from market.web.app import create_app

FILE = Path(__file__).with_name("matrix.csv")
REWRITTEN = os.environ.get("MATRIX_WRITE", "")
METHODS = ("GET", "POST")
ACTORS = ["anonymous", *matrix.names()]

SHARED = {
    ("GET", "/custody/<int:pack_id>", "open"),
    ("GET", "/custody/<int:pack_id>", "passed"),
    ("GET", "/imports/template/<language>.xlsx", ""),
    ("GET", "/values/<int:value_id>/complaint", "open"),
    ("POST", "/guides/editions/<int:edition_id>/comments", "proposed"),
    ("POST", "/values/<int:value_id>/complaint", "open"),
    ("GET", "/lots/<int:lot_id>/deposit", "open"),
    ("GET", "/lots/<int:lot_id>/landed-cost", "open"),
    ("GET", "/pack-types/<int:type_id>", ""),
    ("GET", "/packs/<int:pack_id>", "open"),
    ("GET", "/packs/<int:pack_id>/value", "open"),
    ("GET", "/packs/<int:pack_id>/value/<int:edition_id>.json", "open"),
    ("GET", "/packs/<int:pack_id>/value/what-if", "open"),
    ("GET", "/reports/<int:report_id>", "open"),
    ("GET", "/reports/<int:report_id>.json", "open"),
    ("GET", "/reports/<int:report_id>.pdf", "open"),
    ("GET", "/reports/parts/template/<language>.xlsx", ""),
}
"""What every member may have: the goods of lots on sale, what is nobody's, and a word on what is
published.
"""

Key = tuple[str, str, str]
Table = dict[Key, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One request: a method, a rule, the rows that its address names and the fields it sends."""

    method: str
    rule: Rule
    variant: str
    values: dict[str, str]
    fields: dict[str, Any]

    @property
    def key(self) -> Key:
        """The line of the file."""
        return self.method, self.rule.rule, self.variant


def rules(app: Flask) -> list[Rule]:
    """Every route but the static files', in the order of addresses."""
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    return sorted(found, key=lambda rule: (rule.rule, sorted(rule.methods or ())))


def cases(app: Flask) -> list[Case]:
    """Every route with every method, for each row that `ROWS` names for it."""
    found = []
    for rule in rules(app):
        values = ROWS.get(rule.endpoint, {} if rule.arguments - set(rule.defaults or ()) else None)
        assert values != {}, f"matrix_rows.ROWS names no rows for {rule.endpoint} ({rule.rule})"
        for method in METHODS:
            if method not in (rule.methods or ()):
                continue
            for variant, row in (values or {"": {}}).items():
                found.append(Case(method, rule, variant, row, {}))
                fields = FILLED.get(rule.endpoint) if method == "POST" else None
                if fields is not None:
                    found.append(Case(method, rule, f"{variant} filled".strip(), row, fields))
    return found


class Market:
    """The application on one connection, where each request is undone when it was answered."""

    def __init__(self, app: Flask, connection: sa.Connection, scene: Scene) -> None:
        self.app, self.scene = app, scene
        self._connection = connection
        self._cookies = {name: self._cookie(acting) for name, acting in scene.actors.items()}

    def _cookie(self, acting: Acting | None) -> str:
        """The session of an actor who signed in just now, in English."""
        kept: dict[str, Any] = {"language": "en"}
        if acting is not None:
            with db.transaction() as reading:
                user = reading.get_one(User, acting.user_id)
            kept |= {"_user_id": user and f"{user.id}.{user.session_number}"}
            kept["confirmed_at"] = matrix.AT.timestamp()
            if acting.organisation_id:
                kept["organisation"] = acting.organisation_id
        serializer = self.app.session_interface.get_signing_serializer(self.app)
        return f"packbourse={serializer.dumps(kept)}"

    def ask(self, actor: str, case: Case) -> str:
        """How the application answers: a status code, or ``signin``."""
        client = self.app.test_client(use_cookies=False)
        fields = {
            name: (io.BytesIO(value), "scan.pdf")
            if isinstance(value, bytes)
            else value.format_map(self._named)
            for name, value in case.fields.items()
        }
        request = {"headers": {"Cookie": self._cookies[actor]}, "data": fields or None}
        with self._connection.begin() as transaction:
            response = client.open(self.address(case), method=case.method, **request)
            if response.status_code < 400:
                self._connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
            transaction.rollback()
        response.close()
        leads_to_sign_in = response.location and response.location.startswith("/signin?")
        return "signin" if leads_to_sign_in else str(response.status_code)

    @property
    def _named(self) -> dict[str, Any]:
        return {name.replace(" ", "_"): value for name, value in self.scene.rows.items()}

    def address(self, case: Case) -> str:
        """The path of a case, with what its row adds to the query."""
        rows = self.scene.rows
        values = {name: rows.get(row, row) for name, row in case.values.items()}
        with self.app.test_request_context():
            return self.app.url_for(case.rule.endpoint, **values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where this module keeps uploads and keys."""
    with pytest.MonkeyPatch.context() as patch:
        kept = tmp_path_factory.mktemp("matrix")
        patch.setenv("PACKBOURSE_DATA", str(kept))
        patch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")
        # Card payments are set up, so that only their payer meets more than a "not found".
        patch.setenv("STRIPE_SECRET_KEY", "sk_test_matrix")
        patch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_matrix")
        patch.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
        yield kept


@pytest.fixture(scope="module")
def market(template: sa.URL, folder: Path) -> Iterator[Market]:
    """The seeded market with the people and rows of `matrix`."""
    with copied(template) as url, pytest.MonkeyPatch.context() as patch:
        seed.ensure(url, at=matrix.AT, say=lambda _: None)
        engine = db.connect(url)
        scene = matrix.build()
        app = make_app()
        strict.watch(app)
        patch.setattr(documents, "render", _rendered(documents.render))
        with engine.connect() as connection:
            # Whatever is prepared would be lost with each request that is undone.
            connection.connection.driver_connection.prepare_threshold = None
            bound = orm.sessionmaker(
                connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            )
            patch.setattr(db, "_sessions", bound)
            yield Market(app, connection, scene)
        engine.dispose()


def _rendered(render: Callable[..., bytes]) -> Callable[..., bytes]:
    """Each paper is set once; whoever else may have it gets the same bytes."""
    kept: dict[str, bytes] = {}

    def once(document: object, **more: object) -> bytes:
        name = repr((document, more))
        if name not in kept:
            kept[name] = render(document, **more)
        return kept[name]

    return once


@cache
def make_app() -> Flask:
    """The application; its forms are sent without tokens."""
    return create_app(
        TESTING=True, WTF_CSRF_ENABLED=False, SECRET_KEY="test", CLOCK=lambda: matrix.AT
    )


def written() -> Table:
    """The file: what each actor is answered, by line."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row.pop("method"), row.pop("route"), row.pop("rows")): row
            for row in csv.DictReader(file)
        }


def write(found: Table) -> None:
    """Write the file anew."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["method", "route", "rows", *ACTORS])
        for key, answers in found.items():
            out.writerow([*key, *(answers[actor] for actor in ACTORS)])


@pytest.fixture(scope="module")
def app(folder: Path) -> Flask:
    """The application without a database, for its map of routes."""
    return make_app()


@pytest.fixture(scope="module")
def answers(app: Flask) -> Iterator[Table]:
    """What was answered so far; it goes into the file where that is asked for."""
    found: Table = {}
    yield found
    if REWRITTEN:
        before = written()
        write({case.key: found.get(case.key) or before[case.key] for case in cases(app)})


def guards(app: Flask) -> dict[Key, dict[str, Any]]:
    """What the guard of each line's view demands."""
    return {case.key: app.view_functions[case.rule.endpoint].guard for case in cases(app)}


def test_every_view_carries_a_guard(app: Flask) -> None:
    bare = {
        rule.endpoint
        for rule in rules(app)
        if not hasattr(app.view_functions[rule.endpoint], "guard")
    }
    assert not bare


def test_the_file_has_a_line_for_every_route_and_no_other(app: Flask) -> None:
    assert list(written()) == [case.key for case in cases(app)]
    assert all(set(row) == set(ACTORS) for row in written().values())


def test_no_route_breaks() -> None:
    broken = [key for key, row in written().items() if any(code >= "500" for code in codes(row))]
    assert not broken


def codes(row: dict[str, str]) -> list[str]:
    """The answers of a line that are status codes."""
    return [answer for answer in row.values() if answer.isdigit()]


def test_visitors_are_led_to_the_sign_in_page_by_all_but_public_routes(app: Flask) -> None:
    table = written()
    for key, guard in guards(app).items():
        assert (table[key]["anonymous"] == "signin") == (guard["kind"] != "public"), key


def test_whose_role_or_kind_may_not_do_an_act_is_forbidden_it(app: Flask) -> None:
    table, admitted = written(), 0
    for key, guard in guards(app).items():
        if guard["kind"] != "guarded":
            continue
        for actor in ACTORS[1:]:
            kind, role = matrix.standing(actor)
            is_of_kind = not guard["kinds"] or kind in guard["kinds"]
            if (
                kind is None
                or not is_of_kind
                or not (guard["act"] is None or role in ACTS[guard["act"]])
            ):
                assert table[key][actor] == "403", (key, actor)
            else:
                admitted += 1
    assert admitted > 1000


def test_somebody_else_of_the_same_kind_gets_nothing_of_anothers_rows(app: Flask) -> None:
    table = written()
    got = {
        (*key[:2], key[2].removesuffix(" filled"))
        for key, guard in guards(app).items()
        if guard["kind"] != "public" and "<" in key[1]
        for actor in matrix.STRANGERS
        if table[key][actor] in {"200", "303"}
    }
    assert got == SHARED


@pytest.mark.parametrize("actor", ACTORS)
def test_each_route_answers_an_actor_as_written(market: Market, answers: Table, actor: str) -> None:
    wanted, wrong = written(), []
    for case in cases(market.app):
        if REWRITTEN not in case.rule.rule:
            continue
        answer = market.ask(actor, case)
        answers.setdefault(case.key, {})[actor] = answer
        expected = wanted.get(case.key, {}).get(actor, "nothing")
        if answer != expected and not REWRITTEN:
            wrong.append(f"{' '.join(case.key)}: {answer}, not {expected}")
    assert not wrong, "\n".join(wrong)
