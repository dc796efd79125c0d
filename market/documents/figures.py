"""Numbers, dates and money as a document writes them in the language being spoken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from listings import words
from listings.money import MINOR_DIGITS, Money

ZONE = "Asia/Shanghai"
DASH = "—"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def number(value: Decimal | int | None, unit: str = "") -> str:
    """``1,234.5 kWh``: thousands separated, no empty places, a dash where there is none."""
    if value is None:
        return DASH
    plain = f"{Decimal(value):,f}"
    shown = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return f"{shown} {unit}".rstrip()


def percent(fraction: Decimal | None) -> str:
    """A fraction 0..1 as percent with one decimal place."""
    return DASH if fraction is None else f"{fraction * 100:.1f} %"


def money(amount: Money | None) -> str:
    """``CNY 1,234.50``."""
    if amount is None:
        return DASH
    return f"{amount.currency} {amount.decimal:,.{MINOR_DIGITS[amount.currency]}f}"


def day(value: date | None) -> str:
    """``2026年11月21日`` or ``21 November 2026``."""
    if value is None:
        return DASH
    if words.locale().startswith("zh"):
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime | None, zone: str = ZONE) -> str:
    """An instant to the second with the zone's name."""
    if value is None:
        return DASH
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local)} {local:%H:%M:%S} ({zone})"


def stamp(value: datetime | None, zone: str = ZONE) -> str:
    """An instant for tables, the same in every language; the zone stands beside the table."""
    return DASH if value is None else f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def total(values: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None where one of the values is not known."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if len(known) == len(values) else None
