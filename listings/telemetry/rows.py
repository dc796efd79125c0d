"""[pure] The columns of an export as whole numbers of one unit, as Ibis expressions.

What a value may look like is decided once per file from its first rows; a later cell that looks
otherwise is marked ``bad`` and refused by the caller. See ``charges`` for the units.
"""

from __future__ import annotations

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
HIGHEST_MA: Final = 1_000_000
"""GB/T 32960 counts current from -1000 to 1000 A; 65535 and 65534, raw or scaled, lie outside."""
MARKED_MA: Final = (655_350, 655_340, 65_535, 65_534)
"""What of the marks lies inside once a terminal scaled them by 1/100 and 1/1000; 0.1 A steps do
not reach the last two."""
COLDEST, HOTTEST = -40, 210
"""GB/T 32960: degrees Celsius; 254 and 255, also less the offset of 40, lie outside."""
MILLISECONDS: Final = 100_000_000_000
"""Epoch values from here on count milliseconds."""

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


def normalised(raw: Table, columns: dict[str, str], clock: Clock, vehicle: str) -> Table:
    """The rows of one file: vehicle, t, soc, ma, low, high, moving, bad.

    ``columns`` names the column of ``raw`` for each meaning. Invalid values are null; ``moving`` is
    false where there is no speed; ``vehicle`` names those of a file without that column.
    """
    cells = {meaning: raw[name] for meaning, name in columns.items()}
    soc, soc_bad = _number(cells["soc"])
    ampere, ampere_bad = _number(cells["current"])
    seconds, seconds_bad = _seconds(cells["time"], clock)
    ma = _whole(ampere, 1000)
    nothing = ibis.null("int32")
    return raw.select(
        vehicle=_name(cells["vehicle"]) if "vehicle" in cells else ibis.literal(vehicle),
        t=_within(seconds, EARLIEST, LATEST).cast("int64"),
        soc=_whole(_within(soc, 0, 100), SOC).cast("int32"),
        ma=_within(ma, -HIGHEST_MA, HIGHEST_MA)
        .cast("int32")
        .nullif(MARKED_MA[0])
        .nullif(MARKED_MA[1])
        .nullif(MARKED_MA[2])
        .nullif(MARKED_MA[3]),
        low=_degrees(cells["low"]) if "low" in cells else nothing,
        high=_degrees(cells["high"]) if "high" in cells else nothing,
        moving=(
            _number(cells["speed"])[0].between(0.5, 250)
            if "speed" in cells
            else ibis.literal(False)
        ).fill_null(False),
        bad=(soc_bad | ampere_bad | seconds_bad),
    )


def unreadable(raw: Table, columns: dict[str, str], clock: Clock) -> dict[str, Table]:
    """For each needed meaning, the cells that can be read as nothing, as a table of ``value``."""
    told = {
        "time": _seconds(raw[columns["time"]], clock)[1],
        "soc": _number(raw[columns["soc"]])[1],
        "current": _number(raw[columns["current"]])[1],
    }
    return {
        meaning: raw.filter(bad).select(value=raw[columns[meaning]].cast("string"))
        for meaning, bad in told.items()
    }


def _number(cell: Any) -> tuple[Any, Any]:
    """A cell as a float, and whether it is text that is neither number nor mark."""
    if not cell.type().is_string():
        return cell.cast("float64"), ibis.literal(False)
    value = cell.try_cast("float64")
    return value, value.isnull() & _said(cell)


def _said(cell: Any) -> Any:
    return (cell.notnull() & cell.strip().lower().notin(list(MARKS))).fill_null(False)


def _whole(value: Any, units: int) -> Any:
    """To the nearest whole unit, halves up: the same in every engine."""
    return _within(value * units + 0.5, -2e9, 2e9).floor().cast("int64")


def _within(value: Any, least: float, most: float) -> Any:
    """Null outside the bounds; not-a-number lies outside."""
    return ibis.cases((value.between(least, most), value))


def _degrees(cell: Any) -> Any:
    return _whole(_within(_number(cell)[0], COLDEST, HOTTEST), 10).cast("int32")


def _name(cell: Any) -> Any:
    name = cell.cast("string").strip().upper()
    return name.nullif("")


def _seconds(cell: Any, clock: Clock) -> tuple[Any, Any]:
    """Seconds of Beijing wall time, and whether it is text that is neither time nor mark."""
    kind = cell.type()
    if kind.is_timestamp():
        return _epoch(cell) + (BEIJING_S if kind.timezone else 0), ibis.literal(False)
    if kind.is_numeric():
        number = _within(cell.cast("float64"), 0, 1e14)
        return _since_epoch(number.floor().cast("int64")), ibis.literal(False)
    told = _from_text(cell.cast("string").strip(), clock)
    return told, told.isnull() & _said(cell.cast("string"))


def _from_text(text: Any, clock: Clock) -> Any:
    if clock == "epoch":
        number = _within(text.try_cast("float64"), 0, 1e14)
        return _since_epoch(number.floor().cast("int64"))
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
    return (
        ibis.ifelse(number >= MILLISECONDS, (number / 1000).floor().cast("int64"), number)
        + BEIJING_S
    )
