"""The packaged vehicles by province against the published table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from listings.provinces import find
from pricing import registrations

SHARED = Path(__file__).parents[2] / "../shared/data/outlook/china_ev_by_province_2016_2023.csv"


@pytest.mark.skipif(not SHARED.is_file(), reason="../shared/data/outlook is not beside the project")
def test_the_packaged_vehicles_are_those_of_the_published_table():
    table = registrations.table()
    rows = list(csv.DictReader(SHARED.read_text().splitlines()))
    assert len(rows) == 31 * 8
    for row in rows:
        place = table.provinces.index(find(row["Province"].removesuffix(" Hui")))
        year = int(row["Year"]) - table.first
        cars = sum(table.vehicles[group][place, year] for group in ("car_lfp", "car_ternary"))
        assert cars == pytest.approx(float(row["PEV"]))
        assert table.vehicles["commercial"][place, year] == float(row["CEV"] or 0)
