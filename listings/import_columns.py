"""The columns of a fleet's spreadsheet: how their headers are spelled and how cells are read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from listings.errors import N_, Refused
from listings.packs import Mounting, Origin
from listings.sheets import Cell, write_xlsx

Value = str | date | Decimal | Mounting | Origin | None


class NotADay(Refused):
    """A cell of a date column that is no date."""

    message = N_("“%(value)s” is not a date. Write it like 2021-03-12.")


class NotAMass(Refused):
    """A cell of the mass column that is no number above 0."""

    message = N_("“%(value)s” is not a mass in kg above 0.")


class NotAWord(Refused):
    """A cell that takes one of a few words."""

    message = N_("“%(value)s” is not understood here. Write one of: %(words)s.")


class TooLong(Refused):
    """A text longer than a register entry holds."""

    message = N_("This is too long: at most %(most)s characters.")


MOST_TEXT: Final = 200

MOUNTINGS: Final[dict[str, Mounting]] = {
    **dict.fromkeys(
        ("在车", "装车", "已装车", "未拆", "未拆下", "是", "mounted", "yes"), Mounting.MOUNTED
    ),
    **dict.fromkeys(
        ("已拆", "已拆下", "拆下", "离车", "已离车", "否", "removed", "no"), Mounting.REMOVED
    ),
}
ORIGINS: Final[dict[str, Origin]] = {
    **dict.fromkeys(
        ("维修更换", "维修", "更换", "repair or replacement", "repair", "replacement"),
        Origin.REPAIR_REPLACEMENT,
    ),
    **dict.fromkeys(
        ("换电退役", "换电车队退役", "swap retirement", "swap-fleet retirement"),
        Origin.SWAP_RETIREMENT,
    ),
    **dict.fromkeys(("报废拆解", "拆解", "整车拆解", "dismantling"), Origin.DISMANTLING),
    **dict.fromkeys(("生产报废", "生产废料", "production scrap"), Origin.PRODUCTION_SCRAP),
    **{member.value: member for member in Origin},
}


def _words(words: Mapping[str, object]) -> Callable[[Cell], object]:
    def read(cell: Cell) -> object:
        found = words.get(text(cell).lower())
        if found is None:
            raise NotAWord(value=text(cell), words=", ".join(_offered(words)))
        return found

    return read


def _offered(words: Mapping[str, object]) -> list[str]:
    """For each meaning its first Chinese and its first English word."""
    firsts: dict[object, dict[bool, str]] = {}
    for word, meaning in words.items():
        firsts.setdefault(meaning, {}).setdefault(word.isascii(), word)
    return [" / ".join(spellings.values()) for spellings in firsts.values()]


def text(cell: Cell) -> str:
    """A cell as trimmed text; numbers lose nothing, days are ISO."""
    return "" if cell is None else unicodedata.normalize("NFKC", str(cell)).strip()


def _short(cell: Cell) -> str:
    value = text(cell)
    if len(value) > MOST_TEXT:
        raise TooLong(most=MOST_TEXT)
    return value


def _day(cell: Cell) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    value = text(cell)
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 0?0:00(?::00)?)?", value)
    parts = parts or re.fullmatch(r"(\d{4})(\d\d)(\d\d)", value)
    try:
        year, month, day = (int(part) for part in parts.groups()) if parts else (0, 0, 0)
        return date(year, month, day)
    except ValueError:
        raise NotADay(value=value) from None


def _mass(cell: Cell) -> Decimal:
    value = re.sub(r"(kg|公斤|千克)$", "", text(cell).lower().replace(",", "")).strip()
    try:
        mass = Decimal(value)
    except InvalidOperation:
        raise NotAMass(value=text(cell)) from None
    if not (mass.is_finite() and 0 < mass < 10**6):
        raise NotAMass(value=text(cell))
    return mass


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in both languages, other spellings, and how its cells are read.

    ``hint`` says to a person what belongs in it.
    """

    key: str
    chinese: str
    english: str
    hint: str
    spellings: tuple[str, ...] = ()
    read: Callable[[Cell], object] = _short

    def name(self, locale: str) -> str:
        """The header in the template of a language."""
        return self.chinese if locale.startswith("zh") else self.english


