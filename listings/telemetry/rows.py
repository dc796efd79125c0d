"""[pure] The columns of an export as whole numbers of one unit, as Ibis expressions.

What a value may look like is decided once per file from its first rows; a later cell that looks
otherwise is marked ``bad`` and refused by the caller. See ``charges`` for the units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import ibis
from ibis import Table

from listings.telemetry.charges import SOC

BEIJING_S: Final = 8 * 3600
EARLIEST, LATEST = 1_262_304_000, 4_102_444_800
"""2010 and 2100, in seconds: a clock outside stands wrong, and its row is invalid."""
MARKS: Final = ("", "-", "--", "null", "none", "nan", "n/a", "na", r"\n", "无效", "异常", "无", "/")
"""Texts that say that there is no value."""
HIGHEST_A: Final = 1000
"""GB/T 32960 counts current from -1000 to 1000 A; 65535 and 65534, raw or scaled, lie outside."""
MARKED_MA: Final = (655_350, 655_340, 65_535, 65_534)
"""What of the marks lies inside once a terminal scaled them by 1/100 and 1/1000; 0.1 A steps do
not reach the last two."""
COLDEST, HOTTEST = -40, 210
"""GB/T 32960: degrees Celsius; 254 and 255, also less the offset of 40, lie outside."""
MILLISECONDS: Final = 100_000_000_000
"""Epoch values from here on count milliseconds."""

# A pattern and no list: DuckDB looks up a list for every row, asked or not.
_MARK = r"^\s*(" + "|".join(re.escape(mark) for mark in MARKS) + r")\s*$"

Clock = Literal["text", "chinese", "slashes", "compact", "epoch", "zoned"]


def clock_of(sample: Sequence[str]) -> Clock:
    """How the first values of a time column write it."""
    first = next((value for value in sample if value.lower() not in MARKS), "")
    if "年" in first:
        return "chinese"
    if first.replace(".", "", 1).isdigit():
        return "compact" if len(first) == 14 and first[:2] in {"19", "20"} else "epoch"  # noqa: PLR2004
    if first.endswith(("Z", "z")) or "+" in first[10:] or "-" in first[10:]:
        return "zoned"
    return "slashes" if "/" in first else "text"


def parsed(raw: Table, columns: dict[str, str], clock: Clock, vehicle: str) -> Table:
    """The cells of one file as numbers: vehicle, seconds, percent, ampere, coldest, hottest, speed.

    ``columns`` names the column of ``raw`` for each meaning; ``vehicle`` names those of a file
    without that column. The texts of the needed columns stand beside them. Apart from
    ``normalised``, so that an engine reads each cell once.
    """
    cells = {meaning: raw[name] for meaning, name in columns.items()}
    told = {
        meaning: _number(cells[meaning]) if meaning in cells else ibis.null("float64")
        for meaning in ("soc", "current", "low", "high", "speed")
    }
    return raw.select(
        vehicle=_name(cells["vehicle"]) if "vehicle" in cells else ibis.literal(vehicle),
        seconds=_seconds(cells["time"], clock),
        percent=told["soc"],
        ampere=told["current"],
        coldest=told["low"],
        hottest=told["high"],
        speed=told["speed"],
        time_text=_text(cells["time"]),
        soc_text=_text(cells["soc"]),
        current_text=_text(cells["current"]),
    )


def normalised(numbers: Table) -> Table:
    """The rows of ``parsed``, in whole units: vehicle, t, soc, ma, low, high, moving, bad.

    Invalid values are null; ``moving`` is false where there is no speed; ``bad`` marks text that is
    neither a value nor a mark for a missing one.
    """
    one = numbers
    ma = _whole(_within(one.ampere, -HIGHEST_A, HIGHEST_A), 1000)
    return one.select(
        "vehicle",
        t=_within(one.seconds, EARLIEST, LATEST),
        soc=_whole(_within(one.percent, 0, 100), SOC),
        ma=ibis.cases((ma.notin(MARKED_MA), ma)),
        low=_whole(_within(one.coldest, COLDEST, HOTTEST), 10),
        high=_whole(_within(one.hottest, COLDEST, HOTTEST), 10),
        moving=one.speed.between(0.5, 250).fill_null(False),
        bad=_unread(one.seconds, one.time_text)
        | _unread(one.percent, one.soc_text)
        | _unread(one.ampere, one.current_text),
    )


def unreadable(numbers: Table) -> dict[str, Table]:
    """For each needed meaning, the cells that can be read as nothing, as a table of ``value``."""
    texts = {
        "time": (numbers.seconds, numbers.time_text),
        "soc": (numbers.percent, numbers.soc_text),
        "current": (numbers.ampere, numbers.current_text),
    }
    return {
        meaning: numbers.filter(_unread(value, text)).select(value=text)
        for meaning, (value, text) in texts.items()
    }


def _number(cell: Any) -> Any:
    return cell.try_cast("float64") if cell.type().is_string() else cell.cast("float64")


def _text(cell: Any) -> Any:
    """Text of a needed cell; null for a column that has a type of its own."""
    return cell if cell.type().is_string() else ibis.null("string")


def _unread(value: Any, text: Any) -> Any:
    """Whether text became nothing and is no mark; asked only where it became nothing."""
    said = (text.notnull() & ~text.lower().re_search(_MARK)).fill_null(False)
    return ibis.cases((value.isnull(), said), else_=False)


def _whole(value: Any, units: int) -> Any:
    """To the nearest whole unit, halves up: the same in every engine."""
    return (value * units + 0.5).floor().cast("int32")


def _within(value: Any, least: float, most: float) -> Any:
    """Null outside the bounds; not-a-number lies outside."""
    return ibis.cases((value.between(least, most), value))


def _name(cell: Any) -> Any:
    name = cell.cast("string").strip().upper()
    return name.nullif("")


def _seconds(cell: Any, clock: Clock) -> Any:
    """Seconds of Beijing wall time, null where it cannot be read."""
    kind = cell.type()
    if kind.is_timestamp():
        return _epoch(cell) + (BEIJING_S if kind.timezone else 0)
    if kind.is_numeric():
        return _since_epoch(cell.cast("float64"))
    return _from_text(cell.cast("string"), clock)


def _from_text(text: Any, clock: Clock) -> Any:
    if clock == "text":
        return _epoch(_cast(text))  # the cast passes over blanks itself
    text = text.strip()
    if clock == "epoch":
        return _since_epoch(text.try_cast("float64"))
    if clock == "zoned":
        sign = ibis.ifelse(text.re_search(r"-\d\d:?\d\d$"), -1, 1)
        hours = text.re_extract(r"[+-](\d\d):?\d\d$", 1).try_cast("int64").fill_null(0)
        minutes = text.re_extract(r"[+-]\d\d:?(\d\d)$", 1).try_cast("int64").fill_null(0)
        return _epoch(_cast(text.substr(0, 19))) - sign * (hours * 3600 + minutes * 60) + BEIJING_S
    return _epoch(_cast(_iso(text, clock)))


def _iso(text: Any, clock: Clock) -> Any:
    if clock == "slashes":
        return text.replace("/", "-")
    if clock == "chinese":
        day = text.replace("年", "-").replace("月", "-").replace("日", " ").replace("  ", " ")
        return day.replace("时", ":").replace("分", ":").replace("秒", "").re_replace(":$", ":00")
    if clock == "compact":
        parts = [text.substr(start, 2) for start in (4, 6, 8, 10, 12)]
        month, day, hour, minute, second = parts
        date = text.substr(0, 4).concat("-", month, "-", day)
        return date.concat(" ", hour, ":", minute, ":", second)
    return text


def _cast(text: Any) -> Any:
    return text.try_cast("timestamp")


def _epoch(stamp: Any) -> Any:
    return stamp.epoch_seconds().floor().cast("int64")


def _since_epoch(number: Any) -> Any:
    told = _within(number, 0, 1e14)
    seconds = ibis.ifelse(told >= MILLISECONDS, told / 1000, told)
    return seconds.floor().cast("int64") + BEIJING_S
