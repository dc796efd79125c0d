"""How often a guide appears, from every working day to monthly, and what its editions are called.

Working days are Monday to Friday: public holidays, and Saturdays worked instead of them, are set
by decree each year and are not known here.
"""

from __future__ import annotations

import enum
from datetime import date, timedelta

_HALF = 15
_SATURDAY = 5


class Rhythm(enum.StrEnum):
    """How often a guide's editions appear."""

    WORKING_DAY = "working_day"
    WEEKLY = "weekly"
    TWICE_MONTHLY = "twice_monthly"
    MONTHLY = "monthly"


def number(rhythm: Rhythm, on: date) -> str:
    """What an edition of a day is called: 2026-06-01, 2026-W23, 2026-06a, 2026-06."""
    if rhythm is Rhythm.WORKING_DAY:
        return on.isoformat()
    if rhythm is Rhythm.WEEKLY:
        year, week, _ = on.isocalendar()
        return f"{year}-W{week:02}"
    half = "" if rhythm is Rhythm.MONTHLY else "a" if on.day <= _HALF else "b"
    return f"{on:%Y-%m}{half}"


def next_due(rhythm: Rhythm, last: date) -> date:
    """The last day on which the edition after one of day ``last`` is still on time: the next
    working day, or the last day of the next week, half month or month.
    """
    if rhythm is Rhythm.WORKING_DAY:
        day = last + timedelta(days=1)
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
        return day
    if rhythm is Rhythm.WEEKLY:
        return last + timedelta(days=13 - last.weekday())
    if rhythm is Rhythm.TWICE_MONTHLY:
        return _end_of_month(last) if last.day <= _HALF else _next_month(last).replace(day=_HALF)
    return _end_of_month(_next_month(last))


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _end_of_month(day: date) -> date:
    return _next_month(day) - timedelta(days=1)
