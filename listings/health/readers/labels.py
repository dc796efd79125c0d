"""Header labels with units, in English and Chinese: which quantity a column holds, in which unit.

A label is a name and a unit, written "Current(mA)", "Voltage [V]", "Test Time / h" or
"current_ampere". Quantities without a unit are not guessed: a bare "Voltage" is not known, a bare
"Time" only where its values are written as a clock (see ``times``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SECONDS: Final = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "秒": 1.0,
    "ms": 1e-3,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "h:min:s.ms": 1.0,
    "h:min:s:ms": 1.0,
    "h:min:s": 1.0,
    "hh:mm:ss": 1.0,
    "hh:mm:ss.ms": 1.0,
    "": 1.0,
}
VOLTS: Final = {"v": 1.0, "volt": 1.0, "mv": 1e-3, "uv": 1e-6}
AMPERES: Final = {"a": 1.0, "ampere": 1.0, "ma": 1e-3, "ua": 1e-6}
AMPERE_HOURS: Final = {"ah": 1.0, "mah": 1e-3, "uah": 1e-6, "as": 1 / 3600, "mas": 1e-3 / 3600}
WATT_HOURS: Final = {"wh": 1.0, "mwh": 1e-3, "uwh": 1e-6, "ws": 1 / 3600, "mws": 1e-3 / 3600}
CELSIUS: Final = dict.fromkeys(("c", "°c", "degc", "oc", "celsius"), 1.0)
COUNT: Final = {"": 1.0, "1": 1.0}
TEXT: Final = {"": 1.0}

UNITS: Final[dict[str, dict[str, float]]] = {
    "test_time_second": SECONDS,
    "step_time_second": SECONDS,
    "voltage_volt": VOLTS,
    "current_ampere": AMPERES,
    "cycle": COUNT,
    "step": COUNT,
    "record": COUNT,
    "temperature_celsius": CELSIUS,
    "tester_ah": AMPERE_HOURS,
    "charge_ah": AMPERE_HOURS,
    "discharge_ah": AMPERE_HOURS,
    "tester_wh": WATT_HOURS,
    "charge_wh": WATT_HOURS,
    "discharge_wh": WATT_HOURS,
    "state": TEXT,
    "instant": TEXT | {"hh:mm:ss.ms": 1.0},
    "test": COUNT,
    "cell": COUNT,
}
"""Quantity -> unit as labelled, in lower case -> factor to the canonical unit."""

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "test_time_second": (
        *("test time", "testtime", "total time", "cumulative time", "run time", "test", "总时间"),
        *("累计时间", "测试时间"),
    ),
    "step_time_second": (
        *("step time", "steptime", "step", "time", "relative time", "时间", "步时间", "相对时间"),
        *("工步时间", "测试时间(步)"),
    ),
    "voltage_volt": ("voltage", "volts", "potential", "vol", "电压"),
    "current_ampere": ("current", "amps", "cur", "电流"),
    "cycle": (
        *("cycle", "cycle count", "cycle index", "cycle id", "cyc#", "cyc", "cycle c", "cycle p"),
        *("循环", "循环号", "循环序号", "循环id"),
    ),
    "step": (
        *("step", "step count", "step index", "step id", "工步", "工步号", "工步序号", "工步id"),
        "步次",
    ),
    "record": (
        *("record", "record id", "record index", "record number", "datapoint", "data point"),
        *("rec#", "rec", "数据序号", "记录序号", "记录id", "序号"),
    ),
    "temperature_celsius": (
        *("temperature", "surface temperature t1", "cell surface temperature", "cell temperature"),
        *("temperature t1", "temp", "temp 1", "temp1", "t1", "aux temperature 1", "温度", "温度1"),
        *("ambient temperature", "environment temperature"),
    ),
    "tester_ah": (
        *("capacity", "cap.", "amp hr", "step capacity", "step net capacity", "容量"),
        *("step cumulative capacity", "net capacity", "cumulative capacity"),
    ),
    "charge_ah": (
        *("chg. cap.", "charge capacity", "charging capacity", "capacitance chg", "cap chg"),
        "充电容量",
    ),
    "discharge_ah": (
        *("dchg. cap.", "discharge capacity", "discharging capacity", "capacitance dchg"),
        *("cap dchg", "放电容量"),
    ),
    "tester_wh": (
        *("energy", "ener.", "watt hr", "step energy", "step net energy", "能量"),
        *("step cumulative energy", "net energy", "cumulative energy"),
    ),
    "charge_wh": (
        *("chg. energy", "charge energy", "charging energy", "engy chg", "charge capacity"),
        "充电能量",
    ),
    "discharge_wh": (
        *("dchg. energy", "discharge energy", "discharging energy", "engy dchg"),
        *("discharge capacity", "放电能量"),
    ),
    "state": ("state", "step type", "step name", "status", "md", "工步类型", "工步名称", "状态"),
    "instant": (
        *("date", "realtime", "real time", "datetime", "date time", "dpt time", "dpt-time"),
        *("绝对时间", "实时时间", "系统时间", "日期"),
    ),
    "test": ("test",),
    "cell": ("cell",),
}
"""Quantity -> its names, the better ones first, in lower case; hyphens and underscores are blanks.

