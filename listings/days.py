"""Calendar days of the market: Chinese law and trade count in Beijing time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")


def of(at: datetime) -> date:
    """The calendar day in Beijing on which an instant falls."""
    return at.astimezone(ZONE).date()
