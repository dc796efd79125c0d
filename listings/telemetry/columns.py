"""[pure] What the columns of a fleet's export are called, and which one means what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from listings.errors import N_
from listings.telemetry.refusals import ColumnMissing, ColumnTwice

MEANINGS: Final[dict[str, str]] = {
    "vehicle": N_("vehicle"),
    "time": N_("time"),
    "soc": N_("state of charge in %%"),
    "current": N_("current in A"),
    "speed": N_("speed"),
    "low": N_("lowest temperature"),
    "high": N_("highest temperature"),
}
"""The columns that are read, as people call them."""
NEEDED: Final = ("time", "soc", "current")
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "vehicle": (
        "vin", "车架号", "车辆识别代号", "车辆识别码", "车辆vin", "vin码", "vehicle", "vehicleid",
        "vehicle_vin", "carid", "车牌号", "车牌", "车牌号码", "plate", "plateno", "licenseplate",
        "自编号", "车辆编号", "车辆自编号", "fleetnumber", "vehicleno", "车辆", "busno", "deviceid",
    ),
    "time": (
        "time", "采集时间", "数据时间", "数据采集时间", "上报时间", "终端时间", "时间", "日期时间",
        "timestamp", "datetime", "datatime", "collecttime", "collectiontime", "recordtime",
        "terminaltime", "reporttime", "gpstime",
    ),
    "soc": (
        "soc", "荷电状态", "电池soc", "动力电池soc", "剩余电量百分比", "stateofcharge",
        "batterysoc", "bmssoc", "socdisplay",
    ),
    "current": (
        "current", "总电流", "电流", "电池总电流", "动力电池总电流", "totalcurrent", "sumcurrent",
        "packcurrent", "batterycurrent", "chargecurrent", "hvcurrent",
    ),
    "speed": ("speed", "车速", "vehiclespeed", "速度"),
    "low": (
        "最低温度值", "最低温度", "电池最低温度", "单体最低温度", "mintemperature", "mintemp",
        "minimumtemperature", "lowesttemperature", "mintemperaturevalue",
    ),
    "high": (
        "最高温度值", "最高温度", "电池最高温度", "单体最高温度", "maxtemperature", "maxtemp",
        "maximumtemperature", "highesttemperature", "maxtemperaturevalue",
    ),
}  # fmt: skip
"""Known spellings, as ``plain`` leaves them; in a meaning the earlier one is preferred."""

_UNIT = re.compile(r"[(（\[【].*?[)）\]】]|[\s_\-./:：%℃\ufeff'\"]")


def plain(name: str) -> str:
    """A column's name without its unit, blanks, signs and case: ``SOC (%)`` is ``soc``."""
    return _UNIT.sub("", name).lower()


def recognise(header: Sequence[str], file: str) -> dict[str, int]:
    """The place of each meaning in a header, from 0; meanings without a column are left out.

    Where several spellings of a meaning stand in one header (VIN beside plate), the one that stands
    first in ``NAMES`` is taken. Refuses a header without time, state of charge or current
    (``ColumnMissing``), and one spelling twice (``ColumnTwice``).
    """
    names = [plain(name) for name in header]
    found: dict[str, int] = {}
    for meaning, spellings in NAMES.items():
        for spelling in (plain(one) for one in spellings):
            places = [place for place, name in enumerate(names) if name == spelling]
            if len(places) > 1:
                one, other = (header[place] for place in places[:2])
                raise ColumnTwice(column=one, other=other, file=file, meaning=MEANINGS[meaning])
            if places:
                found[meaning] = places[0]
                break
    for meaning in NEEDED:
        if meaning not in found:
            raise ColumnMissing(file=file, meaning=MEANINGS[meaning], name=NAMES[meaning][0])
    return found
