"""What independent valuers agree on, with every voice, as the pages show it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import orm

from listings.errors import N_, DomainError, Refused
from listings.money import Money
from listings.words import gettext
from market.web import pictures
from market.web.formats import money, word
from pricing import consensus, references
from pricing.guides import Edition, GuideValue
from pricing.pack_values import Worked

AMOUNTS = ("value", "low", "high")


@dataclass(frozen=True, slots=True)
class Voice:
    """One valuer in the table: what it says, how well it did, what it weighs (a fraction)."""

    edition: Edition
    value: Money
    low: Money
    high: Money
    route: str
    n: int
    skill: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A reference value as the pages show it; ``ident`` is that of the kept row, if it is kept.

    ``is_equal``: nobody has sales enough yet, so all weigh the same.
    """

    value: Money
    low: Money
    high: Money
    route: str
    route_label: str
    line: Markup
    voices: list[Voice]
    is_equal: bool
    ident: int | None


@dataclass(frozen=True, slots=True)
class NotEnough:
    """Why there is no reference value, as a sentence."""

    why: DomainError


def of_lot(
    session: orm.Session,
    lot_id: int,
    said: Sequence[tuple[Edition, GuideValue | DomainError]],
    *,
    at: datetime,
) -> Shown | NotEnough:
    """The reference value of a lot, kept; or why there is none."""
    kept = references.of_lot(session, lot_id, said, at=at)
    if kept is not None:
        return _shown(session, json.loads(kept.record), kept.id)
    results = [(e, json.loads(v.result)) for e, v in said if isinstance(v, GuideValue)]
    return _agreed(session, results, at)


def of_pack(
    session: orm.Session, said: Sequence[tuple[Edition, Worked | DomainError]], *, at: datetime
) -> Shown | NotEnough:
    """The reference value of a pack, which is not kept; or why there is none."""
    return _agreed(session, [(e, w.result) for e, w in said if isinstance(w, Worked)], at)


def _agreed(
    session: orm.Session, results: Sequence[tuple[Edition, Mapping[str, Any]]], at: datetime
) -> Shown | NotEnough:
    try:
        found = references.agree(session, results, at=at)
    except Refused as why:
        return NotEnough(why)
    return _shown(session, found.to_json(), None)


def _shown(session: orm.Session, found: dict[str, Any], ident: int | None) -> Shown:
    currency = found["currency"]
    value, low, high = (Money(found[f"{name}_minor"], currency) for name in AMOUNTS)
    voices = [_voice(session, voice, currency) for voice in found["voices"]]
    return Shown(
        value=value,
        low=low,
        high=high,
        route=found["route"],
        route_label=word(found["route"], "Route"),
        line=_line(value, low, high),
        voices=voices,
        is_equal=all(voice.n < consensus.FEWEST_SCORED for voice in voices),
        ident=ident,
    )


def _voice(session: orm.Session, voice: dict[str, Any], currency: str) -> Voice:
    value, low, high = (Money(voice[f"{name}_minor"], currency) for name in AMOUNTS)
    return Voice(
        edition=session.get_one(Edition, voice["edition_id"]),
        value=value,
        low=low,
        high=high,
        route=word(voice["route"], "Route"),
        n=voice["n"],
        skill=voice["skill"],
        weight=voice["weight"] / consensus.WHOLE,
    )


def _line(value: Money, low: Money, high: Money) -> Markup:
    said = gettext(N_("Reference value %(value)s"), value=_whole(value))
    return pictures.value_line(
        _mark(low),
        pictures.Mark(float(value.decimal), said),
        _mark(high),
        title=gettext(
            N_("Reference value %(value)s, between %(low)s and %(high)s"),
            value=_whole(value),
            low=_whole(low),
            high=_whole(high),
        ),
    )


def _mark(sum_of: Money) -> pictures.Mark:
    return pictures.Mark(float(sum_of.decimal), _whole(sum_of))


def _whole(sum_of: Money) -> str:
    """Without fen: the picture's marks stand close to one another."""
    return money(sum_of).partition(".")[0]
