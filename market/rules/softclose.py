"""Soft close: a late bid moves the end of the sale. Pure, no libraries.

The five-minute window and extension that sales use by default are those of the Chinese online
judicial-auction rules.
"""

from __future__ import annotations

from datetime import datetime, timedelta

DEFAULT_WINDOW = timedelta(minutes=5)
DEFAULT_EXTENSION = timedelta(minutes=5)


def extend(
    ends_at: datetime,
    at: datetime,
    window: timedelta,
    extension: timedelta,
    hard_end: datetime | None = None,
) -> datetime:
    """The end of the sale after a bid at ``at`` that changed the price or the leader.

    With 0 < ends_at - at < window it is min(hard_end, max(ends_at, at + extension)); otherwise,
    and at exactly one window before the end, it stays. It never moves back, even where a hard
    end stands before the end given.
    """
    if not timedelta(0) < ends_at - at < window:
        return ends_at
    later = at + extension
    if hard_end is not None:
        later = min(later, hard_end)
    return max(ends_at, later)
