"""How numbers, money, times and words of closed sets look on a page."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask
from markupsafe import Markup, escape

from listings import words
from listings.money import MINOR_DIGITS, Money
from listings.provinces import PROVINCES
from market import quantities
from market.web import labels

ZONE = ZoneInfo("Asia/Shanghai")
SIGNS = {"CNY": "¥", "EUR": "€", "USD": "$", "HKD": "HK$", "JPY": "JP¥"}
Number = Decimal | float | int


@functools.cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def money(minor: int | Money | None, currency: str = "CNY") -> str:
    """``¥1,250.50``; a dash for nothing."""
    if minor is None:
        return "–"
    amount = minor if isinstance(minor, Money) else Money(int(minor), currency)
    digits = MINOR_DIGITS[amount.currency]
    sign = "−" if amount.minor < 0 else ""
    return f"{sign}{SIGNS[amount.currency]}{abs(amount.decimal):,.{digits}f}"


def number(value: Number | None, places: int = 0) -> str:
    """A number with separators and fixed places; a dash for nothing."""
    return "–" if value is None else f"{Decimal(str(value)):,.{places}f}".replace("-", "−")


def percent(value: Number | None, places: int = 1) -> str:
    """A fraction 0..1 as a percentage."""
    return "–" if value is None else f"{Decimal(str(value)) * 100:.{places}f}%".replace("-", "−")


def kwh(value: Number | None) -> str:
    """Energy in kWh with one place and its unit."""
    return "–" if value is None else f"{number(value, 1)} kWh"


def zone_name() -> str:
    """The name of the zone that times are shown in."""
    return words.gettext("Beijing time")


def instant(value: datetime | None, *, seconds: bool = False) -> Markup | str:
    """``2026-05-31 14:30 Beijing time`` in a <time> element."""
    if value is None:
        return "–"
    local = value.astimezone(ZONE)
    text = local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
    return Markup('<time datetime="{}">{} <span class="zone">{}</span></time>').format(
        value.isoformat(),
        text,
        zone_name(),
    )


def day(value: date | datetime | None) -> str:
    """A calendar date in ISO form; a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = value.astimezone(ZONE).date()
    return value.isoformat()


def local_input(value: datetime | None) -> str:
    """The value of a datetime-local field."""
    return "" if value is None else value.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def plain_money(minor: int | None, currency: str = "CNY") -> str:
    """The value of a money field: ``1,250.50``."""
    return "" if minor is None else f"{Money(minor, currency).decimal:,.{MINOR_DIGITS[currency]}f}"


def word(member: enum.StrEnum | str | None, of: str = "") -> str:
    """The label of a member of a closed set; ``of`` names the set for a bare string."""
    if member is None:
        return "–"
    if isinstance(member, enum.StrEnum):
        return words.gettext(labels.LABELS[type(member).__name__][member.value])
    return words.gettext(labels.LABELS[of].get(member, member)) if of else str(member)


def province(name: str) -> str:
    """The name of a province in the person's language; kept in Chinese."""
    if words.locale().startswith("zh") or name not in PROVINCES:
        return name
    return words.gettext(PROVINCES[name])


def ladder(increments: Iterable[tuple[int, int]], currency: str = "CNY") -> str:
    """Increments in one line: from which price on each of them holds."""
    return words.gettext("; ").join(
        words.gettext(
            "from %(low)s: %(step)s", low=money(low, currency), step=money(step, currency)
        )
        for low, step in increments
    )


def grade(letter: str | None, level: str, *, provisional: bool = False) -> Markup:
    """A grade as a letter in a square with its evidence level, with its meaning as a title."""
    if letter is None:
        title = words.gettext("No grade: indicative only (evidence %(level)s)", level=level)
        return Markup(
            '<span class="grade grade-none" title="{}"><span>–<sub>{}</sub></span></span>'
        ).format(
            title,
            level,
        )
    title = words.gettext("Grade %(letter)s, evidence level %(level)s", letter=letter, level=level)
    if provisional:
        title += " · " + words.gettext("provisional")
    return Markup(
        '<span class="grade grade-{}{}" title="{}"><span class="sr">{}</span>'
        '<span aria-hidden="true">{}<sub>{}</sub></span></span>'
    ).format(
        letter.lower(), " grade-provisional" if provisional else "", title, title, letter, level
    )


def icon(name: str) -> Markup:
    """A picture beside words, from the one sprite."""
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false">'
        '<use href="/static/vendor/icons.svg#{}"></use></svg>'
    ).format(escape(name))


def register(app: Flask) -> None:
    """Give the templates these filters and functions."""
    filters: dict[str, Any] = {
        "money": money,
        "plain_money": plain_money,
        "number": number,
        "percent": percent,
        "kwh": kwh,
        "instant": instant,
        "date": day,
        "local_input": local_input,
        "word": word,
        "list_of": words.listed,
        "ladder": ladder,
        "quantity": quantities.said,
        "per": quantities.price,
    }
    app.jinja_env.filters.update(filters)
    app.jinja_env.globals.update(
        province=province, word=word, grade=grade, icon=icon, zone_name=zone_name
    )
