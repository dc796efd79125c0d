"""Road distances between provinces, as a first guess where nobody measured the way.

Great-circle distance between the provincial capitals times a detour factor. The coordinates are
those of the cities to a tenth of a degree; the detour and the distance within one province are
assumptions of the house, unverified. A distance that the buyer types in wins.
"""

from __future__ import annotations

import math

CAPITALS: dict[str, tuple[float, float]] = {
    "北京": (39.9, 116.4), "天津": (39.1, 117.2), "河北": (38.0, 114.5), "山西": (37.9, 112.5),
    "内蒙古": (40.8, 111.7), "辽宁": (41.8, 123.4), "吉林": (43.9, 125.3), "黑龙江": (45.8, 126.6),
    "上海": (31.2, 121.5), "江苏": (32.1, 118.8), "浙江": (30.3, 120.2), "安徽": (31.8, 117.3),
    "福建": (26.1, 119.3), "江西": (28.7, 115.9), "山东": (36.7, 117.0), "河南": (34.8, 113.6),
    "湖北": (30.6, 114.3), "湖南": (28.2, 113.0), "广东": (23.1, 113.3), "广西": (22.8, 108.3),
    "海南": (20.0, 110.3), "重庆": (29.6, 106.5), "四川": (30.7, 104.1), "贵州": (26.6, 106.7),
    "云南": (25.0, 102.7), "西藏": (29.7, 91.1), "陕西": (34.3, 108.9), "甘肃": (36.1, 103.8),
    "青海": (36.6, 101.8), "宁夏": (38.5, 106.3), "新疆": (43.8, 87.6), "香港": (22.3, 114.2),
    "澳门": (22.2, 113.5), "台湾": (25.0, 121.5),
}  # fmt: skip
"""Latitude and longitude of each provincial capital, degrees."""

EARTH_KM = 6371.0
DETOUR = 1.3
WITHIN_PROVINCE_KM = 150
STEP_KM = 10


def road_km(one: str, other: str) -> int | None:
    """About how many kilometres by road, to ten; None where a province is not known."""
    if one not in CAPITALS or other not in CAPITALS:
        return None
    if one == other:
        return WITHIN_PROVINCE_KM
    direct = great_circle_km(CAPITALS[one], CAPITALS[other])
    return round(direct * DETOUR / STEP_KM) * STEP_KM


def great_circle_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Distance on a sphere between two points given as degrees (haversine)."""
    (north_1, east_1), (north_2, east_2) = (
        tuple(map(math.radians, point)) for point in (one, other)
    )
    chord = (
        math.sin((north_2 - north_1) / 2) ** 2
        + math.cos(north_1) * math.cos(north_2) * math.sin((east_2 - east_1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(chord))