COLUMNS: Final = (
    Column(
        "fleet_number",
        "车辆自编号",
        "Fleet number",
        N_("The fleet's own number of the vehicle; its plate will do where it has none."),
        ("自编号", "车队编号", "内部编号", "车号", "fleet no", "vehicle number", "bus number"),
    ),
    Column(
        "plate",
        "车牌号",
        "Plate",
        N_("As on the vehicle licence."),
        ("车牌", "车牌号码", "号牌号码", "plate number", "licence plate", "license plate"),
    ),
    Column(
        "vin",
        "车架号",
        "VIN",
        N_("17 characters; the check digit is checked."),
        ("VIN码", "VIN号", "车辆识别代号", "车辆识别代码", "chassis number"),
    ),
    Column(
        "asset_card",
        "资产卡号",
        "Asset card",
        N_("Number of the fixed-asset card."),
        ("资产卡片号", "固定资产编号", "资产编号", "asset number", "asset card number"),
    ),
    Column(
        "vehicle_model",
        "车型",
        "Vehicle model",
        N_("As on the vehicle licence."),
        ("车辆型号", "model of vehicle"),
    ),
    Column(
        "first_registered_on",
        "初次登记日期",
        "First registered",
        N_("A date such as 2018-05-31."),
        ("注册日期", "注册登记日期", "上牌日期", "first registration", "registration date"),
        _day,
    ),
    Column(
        "site",
        "停放场地",
        "Yard",
        N_("Name of a site; a new name is registered as a site in your province."),
        ("场地", "停车场", "存放地点", "存放场地", "site", "depot"),
    ),
    Column(
        "code",
        "电池编码",
        "Pack code",
        N_("GB/T 34014 code of 24 or 19 characters; leave it empty for a pack without one."),
        ("动力电池编码", "电池包编码", "国标码", "国标编码", "battery code", "gb/t 34014 code"),
    ),
    Column(
        "maker_number",
        "厂家编号",
        "Maker number",
        N_("The maker's own number on the nameplate."),
        ("出厂编号", "电池出厂编号", "生产厂编号", "manufacturer number", "serial number"),
    ),
    Column(
        "maker",
        "电池厂家",
        "Battery maker",
        N_("Only needed where two makers use the same model name."),
        ("电池生产企业", "生产企业", "厂家", "maker", "manufacturer"),
    ),
    Column(
        "type",
        "电池型号",
        "Battery type",
        N_("Model as in the register of pack types. Required."),
        ("电池包型号", "型号", "battery model", "pack type", "pack model"),
    ),
    Column(
        "mounting",
        "安装状态",
        "Mounted or removed",
        N_("“mounted” or “removed”; empty means removed."),
        ("是否装车", "在车状态", "mounting", "mounted"),
        _words(MOUNTINGS),
    ),
    Column(
        "position",
        "箱号",
        "Box",
        N_("Which of the vehicle's boxes it is."),
        ("位置", "箱位", "position", "box number"),
    ),
    Column(
        "holder",
        "持有单位",
        "Holder",
        N_("Name or credit code of who physically has it; empty means you."),
        ("持有方", "保管单位", "存放单位", "held by"),
    ),
    Column(
        "origin",
        "来源",
        "Origin",
        N_("Why it is lawfully off its vehicle. Required for a removed pack."),
        ("退役来源", "退役原因", "来源类型"),
        _words(ORIGINS),
    ),
    Column(
        "origin_on",
        "来源日期",
        "Origin date",
        N_("The day of that event, such as 2026-05-02."),
        ("退役日期", "拆下日期", "retired on", "removed on"),
        _day,
    ),
    Column(
        "mass_kg",
        "质量(kg)",
        "Mass (kg)",
        N_("Weighed; empty means the mass of its type."),
        ("质量", "重量", "重量(kg)", "mass", "weight", "weight (kg)"),
        _mass,
    ),
)


def plain(header: str) -> str:
    """A header without case, blanks, brackets, marks of required columns and underscores."""
    return re.sub(r"[\s()\[\]*:_\-.]", "", unicodedata.normalize("NFKC", header)).lower()


BY_HEADER: Final[dict[str, Column]] = {
    plain(spelling): column
    for column in COLUMNS
    for spelling in (column.chinese, column.english, column.key, *column.spellings)
}


def template(locale: str) -> bytes:
    """An empty workbook with the headers in a language."""
    return write_xlsx([column.name(locale) for column in COLUMNS], [])
