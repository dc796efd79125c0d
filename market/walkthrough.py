"""The whole way of a lot on a temporary database, without a browser: a smoke test for operators.

Each step is taken by domain functions as the people of the step would take it, in transactions of
its own and under a simulated clock; what must hold after it is asserted.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from listings import db, embedded, words
from listings.custody import canonical, dump, log, receipts
from listings.errors import N_, DomainError, Several
from listings.health.capacity import Cutoffs, assess
from listings.health.readers.child import read_in_child
from listings.health.synthetic import write_bdf
from market import schema, verify
from market.seeding.journey import Fact, Journey, demand

RATED_AH, SOH = 150.0, 0.86
"""Of the synthetic tester file."""
LASTS: Final = timedelta(days=25)


@dataclass
class Walk:
    """What is told of the way: its steps with their times, and what was found on it."""

    say: Callable[[str], object]
    steps: list[dict[str, Any]] = field(default_factory=list)
    soh: float | None = None
    discharges: list[dict[str, Any]] = field(default_factory=list)
    log: dict[str, Any] = field(default_factory=lambda: {"size": 0, "root": None, "valid": False})
    problems: list[str] = field(default_factory=list)

    def take(self, name: str, step: Callable[[], dict[str, Fact]]) -> None:
        """Take one step, time it, and tell its facts."""
        begun = time.monotonic()
        facts = step()
        seconds = round(time.monotonic() - begun, 3)
        self.steps.append({"name": name, "seconds": seconds, "facts": facts})
        told = "  ".join(f"{key}={value}" for key, value in facts.items())
        self.say(f"✓ {words.gettext(name):<28} {seconds:6.2f} s  {told}")

    def document(self) -> dict[str, Any]:
        """What ``packbourse walkthrough --json`` answers: docs/commands/walkthrough.json."""
        return {
            "steps": self.steps,
            "soh": self.soh,
            "discharges": self.discharges,
            "log": self.log,
            "problems": self.problems,
        }


def walk(
    health_file: Path | None = None,
    rated_ah: float | None = None,
    *,
    say: Callable[[str], object] = lambda _line: None,
) -> dict[str, Any]:
    """Go the whole way and tell it; what fails stands in ``problems`` and ends the way.

    A health file that cannot be read is refused before anything is started. Without one a
    synthetic file is made. ``rated_ah`` is that of the cell that was tested.
    """
    told = Walk(say)
    with tempfile.TemporaryDirectory(prefix="packbourse-walk-") as name:
        folder = Path(name)
        path, rated = _health_file(folder, health_file, rated_ah)
        cutoffs = _assess(told, path, rated)
        try:
            with _market(folder, told):
                _go(told, Journey(path, rated, cutoffs, _start()))
        except AssertionError as failure:
            told.problems.append(str(failure) or "an assertion failed")
        except Several as refusals:
            told.problems += [words.say(refusal) for refusal in refusals.errors]
        except DomainError as refusal:
            told.problems.append(words.say(refusal))
    return told.document()


def _health_file(folder: Path, given: Path | None, rated_ah: float | None) -> tuple[Path, float]:
    if given is not None and rated_ah is not None:
        return given, rated_ah
    path = folder / "synthetic-cell.bdf.csv"
    write_bdf(path, rated_ah=RATED_AH, soh=SOH)
    return path, RATED_AH


def _assess(told: Walk, path: Path, rated_ah: float) -> Cutoffs:
    """Read the file once for its cut-offs; the report reads it again as a laboratory would."""

    def step() -> dict[str, Fact]:
        recording = read_in_child(path)
        found = assess(recording.frame, rated_ah, program=recording.program, sums=recording.is_sums)
        told.soh = None if found.soh is None else round(found.soh, 6)
        told.discharges = [
            {
                "cycle": one.cycle,
                "ah": round(one.ah, 6),
                "wh": round(one.wh, 6),
                "complete": one.complete,
                "reason": one.reason,
            }
            for one in found.discharges
        ]
        cutoffs.append(found.cutoffs)
        complete = sum(one.complete for one in found.discharges)
        return {
            "reader": recording.reader,
            "soh": told.soh,
            "complete": complete,
            "rejected": len(found.discharges) - complete,
        }

    cutoffs: list[Cutoffs] = []
    told.take(N_("health file"), step)
    return cutoffs[0]


@contextmanager
def _market(folder: Path, told: Walk) -> Iterator[None]:
    """A database and a data directory of its own, gone with the block."""
    # The database of root runs under an account of its own, which has to pass through.
    folder.chmod(0o711)
    server = embedded.find(folder / "postgres", durable=False)
    before = {name: os.environ.get(name) for name in ("PACKBOURSE_DATA", "LOG_ORIGIN")}
    os.environ["PACKBOURSE_DATA"] = str(folder)
    os.environ.pop("LOG_ORIGIN", None)
    try:
        told.take(N_("database"), lambda: _bring_up(server))
        engine = db.connect(server.url)
        try:
            yield
        finally:
            engine.dispose()
    finally:
        server.stop()
        for name, value in before.items():
            with suppress(KeyError):
                os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _bring_up(server: embedded.Server) -> dict[str, Fact]:
    server.start()
    schema.upgrade(server.url)
    return {"revision": schema.revision(server.url)}


def _start() -> datetime:
    """The simulated clock begins in the past, so that nothing happens in the future."""
    return datetime.now(UTC).replace(microsecond=0) - LASTS


def _go(told: Walk, journey: Journey) -> None:
    for name, step in journey.steps():
        told.take(name, step)
    told.take(N_("custody log"), lambda: _verify_log(told, journey))
    told.take(N_("invariants"), _verify_market)


def _verify_log(told: Walk, journey: Journey) -> dict[str, Fact]:
    """Dump and receipts hold outside the market, by the published key alone."""
    stream = io.BytesIO()
    with db.transaction() as session:
        size, key = log.export(session, stream), log.vkey(session)
        leaves = log.of_pack(session, journey.packs[0])
        documents = [log.receipt(session, leaf.sequence) for leaf in leaves]
        problems = log.verify(session)
    demand(not problems, "; ".join(problems))
    demand(documents, "the pack has no record in the log")
    for document in documents:
        receipts.verify(document, key)
    stream.seek(0)
    found = dump.verify(stream, key, documents)
    told.log = {"size": found.size, "root": canonical.to_base64(found.root), "valid": True}
    demand(found.size == size, "the dump does not hold the whole log")
    return {
        "records": size,
        "receipts": found.receipts_checked,
        "signatures": found.signatures_checked,
    }


def _verify_market() -> dict[str, Fact]:
    with db.transaction() as session:
        verify.stand_still(session)
        found = verify.verify(session)
    demand(found["valid"], "; ".join(found["problems"]))
    return {"checks": len(found["checks"])}
