from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa
import tester_files
from jsonschema import FormatChecker

import market
from listings import db
from listings.custody import canonical, keys, log
from listings.custody.keys import KeyUse
from listings.health.synthetic import write_bdf
from market import cli, running, seed, walkthrough
from market.commands import processes

TOP = Path(__file__).parents[2]
SCHEMAS = TOP / "docs" / "commands"
CODE = "001PBA0A0000A1A7N0000123"
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


class Ran:
    """What one command did."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def document(self, schema: str) -> dict:
        """Its JSON document, held to the schema of this name."""
        found = json.loads(self.out)
        wanted = json.loads((SCHEMAS / f"{schema}.json").read_text())
        jsonschema.validate(found, wanted, format_checker=FormatChecker())
        return found


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def command(*words: object) -> Ran:
        try:
            status = cli.main([str(word) for word in words])
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return command


@pytest.fixture
def market_here(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory of a migrated external database."""
    monkeypatch.setenv("DATABASE_URL", database)
    return tmp_path / "data"


def scenario(tmp_path: Path, **more) -> Path:
    terms = {
        "format": "english",
        "currency": "CNY",
        "start": "1.00",
        "reserve": None,
        "increments": [["0", "1"]],
        "opens_at": "2026-04-01T04:00:00Z",
        "closes_at": "2026-04-01T05:00:00Z",
        "window_s": 120,
        "extension_s": 120,
        "hard_end": None,
        "bids": [
            {"at": "2026-04-01T04:10:00Z", "bidder": "A", "maximum": "100"},
            {"at": "2026-04-01T04:59:00Z", "bidder": "B", "maximum": "35"},
        ],
    }
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(terms | more))
    return path


@contextmanager
def connected(url: str):
    """Connections of the test's own: a command closes those that it opened."""
    engine = db.connect(url)
    try:
        yield
    finally:
        engine.dispose()


def append(count: int = 3) -> None:
    for number in range(count):
        with db.transaction() as session:
            key = keys.ensure(session, KeyUse.PLATFORM, at=NOW)
            record = keys.sign(
                session, {"kind": "note", "n": number}, key, at=NOW, attested_by_platform=True
            )
            log.append(session, canonical.dumps(record), kind="note", at=NOW)


def test_the_version_is_told(run) -> None:
    assert run("--version").out == f"packbourse {market.__version__}\n"


@pytest.mark.parametrize("words", [(), ("nonsense",), ("health", "read"), ("code",)])
def test_a_command_that_is_mistyped_ends_with_status_two_and_says_nothing_on_standard_output(
    run, words: tuple[str, ...]
) -> None:
    ran = run(*words)
    assert ran.status == 2
    assert ran.out == ""
    assert "usage: packbourse" in ran.err


def test_a_code_is_read(run) -> None:
    found = run("code", CODE, "--json").document("code")
    assert (found["valid"], found["kind"], found["chemistry"]) == (True, "pack", "LFP")


def test_a_code_that_is_not_one_is_an_answer_and_no_error(run) -> None:
    ran = run("code", "001", "--json")
    assert ran.status == 0
    assert ran.document("code")["valid"] is False


def test_without_json_people_read_sentences(run) -> None:
    ran = run("code", "001")
    assert "24 characters" in ran.out
    assert "{" not in ran.out


def test_the_language_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.language() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert cli.language() == "zh_Hans_CN"
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert cli.language() == "en"


def test_a_tester_file_is_read_and_graded(run, tmp_path: Path) -> None:
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=50, soh=0.87)
    read = run("health", "read", path, "--rated-ah", 50, "--json").document("health-read")
    assert read["soh"] == pytest.approx(0.87, abs=0.005)
    graded = run(
        "health", "grade", path, "--rated-ah", 50, "--cutoffs", "2.5,4.2", "--json"
    ).document("health-grade")
    assert graded["grade"] in {"A", "B"}
    assert graded["discharges"] == read["discharges"]
    assert "87.0 %" in run("health", "read", path, "--rated-ah", 50).out


