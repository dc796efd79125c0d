"""For which uses a pack may be marketed on a date: dated rules beside the grade, never from it.

A rule permits or bars a use for letters, chemistries and origins. What a rule leaves empty it does
not ask for, but a permission always names chemistries and origins: a letter alone is fit for
nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_
from listings.health.grade import Letter
from listings.pack_types import Chemistry
from listings.packs import Origin


class Destination(enum.StrEnum):
    """What a retired pack may be marketed for."""

    MATERIAL_RECOVERY = "material_recovery"
    TELECOM_BACKUP = "telecom_backup"
    PEAK_SHAVING = "peak_shaving"
    STREET_LIGHT = "street_light"
    LOW_SPEED_VEHICLE = "low_speed_vehicle"
    LARGE_STORAGE = "large_storage"
    E_BIKE = "e_bike"


class Verdict(enum.StrEnum):
    """What a rule says of a use."""

    PERMITTED = "permitted"
    BARRED = "barred"


class DestinationRule(db.Base):
    """A use is permitted or barred for some letters, chemistries and origins in a period.

    An empty list asks for nothing. ``is_verified`` is false where nobody could read the text that
    ``source`` names in the original.
    """

    __tablename__ = "destination_rule"
    __table_args__ = (
        sa.CheckConstraint("valid_until >= valid_from", name="validity"),
        sa.CheckConstraint("source <> ''", name="source"),
        sa.CheckConstraint(
            "verdict = 'barred' OR "
            "(jsonb_array_length(chemistries) > 0 AND jsonb_array_length(origins) > 0)",
            name="never_the_letter_alone",
        ),
    )

    id: Mapped[int] = db.key()
    destination: Mapped[Destination] = db.choice(Destination)
    verdict: Mapped[Verdict] = db.choice(Verdict)
    letters: Mapped[list[str]] = mapped_column(default_factory=list)
    chemistries: Mapped[list[str]] = mapped_column(default_factory=list)
    origins: Mapped[list[str]] = mapped_column(default_factory=list)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(default=None)
    is_verified: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str]

    def is_in_force(self, on: date) -> bool:
        """Whether it holds on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


SOURCES = (
    N_("Interim Measures (six ministries, Order 73), in force 2026-04-01"),
    N_(
        "Key requirements against accidents of power production (National Energy Administration): "
        "consultation draft of 2022, as the trade press quotes it"
    ),
    N_("House rule 1 of this marketplace, until a national table exists"),
)
"""The sources of the rules that are shipped (migration 0007), to be said in each language."""

LACKS: dict[str, str] = {
    "letter": N_("its letter is none that the rule names, or it has none"),
    "provisional": N_("its letter is provisional"),
    "chemistry": N_("the rule does not name its chemistry"),
    "origin": N_("the rule does not name its origin, or none is on record"),
    "rule": N_("no rule permits this use"),
}
"""Why a use is not permitted although nothing bars it, by code."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask about a pack: its letter or None, its chemistry, its origin or None."""

    chemistry: Chemistry
    origin: Origin | None
    letter: Letter | str | None = None
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One use on a date. ``verdict`` is None where nothing bars and nothing permits it.

    ``rules`` are those that say so, or those that would permit it but for ``lacks`` (`LACKS`).
    """

    destination: Destination
    verdict: Verdict | None
    rules: tuple[DestinationRule, ...] = ()
    lacks: tuple[str, ...] = field(default=())


def rules(session: orm.Session, on: date | None = None) -> list[DestinationRule]:
    """All rules, or those in force on a date, by use and date."""
    found = session.scalars(sa.select(DestinationRule).order_by(DestinationRule.id))
    order = list(Destination)
    kept = [rule for rule in found if on is None or rule.is_in_force(on)]
    return sorted(kept, key=lambda rule: (order.index(rule.destination), rule.valid_from))


def of_pack(session: orm.Session, facts: Facts, on: date) -> list[Answer]:
    """Every use with what the rules in force on a date say of it."""
    return judge(rules(session, on), facts)


def judge(in_force: Iterable[DestinationRule], facts: Facts) -> list[Answer]:
    """Every use under these rules; one that bars comes before any that permits. Pure."""
    known = list(in_force)
    return [
        _answer(use, [rule for rule in known if rule.destination is use], facts)
        for use in Destination
    ]


def lacks(rule: DestinationRule, facts: Facts) -> tuple[str, ...]:
    """What keeps a rule from holding for a pack; nothing where it holds.

    A provisional letter earns no permission, and does not lift what bars its letter.
    """
    missing = []
    if rule.letters and facts.letter not in rule.letters:
        missing.append("letter")
    elif rule.letters and facts.is_provisional and rule.verdict is Verdict.PERMITTED:
        missing.append("provisional")
    if rule.chemistries and facts.chemistry not in rule.chemistries:
        missing.append("chemistry")
    if rule.origins and facts.origin not in rule.origins:
        missing.append("origin")
    return tuple(missing)


def _answer(use: Destination, known: list[DestinationRule], facts: Facts) -> Answer:
    for verdict in (Verdict.BARRED, Verdict.PERMITTED):
        holding = tuple(
            rule for rule in known if rule.verdict is verdict and not lacks(rule, facts)
        )
        if holding:
            return Answer(use, verdict, holding)
    permitting = [rule for rule in known if rule.verdict is Verdict.PERMITTED]
    if not permitting:
        return Answer(use, None, (), ("rule",))
    nearest = min(permitting, key=lambda rule: len(lacks(rule, facts)))
    return Answer(use, None, (nearest,), lacks(nearest, facts))
