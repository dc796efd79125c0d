"""Permitted destinations: the rules with their dates and sources, and what they say of a pack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import orm

from listings import days, db
from listings.health import destinations
from listings.health.destinations import DestinationRule, Facts, Verdict
from listings.health.reports import HealthReport, PackGrade, Subject
from listings.packs import Pack
from market.web import findings, guard
from market.web.guard import public

blueprint = Blueprint("destinations", __name__)


@dataclass(frozen=True, slots=True)
class Row:
    """One use in words: what the rules say, why not where they do not permit, and the rules."""

    use: destinations.Destination
    verdict: Verdict | None
    reasons: list[str]
    rules: tuple[DestinationRule, ...]


@blueprint.get("/destinations")
@public
def show() -> Any:
    """Every rule, those that are over and to come too."""
    today = days.of(guard.now())
    with db.transaction() as reading:
        found = destinations.rules(reading)
    return render_template("destinations/show.html", rules=found, today=today)


def of_pack(reading: orm.Session, pack: Pack, given: PackGrade, on: date) -> list[Row]:
    """What the rules in force on a day say of a pack with this grade."""
    facts = Facts(
        chemistry=pack.type.chemistry,
        origin=pack.origin.kind if pack.origin else None,
        letter=given.letter,
        is_provisional=given.is_provisional,
    )
    return [
        Row(
            answer.destination,
            answer.verdict,
            findings.said(destinations.LACKS, answer.lacks),
            answer.rules,
        )
        for answer in destinations.of_pack(reading, facts, on)
    ]


def of_report(reading: orm.Session, report: HealthReport, on: date) -> list[Row]:
    """The same by one report; a part's is silent, and one that no longer counts gives no letter."""
    if report.subject is not Subject.PACK:
        return []
    letter = report.grade if report.is_valid(on) else None
    given = PackGrade(letter, report.evidence_level, report.is_provisional)
    return of_pack(reading, report.pack, given, on)