def test_a_tester_file_is_written_as_bdf(run, tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out.bdf.csv"
    raw.write_bytes(tester_files.maccor(tester_files.log()))
    done = run("health", "convert", raw, out, "--json").document("health-convert")
    assert (done["reader"], done["sign_turned"]) == ("maccor-text", False)
    before, after = (
        run("health", "read", path, "--rated-ah", 10, "--json").document("health-read")
        for path in (raw, out)
    )
    assert after["discharges"] == before["discharges"]
    again = run("health", "convert", raw, out)
    assert again.status == 1
    assert "exists already" in again.err


def test_a_file_that_is_no_tester_file_is_one_sentence_on_standard_error(
    run, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.write_text("hello")
    ran = run("health", "read", path, "--rated-ah", 50, "--json")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("packbourse: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("health", "read", "absent.ndax", "--rated-ah", "5"),
        ("auction", "replay", "absent.json"),
        ("receipt", "verify", "absent.json", "--key", "k"),
        ("walkthrough", "--health-file", "absent.ndax", "--rated-ah", "5"),
    ],
)
def test_a_file_that_is_not_there_is_named(run, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert (ran.status, ran.out) == (1, "")
    assert "absent" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("health", "read", "f", "--rated-ah", "-1"),
        ("health", "read", "f", "--rated-ah", "5", "--cutoffs", "4.2,2.5"),
        ("health", "read", "f", "--rated-ah", "5", "--cutoffs", "4.2"),
        ("walkthrough", "--rated-ah", "5"),
        ("serve", "--port", "70000"),
    ],
)
def test_a_value_that_cannot_be_is_a_mistyped_command(run, words: tuple[str, ...]) -> None:
    assert run(*words).status == 2


def test_a_sale_is_replayed(run, tmp_path: Path) -> None:
    path = scenario(tmp_path)
    found = run("auction", "replay", path, "--json").document("auction-replay")
    assert (found["winner"], found["hammer_price"]) == ("A", "36.00")
    assert "Sold to A at 36.00." in run("auction", "replay", path).out


def test_every_wrong_field_of_a_scenario_gets_its_line(run, tmp_path: Path) -> None:
    ran = run("auction", "replay", scenario(tmp_path, start="x", window_s=-1), "--json")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.count("packbourse: ") == 2


def test_a_folder_without_a_market_is_refused_and_left_alone(run, tmp_path: Path) -> None:
    ran = run("verify", "--data", tmp_path / "none")
    assert ran.status == 1
    assert str(tmp_path / "none") in ran.err
    assert not (tmp_path / "none").exists()


def test_a_database_that_does_not_answer_is_one_sentence(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}")
    ran = run("verify", "--data", tmp_path / "data")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("packbourse: ")


def test_the_database_is_checked_and_upgraded(run, market_here: Path) -> None:
    upgraded = run("db", "upgrade", "--data", market_here, "--json").document("db-upgrade")
    assert upgraded["from"] == upgraded["to"] == upgraded["head"]
    ran = run("db", "check", "--data", market_here, "--json")
    assert (ran.status, ran.document("db-check")["is_current"]) == (0, True)


def test_a_database_of_another_revision_is_not_worked_with(
    run, market_here: Path, database: str
) -> None:
    superuser = db.make_engine(database, role=None, poolclass=sa.NullPool)
    with superuser.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    ran = run("verify", "--data", market_here)
    assert ran.status == 1
    assert "db upgrade" in ran.err
    assert run("db", "check", "--data", market_here).status == 1


