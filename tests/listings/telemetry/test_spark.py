"""Spark computes what DuckDB computes, to the last digit."""

from __future__ import annotations

import importlib.util
import shutil

import polars as pl
import pytest
from telemetry_rows import as_text, charge

from listings.telemetry import reading, synthetic
from listings.telemetry.reading import File

if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
    pytest.skip("Spark or Java is not installed (make spark)", allow_module_level=True)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def troubled(tmp_path):
    """Two files of the troubles that recordings have, in two forms of time."""
    fleet = synthetic.make(synthetic.Fleet(vehicles=2, days=6)).rows
    one = tmp_path / "fleet.csv"
    text = fleet.with_columns(
        pl.col("time").dt.strftime("%Y/%m/%d %H:%M:%S"), current=0 - pl.col("current")
    )
    text.sample(fraction=0.9, shuffle=True, seed=1).write_csv(one)
    half = pl.int_range(pl.len()) > 300
    troubles = pl.concat([
        charge(vehicle="B").with_columns(time=pl.col("time") - pl.when(half).then(1200).otherwise(0)),
        charge(vehicle="C", at=86400).with_columns(
            current=pl.when(pl.int_range(pl.len()) % 7 == 0).then(6553.5).otherwise("current")
        ),
        charge(vehicle="C", at=2 * 86400, ah=140), charge(vehicle="C", at=2 * 86400, ah=140),
        charge(vehicle="D").with_columns(
            soc=pl.when(pl.col("soc") > 80).then(100).otherwise("soc")
        ),
    ])  # fmt: skip
    two = tmp_path / "troubles.csv"
    as_text(troubles, "%Y-%m-%dT%H:%M:%S+08:00").rename({"soc": "SOC(%)"}).write_csv(two)
    return [File(one, one.name), File(two, two.name)]


def test_both_engines_give_equal_results(troubled):
    duck = reading.read(troubled)
    spark = reading.read(troubled, engine="spark")
    assert duck.charges.height > 10
    assert set(duck.charges["reason"]) >= {None, "gauge_jumped"}
    for name in ("vehicles", "charges", "months", "recent"):
        ours, theirs = getattr(duck, name), getattr(spark, name)
        for column in ours.columns:
            assert theirs[column].to_list() == ours[column].to_list(), f"{name}.{column}"