Where several quantities share a name, the unit decides."""

OWN_UNITS: Final = {"volts": "v", "amps": "a", "amp hr": "ah", "watt hr": "wh"}
"""Names that are their unit (Maccor)."""
NUMBERS: Final = frozenset({"test", "step"})
"""Names of numbers, which mean a time only with a unit of time: "Step" and "Step (Sec)"."""
WORST: Final = 1000
BRACKETED: Final = re.compile(r"^(.*?)\s*[(\[]([^()\[\]]*)[)\]]$")
LAST_WORD: Final = re.compile(r"^(.*) (second|volt|ampere|celsius|ah|wh|s|v|a|mv|ma|mah)$")

BY_NAME: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(quantity for quantity, names in NAMES.items() if name in names)
    for name in {name for names in NAMES.values() for name in names}
}


@dataclass(frozen=True)
class Column:
    """Where a quantity stands in a row (counted from 0), and the factor to its canonical unit."""

    place: int
    label: str
    factor: float
    has_unit: bool


@dataclass(frozen=True)
class Known:
    """What a label says; ``rank`` is the place of its name among those of its quantity."""

    quantity: str
    factor: float
    has_unit: bool
    rank: int


def known(label: str) -> Known | None:
    """The quantity of a label and the factor to its canonical unit; None where it is not known."""
    text = unicodedata.normalize("NFKC", label).replace("μ", "u").strip().strip('"').lower()
    name, unit = _split(re.sub(r"\s+", " ", text))
    name = re.sub(r"[\s_\-]+", " ", name).strip()
    unit = unit or OWN_UNITS.get(name, "")
    for quantity in BY_NAME.get(name, ()):
        if not unit and name in NUMBERS and quantity.endswith("time_second"):
            continue
        factor = UNITS[quantity].get(unit)
        if factor is not None:
            return Known(quantity, factor, bool(unit), NAMES[quantity].index(name))
    return None


def columns(labels: Sequence[str]) -> dict[str, Column]:
    """The column of every known quantity in a header: of several, that of the better name."""
    found: dict[str, tuple[int, Column]] = {}
    for place, label in enumerate(labels):
        best = known(label)
        if best is not None and best.rank < found.get(best.quantity, (WORST,))[0]:
            column = Column(place, label, best.factor, best.has_unit)
            found[best.quantity] = best.rank, column
    return {quantity: column for quantity, (_, column) in found.items()}


def _split(text: str) -> tuple[str, str]:
    """Name and unit of a label in lower case; an empty unit where it names none."""
    bracketed = BRACKETED.match(text)
    if bracketed is not None:
        return bracketed[1], bracketed[2].replace(" ", "")
    name, slash, unit = text.partition(" / ")
    if slash:
        return name, unit.replace(" ", "")
    words = LAST_WORD.match(text.replace("_", " "))
    return (words[1], words[2]) if words is not None and "_" in text else (text, "")
