"""Every invariant checked again from the rows, as if no code had ever kept them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import orm

from listings import blobs, words
from listings.blobs import Blob
from listings.custody import canonical, log
from listings.custody.log import Holding, Leaf
from listings.errors import N_, DomainError
from listings.health import reports, signed_parts
from listings.health.reports import HealthReport
from listings.packs import Pack
from listings.words import gettext as _
from market import ledger, recomputation, reconciliation
from market.auctions import Auction
from market.awarded import Award
from market.deposits import Deposit
from market.ledger import Entry
from market.settlements import Settlement
from pricing import values
from pricing.guides import GuideValue

Check = Callable[[orm.Session], Iterable[str]]
_PORTION: Final = 1 << 20


def verify(session: orm.Session) -> dict[str, Any]:
    """What ``packbourse verify`` answers: docs/commands/verify.json.

    Nothing is written. Give it a session whose transaction sees one state of the database
    (`stand_still`), else a bid that comes in meanwhile looks like a contradiction.
    """
    checks: list[dict[str, object]] = []
    problems: list[str] = []
    for name, rows, check in CHECKS:
        found = _checked(session, check)
        count = session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0
        checks.append({"name": name, "checked": count, "valid": not found})
        problems += [f"{_(name)}: {problem}" for problem in found]
    return {"valid": not problems, "checks": checks, "problems": problems}


def _checked(session: orm.Session, check: Check) -> list[str]:
    """What a check finds; rows that no code ever wrote may keep it from its end."""
    try:
        return list(check(session))
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        return [_("The rows cannot be read: %(reason)s", reason=repr(error))]
    except DomainError as refusal:
        return [words.say(refusal)]


def stand_still(session: orm.Session) -> None:
    """Let a transaction that has not begun to read see one state of the database, and only read."""
    session.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def holders(session: orm.Session) -> Iterator[str]:
    """Each pack has one standing owner and one holder, those on the pack, without gap before."""
    standing: dict[tuple[int, str], list[int]] = {}
    ends: dict[tuple[int, str], object] = {}
    rows = sa.select(Holding).order_by(Holding.pack_id, Holding.what, Holding.since, Holding.id)
    for row in session.scalars(rows):
        key = (row.pack_id, row.what)
        if key in ends and ends[key] != row.since:
            yield _(
                "Pack %(pack)s has a gap or an overlap in its %(what)s on %(day)s.",
                pack=row.pack_id,
                what=row.what,
                day=row.since.date(),
            )
        ends[key] = row.until
        if row.until is None:
            standing.setdefault(key, []).append(row.organisation_id)
    for pack in session.execute(sa.select(Pack.id, Pack.owner_id, Pack.holder_id)):
        for what, said in (("owner", pack.owner_id), ("holder", pack.holder_id)):
            found = standing.get((pack.id, what), [])
            if found != [said]:
                yield _(
                    "Pack %(pack)s names organisation %(said)s as its %(what)s; its history: "
                    "%(found)s.",
                    pack=pack.id,
                    said=said,
                    what=what,
                    found=", ".join(map(str, found)) or "–",
                )


def guide_values(session: orm.Session) -> Iterator[str]:
    """Each kept value, computed again from its inputs, has the same bytes and the same figure."""
    for kept in session.scalars(sa.select(GuideValue).order_by(GuideValue.id)):
        figures = json.loads(kept.result)
        said = (kept.value_minor, kept.low_minor, kept.high_minor, kept.route)
        stored = tuple(
            figures[name] for name in ("value_minor", "low_minor", "high_minor", "route")
        )
        if values.recompute(kept) != kept.result or said != stored:
            yield _(
                "Guide value %(ident)s of lot %(lot)s does not follow from its inputs.",
                ident=kept.id,
                lot=kept.lot_id,
            )


def health_reports(session: orm.Session) -> Iterator[str]:
    """Each report is signed by its lab's own key, and its row says what was signed."""
    for report in session.scalars(sa.select(HealthReport).order_by(HealthReport.id)):
        if report.record is None or reports.signer(session, report) is None:
            yield _("Report %(number)s carries no signature of its lab.", number=report.number)
            continue
        record = canonical.parse(report.record)
        said = (report.subject.value, report.grade, report.evidence_level, _six(report.soh_q))
        signed = tuple(record.get(name) for name in ("subject", "grade", "evidence_level", "soh_q"))
        if said != signed or not _measured_so(record):
            yield _("Report %(number)s does not say what was signed.", number=report.number)


def uploads(session: orm.Session) -> Iterator[str]:
    """The bytes of each upload are in the store and have its hash and size."""
    for blob in session.scalars(sa.select(Blob).order_by(Blob.sha256)):
        path = blobs.path(blob.sha256)
        if not path.is_file():
            yield _("The file %(sha256)s is not in the store.", sha256=blob.sha256)
            continue
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as stream:
            while portion := stream.read(_PORTION):
                digest.update(portion)
                size += len(portion)
        if (digest.hexdigest(), size) != (blob.sha256, blob.size):
            yield _("The file %(sha256)s was changed in the store.", sha256=blob.sha256)


def _measured_so(record: Any) -> bool:
    """Whether a record's measures say the capacity and state of health that the record says.

    Where it holds parts, these decide, and all that follows from them is computed again. Records
    of version 1 have no measures, and a pulse model's estimate has none either.
    """
    if "parts" in record:
        return signed_parts.holds(record)
    measures = {one["code"]: one["value"] for one in record.get("measures", [])}
    pairs = [("capacity", "capacity_ah"), ("soh_q", "soh_q")]
    return all(
        math.isclose(float(measures[code]), float(record[field]), rel_tol=1e-5)
        for code, field in pairs
        if measures.get(code) is not None and record[field] is not None
    )


def _six(value: object) -> str | None:
    return None if value is None else f"{value:.6f}"


CHECKS: Final[tuple[tuple[str, type[Any], Check], ...]] = (
    (N_("custody log"), Leaf, log.verify),
    (N_("holders and owners"), Pack, holders),
    (N_("ledger"), Entry, ledger.problems),
    (N_("deposits"), Deposit, reconciliation.deposits),
    (N_("settlements"), Settlement, reconciliation.settlements),
    (N_("sales"), Auction, recomputation.sales),
    (N_("awards"), Award, recomputation.awards),
    (N_("guide values"), GuideValue, guide_values),
    (N_("health reports"), HealthReport, health_reports),
    (N_("uploads"), Blob, uploads),
)
"""What is checked, the rows that are counted for it, and how."""