def test_the_log_is_exported_and_verified_by_its_key(
    run, market_here: Path, database: str, tmp_path: Path
) -> None:
    assert "no record" in run("log", "export", "--data", market_here).err
    with connected(database):
        append()
    dump = tmp_path / "dump"
    written = run("log", "export", "--output", dump, "--data", market_here, "--json")
    assert written.document("log-export")["size"] == 3
    whole = run("log", "export", "--data", market_here, "--json").document("log-export")
    assert len(whole["leaves"]) == 3
    (key,) = run("log", "key", "--data", market_here, "--json").document("log-key")["keys"]
    with connected(database), db.transaction() as session:
        (tmp_path / "receipt").write_bytes(log.receipt(session, 1))
    ran = run("log", "verify", dump, "--key", key, "--receipt", tmp_path / "receipt", "--json")
    assert (ran.status, ran.document("log-verify")["valid"]) == (0, True)
    one = run("receipt", "verify", tmp_path / "receipt", "--key", key, "--json")
    assert one.document("receipt-verify")["index"] == 1


def test_an_exported_dump_never_replaces_a_file(run, market_here: Path, tmp_path: Path) -> None:
    append(1)
    (tmp_path / "dump").write_text("mine")
    ran = run("log", "export", "--output", tmp_path / "dump", "--data", market_here)
    assert ran.status == 1
    assert (tmp_path / "dump").read_text() == "mine"


def test_a_dump_that_was_changed_is_answered_and_ends_with_status_one(
    run, market_here: Path, tmp_path: Path
) -> None:
    append()
    dump = tmp_path / "dump"
    run("log", "export", "--output", dump, "--data", market_here)
    key = run("log", "key", "--data", market_here).out.strip()
    lines = dump.read_bytes().splitlines(keepends=True)
    dump.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    ran = run("log", "verify", dump, "--key", key, "--json")
    assert (ran.status, ran.document("log-verify")["valid"]) == (1, False)
    ran = run("receipt", "verify", dump, "--key", key, "--json")
    assert (ran.status, ran.document("receipt-verify")["valid"]) == (1, False)


def test_an_empty_market_verifies(run, market_here: Path) -> None:
    ran = run("verify", "--data", market_here, "--json")
    assert (ran.status, ran.document("verify")["valid"]) == (0, True)


def test_the_seed_tells_who_can_sign_in(
    run, market_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seed, "ensure", lambda *_url, **_more: True)
    found = run("seed", "--data", market_here, "--json").document("seed")
    assert found["seeded"] is True
    assert {"fleet@example.com", "regulator@example.com"} <= {
        one["email"] for one in found["sign_ins"]
    }


def test_a_walkthrough_that_fails_ends_with_status_one(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {
        "steps": [{"name": "database", "seconds": 0.1, "facts": {}}],
        "soh": None,
        "discharges": [],
        "log": {"size": 0, "root": None, "valid": False},
        "problems": ["The award is not paid."],
    }
    monkeypatch.setattr(walkthrough, "walk", lambda *_file, **_more: told)
    ran = run("walkthrough", "--json")
    assert (ran.status, ran.document("walkthrough")["problems"]) == (1, told["problems"])
    assert "not paid" in run("walkthrough").out


def test_run_hands_its_options_on(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def pretend(data: Path, port: int, *, reload: bool) -> int:
        asked.update(data=data, port=port, reload=reload)
        return 1

    monkeypatch.setattr(running, "run", pretend)
    assert run("run", "--port", 9321, "--data", tmp_path).status == 1
    assert asked == {"data": tmp_path, "port": 9321, "reload": False}


def test_the_reloader_sees_a_changed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.resources, "root", lambda _kind: tmp_path)
    page = tmp_path / "page.html"
    page.write_text("old")
    later = datetime.now(UTC) + timedelta(hours=1)
    before = processes._newest()
    os.utime(page, (later.timestamp(), later.timestamp()))
    assert processes._newest() > before


def test_a_reader_that_has_enough_is_no_traceback() -> None:
    script = (
        f"{sys.executable} -m market --help >/dev/null; "
        f"{sys.executable} -m market code {CODE} --json | true"
    )
    done = subprocess.run(
        ["sh", "-c", script], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
