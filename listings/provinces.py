"""The provinces of China as addresses name them, with a message id each."""

from __future__ import annotations

from listings.errors import N_, Refused

PROVINCES = {
    "北京": N_("Beijing"),
    "天津": N_("Tianjin"),
    "河北": N_("Hebei"),
    "山西": N_("Shanxi"),
    "内蒙古": N_("Inner Mongolia"),
    "辽宁": N_("Liaoning"),
    "吉林": N_("Jilin"),
    "黑龙江": N_("Heilongjiang"),
    "上海": N_("Shanghai"),
    "江苏": N_("Jiangsu"),
    "浙江": N_("Zhejiang"),
    "安徽": N_("Anhui"),
    "福建": N_("Fujian"),
    "江西": N_("Jiangxi"),
    "山东": N_("Shandong"),
    "河南": N_("Henan"),
    "湖北": N_("Hubei"),
    "湖南": N_("Hunan"),
    "广东": N_("Guangdong"),
    "广西": N_("Guangxi"),
    "海南": N_("Hainan"),
    "重庆": N_("Chongqing"),
    "四川": N_("Sichuan"),
    "贵州": N_("Guizhou"),
    "云南": N_("Yunnan"),
    "西藏": N_("Tibet"),
    "陕西": N_("Shaanxi"),
    "甘肃": N_("Gansu"),
    "青海": N_("Qinghai"),
    "宁夏": N_("Ningxia"),
    "新疆": N_("Xinjiang"),
    "香港": N_("Hong Kong"),
    "澳门": N_("Macao"),
    "台湾": N_("Taiwan"),
}

# The letters of ISO 3166-2:CN, for where a name has no room.
CODES = {
    "北京": "BJ", "天津": "TJ", "河北": "HE", "山西": "SX", "内蒙古": "NM",
    "辽宁": "LN", "吉林": "JL", "黑龙江": "HL", "上海": "SH", "江苏": "JS",
    "浙江": "ZJ", "安徽": "AH", "福建": "FJ", "江西": "JX", "山东": "SD",
    "河南": "HA", "湖北": "HB", "湖南": "HN", "广东": "GD", "广西": "GX",
    "海南": "HI", "重庆": "CQ", "四川": "SC", "贵州": "GZ", "云南": "YN",
    "西藏": "XZ", "陕西": "SN", "甘肃": "GS", "青海": "QH", "宁夏": "NX",
    "新疆": "XJ", "香港": "HK", "澳门": "MO", "台湾": "TW",
}  # fmt: skip


class ProvinceUnknown(Refused):
    """The text names no province."""

    message = N_("“%(value)s” is not a province; write it as 安徽, for example.")


def find(text: str, field: str = "province") -> str:
    """The short Chinese name of a province, from 安徽, 安徽省, 广西壮族自治区 or Anhui."""
    given = text.strip()
    for name, english in PROVINCES.items():
        if given.startswith(name) or given.casefold() == english.casefold():
            return name
    raise ProvinceUnknown(field=field, value=given[:40])
